#include "base/log.h"

#include <cstdio>

namespace tokometer {
namespace {

constexpr std::size_t kMaxKeys = 1024;

void write_stderr(LogLevel, std::string_view line) { std::fwrite(line.data(), 1, line.size(), stderr); }

std::string_view prefix(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "tokometer: debug: ";
    case LogLevel::kWarn:
      return "tokometer: warning: ";
    case LogLevel::kError:
      return "tokometer: error: ";
    default:
      return "tokometer: ";
  }
}

}  // namespace

Log::Log(LogLevel level) : Log(level, write_stderr) {}

Log::Log(LogLevel level, Sink sink) : level_(level), sink_(std::move(sink)) {}

void Log::once(LogLevel level, std::string_view key, std::string_view message) {
  {
    const std::lock_guard lock(mutex_);
    if (seen_.contains(key) || seen_.size() >= kMaxKeys) return;
    seen_.emplace(key);
  }
  if (enabled(level)) emit(level, message);
}

void Log::emit(LogLevel level, std::string_view message) {
  std::string line(prefix(level));
  line += message;
  line += '\n';
  const std::lock_guard lock(mutex_);
  sink_(level, line);
}

}  // namespace tokometer
