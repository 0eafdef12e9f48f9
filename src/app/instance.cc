#include "app/instance.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <string_view>
#include <thread>

#include "json/document.h"
#include "json/writer.h"

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxStatusBytes = std::size_t{1} << 20U;

fs::path pid_file(const fs::path& data_dir) { return data_dir / "tokometer.pid"; }
fs::path status_file(const fs::path& data_dir) { return data_dir / "status.json"; }

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::optional<std::string> read_all(int descriptor) {
  std::string text;
  std::array<char, 4096> buffer;
  while (text.size() < kMaxStatusBytes) {
    const ssize_t got = read(descriptor, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return std::nullopt;
}

std::optional<pid_t> read_pid(int descriptor) {
  const auto text = read_all(descriptor);
  pid_t pid = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), pid).ec != std::errc() || pid <= 0) {
    return std::nullopt;
  }
  return pid;
}

// Somebody who only looks (find_instance) has the lock for a moment: that is no reason to refuse.
bool take_lock(int descriptor) {
  constexpr int kTries = 10;
  for (int i = 0; i < kTries; ++i) {
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK && errno != EINTR) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  errno = EWOULDBLOCK;
  return false;
}

std::string to_json(const Status& status) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  writer.name("listening").begin_array();
  for (const std::string& address : status.listening) writer.string(address);
  writer.end_array();
  writer.member("reloads", status.reloads);
  writer.member("reload_ok", status.reload_ok);
  writer.member("message", status.message);
  writer.end_object();
  return text + "\n";
}

std::optional<Status> read_status(const fs::path& file) {
  const Descriptor descriptor(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.number() < 0) return std::nullopt;
  auto text = read_all(descriptor.number());
  if (!text) return std::nullopt;
  const auto document = json::Document::parse(std::move(*text));
  if (!document || !document->root().is_object()) return std::nullopt;
  const json::Node root = document->root();
  Status status;
  for (const json::Node address : root["listening"].elements()) {
    status.listening.emplace_back(address.string().value_or(""));
  }
  status.reloads = root["reloads"].int64().value_or(0);
  status.reload_ok = root["reload_ok"].boolean().value_or(true);
  status.message = root["message"].string().value_or("");
  return status;
}

}  // namespace

Result<Instance> Instance::claim(const fs::path& data_dir) {
  std::error_code error;
  if (fs::create_directories(data_dir, error)) fs::permissions(data_dir, fs::perms::owner_all, error);
  if (error) return fail(io_error(data_dir.string(), error.value()));
  const fs::path file = pid_file(data_dir);
  Descriptor descriptor(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (descriptor.number() < 0) return fail(io_error(file.string(), errno));
  if (!take_lock(descriptor.number())) {
    if (errno != EWOULDBLOCK) return fail(io_error(file.string(), errno));
    const auto pid = read_pid(descriptor.number());
    return fail(ErrorCode::kInvalid, fmt::format("{}: in use by another tokometer (process {})", data_dir.string(),
                                                 pid ? std::to_string(*pid) : "unknown"));
  }
  if (ftruncate(descriptor.number(), 0) != 0 || !write_all(descriptor.number(), std::to_string(getpid()) + "\n")) {
    return fail(io_error(file.string(), errno));
  }
  fs::remove(status_file(data_dir), error);  // of one that ended without removing it
  return Instance(data_dir, descriptor.release());
}

Instance::Instance(Instance&& other) noexcept
    : data_dir_(std::move(other.data_dir_)), lock_(std::exchange(other.lock_, -1)) {}

Instance& Instance::operator=(Instance&& other) noexcept {
  if (this != &other) {
    release();
    data_dir_ = std::move(other.data_dir_);
    lock_ = std::exchange(other.lock_, -1);
  }
  return *this;
}

Instance::~Instance() { release(); }

void Instance::release() {
  if (lock_ < 0) return;
  std::error_code ignored;
  fs::remove(status_file(data_dir_), ignored);
  fs::remove(pid_file(data_dir_), ignored);
  close(std::exchange(lock_, -1));
}

Result<void> Instance::publish(const Status& status) const {
  const fs::path file = status_file(data_dir_);
  const fs::path next = data_dir_ / "status.json.new";
  const Descriptor descriptor(open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (descriptor.number() < 0 || !write_all(descriptor.number(), to_json(status))) {
    return fail(io_error(next.string(), errno));
  }
  if (rename(next.c_str(), file.c_str()) != 0) return fail(io_error(file.string(), errno));
  return {};
}

std::optional<Running> find_instance(const fs::path& data_dir) {
  const Descriptor descriptor(open(pid_file(data_dir).c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.number() < 0) return std::nullopt;
  // Whoever gets the lock has found a file that was left behind.
  if (flock(descriptor.number(), LOCK_SH | LOCK_NB) == 0) return std::nullopt;
  const auto pid = read_pid(descriptor.number());
  if (!pid) return std::nullopt;
  return Running{*pid, read_status(status_file(data_dir))};
}

}  // namespace tokometer::app
