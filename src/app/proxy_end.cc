#include "app/proxy_end.h"

#include <fmt/format.h>

#include <thread>
#include <utility>

#include "app/use_lock.h"
#include "base/format.h"

namespace tokometer::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPollEvery{5};
// Past its limit for running calls: what is left to do then is storing what was metered.
constexpr milliseconds kPastDrain{15'000};
// The proxy of a run that has just ended takes a second to notice.
constexpr milliseconds kSayAfter{1'500};
// Others that look as we do have the lock for a moment, as the proxy has it before it says that it is ending.
constexpr milliseconds kLook{1'000};

}  // namespace

ProxyEnd::ProxyEnd(const Config& config, Say say, std::optional<milliseconds> patience)
    : data_dir_(config.data_dir),
      drain_(config.timeouts.drain),
      say_(std::move(say)),
      deadline_(steady_clock::now() + patience.value_or(drain_ + kPastDrain)) {}

bool ProxyEnd::is_near(const Running& running, bool wanted) {
  const auto now = steady_clock::now();
  const bool serves_runs = running.status && running.status->start.run_by == RunBy::kRun;
  bool near = running.status && running.status->draining;
  if (!near && serves_runs && !wanted) {
    const bool unused = UseLock::take(data_dir_).has_value();
    if (unused) used_since_.reset();
    if (!unused && !used_since_) used_since_ = now;
    near = unused || now - *used_since_ < kLook;
  }
  if (near) {
    note_near();
  } else {
    near_since_.reset();
  }
  return near;
}

void ProxyEnd::note_near() {
  if (!near_since_) near_since_ = steady_clock::now();
}

Result<void> ProxyEnd::wait() {
  const auto now = steady_clock::now();
  if (now >= deadline_) {
    return fail(ErrorCode::kTimeout, fmt::format("the proxy of {} {}", data_dir_.string(),
                                                 near_since_ ? "is ending, but does not end: `tokometer down --now` "
                                                               "cuts off what it waits for"
                                                             : "does not say where it listens"));
  }
  if (near_since_ && !said_ && now - *near_since_ >= kSayAfter) {
    said_ = true;
    say_(fmt::format("waiting for the proxy of {} to end: its last calls have {}", data_dir_.string(),
                     format::duration(drain_)));
  }
  std::this_thread::sleep_for(kPollEvery);
  return {};
}

}  // namespace tokometer::app
