// Reads a WebSocket connection as it passes: both directions' bytes in, turns out.
//
//   WebSocketMeter meter(spec, endpoint, target, request_fields, opened_at, limits);
//   meter.accepted(response_fields);
//   meter.feed(Side::kServer, bytes, at, [&](Turn&& turn) { use(std::move(turn)); }, observe);
//   meter.finish({.error = "client_closed", .harmless_idle = true}, at, use);
//   if (const auto rest = meter.connection(at, faults)) …
//
// Nothing that a peer sends makes it fail: a direction that cannot be read (a
// broken frame, an extension that is not known) is counted as a fault, and is
// not looked at any more. Memory: one message a direction of at most
// Limits::max_event_bytes, an inflater's window, and what TurnReader keeps.
//
// Not here: what a turn is (turn_reader.h).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "meter/exchange_meter.h"
#include "meter/turn_reader.h"
#include "wire/fields.h"
#include "wire/websocket.h"

namespace tokometer::meter {

class WebSocketMeter {
 public:
  using Sink = TurnReader::Sink;
  // Told of each message that could be decoded, before it is read: for captures.
  using Observer = FunctionRef<void(const SideMessage&, wire::websocket::Kind)>;

  // How a connection broke off; an empty `error` where it just ended.
  struct End {
    std::string_view error;      // "origin_reset"
    bool harmless_idle = false;  // between turns it means nothing: the client left, or we stop
  };

  // As of TurnReader.
  WebSocketMeter(const provider::Spec& spec, const provider::Endpoint& endpoint, std::string_view target,
                 wire::Fields request_fields, SteadyTime opened, const Limits& limits,
                 const TextCounter* counter = nullptr);

  // The fields of the handshake's response say how messages are compressed. Nothing is read before this.
  void accepted(wire::Fields response_fields);

  // Whether the server's next `size` bytes may complete a message, and so end a turn.
  bool may_end_turn(std::size_t size) const {
    return !is_lost(Side::kServer) && decoder(Side::kServer).may_complete(size);
  }
  // Whether a turn is open, or asked for.
  bool in_turn() const { return turns_.in_turn(); }
  void feed(Side from, std::string_view bytes, SteadyTime at, Sink sink, Observer observer);

  // The connection has ended. Turns that were open have as their error how it was closed, or how it broke off.
  void finish(const End& end, SteadyTime at, Sink sink);

  // After finish(): what the connection itself has to say, once. Nothing where it made turns and nothing went wrong
  // beside them. Faults of no turn are in `faults` in any case.
  std::optional<Turn> connection(SteadyTime at, std::array<std::uint32_t, kFaultCount>& faults);

 private:
  struct Direction {
    std::optional<wire::websocket::Decoder> decoder;  // none: cannot be read
    std::optional<std::uint16_t> close_code;
  };
  Direction& direction(Side side) { return directions_[static_cast<std::size_t>(side)]; }
  bool is_lost(Side side) const { return !directions_[static_cast<std::size_t>(side)].decoder; }
  const wire::websocket::Decoder& decoder(Side side) const {
    return *directions_[static_cast<std::size_t>(side)].decoder;
  }
  std::string close_error() const;

  const Limits limits_;
  TurnReader turns_;
  std::array<Direction, 2> directions_;
  std::string error_;      // how the connection ended, if not well
  bool harmless_ = false;  // `error_` is that of a turn, or means nothing where none was open
};

}  // namespace tokometer::meter
