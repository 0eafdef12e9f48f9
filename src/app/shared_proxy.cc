#include "app/shared_proxy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>

#include "app/instance.h"
#include "net/blocking_client.h"

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPollEvery{5};
constexpr milliseconds kAnswerWait{2'000};

fs::path lock_file(const fs::path& data_dir) { return data_dir / "run.lock"; }

Result<int> open_lock(const fs::path& data_dir) {
  std::error_code error;
  if (fs::create_directories(data_dir, error)) fs::permissions(data_dir, fs::perms::owner_all, error);
  const fs::path file = lock_file(data_dir);
  const int descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return fail(io_error(file.string(), errno));
  return descriptor;
}

// Nothing: it does not answer as one of ours.
bool answers(const std::string& address) {
  const auto parsed = net::Address::parse(address);
  if (!parsed) return false;
  const auto response =
      net::ask(*parsed, "GET /-/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", kAnswerWait);
  return response && response->starts_with("HTTP/1.1 ");
}

}  // namespace

Result<UseLock> UseLock::share(const fs::path& data_dir, milliseconds patience) {
  const auto descriptor = open_lock(data_dir);
  if (!descriptor) return fail(descriptor.error());
  UseLock lock(*descriptor);
  const auto deadline = steady_clock::now() + patience;
  while (flock(*descriptor, LOCK_SH | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return fail(io_error(lock_file(data_dir).string(), errno));
    if (steady_clock::now() > deadline) {
      return fail(ErrorCode::kTimeout, fmt::format("{}: a proxy that is ending still has it", data_dir.string()));
    }
    std::this_thread::sleep_for(kPollEvery);
  }
  return lock;
}

std::optional<UseLock> UseLock::take(const fs::path& data_dir) {
  const auto descriptor = open_lock(data_dir);
  if (!descriptor) return std::nullopt;
  UseLock lock(*descriptor);
  if (flock(*descriptor, LOCK_EX | LOCK_NB) != 0) return std::nullopt;
  return lock;
}

UseLock& UseLock::operator=(UseLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

UseLock::~UseLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

void UseLock::let_inherit() const { fcntl(descriptor_, F_SETFD, 0); }

Result<SharedProxy> SharedProxy::use(const Config& config, const Start& start, milliseconds patience) {
  // First the lock: a proxy that is there from now on stays.
  auto lock = UseLock::share(config.data_dir, patience);
  if (!lock) return fail(std::move(lock.error()));

  const auto serving = [&](const Running& running, bool was_there) -> Result<SharedProxy> {
    const auto address = local_address(running.status->listening);
    if (!address) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("the proxy of {} (process {}) listens on no TCP address: give it --listen 127.0.0.1:4141",
                              config.data_dir.string(), running.pid));
    }
    if (!answers(*address)) {
      return fail(ErrorCode::kTimeout, fmt::format("the proxy of {} (process {}) does not answer on {}: restart it",
                                                   config.data_dir.string(), running.pid, *address));
    }
    return SharedProxy(std::move(*lock), *address, was_there);
  };

  const auto deadline = steady_clock::now() + patience;
  bool started = false;
  for (;;) {
    const auto running = find_instance(config.data_dir);
    if (running && running->status && !running->status->listening.empty()) return serving(*running, !started);
    if (!running && std::exchange(started, true)) {
      return fail(ErrorCode::kIo, fmt::format("{}: its proxy has ended", config.data_dir.string()));
    }
    if (!running) {
      auto done = start();
      if (!done && !find_instance(config.data_dir)) return fail(std::move(done.error()));
      continue;
    }
    if (steady_clock::now() > deadline) {
      return fail(ErrorCode::kTimeout,
                  fmt::format("the proxy of {} does not say where it listens", config.data_dir.string()));
    }
    std::this_thread::sleep_for(kPollEvery);
  }
}

std::optional<std::string> local_address(const std::vector<std::string>& listening) {
  for (const std::string& address : listening) {
    if (address.starts_with("unix:")) continue;
    for (const auto& [any, local] : {std::pair{"0.0.0.0:", "127.0.0.1:"}, std::pair{"[::]:", "[::1]:"}}) {
      if (address.starts_with(any)) return local + address.substr(std::string_view(any).size());
    }
    return address;
  }
  return std::nullopt;
}

}  // namespace tokometer::app
