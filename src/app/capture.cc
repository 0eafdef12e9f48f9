#include "app/capture.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "base/files.h"
#include "json/text.h"
#include "json/writer.h"
#include "provider/secrets.h"
#include "wire/base64.h"
#include "wire/content_coding.h"

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCut = "cut off at the capture limit";
constexpr std::chrono::hours kSweepEvery{1};  // retention also holds while nothing is captured

std::string_view value_of(const std::vector<std::pair<std::string, std::string>>& fields, std::string_view name) {
  for (const auto& [field, value] : fields) {
    if (wire::iequals(field, name)) return value;
  }
  return {};
}

// A body with its content coding undone, as far as `max_bytes` and the budget let it swell; as it is where that fails.
class Decoded {
 public:
  Decoded(std::string_view coding, std::string_view body, std::size_t max_bytes, CaptureBudget& budget)
      : budget_(budget), text_(body) {
    auto decoder = wire::content_coding::Decoder::open(coding, {.max_output_bytes = max_bytes});
    if (!decoder || decoder->is_identity()) return;
    const auto fed = decoder->feed(body, [this](std::string_view piece) { keep(piece); });
    if (!fed && fed.error().code == ErrorCode::kTooLarge) is_cut_ = true;
    if (!fed && !is_cut_) return;
    text_ = content_;
  }
  Decoded(const Decoded&) = delete;
  Decoded& operator=(const Decoded&) = delete;
  ~Decoded() { budget_.give_back(taken_); }

  std::string_view text() const { return text_; }
  bool is_cut() const { return is_cut_; }

 private:
  void keep(std::string_view piece) {
    is_cut_ = is_cut_ || !budget_.take(piece.size());
    if (is_cut_) return;
    taken_ += piece.size();
    content_ += piece;
  }

  CaptureBudget& budget_;
  std::size_t taken_ = 0;
  std::string content_;
  std::string_view text_;
  bool is_cut_ = false;
};

void write_fields(json::Writer& writer, const std::vector<std::pair<std::string, std::string>>& fields) {
  writer.name("headers").begin_array();
  for (const auto& [name, value] : fields) {
    writer.begin_object().member("name", name).member("value", value).end_object();
  }
  writer.end_array();
}

// The members "text" and, for what is not UTF-8, "encoding" (HAR 1.2, content and postData).
void write_text(json::Writer& writer, const provider::Spec* spec, std::string_view type, std::string_view body) {
  if (json::is_valid_utf8(body)) {
    const bool is_form = wire::istarts_with(type, "application/x-www-form-urlencoded");
    writer.member("text", provider::redacted_content(spec, body, is_form));
  } else {
    writer.member("text", wire::base64::encode(body)).member("encoding", "base64");
  }
}

}  // namespace

bool CaptureBudget::take(std::size_t bytes) {
  if (used_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= limit_) return true;
  give_back(bytes);
  return false;
}

Capture::Capture(const provider::Spec* spec, wire::Fields request_fields, bool tls, std::size_t max_bytes,
                 CaptureBudget& budget)
    : spec_(spec), tls_(tls), max_bytes_(max_bytes), budget_(budget), request_fields_(redacted(request_fields)) {}

Capture::~Capture() { budget_.give_back(taken_); }

Capture::OwnedFields Capture::redacted(wire::Fields fields) const {
  OwnedFields out;
  out.reserve(fields.size());
  for (const wire::Field& field : fields) {
    if (provider::is_secret_field(spec_, field.name)) {
      out.emplace_back(field.name, provider::kRedacted);
    } else {
      // Also a URL, as in Location and Referer, may have a key in its query.
      out.emplace_back(field.name, provider::redacted_target(spec_, field.value));
    }
  }
  return out;
}

void Capture::keep(Body& body, std::string_view bytes) {
  // Once cut, it stays cut: what comes after a gap would be taken for what follows.
  if (body.is_cut) return;
  const std::string_view kept = bytes.substr(0, max_bytes_ - body.bytes.size());
  const bool has_room = budget_.take(kept.size());
  body.is_cut = !has_room || kept.size() < bytes.size();
  if (!has_room) return;
  taken_ += kept.size();
  body.bytes += kept;
}

void Capture::request_content(std::string_view bytes) { keep(request_, bytes); }

void Capture::response_head(int status, wire::Fields fields) {
  status_ = status;
  response_fields_ = redacted(fields);
}

void Capture::response_content(std::string_view bytes) { keep(response_, bytes); }

void Capture::message(const meter::SideMessage& message, wire::websocket::Kind kind, std::chrono::nanoseconds after) {
  using wire::websocket::Kind;
  if (kind == Kind::kPing || kind == Kind::kPong || messages_cut_) return;
  constexpr std::size_t kAround = sizeof(Message);
  const std::size_t size = message.text.size() + kAround;
  // Once cut, it stays cut, as bodies do.
  messages_cut_ = message.truncated || size > max_bytes_ - messages_bytes_ || !budget_.take(size);
  if (messages_cut_) return;
  taken_ += size;
  messages_bytes_ += size;
  const std::uint8_t opcode = kind == Kind::kText ? 1 : kind == Kind::kBinary ? 2 : 8;
  messages_.push_back({message.from, opcode, after, std::string(message.text)});
}

void Capture::turn(const Uuid& id) {
  if (messages_cut_ || !budget_.take(sizeof(Uuid))) return;
  taken_ += sizeof(Uuid);
  turns_.push_back(id);
}

