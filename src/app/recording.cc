#include "app/recording.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "app/har_entry.h"
#include "event/assemble.h"
#include "json/document.h"
#include "meter/turn_reader.h"
#include "provider/format.h"
#include "wire/base64.h"
#include "wire/content_coding.h"
#include "wire/websocket.h"

namespace tokometer::app {
namespace {

// What a server of the user's own speaks, which has no price.
constexpr std::string_view kOwnServer = "openai_compatible";

// 64 bits of `bytes`: FNV-1a from `seed`, then mixed so that every bit counts everywhere.
std::uint64_t hash(std::string_view bytes, std::uint64_t seed) {
  std::uint64_t value = 0xcbf29ce484222325U ^ seed;
  for (const char c : bytes) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  value = (value ^ value >> 33U) * 0xff51afd7ed558ccdU;
  value = (value ^ value >> 33U) * 0xc4ceb9fe1a85ec53U;
  return value ^ value >> 33U;
}

// A UUIDv7 (RFC 9562, 5.7) whose random part is the content's hash.
Uuid content_id(UtcTime started_at, std::string_view content) {
  Uuid id;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(started_at.time_since_epoch()).count();
  const auto time = static_cast<std::uint64_t>(ms);
  const std::array<std::uint64_t, 2> halves{time << 16U | (hash(content, 0) & 0xffffU),
                                            hash(content, 0x9e3779b97f4a7c15U)};
  for (std::size_t i = 0; i < 16; ++i) {
    id.bytes[i] = static_cast<std::uint8_t>(halves[i / 8] >> (56 - 8 * (i % 8)) & 0xffU);
  }
  id.bytes[6] = static_cast<std::uint8_t>(0x70U | (id.bytes[6] & 0x0fU));
  id.bytes[8] = static_cast<std::uint8_t>(0x80U | (id.bytes[8] & 0x3fU));
  return id;
}

// Milliseconds with decimals, as HAR has them, in microseconds. Absent for -1, which says "does not apply".
std::optional<std::int64_t> microseconds(json::Node node) {
  const auto ms = node.to_double();
  if (!ms || !(*ms >= 0) || *ms > 1e12) return std::nullopt;
  return std::llround(*ms * 1000);
}

// How long the content of a message was on the wire; recorders that do not know say -1 or 0.
std::int64_t wire_bytes(json::Node message, std::string_view body) {
  const std::int64_t stated = message["bodySize"].int64().value_or(0);
  return stated > 0 ? stated : static_cast<std::int64_t>(body.size());
}

std::string_view without_port(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  return colon == std::string_view::npos || host.ends_with(']') ? host : host.substr(0, colon);
}

bool is_loopback(std::string_view host) { return host == "localhost" || host.starts_with("127.") || host == "[::1]"; }

// Whether `host` is one of a private network: an address of RFC 1918 or RFC 4193, or a name that the Internet has not.
bool is_private(std::string_view host) {
  if (host.starts_with("[fc") || host.starts_with("[fd")) return true;
  if (host.starts_with("10.") || host.starts_with("192.168.") || host.ends_with(".local") ||
      host.ends_with(".internal")) {
    return true;
  }
  int second = 0;
  if (host.starts_with("172.")) std::from_chars(host.data() + 4, host.data() + host.size(), second);
  return (second >= 16 && second < 32) || (!host.empty() && !host.starts_with('[') && !host.contains('.'));
}

// Where Tokometer listens unless it is told otherwise.
bool is_own_port(std::string_view host) { return host.ends_with(":4141"); }

// Whose call it is that went to a host of the user's own: recorded between a client and Tokometer itself, whose routes
// are taken off `target`, or to a server that is not who made up its paths. Null for other hosts.
const provider::Spec* spec_of_local(const provider::Registry& providers, std::string_view method,
                                    std::string_view authority, wire::Fields fields, std::string_view& target) {
  const std::string_view host = without_port(authority);
  if (!is_loopback(host) && !is_private(host)) return nullptr;
  if (const auto routed = providers.by_route(target)) {
    target = routed->target;
    return routed->spec;
  }
  const provider::Spec* const own_server = is_own_port(authority) ? nullptr : providers.by_name(kOwnServer);
  if (own_server != nullptr && providers.endpoint(*own_server, method, target, fields) != nullptr) return own_server;
  return providers.by_bare_path(method, target, fields);
}

}  // namespace

RecordingReader::RecordingReader(std::shared_ptr<const Rules> rules, Limits limits)
    : rules_(std::move(rules)), limits_(limits) {}

// What a turn of a WebSocket is made of, beside its messages.
struct RecordingReader::WebSocketEntry {
  json::Node root;
  const provider::Spec& spec;
  const provider::Endpoint& endpoint;
  std::string_view target;
  wire::Fields fields;
  event::Event event;  // of the connection; its id comes from the whole entry
};

std::size_t RecordingReader::read_turns(const WebSocketEntry& entry, const Sink& sink) {
  const json::Node messages = entry.root["_webSocketMessages"];
  const json::Node ids = entry.root["_turns"];
  std::size_t turns = 0;
  const SteadyTime opened{};
  SteadyTime now = opened;
  const auto record = [&](meter::Turn&& turn) {
    event::Event event = event::turn_event(entry.event, opened, turn);
    const auto own_id = Uuid::parse(ids[turns].string().value_or(""));
    event.id = own_id ? *own_id : content_id(event.started_at, fmt::format("{}#{}", entry.event.id.text(), turns));
    ++turns;
    event::apply_reading(event, std::move(turn.reading), repeats_, *rules_->prices);
    sink(std::move(event));
  };
  meter::TurnReader reader(entry.spec, entry.endpoint, entry.target, entry.fields, opened,
                           {.sample_bytes = limits_.meter.sample_bytes}, rules_->counter.get());
  const double began = std::chrono::duration<double>(entry.event.started_at.time_since_epoch()).count();
  std::uint16_t close_code = 1005;
  for (const json::Node message : messages.elements()) {
    const double after = message["time"].to_double().value_or(began) - began;
    // Not before the one in front of it, and within what a clock can say.
    if (after > 0 && after < 1e9) {
      now = std::max(now, opened + std::chrono::microseconds(std::llround(after * 1e6)));
    }
    const std::int64_t opcode = message["opcode"].int64().value_or(1);
    std::string_view data = message["data"].string().value_or("");
    std::string decoded;
    if (opcode != 1) {
      decoded = wire::base64::decode(data).value_or(std::string(data));
      data = decoded;
    }
    if (opcode == 8) {
      const wire::websocket::Message close{.kind = wire::websocket::Kind::kClose, .data = data};
      close_code = std::max(close_code, close.close_code());
      continue;
    }
    if (opcode != 1 && opcode != 2) continue;
    reader.message({.from = message["type"].string() == "send" ? meter::Side::kClient : meter::Side::kServer,
                    .text = data,
                    .wire_bytes = data.size(),
                    .truncated = false,
                    .at = now},
                   record);
  }
  // A recording may stop where it likes: what has not ended in it is incomplete, but no error.
  reader.finish(close_code > 1005 ? fmt::format("websocket_close_{}", close_code) : "", now, record);
  if (turns != 0) return turns;
  meter::Turn connection = reader.connection(now);
  event::Event event = event::turn_event(entry.event, opened, connection);
  event.duration_us = entry.event.duration_us;
  event::apply_reading(event, std::move(connection.reading), repeats_, *rules_->prices);
  sink(std::move(event));
  return 1;
}

Result<std::size_t> RecordingReader::read_entry(std::string_view entry, std::string_view source_id, const Sink& sink) {
  auto document = json::Document::parse(std::string(entry), {.max_bytes = limits_.har.entry_bytes});
  if (!document) return fail(std::move(document.error()));
  const json::Node root = document->root();
  const json::Node request = root["request"];
  const json::Node response = root["response"];

  const auto method = request["method"].string();
  const auto url = split_har_url(request["url"].string().value_or(""));
  if (!method || !url) return fail(ErrorCode::kInvalid, "request.method or request.url is missing or no URL");
  const auto started_at = parse_rfc3339(root["startedDateTime"].string().value_or(""));
  if (!started_at) return fail(ErrorCode::kInvalid, "startedDateTime is missing or no RFC 3339 time");

  const HarMessage asked(request["headers"], request["postData"]);
  const HarMessage answered(response["headers"], response["content"]);
  if (asked.text_fault || answered.text_fault) return fail(ErrorCode::kInvalid, "a body is not base64 as it says");

  const provider::Registry& providers = *rules_->providers;
  // Our own captures say which provider it was, whatever host served it.
  const auto own = root["_provider"].string();
  const provider::Spec* spec = own ? providers.by_name(*own) : nullptr;
  std::string_view target = url->target;
  // It may have been unknown then, and be known now.
  if (spec == nullptr) spec = providers.by_host(url->host);
  if (spec == nullptr && !own) spec = spec_of_local(providers, *method, url->host, asked.fields, target);
  const provider::Endpoint* const endpoint =
      spec == nullptr ? nullptr : providers.endpoint(*spec, *method, target, asked.fields);
  if (endpoint == nullptr || endpoint->ignore) return 0;

  event::Event event;
  event.source_id = root["comment"].string().value_or(source_id);
  const auto own_id = own ? Uuid::parse(event.source_id) : std::nullopt;
  event.id = own_id ? *own_id : content_id(*started_at, entry);
  event.started_at = *started_at;
  event.duration_us = microseconds(root["time"]).value_or(0);
  std::int64_t waited = 0;
  for (const std::string_view part : {"blocked", "dns", "connect", "send", "wait"}) {
    waited += microseconds(root["timings"][part]).value_or(0);  // "ssl" is part of "connect"
  }
  event.status_code = static_cast<int>(response["status"].int64().value_or(0));
  const bool answer_came = event.status_code > 0;
  if (answer_came && microseconds(root["timings"]["wait"])) event.time_to_first_byte_us = waited;
  event.request_bytes = wire_bytes(request, asked.body);
  event.response_bytes = wire_bytes(response, answered.body);
  event.complete = answer_came;

  event::describe_request(event,
                          {.spec = spec,
                           .endpoint = endpoint,
                           .method = *method,
                           .host = url->host,
                           .target = target,
                           .fields = asked.fields,
                           .project = {}},
                          *rules_->clients);
  ExchangeQuotas quotas(accounts_ != nullptr ? spec : nullptr, asked.fields, target);
  if (answer_came) {
    const std::int64_t until_head = event.time_to_first_byte_us.value_or(0);
    quotas.response_head(event.status_code, answered.fields, *started_at + std::chrono::microseconds(until_head));
  }
  if (root["_webSocketMessages"].is_array() && endpoint->format != nullptr && endpoint->format->websocket) {
    report_quotas(quotas, event);
    return read_turns({root, *spec, *endpoint, target, asked.fields, std::move(event)}, sink);
  }
  meter::ExchangeMeter meter(spec, endpoint, target, limits_.meter, rules_->fallbacks());
  std::size_t events = 1;
  std::int64_t calls = 0;
  meter.each_call([&](meter::Reading&& call) {
    event::Event part = event::part_of(event, ++calls);
    event::apply_reading(part, std::move(call), repeats_, *rules_->prices);
    if (!part.billable) return;
    part.source_id = fmt::format("{}/{}", event.source_id, calls);
    part.id = content_id(part.started_at, fmt::format("{}/{}", event.id.text(), calls));
    ++events;
    sink(std::move(part));
  });
  meter.request_head(asked.fields);
  meter.request_content(asked.body);
  meter.request_end();
  if (answer_came) meter.response_head(event.status_code, answered.fields);
  meter.response_content(answered.body);
  meter.response_end(answer_came && !answered.is_missing);
  event::apply_reading(event, meter.finish(), repeats_, *rules_->prices);
  event.truncated = event.truncated || answered.is_missing;
  report_quotas(quotas, event);
  sink(std::move(event));
  return events;
}

void RecordingReader::report_quotas(ExchangeQuotas& quotas, const event::Event& event) const {
  if (accounts_ == nullptr) return;
  const auto snapshots = quotas.finish(*accounts_, event);
  if (!snapshots.empty()) quota_sink_(snapshots);
}

Result<RecordingReader::Tally> RecordingReader::read_file(const std::filesystem::path& file, const Sink& sink) {
  Tally tally;
  const auto take = [&](std::string_view entry) {
    const std::string number = std::to_string(tally.entries++);
    const auto events = read_entry(entry, number, sink);
    if (!events) {
      ++tally.broken;
      if (tally.faults.size() < limits_.faults) {
        tally.faults.push_back(fmt::format("entry {}: {}", number, events.error().message));
      }
    } else {
      tally.events += *events;
      tally.foreign += *events == 0 ? 1 : 0;
    }
  };

  if (auto read = read_har_file(file, limits_.har, take); !read) return fail(std::move(read.error()));
  return tally;
}

}  // namespace tokometer::app
