#include "meter/websocket_meter.h"

#include <algorithm>

#include "wire/permessage_deflate.h"

namespace tokometer::meter {
namespace {

namespace websocket = wire::websocket;

// RFC 6455, 7.4.1: normal closure, going away, and none given.
bool is_orderly(std::uint16_t code) { return code == 1000 || code == 1001 || code == 1005; }

}  // namespace

WebSocketMeter::WebSocketMeter(const provider::Spec& spec, const provider::Endpoint& endpoint, std::string_view target,
                               wire::Fields request_fields, SteadyTime opened, const Limits& limits,
                               const TextCounter* counter)
    : limits_(limits),
      turns_(spec, endpoint, target, request_fields, opened, {.sample_bytes = limits.sample_bytes}, counter) {}

void WebSocketMeter::accepted(wire::Fields response_fields) {
  const auto agreed = wire::permessage_deflate::parse(response_fields);
  if (!agreed) {
    turns_.lost(Fault::kContentCoding);
    return;
  }
  const websocket::Limits most{.max_message_bytes = limits_.max_event_bytes, .deflate = {}};
  const auto* deflate = *agreed ? &**agreed : nullptr;
  direction(Side::kClient).decoder.emplace(websocket::Sender::kClient, deflate ? &deflate->client : nullptr, most);
  direction(Side::kServer).decoder.emplace(websocket::Sender::kServer, deflate ? &deflate->server : nullptr, most);
}

void WebSocketMeter::feed(Side from, std::string_view bytes, SteadyTime at, Sink sink, Observer observer) {
  Direction& side = direction(from);
  if (!side.decoder) return;
  const auto fed = side.decoder->feed(bytes, [&](const websocket::Message& message) {
    const SideMessage said{
        .from = from, .text = message.data, .wire_bytes = message.wire_bytes, .truncated = message.truncated, .at = at};
    observer(said, message.kind);
    if (message.kind == websocket::Kind::kClose) side.close_code = message.close_code();
    if (message.kind == websocket::Kind::kText || message.kind == websocket::Kind::kBinary) turns_.message(said, sink);
  });
  if (fed) return;
  turns_.lost(fed.error().code == ErrorCode::kTooLarge ? Fault::kTooLarge : Fault::kFraming);
  side.decoder.reset();
}

// Empty where the connection was closed in order. The code 1006 stands for no close frame (RFC 6455, 7.1.5).
std::string WebSocketMeter::close_error() const {
  std::optional<std::uint16_t> code;
  for (const Direction& side : directions_) {
    if (side.close_code && (!code || is_orderly(*code))) code = side.close_code;
  }
  if (code && is_orderly(*code)) return {};
  return "websocket_close_" + std::to_string(code.value_or(1006));
}

void WebSocketMeter::finish(const End& end, SteadyTime at, Sink sink) {
  const bool was_closed =
      std::ranges::any_of(directions_, [](const auto& side) { return side.close_code.has_value(); });
  // Without a direction's frames nobody knows whether it was closed in order.
  const bool is_known = !is_lost(Side::kClient) && !is_lost(Side::kServer);
  if (was_closed || (end.error.empty() && is_known)) {
    error_ = close_error();
  } else {
    error_ = end.error;
    harmless_ = end.harmless_idle;
  }
  const std::uint64_t before = turns_.turns();
  turns_.finish(error_, at, sink);
  harmless_ = harmless_ || turns_.turns() != before;
}

std::optional<Turn> WebSocketMeter::connection(SteadyTime at, std::array<std::uint32_t, kFaultCount>& faults) {
  const bool made_turns = turns_.turns() != 0;
  Turn turn = turns_.connection(at);
  faults = turn.reading.faults;
  const bool went_wrong = turn.reading.truncated || !turn.reading.error_type.empty() || (!error_.empty() && !harmless_);
  if (made_turns && !went_wrong) return std::nullopt;
  if (turn.reading.error_type.empty()) turn.reading.error_type = error_;
  turn.reading.complete = error_.empty();
  return turn;
}

}  // namespace tokometer::meter
