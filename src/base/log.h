// The program's own log: one line a message on stderr, or where it is told.
//
//   log.warn("journal: {}: no space left, events are kept in memory", folder);
//
// A Log is passed down from main. Messages never carry content, keys or
// cookies. What may repeat is logged through `once`, so that a fault that hits
// every call fills no disk.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace tokometer {

enum class LogLevel { kDebug, kInfo, kWarn, kError, kOff };

class Log {
 public:
  using Sink = std::function<void(LogLevel, std::string_view line)>;

  // Writes "tokometer: warning: …" lines of `level` and above to stderr.
  explicit Log(LogLevel level = LogLevel::kInfo);
  // The same to `sink`, which is called under a lock, one line at a time.
  Log(LogLevel level, Sink sink);

  template <typename... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) {
    write(LogLevel::kDebug, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) {
    write(LogLevel::kInfo, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) {
    write(LogLevel::kWarn, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) {
    write(LogLevel::kError, format, std::forward<Args>(args)...);
  }

  // Logs `message` unless a message with the same `key` was logged before.
  // Remembers at most 1,024 keys; past that it stays silent about new ones.
  void once(LogLevel level, std::string_view key, std::string_view message);

  // Lines go to `sink` from here on.
  void set_sink(Sink sink) {
    const std::lock_guard lock(mutex_);
    sink_ = std::move(sink);
  }

  bool enabled(LogLevel level) const { return level >= level_.load(std::memory_order_relaxed); }
  void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }

 private:
  template <typename... Args>
  void write(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(level)) emit(level, fmt::format(format, std::forward<Args>(args)...));
  }
  void emit(LogLevel level, std::string_view message);

  std::atomic<LogLevel> level_;
  Sink sink_;
  std::mutex mutex_;
  std::set<std::string, std::less<>> seen_;
};

}  // namespace tokometer
