#include "app/recording.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <utility>

#include "event/assemble.h"
#include "json/document.h"
#include "wire/content_coding.h"

namespace tokometer::app {
namespace {

namespace content_coding = wire::content_coding;

constexpr std::size_t kChunkBytes = std::size_t{256} << 10U;
// A file is compressed once, by us or by a tool: it may swell as much as text does, and be long.
constexpr content_coding::Limits kFileLimits{.max_output_bytes = std::uint64_t{1} << 50U, .max_ratio = 10'000};

// RFC 4648, section 4; line breaks are passed over. Nothing if it is something else.
std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  unsigned bits = 0;
  while (text.ends_with('=') || text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  for (const char c : text) {
    std::uint32_t value = 0;
    if (c >= 'A' && c <= 'Z') {
      value = static_cast<std::uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      value = static_cast<std::uint32_t>(c - 'a' + 26);
    } else if (c >= '0' && c <= '9') {
      value = static_cast<std::uint32_t>(c - '0' + 52);
    } else if (c == '+' || c == '-') {
      value = 62;
    } else if (c == '/' || c == '_') {
      value = 63;
    } else if (c == '\r' || c == '\n') {
      continue;
    } else {
      return std::nullopt;
    }
    group = group << 6U | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(group >> bits & 0xffU);
    }
  }
  return bytes;
}

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

// Whether the body is coded as its content-encoding says. HAR bodies are decoded
// (1.2, "content"), but recorders differ.
bool is_coded(std::string_view body) {
  constexpr std::string_view kGzip = "\x1f\x8b";
  constexpr std::string_view kZstd = "\x28\xb5\x2f\xfd";
  if (body.starts_with(kGzip) || body.starts_with(kZstd)) return true;
  // zlib and br have no mark of their own; what is no text at its beginning is none that we read.
  return std::ranges::any_of(body.substr(0, 16), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && c != '\t' && c != '\n' && c != '\r';
  });
}

// A message's fields and content, as the meter wants them.
struct Message {
  std::vector<wire::Field> fields;
  std::string decoded;      // of a base64 body
  std::string_view body;    // lives as long as this and the document
  bool text_fault = false;  // base64 that is none

  // `content` is postData or response.content.
  Message(json::Node headers, json::Node content) {
    body = content["text"].string().value_or("");
    if (content["encoding"].string() == "base64") {
      auto bytes = from_base64(body);
      text_fault = !bytes;
      decoded = std::move(bytes).value_or("");
      body = decoded;
    }
    const bool coded = is_coded(body);
    for (const json::Node header : headers.elements()) {
      const std::string_view name = header["name"].string().value_or("");
      if (!coded && wire::iequals(name, "content-encoding")) continue;
      fields.push_back({name, header["value"].string().value_or("")});
    }
    const std::string_view type = content["mimeType"].string().value_or("");
    if (!type.empty() && !wire::find(fields, "content-type")) fields.push_back({"content-type", type});
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;
};

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

struct Url {
  std::string_view host;    // with its port, if it says one
  std::string_view target;  // from the path on, without the fragment
};

std::optional<Url> split(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  std::string_view rest = url.substr(scheme + 3);
  rest = rest.substr(0, rest.find('#'));
  const std::size_t slash = rest.find_first_of("/?");
  const std::string_view host = rest.substr(0, slash);
  // An `@` may bring a password, which must not get into an event.
  if (host.empty() || host.find('@') != std::string_view::npos) return std::nullopt;
  return Url{host, slash == std::string_view::npos ? "/" : rest.substr(slash)};
}

std::string_view without_port(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  return colon == std::string_view::npos || host.ends_with(']') ? host : host.substr(0, colon);
}

bool is_local(std::string_view host) { return host == "localhost" || host.starts_with("127.") || host == "[::1]"; }

class File {
 public:
  explicit File(const std::filesystem::path& path) : stream_(std::fopen(path.c_str(), "rbe")) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (stream_ != nullptr) static_cast<void>(std::fclose(stream_));
  }
  bool is_open() const { return stream_ != nullptr; }
  // Empty at the end, and when reading fails: see failed().
  std::string_view read(std::string& buffer) {
    if (std::feof(stream_) != 0 || std::ferror(stream_) != 0) return {};
    return {buffer.data(), std::fread(buffer.data(), 1, buffer.size(), stream_)};
  }
  bool failed() const { return std::ferror(stream_) != 0; }

 private:
  std::FILE* stream_;
};

}  // namespace

