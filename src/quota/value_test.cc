#include "quota/value.h"

#include <gtest/gtest.h>

namespace tokometer::quota {
namespace {

using provider::TimeForm;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

const UtcTime kValueNow = *parse_rfc3339("2026-04-01T12:00:00Z");

std::optional<UtcTime> any(std::string_view text) { return read_moment(text, TimeForm::kAny, kValueNow); }

TEST(QuotaValue, AmountsAreDecimal) {
  EXPECT_EQ(read_amount("149986"), 149986);
  EXPECT_EQ(read_amount("35.5"), 35.5);
  EXPECT_EQ(read_amount("-1"), -1);
  EXPECT_EQ(read_amount("$12.00"), 12);
  for (const char* bad : {"", "$", "X-RATELIMIT-LIMIT-XXX", "1e300", "nan", "inf", "0x10", "12 000", "--1", "1,5"}) {
    EXPECT_EQ(read_amount(bad), std::nullopt) << bad;
  }
}

TEST(QuotaValue, TellsFormsOfTimesByTheirLook) {
  EXPECT_EQ(any("43"), kValueNow + seconds(43));
  EXPECT_EQ(any("14.371318101882935"), kValueNow + microseconds(14'371'318));
  EXPECT_EQ(any("0"), kValueNow);
  EXPECT_EQ(any("6ms"), kValueNow + milliseconds(6));
  EXPECT_EQ(any("1m26.4s"), kValueNow + milliseconds(86'400));
  EXPECT_EQ(any("2h3m4s"), kValueNow + seconds(7384));
  EXPECT_EQ(any("1d2h"), kValueNow + std::chrono::hours(26));
  EXPECT_EQ(any("30\u00b5s"), kValueNow + microseconds(30));
  EXPECT_EQ(any("30us"), kValueNow + microseconds(30));
  EXPECT_EQ(any("1775044860"), kValueNow + seconds(60));
  EXPECT_EQ(any("1775044860500"), kValueNow + milliseconds(60'500));
  EXPECT_EQ(any("2026-04-01T12:00:30Z"), kValueNow + seconds(30));
  EXPECT_EQ(any("2026-04-01T14:00:30+02:00"), kValueNow + seconds(30));
  EXPECT_EQ(any("Wed, 01 Apr 2026 12:00:05 GMT"), kValueNow + seconds(5));
  // The window is over.
  EXPECT_EQ(any("2026-04-01T11:59:00Z"), kValueNow - seconds(60));
}

TEST(QuotaValue, BelievesNoTimeOutOfReach) {
  for (const char* bad : {"", "soon", "-5", "1e300", "40000000", "99999999999999999999", "1000000000", "1h2h", "1s1m",
                          "1x", "s", "5.5.5s", "9000d", "1970-01-01T00:00:00Z", "9999-01-01T00:00:00Z",
                          "Wed, 01 Foo 2026 12:00:05 GMT", "Wed, 99 Apr 2026 12:00:05 GMT", "INVALID-RESET-XXX"}) {
    EXPECT_EQ(any(bad), std::nullopt) << bad;
  }
}

TEST(QuotaValue, TakesTheFormThatTheSpecStates) {
  EXPECT_EQ(read_moment("500", TimeForm::kMilliseconds, kValueNow), kValueNow + milliseconds(500));
  EXPECT_EQ(read_moment("5", TimeForm::kMinutes, kValueNow), kValueNow + seconds(300));
  EXPECT_EQ(read_moment("1775044860", TimeForm::kUnix, kValueNow), kValueNow + seconds(60));
  EXPECT_EQ(read_moment("1775044860000", TimeForm::kUnixMilliseconds, kValueNow), kValueNow + seconds(60));
  EXPECT_EQ(read_moment("5", TimeForm::kUnix, kValueNow), std::nullopt);
  EXPECT_EQ(read_moment("1m", TimeForm::kSeconds, kValueNow), std::nullopt);
  EXPECT_EQ(read_moment("5", TimeForm::kDuration, kValueNow), std::nullopt);
  EXPECT_EQ(read_moment("5", TimeForm::kRfc3339, kValueNow), std::nullopt);
  EXPECT_EQ(read_length("300", TimeForm::kMinutes), std::chrono::hours(5));
  EXPECT_EQ(read_length("300", TimeForm::kUnix), std::nullopt);
  EXPECT_EQ(read_length("-1", TimeForm::kSeconds), std::nullopt);
}

TEST(QuotaValue, FindsMembersOfLists) {
  constexpr std::string_view kCopilot = "ent=300&ov=0.0&ovPerm=false&rem=35.5&rst=2026-04-01T00%3A00%3A00Z";
  EXPECT_EQ(member(kCopilot, "ent"), "300");
  EXPECT_EQ(member(kCopilot, "rem"), "35.5");
  EXPECT_EQ(member(kCopilot, "rst"), "2026-04-01T00:00:00Z");
  EXPECT_EQ(member(kCopilot, "re"), std::nullopt);
  EXPECT_EQ(member("\"api\";r=999;t=295", "t"), "295");
  EXPECT_EQ(member(R"("fixed window";"api"; q = 1000 ;w="300")", "q"), "1000");
  EXPECT_EQ(member(R"("fixed window";"api"; q = 1000 ;w="300")", "w"), "300");
  EXPECT_EQ(member("a=%4", "a"), "%4");
  EXPECT_EQ(member("a=%zz&b=\"", "b"), "\"");
  EXPECT_EQ(member("", "a"), std::nullopt);
}

}  // namespace
}  // namespace tokometer::quota
