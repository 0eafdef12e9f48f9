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
#include "json/writer.h"
#include "meter/turn_reader.h"
#include "provider/spec.h"
#include "wire/fields.h"
#include "wire/websocket.h"

namespace tokometer::app {

struct CaptureLimits {
  std::size_t exchange_bytes = std::size_t{8} << 20U;  // of content, each way, as sent and decoded; the rest is cut off
                                                       // and marked
  std::size_t memory_bytes = std::size_t{128} << 20U;  // of content of all captures that are not written yet, with the
                                                       // decoded one of that which is; the rest is cut off and marked
  std::size_t waiting = 10'000;                        // finished captures that are not written yet; others are dropped
  std::int64_t total_bytes = std::int64_t{1} << 30U;   // of all files; the oldest go first
  std::chrono::milliseconds retention{0};              // files older than this go; 0: no such limit
};

// How much content captures hold in memory altogether. Any thread.
class CaptureBudget {
 public:
  explicit CaptureBudget(std::size_t limit) : limit_(limit) {}

  // Takes `bytes` of what is left; false, taking nothing, if that is less.
  bool take(std::size_t bytes);
  void give_back(std::size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> used_ = 0;
};

// What one exchange said, as it is gathered.
class Capture {
 public:
  // Keeps `max_bytes` of content each way, as far as `budget` has room.
  // `tls` is whether the origin is one of https.
  Capture(const provider::Spec* spec, wire::Fields request_fields, bool tls, std::size_t max_bytes,
          CaptureBudget& budget);
  ~Capture();
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  void request_content(std::string_view bytes);
  void response_head(int status, wire::Fields fields);
  void response_content(std::string_view bytes);
  // A message of a WebSocket, `after` its connection was opened. Control frames but for the closing ones are left out.
  void message(const meter::SideMessage& message, wire::websocket::Kind kind, std::chrono::nanoseconds after);
  // A turn of the WebSocket became the event `id`.
  void turn(const Uuid& id);

  // The HAR document. `event` gives method, host, path and times.
  std::string har(const event::Event& event) const;

 private:
  using OwnedFields = std::vector<std::pair<std::string, std::string>>;
  OwnedFields redacted(wire::Fields fields) const;
  struct Body {
    std::string bytes;
    bool is_cut = false;
  };
  void keep(Body& body, std::string_view bytes);
  void write_messages(json::Writer& writer, const event::Event& event) const;

  const provider::Spec* spec_;
  bool tls_;
  std::size_t max_bytes_;
  CaptureBudget& budget_;
  std::size_t taken_ = 0;  // of the budget
  OwnedFields request_fields_, response_fields_;
  Body request_, response_;
  struct Message {
    meter::Side from;
    std::uint8_t opcode;  // RFC 6455, 5.2
    std::chrono::nanoseconds after;
    std::string data;
  };
  std::vector<Message> messages_;
  std::vector<Uuid> turns_;
  bool messages_cut_ = false;
  std::size_t messages_bytes_ = 0;
  int status_ = 0;
};

class CaptureStore {
 public:
  // Makes the folder (0700) when the first capture is written. `clock` and `log` must outlive the store.
  CaptureStore(std::filesystem::path folder, const CaptureLimits& limits, const Clock& clock, Log& log);
  // Writes what waits.
  ~CaptureStore();
  CaptureStore(const CaptureStore&) = delete;
  CaptureStore& operator=(const CaptureStore&) = delete;

  std::unique_ptr<Capture> open(const provider::Spec* spec, wire::Fields fields, bool tls = true);
  // Takes a finished capture to be written and returns its name, relative to
  // the folder; empty if it had to be dropped.
  std::string close(std::unique_ptr<Capture> capture, const event::Event& event);
  // The name that close() will return for `event`, unless it has to drop the capture.
  static std::string name(const event::Event& event);

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

  CaptureBudget budget_;

  mutable std::mutex mutex_;  // guards the next block
  std::condition_variable wake_;
  std::deque<Job> waiting_;
  Stats stats_;
  bool stopping_ = false;

  std::int64_t since_sweep_ = 0;  // bytes; the thread's own
  std::thread thread_;
};

}  // namespace tokometer::app
