#include "net/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <span>
#include <utility>

#include "base/check.h"

namespace tokometer::net {
namespace {

constexpr int kEventsPerTurn = 256;
constexpr std::uint32_t kInterest = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

void wake(int fd) {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the loop wakes anyway.
  [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
}

}  // namespace

bool Mailbox::post(Task task) {
  const std::lock_guard lock(mutex_);
  if (wake_fd_ < 0) return false;
  tasks_.push_back(std::move(task));
  if (tasks_.size() == 1) wake(wake_fd_);
  return true;
}

Result<std::unique_ptr<Loop>> Loop::open(const Clock& clock) {
  Fd poll(::epoll_create1(EPOLL_CLOEXEC));
  if (!poll) return fail(io_error("epoll_create1", errno));
  Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail(io_error("eventfd", errno));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  if (::epoll_ctl(poll.number(), EPOLL_CTL_ADD, wake.number(), &event) != 0) return fail(io_error("epoll_ctl", errno));
  return std::unique_ptr<Loop>(new Loop(clock, std::move(poll), std::move(wake)));
}

Loop::Loop(const Clock& clock, Fd poll, Fd wake)
    : clock_(clock),
      poll_(std::move(poll)),
      wake_(std::move(wake)),
      steady_(clock.steady()),
      mailbox_(std::make_shared<Mailbox>()) {
  mailbox_->wake_fd_ = wake_.number();
}

Loop::~Loop() {
  std::vector<Mailbox::Task> dropped;
  const std::lock_guard lock(mailbox_->mutex_);
  mailbox_->wake_fd_ = -1;
  dropped.swap(mailbox_->tasks_);
}

Result<void> Loop::watch(int fd, Watcher& watcher) {
  epoll_event event{};
  event.events = kInterest;
  event.data.ptr = &watcher;
  if (::epoll_ctl(poll_.number(), EPOLL_CTL_ADD, fd, &event) != 0) return fail(io_error("epoll_ctl", errno));
  return {};
}

void Loop::again(Watcher& watcher) {
  if (!std::exchange(watcher.waits_again_, true)) again_.push_back(&watcher);
}

void Loop::forget(Watcher& watcher) {
  if (!std::exchange(watcher.waits_again_, false)) return;
  std::ranges::replace(again_, &watcher, nullptr);
  std::ranges::replace(running_again_, &watcher, nullptr);
}

void Loop::dispose(std::unique_ptr<Disposable> thing) { disposed_.push_back(std::move(thing)); }

void Loop::destroy_disposed() {
  // Destroying may dispose of more.
  while (!disposed_.empty()) std::exchange(disposed_, {});
}

void Loop::run() {
  steady_ = clock_.steady();
  while (!stopping_) {
    wait();
    run_again();
    timers_.fire(steady_);
    destroy_disposed();
  }
  stopping_ = false;
}

void Loop::stop() {
  mailbox_->post([this] { stopping_ = true; });
}

UtcTime Loop::now() const {
  if (!now_known_) {
    now_ = clock_.now();
    now_known_ = true;
  }
  return now_;
}

void Loop::wait() {
  epoll_event events[kEventsPerTurn];
  const int count = ::epoll_wait(poll_.number(), events, kEventsPerTurn, timeout_ms());
  TOKOMETER_CHECK(count >= 0 || errno == EINTR);
  steady_ = clock_.steady();
  now_known_ = false;
  const std::span ready(events, static_cast<std::size_t>(std::max(count, 0)));
  // Tasks first: what another thread told us before it connected holds for its connection.
  if (std::ranges::any_of(ready, [](const epoll_event& event) { return event.data.ptr == nullptr; })) run_posted();
  for (const epoll_event& event : ready) {
    auto* watcher = static_cast<Watcher*>(event.data.ptr);
    if (watcher == nullptr) continue;
    const std::uint32_t what = event.events;
    watcher->on_ready({.readable = (what & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0,
                       .writable = (what & EPOLLOUT) != 0,
                       .ended = (what & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0,
                       .broken = (what & EPOLLERR) != 0});
  }
}

void Loop::run_again() {
  if (again_.empty()) return;
  running_again_.swap(again_);
  for (std::size_t i = 0; i < running_again_.size(); ++i) {
    Watcher* const watcher = running_again_[i];
    if (watcher == nullptr) continue;
    watcher->waits_again_ = false;
    watcher->on_ready({.readable = true});
  }
  running_again_.clear();
}

void Loop::run_posted() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t read = ::read(wake_.number(), &count, sizeof count);
  std::vector<Mailbox::Task> tasks;
  {
    const std::lock_guard lock(mailbox_->mutex_);
    tasks.swap(mailbox_->tasks_);
  }
  for (auto& task : tasks) task();
}

int Loop::timeout_ms() const {
  if (!again_.empty()) return 0;
  const auto next = timers_.next();
  if (!next) return -1;
  const auto delay = std::chrono::ceil<std::chrono::milliseconds>(*next - clock_.steady()).count();
  return static_cast<int>(std::clamp<decltype(delay)>(delay, 0, INT_MAX));
}

}  // namespace tokometer::net
