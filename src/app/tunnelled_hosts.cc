#include "app/tunnelled_hosts.h"

#include <algorithm>

namespace tokometer::app {

void TunnelledHosts::add(std::string_view run, std::string_view host) {
  const std::lock_guard lock(mutex_);
  auto found = std::ranges::find(runs_, run, &Run::id);
  if (found == runs_.end()) {
    if (runs_.size() >= limits_.runs) runs_.pop_back();
    found = runs_.insert(runs_.begin(), {.id = std::string(run), .hosts = {}});
  }
  auto& hosts = found->hosts;
  if (hosts.size() >= limits_.hosts_of_run || std::ranges::find(hosts, host) != hosts.end()) return;
  hosts.emplace_back(host);
}

std::vector<std::string> TunnelledHosts::of(std::string_view run) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(runs_, run, &Run::id);
  return found == runs_.end() ? std::vector<std::string>() : found->hosts;
}

}  // namespace tokometer::app
