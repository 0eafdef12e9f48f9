// Raw capture: keeps redacted requests and responses, where the user asks for it.
//
//   CaptureStore captures(folder, limits, clock, log);
//   auto capture = captures.open(spec, fields);  // one exchange
//   capture->request_content(bytes); …
//   event.capture_ref = captures.close(std::move(capture), event);
//
// Each exchange becomes one file, FOLDER/DATE/ID.har.zst: a HAR 1.2 document of
// one entry, compressed with zstd, mode 0600, that `tokometer meter` reads again.
// The values of auth fields, cookies and the spec's secret fields and query
// parameters are replaced by "REDACTED". Files are written by a thread of their
// own; when it falls behind, or a folder cannot be written, captures are dropped
// and counted, never traffic.
//
// Not here: what is counted (metering_tap.h).
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "event/event.h"
#include "provider/spec.h"
#include "wire/fields.h"

namespace tokometer::app {

struct CaptureLimits {
  std::size_t exchange_bytes = std::size_t{8} << 20U;  // of content, each way; the rest is cut off and marked
  std::size_t waiting_bytes = std::size_t{64} << 20U;  // of finished captures that are not written yet
  std::int64_t total_bytes = std::int64_t{1} << 30U;   // of all files; the oldest go first
  std::chrono::milliseconds retention{0};              // files older than this go; 0: no such limit
};

// What one exchange said, as it is gathered.
class Capture {
 public:
  Capture(const provider::Spec* spec, wire::Fields request_fields, std::size_t max_bytes);

  void request_content(std::string_view bytes);
  void response_head(int status, wire::Fields fields);
  void response_content(std::string_view bytes);

  // The HAR document. `event` gives method, host, path and times.
  std::string har(const event::Event& event) const;
  std::size_t bytes() const { return request_.size() + response_.size(); }

 private:
  using OwnedFields = std::vector<std::pair<std::string, std::string>>;
  OwnedFields redacted(wire::Fields fields) const;
  void keep(std::string& body, std::string_view bytes);

  const provider::Spec* spec_;
  std::size_t max_bytes_;
  OwnedFields request_fields_, response_fields_;
  std::string request_, response_;
  int status_ = 0;
  bool truncated_ = false;
};

class CaptureStore {
 public:
  // Makes the folder (0700) when the first capture is written. `clock` and `log` must outlive the store.
  CaptureStore(std::filesystem::path folder, const CaptureLimits& limits, const Clock& clock, Log& log);
  // Writes what waits.
  ~CaptureStore();
  CaptureStore(const CaptureStore&) = delete;
  CaptureStore& operator=(const CaptureStore&) = delete;

  std::unique_ptr<Capture> open(const provider::Spec* spec, wire::Fields fields) const;
  // Takes a finished capture to be written and returns its name, relative to
  // the folder; empty if it had to be dropped.
  std::string close(std::unique_ptr<Capture> capture, const event::Event& event);

  struct Stats {
    std::uint64_t written = 0;
    std::uint64_t dropped = 0;
    std::uint64_t bytes = 0;  // of files written
  };
  Stats stats() const;

 private:
  struct Job {
    std::string name;
    event::Event event;
    std::unique_ptr<Capture> capture;
  };
  void run();
  void write(const Job& job);
  void sweep();

  const std::filesystem::path folder_;
  const CaptureLimits limits_;
  const Clock& clock_;
  Log& log_;

  mutable std::mutex mutex_;  // guards the next block
  std::condition_variable wake_;
  std::deque<Job> waiting_;
  std::size_t waiting_bytes_ = 0;
  Stats stats_;
  bool stopping_ = false;

  std::int64_t since_sweep_ = 0;  // bytes; the thread's own
  std::thread thread_;
};

}  // namespace tokometer::app
