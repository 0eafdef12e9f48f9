#include "app/capture.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "json/text.h"
#include "json/writer.h"
#include "wire/content_coding.h"

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRedacted = "REDACTED";
constexpr std::chrono::hours kSweepEvery{1};  // retention also holds while nothing is captured

// What names of fields that carry credentials, or their like, have in them. Better one too many than one too few.
constexpr std::string_view kSecretParts[] = {"auth",       "secret",    "key", "cookie",   "password",
                                             "credential", "signature", "jwt", "assertion"};
// Only as an end: "x-ratelimit-remaining-tokens" and "…-input-token-count" are counts.
constexpr std::string_view kSecretEnd = "token";

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  for (std::size_t i = 0; i + part.size() <= text.size(); ++i) {
    if (wire::istarts_with(text.substr(i), part)) return true;
  }
  return false;
}

bool is_secret(const provider::Spec* spec, std::string_view name) {
  const auto within = [name](std::string_view part) { return contains_ignoring_case(name, part); };
  if (std::ranges::any_of(kSecretParts, within)) return true;
  if (name.size() >= kSecretEnd.size() && wire::iequals(name.substr(name.size() - kSecretEnd.size()), kSecretEnd)) {
    return true;
  }
  // OpenAI's Realtime takes a browser's key as one of the subprotocols.
  if (wire::iequals(name, "sec-websocket-protocol")) return true;
  const auto same = [name](std::string_view secret) { return wire::iequals(secret, name); };
  return spec != nullptr && std::ranges::any_of(spec->secret_fields, same);
}

std::string_view value_of(const std::vector<std::pair<std::string, std::string>>& fields, std::string_view name) {
  for (const auto& [field, value] : fields) {
    if (wire::iequals(field, name)) return value;
  }
  return {};
}

// `body` with its content coding undone; as it is where that fails.
std::string decoded(const std::vector<std::pair<std::string, std::string>>& fields, const std::string& body) {
  auto decoder = wire::content_coding::Decoder::open(value_of(fields, "content-encoding"));
  if (!decoder || decoder->is_identity()) return body;
  std::string out;
  const auto fed = decoder->feed(body, [&](std::string_view piece) { out += piece; });
  return fed ? out : body;
}

std::string base64(std::string_view bytes) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out += i + j <= bytes.size() ? kAlphabet[group >> (18 - 6 * j) & 63U] : '=';
    }
  }
  return out;
}

void write_fields(json::Writer& writer, const std::vector<std::pair<std::string, std::string>>& fields) {
  writer.name("headers").begin_array();
  for (const auto& [name, value] : fields) {
    writer.begin_object().member("name", name).member("value", value).end_object();
  }
  writer.end_array();
}

// The members "text" and, for what is not UTF-8, "encoding" (HAR 1.2, content and postData).
void write_text(json::Writer& writer, std::string_view body) {
  if (json::is_valid_utf8(body)) {
    writer.member("text", body);
  } else {
    writer.member("text", base64(body)).member("encoding", "base64");
  }
}

Result<void> write_file(const fs::path& path, std::string_view bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return fail(io_error("open " + path.string(), errno));
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const int number = errno;
      ::close(fd);
      ::unlink(path.c_str());
      return fail(io_error("write " + path.string(), number));
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  ::close(fd);
  return {};
}

}  // namespace

Capture::Capture(const provider::Spec* spec, wire::Fields request_fields, std::size_t max_bytes)
    : spec_(spec), max_bytes_(max_bytes), request_fields_(redacted(request_fields)) {}

Capture::OwnedFields Capture::redacted(wire::Fields fields) const {
  OwnedFields out;
  out.reserve(fields.size());
  for (const wire::Field& field : fields) {
    out.emplace_back(field.name, is_secret(spec_, field.name) ? kRedacted : field.value);
  }
  return out;
}

void Capture::keep(std::string& body, std::string_view bytes) {
  const std::size_t room = max_bytes_ - body.size();
  if (bytes.size() > room) truncated_ = true;
  body += bytes.substr(0, room);
}

void Capture::request_content(std::string_view bytes) { keep(request_, bytes); }

void Capture::response_head(int status, wire::Fields fields) {
  status_ = status;
  response_fields_ = redacted(fields);
}

void Capture::response_content(std::string_view bytes) { keep(response_, bytes); }

