#include "net/timer.h"

#include <utility>

#include "base/check.h"

namespace tokometer::net {

Timer::Timer(Timers& timers, std::move_only_function<void()> fire) : timers_(timers), fire_(std::move(fire)) {}

Timer::~Timer() {
  if (place_ != kNowhere) timers_.remove(*this);
}

void Timer::arm(SteadyTime when) {
  when_ = when;
  if (place_ == kNowhere || when < timers_.heap_[place_].when) timers_.schedule(*this);
}

void Timer::disarm() { when_ = SteadyTime::max(); }

std::optional<SteadyTime> Timers::next() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().when;
}

void Timers::fire(SteadyTime now) {
  while (!heap_.empty() && heap_.front().when <= now) {
    Timer& timer = *heap_.front().timer;
    const bool due = timer.when_ <= now;
    if (!due && timer.armed()) {
      // It was armed for later since: only now does the heap hear of it.
      heap_.front().when = timer.when_;
      move_down(0);
      continue;
    }
    remove(timer);
    if (!due) continue;
    timer.disarm();
    timer.fire_();  // may destroy the timer, or any other
  }
}

void Timers::schedule(Timer& timer) {
  if (timer.place_ == Timer::kNowhere) {
    heap_.push_back({timer.when_, &timer});
    timer.place_ = heap_.size() - 1;
  } else {
    heap_[timer.place_].when = timer.when_;
  }
  move_up(timer.place_);
}

void Timers::remove(Timer& timer) {
  const std::size_t place = timer.place_;
  TOKOMETER_CHECK(place < heap_.size() && heap_[place].timer == &timer);
  timer.place_ = Timer::kNowhere;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (place == heap_.size()) return;
  put(place, last);
  move_up(place);
  move_down(last.timer->place_);
}

void Timers::move_up(std::size_t place) {
  const Entry entry = heap_[place];
  while (place > 0) {
    const std::size_t parent = (place - 1) / 2;
    if (heap_[parent].when <= entry.when) break;
    put(place, heap_[parent]);
    place = parent;
  }
  put(place, entry);
}

void Timers::move_down(std::size_t place) {
  const Entry entry = heap_[place];
  for (;;) {
    std::size_t child = place * 2 + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].when < heap_[child].when) ++child;
    if (entry.when <= heap_[child].when) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, entry);
}

void Timers::put(std::size_t place, Entry entry) {
  heap_[place] = entry;
  entry.timer->place_ = place;
}

}  // namespace tokometer::net
