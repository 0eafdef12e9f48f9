#include "app/instance.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <fstream>
#include <string_view>
#include <thread>

#include "base/files.h"
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

constexpr std::array<std::string_view, 5> kRunByNames{"terminal", "background", "systemd", "launchd", "run"};

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
  writer.member("version", status.start.version);
  writer.member("started_at", format_rfc3339(status.start.at));
  writer.member("run_by", name_of(status.start.run_by));
  writer.member_unless_empty("log_file", status.start.log_file);
  writer.name("options").begin_array();
  for (const std::string& word : status.start.options) writer.string(word);
  writer.end_array();
  writer.member("draining", status.draining);
  if (status.draining) writer.member("open_calls", status.open_calls);
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
  Start& start = status.start;
  start.version = root["version"].string().value_or("");
  start.at = parse_rfc3339(root["started_at"].string().value_or("")).value_or(UtcTime());
  const auto run_by = std::ranges::find(kRunByNames, root["run_by"].string().value_or(""));
  if (run_by != kRunByNames.end()) start.run_by = static_cast<RunBy>(run_by - kRunByNames.begin());
  start.log_file = root["log_file"].string().value_or("");
  for (const json::Node word : root["options"].elements()) start.options.emplace_back(word.string().value_or(""));
  status.draining = root["draining"].boolean().value_or(false);
  status.open_calls = root["open_calls"].int64().value_or(0);
  status.reloads = root["reloads"].int64().value_or(0);
  status.reload_ok = root["reload_ok"].boolean().value_or(true);
  status.message = root["message"].string().value_or("");
  return status;
}

}  // namespace

std::optional<Serving> find_serving(const fs::path& data_dir) {
  std::ifstream file(serving_file(data_dir));
  Serving serving;
  std::string name;
  if (!(file >> serving.pid >> name >> serving.url) || serving.pid <= 0) return std::nullopt;
  std::error_code error;
  if (!fs::exists("/proc/self/stat", error)) {
    return kill(serving.pid, 0) == 0 ? std::optional(serving) : std::nullopt;
  }
  // proc(5): "PID (NAME) STATE …"; in state Z it has ended, but its parent does not care.
  std::ifstream process(fmt::format("/proc/{}/stat", serving.pid));
  std::string stat;
  const std::string begin = fmt::format("{} ({}) ", serving.pid, name);
  if (!std::getline(process, stat) || !stat.starts_with(begin) || stat.substr(begin.size()).starts_with('Z')) {
    return std::nullopt;
  }
  return serving;
}

fs::path serving_file(const fs::path& data_dir) { return data_dir / "serving"; }

std::optional<std::string> local_url(const std::vector<std::string>& listening) {
  for (const std::string& address : listening) {
    if (address.starts_with("unix:")) continue;
    const std::size_t colon = address.rfind(':');
    const std::string_view host = std::string_view(address).substr(0, colon);
    const std::string_view port = std::string_view(address).substr(colon);
    if (host == "0.0.0.0") return fmt::format("http://127.0.0.1{}", port);
    if (host == "[::]") return fmt::format("http://[::1]{}", port);
    return "http://" + address;
  }
  return std::nullopt;
}

std::string_view name_of(RunBy run_by) { return kRunByNames[static_cast<std::size_t>(run_by)]; }

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
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(descriptor.number(), 0) != 0 || write(descriptor.number(), pid.data(), pid.size()) != std::ssize(pid)) {
    return fail(io_error(file.string(), errno));
  }
  fs::remove(status_file(data_dir), error);  // of one that ended without removing it
  fs::remove(serving_file(data_dir), error);
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
  withdraw();
  fs::remove(status_file(data_dir_), ignored);
  fs::remove(pid_file(data_dir_), ignored);
  close(std::exchange(lock_, -1));
}

Result<void> Instance::publish(const Status& status) const {
  return replace_file(status_file(data_dir_), to_json(status), 0600);
}

Result<void> Instance::announce(std::string_view url) const {
  std::string name = "tokometer";
  // What the system calls this process, since the program may have been renamed: shells compare it.
  if (const Descriptor file(open("/proc/self/comm", O_RDONLY | O_CLOEXEC)); file.number() >= 0) {
    if (auto text = read_all(file.number()); text && text->size() > 1) name = text->substr(0, text->find('\n'));
  }
  return replace_file(serving_file(data_dir_), fmt::format("{} {} {}\n", getpid(), name, url), 0600);
}

void Instance::withdraw() const {
  std::error_code ignored;
  fs::remove(serving_file(data_dir_), ignored);
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
