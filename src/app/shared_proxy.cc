#include "app/shared_proxy.h"

#include <fmt/format.h>

#include "net/blocking_client.h"

namespace tokometer::app {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAnswerWait{2'000};

// Nothing: it does not answer as one of ours.
bool answers(const std::string& address) {
  const auto parsed = net::Address::parse(address);
  if (!parsed) return false;
  const auto response =
      net::ask(*parsed, "GET /-/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", kAnswerWait);
  return response && response->starts_with("HTTP/1.1 ");
}

// Whether the process has begun to end since it was found.
bool has_left(const std::filesystem::path& data_dir, const Running& running) {
  const auto now = find_instance(data_dir);
  return !now || now->pid != running.pid || !now->status || now->status->draining;
}

}  // namespace

// One attempt after the other, with a moment between them.
class ProxySearch {
 public:
  ProxySearch(const Config& config, const SharedProxy::Wanted& wanted, std::optional<milliseconds> patience)
      : data_dir_(config.data_dir), wanted_(wanted), end_(config, wanted.say, patience) {}

  Result<SharedProxy> find() {
    for (;;) {
      auto found = attempt();
      if (!found) return fail(std::move(found.error()));
      if (*found) return std::move(**found);
      if (auto waited = end_.wait(); !waited) return fail(std::move(waited.error()));
    }
  }

 private:
  // Nothing: it is worth waiting.
  Result<std::optional<SharedProxy>> attempt() {
    if (const auto running = find_instance(data_dir_)) {
      if (end_.is_near(*running, running->status && wanted_.suits(*running->status))) return std::nullopt;
    }
    // First the lock: a proxy that is there from now on stays.
    auto lock = UseLock::share(data_dir_);
    if (!lock) return fail(std::move(lock.error()));
    if (!*lock) {
      end_.note_near();
      return std::nullopt;
    }
    auto running = find_instance(data_dir_);
    if (!running) {
      auto started = wanted_.start();
      running = find_instance(data_dir_);
      if (!running && !started) return fail(std::move(started.error()));
      if (!running) return fail(ErrorCode::kIo, fmt::format("{}: its proxy has ended", data_dir_.string()));
    }
    if (!running->status || running->status->listening.empty() || running->status->draining) return std::nullopt;
    return serving(*running, std::move(**lock));
  }

  Result<std::optional<SharedProxy>> serving(const Running& running, UseLock lock) {
    const auto address = local_address(running.status->listening);
    if (!address) return fail(no_tcp_address(data_dir_, running));
    if (answers(*address)) return SharedProxy(std::move(lock), *address, *running.status);
    if (has_left(data_dir_, running)) return std::nullopt;
    return fail(ErrorCode::kTimeout, fmt::format("the proxy of {} (process {}) does not answer on {}: restart it",
                                                 data_dir_.string(), running.pid, *address));
  }

  std::filesystem::path data_dir_;
  const SharedProxy::Wanted& wanted_;
  ProxyEnd end_;
};

Result<SharedProxy> SharedProxy::use(const Config& config, const Wanted& wanted, std::optional<milliseconds> patience) {
  return ProxySearch(config, wanted, patience).find();
}

Error no_tcp_address(const std::filesystem::path& data_dir, const Running& running) {
  return {ErrorCode::kUnsupported,
          fmt::format("the proxy of {} (process {}) listens on no TCP address: give it --listen 127.0.0.1:4141",
                      data_dir.string(), running.pid)};
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