std::string Capture::har(const event::Event& event) const {
  const double duration_ms = static_cast<double>(event.duration_us) / 1000;
  const double wait_ms = static_cast<double>(event.time_to_first_byte_us.value_or(event.duration_us)) / 1000;
  const std::string request = decoded(request_fields_, request_);
  const std::string response = decoded(response_fields_, response_);

  std::string out;
  json::Writer writer(out);
  writer.begin_object().name("log").begin_object().member("version", "1.2");
  writer.name("creator").begin_object().member("name", "tokometer").member("version", "1").end_object();
  writer.name("entries").begin_array().begin_object();
  writer.member("startedDateTime", format_rfc3339(event.started_at)).member("time", duration_ms);
  writer.member("comment", event.id.text()).member("_provider", event.provider);  // what recording.h reads by

  writer.name("request").begin_object().member("method", event.method);
  writer.member("url", "https://" + event.host + event.path).member("httpVersion", "HTTP/1.1");
  write_fields(writer, request_fields_);
  writer.name("queryString").begin_array().end_array().name("cookies").begin_array().end_array();
  writer.member("headersSize", -1).member("bodySize", event.request_bytes);
  if (!request.empty()) {
    writer.name("postData").begin_object().member("mimeType", value_of(request_fields_, "content-type"));
    write_text(writer, request);
    writer.end_object();
  }
  writer.end_object();

  writer.name("response").begin_object().member("status", status_).member("statusText", "");
  writer.member("httpVersion", "HTTP/1.1");
  write_fields(writer, response_fields_);
  writer.name("cookies").begin_array().end_array().member("redirectURL", "");
  writer.member("headersSize", -1).member("bodySize", event.response_bytes);
  writer.name("content").begin_object().member("size", response.size());
  writer.member("mimeType", value_of(response_fields_, "content-type"));
  write_text(writer, response);
  if (truncated_) writer.member("comment", "cut off at the capture limit");
  writer.end_object().end_object();

  writer.name("cache").begin_object().end_object();
  writer.name("timings").begin_object().member("send", 0).member("wait", wait_ms);
  writer.member("receive", duration_ms - wait_ms).end_object();
  writer.end_object().end_array().end_object().end_object();
  return out;
}

CaptureStore::CaptureStore(fs::path folder, const CaptureLimits& limits, const Clock& clock, Log& log)
    : folder_(std::move(folder)), limits_(limits), clock_(clock), log_(log), thread_([this] { run(); }) {}

CaptureStore::~CaptureStore() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

std::unique_ptr<Capture> CaptureStore::open(const provider::Spec* spec, wire::Fields fields) const {
  return std::make_unique<Capture>(spec, fields, limits_.exchange_bytes);
}

std::string CaptureStore::close(std::unique_ptr<Capture> capture, const event::Event& event) {
  const std::string day = format_rfc3339(event.started_at).substr(0, 10);
  Job job{day + '/' + event.id.text() + ".har.zst", event, std::move(capture)};
  std::string name = job.name;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_bytes_ + job.capture->bytes() > limits_.waiting_bytes) {
      ++stats_.dropped;
      return {};
    }
    waiting_bytes_ += job.capture->bytes();
    waiting_.push_back(std::move(job));
  }
  wake_.notify_one();
  return name;
}

CaptureStore::Stats CaptureStore::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

void CaptureStore::run() {
  sweep();
  std::unique_lock lock(mutex_);
  for (;;) {
    if (!wake_.wait_for(lock, kSweepEvery, [this] { return stopping_ || !waiting_.empty(); })) {
      lock.unlock();
      sweep();
      lock.lock();
      continue;
    }
    if (waiting_.empty()) return;
    const Job job = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    write(job);
    lock.lock();
    waiting_bytes_ -= job.capture->bytes();
  }
}

void CaptureStore::write(const Job& job) {
  const fs::path path = folder_ / job.name;
  std::error_code error;
  if (!fs::exists(path.parent_path(), error)) {
    fs::create_directories(path.parent_path(), error);
    fs::permissions(folder_, fs::perms::owner_all, error);
    fs::permissions(path.parent_path(), fs::perms::owner_all, error);
  }
  const std::string bytes =
      wire::content_coding::encode(wire::content_coding::Coding::kZstd, job.capture->har(job.event));
  const auto written = write_file(path, bytes);
  {
    const std::lock_guard lock(mutex_);
    if (written) {
      ++stats_.written;
      stats_.bytes += bytes.size();
    } else {
      ++stats_.dropped;
    }
  }
  if (!written) {
    log_.once(
        LogLevel::kWarn, "capture/write",
        fmt::format("capture: {}; captures are dropped, traffic is not affected (said once)", written.error().message));
    return;
  }
  // A sweep reads the whole folder, so it comes with every sixteenth of the limit.
  since_sweep_ += static_cast<std::int64_t>(bytes.size());
  if (since_sweep_ > limits_.total_bytes / 16) sweep();
}

void CaptureStore::sweep() {
  since_sweep_ = 0;
  struct File {
    fs::path path;
    std::int64_t bytes;
  };
  std::vector<File> files;
  std::int64_t total = 0;
  std::error_code error;
  for (auto entry = fs::recursive_directory_iterator(folder_, error); entry != fs::recursive_directory_iterator();
       entry.increment(error)) {
    if (error) break;
    if (!entry->is_regular_file(error) || entry->path().extension() != ".zst") continue;
    files.push_back({entry->path(), static_cast<std::int64_t>(entry->file_size(error))});
    total += files.back().bytes;
  }
  // Names begin with the day and go on with a time-ordered id: their order is their age.
  std::ranges::sort(files, {}, &File::path);
  const auto oldest_kept = clock_.now() - limits_.retention;
  for (const File& file : files) {
    const auto id = Uuid::parse(file.path.stem().stem().string());
    std::int64_t made_ms = 0;
    for (std::size_t i = 0; id && i < 6; ++i) made_ms = made_ms << 8 | id->bytes[i];
    const bool too_old = limits_.retention.count() > 0 && UtcTime(std::chrono::milliseconds(made_ms)) < oldest_kept;
    if (total <= limits_.total_bytes && !too_old) break;
    fs::remove(file.path, error);
    fs::remove(file.path.parent_path(), error);  // only succeeds for a day that is empty now
    total -= file.bytes;
  }
}

}  // namespace tokometer::app
