#include "event/event.h"

#include <algorithm>

namespace tokometer::event {
namespace {

// FNV-1a over `text`, started from `seed`: spreads, and hides nothing.
std::uint64_t hash(std::string_view text, std::uint64_t seed) {
  std::uint64_t value = 0xcbf29ce484222325 ^ seed;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  // The low bits of FNV are weak for short texts: mix once more (the finaliser of MurmurHash3).
  value = (value ^ (value >> 33)) * 0xff51afd7ed558ccd;
  value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53;
  return value ^ (value >> 33);
}

constexpr int kSwitchingProtocols = 101;  // of a turn on a WebSocket

bool has_begun_and_broken_off(const Event& event) {
  const bool begun = (event.status_code >= 200 && event.status_code < 300) || event.status_code == kSwitchingProtocols;
  return begun && !event.complete;
}

}  // namespace

std::string_view model(const Event& event) {
  return event.response_model.empty() ? event.request_model : event.response_model;
}

bool is_error(const Event& event) {
  return event.status_code == 0 || event.status_code >= 400 || !event.error_type.empty();
}

bool is_partial(const Event& event) {
  return has_begun_and_broken_off(event) && event.usage.source == meter::UsageSource::kReported &&
         event.finish_reason.empty();
}

bool is_cost_missing(const Event& event) {
  if (!event.billable) return false;
  if (event.cost_picodollars) return is_partial(event);
  const meter::Usage& usage = event.usage;
  if (usage.input_tokens || usage.output_tokens || usage.total_tokens) return true;
  // A stream that began and broke off is billed by most; a call that was refused is not. One of an endpoint that no
  // spec knows may be no model's call.
  return !event.operation.empty() && (has_begun_and_broken_off(event) || !is_error(event));
}

Uuid imported_id(UtcTime started_at, std::string_view source) {
  Uuid id;
  const auto ms = static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, std::chrono::floor<std::chrono::milliseconds>(started_at).time_since_epoch().count()));
  for (std::size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
  const std::uint64_t high = hash(source, 1);
  const std::uint64_t low = hash(source, 2);
  // RFC 9562 5.7: version 7 and variant 10 around 74 free bits.
  id.bytes[6] = static_cast<std::uint8_t>(0x70 | (high & 0x0f));
  id.bytes[7] = static_cast<std::uint8_t>(high >> 8);
  for (std::size_t i = 0; i < 8; ++i) id.bytes[8 + i] = static_cast<std::uint8_t>(low >> (8 * i));
  id.bytes[8] = static_cast<std::uint8_t>(0x80 | (id.bytes[8] & 0x3f));
  return id;
}

}  // namespace tokometer::event
