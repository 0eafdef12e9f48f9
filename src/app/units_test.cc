#include "app/units.h"

#include <gtest/gtest.h>

namespace tokometer::app {
namespace {

using namespace std::chrono_literals;

TEST(ParseSize, ReadsBinaryAndDecimalUnits) {
  EXPECT_EQ(parse_size("0"), 0);
  EXPECT_EQ(parse_size("512"), 512);
  EXPECT_EQ(parse_size("512B"), 512);
  EXPECT_EQ(parse_size("64KiB"), 65536);
  EXPECT_EQ(parse_size("16MiB"), 16777216);
  EXPECT_EQ(parse_size("1GiB"), 1073741824);
  EXPECT_EQ(parse_size("1TiB"), 1099511627776);
  EXPECT_EQ(parse_size("16MB"), 16'000'000);
  EXPECT_EQ(parse_size("1.5 KB"), 1500);
  EXPECT_EQ(parse_size("2gib"), 2147483648);
}

TEST(ParseSize, RefusesEverythingElse) {
  for (const char* text : {"", "MiB", "-1", "+1", "1e3", "16 MiB x", "16M", "16  MiB", "0x10", "nan", "99999999TiB"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(ParseDuration, ReadsUnitsAloneAndTogether) {
  EXPECT_EQ(parse_duration("0"), 0ms);
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("10m"), 10min);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("7d"), 168h);
  EXPECT_EQ(parse_duration("2w"), 336h);
  EXPECT_EQ(parse_duration("1m500ms"), 60500ms);
}

TEST(ParseDuration, RefusesEverythingElse) {
  for (const char* text : {"", "10", "m", "-1s", "1 s", "30m1h", "1s1s", "10x", "1mo", "9999999999999w"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Format, GivesTheShortestTextThatReadsBack) {
  EXPECT_EQ(format_size(0), "0");
  EXPECT_EQ(format_size(1500), "1500B");
  EXPECT_EQ(format_size(1536), "1536B");
  EXPECT_EQ(format_size(65536), "64KiB");
  EXPECT_EQ(format_size(std::int64_t{3} << 40), "3TiB");
  EXPECT_EQ(format_duration(0ms), "0");
  EXPECT_EQ(format_duration(250ms), "250ms");
  EXPECT_EQ(format_duration(90min), "1h30m");
  EXPECT_EQ(format_duration(168h), "1w");
  EXPECT_EQ(format_duration(240h), "10d");
  for (const std::int64_t bytes : {1, 1023, 1024, 5'000'000, 1 << 30}) EXPECT_EQ(parse_size(format_size(bytes)), bytes);
  for (const auto ms : {1ms, 61'001ms, 86'400'000ms}) EXPECT_EQ(parse_duration(format_duration(ms)), ms);
}

}  // namespace
}  // namespace tokometer::app