RecordingReader::RecordingReader(std::shared_ptr<const Rules> rules, Limits limits)
    : rules_(std::move(rules)), limits_(limits) {}

Result<std::optional<event::Event>> RecordingReader::read_entry(std::string_view entry, std::string_view source_id) {
  auto document = json::Document::parse(std::string(entry), {.max_bytes = limits_.har.entry_bytes});
  if (!document) return fail(std::move(document.error()));
  const json::Node root = document->root();
  const json::Node request = root["request"];
  const json::Node response = root["response"];

  const auto method = request["method"].string();
  const auto url = split(request["url"].string().value_or(""));
  if (!method || !url) return fail(ErrorCode::kInvalid, "request.method or request.url is missing or no URL");
  const auto started_at = parse_rfc3339(root["startedDateTime"].string().value_or(""));
  if (!started_at) return fail(ErrorCode::kInvalid, "startedDateTime is missing or no RFC 3339 time");

  const Message asked(request["headers"], request["postData"]);
  const Message answered(response["headers"], response["content"]);
  if (asked.text_fault || answered.text_fault) return fail(ErrorCode::kInvalid, "a body is not base64 as it says");

  std::string_view target = url->target;
  const provider::Registry& providers = *rules_->providers;
  // Our own captures say which provider it was, whatever host served it.
  const auto own = root["_provider"].string();
  const provider::Spec* spec = own ? providers.by_name(*own) : providers.by_host(without_port(url->host));
  if (spec == nullptr && !own && is_local(without_port(url->host))) {
    // Recorded between a client and Tokometer itself.
    if (const auto routed = providers.by_route(target)) {
      spec = routed->spec;
      target = routed->target;
    } else {
      spec = providers.by_bare_path(*method, target, asked.fields);
    }
  }
  const provider::Endpoint* const endpoint =
      spec == nullptr ? nullptr : providers.endpoint(*spec, *method, target, asked.fields);
  if (endpoint == nullptr || endpoint->ignore) return std::nullopt;

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
  meter::ExchangeMeter meter(spec, endpoint, target, limits_.meter);
  meter.request_head(asked.fields);
  meter.request_content(asked.body);
  meter.request_end();
  if (answer_came) meter.response_head(event.status_code, answered.fields);
  meter.response_content(answered.body);
  meter.response_end(answer_came);
  meter::Reading reading = meter.finish();
  if (reading.usage.source == meter::UsageSource::kReported) {
    const bool first = repeats_.first(event.provider, reading.response_id);
    if (reading.billing == provider::Billing::kOncePerResponse) event.billable = first;
  }
  event::apply_reading(event, std::move(reading), *rules_->prices);
  return event;
}

Result<RecordingReader::Tally> RecordingReader::read_file(const std::filesystem::path& file, const Sink& sink) {
  const auto failed = [&](const Error& error) {
    return fail(error.code, fmt::format("{}: {}", file.string(), error.message));
  };
  errno = 0;
  File input(file);
  if (!input.is_open()) return fail(io_error(file.string(), errno));

  Tally tally;
  const auto take = [&](std::string_view entry) {
    const std::string number = std::to_string(tally.entries++);
    auto event = read_entry(entry, number);
    if (!event) {
      ++tally.broken;
      if (tally.faults.size() < limits_.faults) {
        tally.faults.push_back(fmt::format("entry {}: {}", number, event.error().message));
      }
    } else if (!*event) {
      ++tally.foreign;
    } else {
      ++tally.events;
      sink(std::move(**event));
    }
  };

  HarReader har(limits_.har);
  std::string buffer(kChunkBytes, '\0');
  std::string_view bytes = input.read(buffer);
  const std::string_view coding = bytes.starts_with("\x1f\x8b")           ? "gzip"
                                  : bytes.starts_with("\x28\xb5\x2f\xfd") ? "zstd"
                                                                          : "";
  auto decoder = content_coding::Decoder::open(coding, kFileLimits);
  if (!decoder) return failed(decoder.error());
  Result<void> har_fed;
  for (; !bytes.empty(); bytes = input.read(buffer)) {
    const auto decoded = decoder->feed(bytes, [&](std::string_view content) {
      if (har_fed) har_fed = har.feed(content, take);
    });
    if (!har_fed) return failed(har_fed.error());
    if (!decoded) return failed(decoded.error());
  }
  if (input.failed()) return fail(io_error(file.string(), errno));
  if (auto finished = decoder->finish(); !finished) return failed(finished.error());
  if (auto finished = har.finish(); !finished) return failed(finished.error());
  return tally;
}

}  // namespace tokometer::app