// As Chrome writes them: seconds since 1970, text as it is, anything else in base64.
void Capture::write_messages(json::Writer& writer, const event::Event& event) const {
  writer.member("_resourceType", "websocket");
  writer.name("_turns").begin_array();
  for (const Uuid& id : turns_) writer.string(id.text());
  writer.end_array();
  writer.name("_webSocketMessages").begin_array();
  const std::chrono::duration<double> opened = event.started_at.time_since_epoch();
  for (const Message& message : messages_) {
    const bool is_text = message.opcode == 1 && json::is_valid_utf8(message.data);
    writer.begin_object().member("type", message.from == meter::Side::kClient ? "send" : "receive");
    writer.member("time", (opened + message.after).count())
        .member("opcode", is_text ? 1 : std::max<int>(message.opcode, 2));
    writer
        .member("data",
                is_text ? provider::redacted_content(spec_, message.data, false) : wire::base64::encode(message.data))
        .end_object();
  }
  writer.end_array();
  if (messages_cut_) writer.member("_webSocketMessagesCut", kCut);
}

std::string Capture::har(const event::Event& event) const {
  const double duration_ms = static_cast<double>(event.duration_us) / 1000;
  const double wait_ms = static_cast<double>(event.time_to_first_byte_us.value_or(event.duration_us)) / 1000;
  const auto decoded = [this](const OwnedFields& fields, const Body& body) {
    return Decoded(value_of(fields, "content-encoding"), body.bytes, max_bytes_, budget_);
  };
  const Decoded request = decoded(request_fields_, request_);
  const Decoded response = decoded(response_fields_, response_);

  std::string out;
  json::Writer writer(out);
  writer.begin_object().name("log").begin_object().member("version", "1.2");
  writer.name("creator").begin_object().member("name", "tokometer").member("version", "1").end_object();
  writer.name("entries").begin_array().begin_object();
  writer.member("startedDateTime", format_rfc3339(event.started_at)).member("time", duration_ms);
  writer.member("comment", event.id.text()).member("_provider", event.provider);  // what recording.h reads by

  writer.name("request").begin_object().member("method", event.method);
  writer.member("url", (tls_ ? "https://" : "http://") + event.host + event.path).member("httpVersion", "HTTP/1.1");
  write_fields(writer, request_fields_);
  writer.name("queryString").begin_array().end_array().name("cookies").begin_array().end_array();
  writer.member("headersSize", -1).member("bodySize", event.request_bytes);
  if (!request.text().empty()) {
    writer.name("postData").begin_object().member("mimeType", value_of(request_fields_, "content-type"));
    write_text(writer, spec_, value_of(request_fields_, "content-type"), request.text());
    if (request_.is_cut || request.is_cut()) writer.member("comment", kCut);
    writer.end_object();
  }
  writer.end_object();

  writer.name("response").begin_object().member("status", status_).member("statusText", "");
  writer.member("httpVersion", "HTTP/1.1");
  write_fields(writer, response_fields_);
  writer.name("cookies").begin_array().end_array().member("redirectURL", "");
  writer.member("headersSize", -1).member("bodySize", event.response_bytes);
  writer.name("content").begin_object().member("size", response.text().size());
  writer.member("mimeType", value_of(response_fields_, "content-type"));
  write_text(writer, spec_, value_of(response_fields_, "content-type"), response.text());
  if (response_.is_cut || response.is_cut()) writer.member("comment", kCut);
  writer.end_object().end_object();

  if (!messages_.empty()) write_messages(writer, event);
  writer.name("cache").begin_object().end_object();
  writer.name("timings").begin_object().member("send", 0).member("wait", wait_ms);
  writer.member("receive", duration_ms - wait_ms).end_object();
  writer.end_object().end_array().end_object().end_object();
  return out;
}

CaptureStore::CaptureStore(fs::path folder, const CaptureLimits& limits, const Clock& clock, Log& log)
    : folder_(std::move(folder)),
      limits_(limits),
      clock_(clock),
      log_(log),
      budget_(limits.memory_bytes),
      thread_([this] { run(); }) {}

CaptureStore::~CaptureStore() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

std::unique_ptr<Capture> CaptureStore::open(const provider::Spec* spec, wire::Fields fields, bool tls) {
  return std::make_unique<Capture>(spec, fields, tls, limits_.exchange_bytes, budget_);
}

std::string CaptureStore::close(std::unique_ptr<Capture> capture, const event::Event& event) {
  std::string name = CaptureStore::name(event);
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= limits_.waiting) {
      ++stats_.dropped;
      return {};
    }
    waiting_.push_back({name, event, std::move(capture)});
  }
  wake_.notify_one();
  return name;
}

std::string CaptureStore::name(const event::Event& event) {
  return format_rfc3339(event.started_at).substr(0, 10) + '/' + event.id.text() + ".har.zst";
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
    {
      const Job job = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      write(job);
    }
    lock.lock();
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
  const auto made = make_file(path, bytes);
  {
    const std::lock_guard lock(mutex_);
    if (made.value_or(false)) {
      ++stats_.written;
      stats_.bytes += bytes.size();
    } else {
      ++stats_.dropped;
    }
  }
  if (!made) {
    log_.once(
        LogLevel::kWarn, "capture/write",
        fmt::format("capture: {}; captures are dropped, traffic is not affected (said once)", made.error().message));
    return;
  }
  if (!*made) return;  // the same id, on the same day
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
