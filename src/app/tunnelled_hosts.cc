#include "app/tunnelled_hosts.h"

#include <algorithm>

#include "client/call_context.h"

namespace tokometer::app {

TunnelledHosts::Unread& TunnelledHosts::unread_of(std::string_view run) {
  auto found = std::ranges::find(runs_, run, &Run::id);
  if (found == runs_.end()) {
    if (runs_.size() >= limits_.runs) runs_.pop_back();
    found = runs_.insert(runs_.begin(), {.id = std::string(run), .unread = {}});
  }
  return found->unread;
}

template <typename T>
void TunnelledHosts::add_once(std::vector<T>& list, const T& one) const {
  if (list.size() < limits_.hosts_of_run && std::ranges::find(list, one) == list.end()) list.push_back(one);
}

void TunnelledHosts::add(std::string_view run, std::string_view host) {
  const std::lock_guard lock(mutex_);
  add_once(unread_of(run).hosts, std::string(host));
}

void TunnelledHosts::add(std::string_view run, const Distrustful& client) {
  const std::lock_guard lock(mutex_);
  add_once(unread_of(run).distrustful, client);
}

TunnelledHosts::Unread TunnelledHosts::of(std::string_view run) const {
  const std::lock_guard lock(mutex_);
  Unread all;
  for (const Run& one : runs_) {
    if (!client::is_within_run(one.id, run)) continue;
    for (const std::string& host : one.unread.hosts) add_once(all.hosts, host);
    for (const Distrustful& client : one.unread.distrustful) add_once(all.distrustful, client);
  }
  return all;
}

}  // namespace tokometer::app
