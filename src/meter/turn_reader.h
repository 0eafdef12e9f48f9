// Reads the messages of one WebSocket connection and makes turns of them.
//
//   TurnReader reader(spec, endpoint, target, request_fields, opened_at);
//   reader.message({.from = Side::kClient, .text = …, .at = …}, use);
//   reader.message({.from = Side::kServer, …}, use);  // a turn that ends with it is given to `use`
//   reader.finish("client_closed", now, use);
//
// A turn is what one HTTP exchange would be: a request and its response. The
// rules of the spec say which message begins, continues and ends one
// (provider::TurnRole). Several may be open at a time, told apart by the
// response's id; a message without one belongs to the newest. What the client
// sent up to its request, and what the server sent while the turn was the
// newest, are the turn's bytes.
//
// What the connection says once (its model, its session) holds for the turns
// that begin later. A turn that broke off is estimated (estimate.h) from the
// text that passed in it: copies of the messages with text are kept until it
// has ended. No I/O, no clock; one thread at a time.
//
// Not here: frames (wire/websocket.h), what becomes of a turn (event/).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/function_ref.h"
#include "base/time.h"
#include "meter/content_sample.h"
#include "meter/exchange_meter.h"
#include "meter/findings.h"
#include "meter/text_sample.h"
#include "meter/usage_merge.h"
#include "provider/spec.h"
#include "wire/fields.h"

namespace tokometer::meter {

enum class Side : std::uint8_t { kClient, kServer };

struct SideMessage {
  Side from = Side::kClient;
  std::string_view text;         // JSON; anything else is not read
  std::uint64_t wire_bytes = 0;  // as it was sent
  bool truncated = false;        // it was too long: `text` is empty
  SteadyTime at;
};

struct Turn {
  Reading reading;
  std::string operation;  // empty: the endpoint's
  SteadyTime started;     // the message that asked for it, else the client's last one before it
  SteadyTime ended;
  std::optional<SteadyTime> first_byte;   // its first message from the server
  std::optional<SteadyTime> first_chunk;  // the first one with content
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
};

class TurnReader {
 public:
  struct Limits {
    std::size_t open_turns = 64;  // of more, the oldest ends
    std::size_t requests = 64;    // that wait for their turn; of more, the oldest is forgotten
    std::size_t asked = 64;       // messages of a request that are kept for estimates; of more, the oldest is forgotten
    // Of each side of a turn that is kept for estimates, divided by how many turns and requests are open. 0: nothing is
    // kept, nothing is estimated.
    std::size_t sample_bytes = meter::Limits().sample_bytes;
  };
  using Sink = FunctionRef<void(Turn&&)>;

  // `spec`, `endpoint`, whose format has rules for WebSockets, and `counter` must outlive the reader. Without a counter
  // nothing is estimated.
  TurnReader(const provider::Spec& spec, const provider::Endpoint& endpoint, std::string_view target,
             wire::Fields request_fields, SteadyTime opened, const Limits& limits, const TextCounter* counter);
  ~TurnReader();
  TurnReader(const TurnReader&) = delete;
  TurnReader& operator=(const TurnReader&) = delete;

  void message(const SideMessage& message, Sink sink);
  // From here on nothing of the server can be read: its turns end with the connection.
  void lost(Fault fault);
  // The connection has ended: turns that are open, and requests without an answer, end with `error_type`, incomplete.
  void finish(std::string_view error_type, SteadyTime at, Sink sink);

  // Whether a turn is open, or a request waits for its own.
  bool in_turn() const { return !open_.empty() || !requests_.empty(); }
  // How many turns were given to a sink.
  std::uint64_t turns() const { return turns_; }
  // What is not a turn's: the session's texts, faults, an error that answers no request; and the bytes of no turn.
  // To be called once, after finish().
  Turn connection(SteadyTime at);

 private:
  using Texts = std::array<std::string, provider::kSlotCount>;
  // A message with text, kept for an estimate.
  struct Kept {
    const provider::MessageRule* rule = nullptr;
    ContentSample content{0};
  };
  struct Request {
    SteadyTime at;
    Texts texts;
    std::uint64_t bytes = 0;
    std::vector<Kept> asked;
  };
  struct Open {
    Findings findings;
    UsageSum usage;
    std::vector<std::pair<std::string, std::int64_t>> tool_calls;
    Texts texts;  // of its request and the session
    std::vector<Kept> asked;
    ContentSample answered{0};
    Turn turn;
  };

  void from_client(const SideMessage& message);
  void from_server(const SideMessage& message, Sink sink);
  const provider::MessageRule* rule_for(const provider::MessageRules& rules, std::string_view text);
  void extract(const provider::MessageRule& rule, std::string_view text, Findings& said);
  Open* find(std::string_view id, std::string_view lane);
  Open& open(const Findings& said, SteadyTime at, Sink sink);
  void take_requests(Open& turn);
  void take_request(Open& turn, std::string_view lane);
  void give_request(Request& request, Open& turn);
  void close(Open* turn, bool complete, SteadyTime at, Sink sink);
  void whole(const provider::MessageRule& rule, Findings& said, const SideMessage& message, Sink sink);
  void refusal(Findings& said, const SideMessage& message, Sink sink);
  // `error_type` says how the turn broke off, if the provider does not.
  void give(Open& turn, bool complete, std::string_view error_type, SteadyTime at, Sink sink);
  bool is_sampled(const provider::MessageRule& rule) const;
  std::size_t sample_share() const;
  void keep_asked(const provider::MessageRule& rule, std::string_view text, std::vector<Kept>& asked) const;
  void keep_session(const provider::MessageRule& rule, std::string_view text);
  static bool ended_by_error(const Open& turn, const Usage& usage);
  bool may_estimate(const Open& turn, const Usage& usage, bool by_error) const;
  void estimate(const Open& turn, Usage& usage);
  TextSample answered_text(const Open& turn);
  void add(Open& turn, const provider::MessageRule& rule, Findings& said);
  static void keep(Findings& said, Texts& texts);

  const provider::Endpoint& endpoint_;
  const provider::Format& format_;
  const Limits limits_;
  const TextCounter* const counter_;  // null: nothing is estimated
  Texts session_;
  std::vector<Kept> session_kept_;  // the newest message of each rule
  std::vector<Kept> asked_;         // since the last request
  Findings faults_;                 // that belong to no turn
  std::deque<Request> requests_;
  std::vector<std::unique_ptr<Open>> open_;  // the newest last
  SteadyTime opened_;
  SteadyTime last_client_;
  std::uint64_t client_bytes_ = 0;  // since the last request
  std::uint64_t server_bytes_ = 0;  // of no turn
  std::uint64_t turns_ = 0;
  std::string stray_error_;
};

}  // namespace tokometer::meter
