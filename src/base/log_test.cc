#include "base/log.h"

#include <gtest/gtest.h>

#include <vector>

namespace tokometer {
namespace {

struct Captured {
  std::vector<std::string> lines;
  Log log{LogLevel::kInfo, [this](LogLevel, std::string_view line) { lines.emplace_back(line); }};
};

TEST(Log, WritesLevelAndMessage) {
  Captured captured;
  captured.log.warn("disk {} full", "/x");
  captured.log.debug("hidden");
  EXPECT_EQ(captured.lines, std::vector<std::string>{"tokometer: warning: disk /x full\n"});
}

TEST(Log, OnceRepeatsNothingAndStaysBounded) {
  Captured captured;
  for (int i = 0; i < 3; ++i) captured.log.once(LogLevel::kWarn, "a", "first");
  EXPECT_EQ(captured.lines.size(), 1U);
  for (int i = 0; i < 5000; ++i) captured.log.once(LogLevel::kWarn, std::to_string(i), "many");
  EXPECT_EQ(captured.lines.size(), 1024U);
}

}  // namespace
}  // namespace tokometer
