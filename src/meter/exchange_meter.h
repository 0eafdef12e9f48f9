// Reads one exchange as it passes, and says what it used.
//
//   ExchangeMeter meter(spec, endpoint, "/v1/messages");
//   meter.request_head(fields);
//   meter.request_content(bytes);  // as often as they come
//   meter.request_end();
//   meter.response_head(200, fields);
//   meter.response_content(bytes);
//   meter.response_end(true);
//   const Reading reading = meter.finish();
//
// Content comes without transfer framing but with its content coding, which the
// meter undoes on a copy. Bodies are read as they pass and are not kept: only
// what the provider spec asks for is. How content is cut never changes the
// reading, unless its coding is corrupt. Nothing that a peer sends makes it
// fail: what cannot be read is counted in Reading::faults.
//
// No I/O, no clock; one thread at a time. Not here: which spec and endpoint a
// request belongs to (provider/registry.h), what the usage costs (pricing/).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "meter/usage.h"
#include "provider/spec.h"
#include "wire/fields.h"

namespace tokometer::meter {

struct Limits {
  // Of a request's content that is looked at, decoded.
  std::uint64_t max_request_bytes = std::uint64_t{8} << 20U;
  // Of a response's content that is looked at when it is one document, decoded. Streams have no such limit.
  std::uint64_t max_response_bytes = std::uint64_t{32} << 20U;
  // Of one event, line or element of a stream. The last event of OpenAI's Responses repeats all that was said.
  std::uint32_t max_event_bytes = std::uint32_t{32} << 20U;
  // Of each side's content that is kept until the exchange has ended, for the case that its usage is not where it
  // should be (content_sample.h). 0: nothing is kept, nothing is estimated.
  std::size_t sample_bytes = std::size_t{256} << 10U;
};

class TextCounter;     // estimate.h
struct LaterEstimate;  // estimate.h

// What is asked where a spec's own reading is poor or there is no spec. All of it outlives the meter.
struct Fallbacks {
  const provider::Format* generic = nullptr;  // provider::Registry::generic(); null: not asked
  const TextCounter* counter = nullptr;       // null: nothing is estimated
  bool hide_usage = false;                    // as if no provider stated any: to measure how good estimates are
};

// Why a reading may be less than the truth. Counted per exchange, never shown to the client.
enum class Fault : std::uint8_t {
  kContentCoding,  // the coding is unknown, broken or swells
  kSyntax,         // a body or an event is no JSON
  kFraming,        // a stream breaks its framing, or ended within it
  kTooLarge,       // a limit was reached: a part was not looked at
  kBadCount,       // a count that is no count: negative, fractional, no number
  // These judge the usage that a spec's own reading gave: quality.h says when.
  kContradiction,
  kMissingUsage,
  kAbsurdCount,
  kSeveralMessages,
};
inline constexpr std::size_t kFaultCount = 9;

// "content_coding", "syntax", …: for metrics and logs.
std::string_view to_string(Fault fault);

// What an exchange said of itself. Texts are empty where nothing was said.
struct Reading {
  std::string request_model;
  std::string response_model;
  std::string response_id;
  bool stream = false;  // the response came as a stream
  std::string session_id;
  std::string thread_id;
  std::string user;
  std::string error_type;  // the provider's word; also within a stream that began as a success
  std::string finish_reason;
  Usage usage;
  provider::Billing billing = provider::Billing::kAlways;
  bool pending = false;    // what was asked for is not done: a later response says what it used
  bool truncated = false;  // a limit was reached: counts may be missing
  bool complete = false;   // the response came to its end, and its content did, too
  std::array<std::uint32_t, kFaultCount> faults{};
  // Where the usage is a guess because a tokenizer's table is still being loaded; else null. Who has the time makes it
  // an estimate by finish_estimate() (estimate.h).
  std::shared_ptr<const LaterEstimate> later;

  std::uint32_t faults_of(Fault fault) const { return faults[static_cast<std::size_t>(fault)]; }
};

class ExchangeMeter {
 public:
  // `spec` and `endpoint` must outlive the meter. Without an endpoint the shapes
  // that all providers share are looked for, if `fallbacks` has them. `target` is
  // the request's, with or without its query; the model may be in its path.
  ExchangeMeter(const provider::Spec* spec, const provider::Endpoint* endpoint, std::string_view target,
                const Limits& limits = {}, const Fallbacks& fallbacks = {});
  ~ExchangeMeter();
  ExchangeMeter(const ExchangeMeter&) = delete;
  ExchangeMeter& operator=(const ExchangeMeter&) = delete;

  // Gives the calls that a response tells of and that are none of its own: the lines of a batch's results. Each is
  // given when it has passed, while response_content() is called; the exchange itself bills nothing then. To be
  // called before response_head(); otherwise such calls are passed over.
  using CallSink = std::function<void(Reading&& call)>;
  void each_call(CallSink use);

  void request_head(wire::Fields fields);
  void request_content(std::string_view bytes);
  void request_end();

  // The final response's, not those of 1xx.
  void response_head(int status, wire::Fields fields);
  void response_content(std::string_view bytes);
  // `complete` is whether the response came to its end.
  void response_end(bool complete);

  // What was read, also of an exchange that never ended. To be called once.
  Reading finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tokometer::meter
