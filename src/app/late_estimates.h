// Makes estimates that have to wait for a tokenizer's table, on a thread of its
// own: no worker and no call waits for them.
//
//   if (!late.offer([=] { finish_estimate(…); record(…); })) …  // too many wait already: what there is has to do
//   late.stop();                                               // when no more come: what waits is done
//
// The thread begins with the first of them: a table is loaded once, so that few ever come.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace tokometer::app {

class LateEstimates {
 public:
  struct Limits {
    std::size_t waiting = 32;  // each keeps what is left of its exchange: some 600 KiB at most
  };

  LateEstimates() : LateEstimates(Limits()) {}
  explicit LateEstimates(Limits limits) : limits_(limits) {}
  ~LateEstimates();  // stop()
  LateEstimates(const LateEstimates&) = delete;
  LateEstimates& operator=(const LateEstimates&) = delete;

  // Any thread. Whether `work` will be done; it may not throw.
  bool offer(std::move_only_function<void()> work);
  // Does what waits, and takes nothing more.
  void stop();

 private:
  void run();

  const Limits limits_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::move_only_function<void()>> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tokometer::app
