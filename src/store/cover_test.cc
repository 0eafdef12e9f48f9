#include "store/cover.h"

#include <gtest/gtest.h>

#include <array>
#include <string_view>

namespace tokometer::store {
namespace {

constexpr std::array<std::int64_t, 3> kSpans = {86'400, 3'600, 900};

UtcTime at(std::string_view text) { return *parse_rfc3339(text); }

TEST(Cover, TakesTheCoarsestSumsThatFit) {
  EXPECT_EQ(cover(at("2026-03-01"), at("2026-03-03"), kSpans),
            (std::vector<Piece>{{86'400, at("2026-03-01"), at("2026-03-03")}}));
  // A day of India: its ends cut through hours, but not through quarters.
  EXPECT_EQ(cover(at("2026-03-01T00:00:00+05:30"), at("2026-03-02T00:00:00+05:30"), kSpans),
            (std::vector<Piece>{{900, at("2026-02-28T18:30:00Z"), at("2026-02-28T19:00:00Z")},
                                {3'600, at("2026-02-28T19:00:00Z"), at("2026-03-01T18:00:00Z")},
                                {900, at("2026-03-01T18:00:00Z"), at("2026-03-01T18:30:00Z")}}));
}

TEST(Cover, LeavesRemaindersToSingleEvents) {
  EXPECT_EQ(cover(at("2026-03-01T23:50:00Z"), at("2026-03-03T01:20:00.5Z"), kSpans),
            (std::vector<Piece>{{0, at("2026-03-01T23:50:00Z"), at("2026-03-02")},
                                {86'400, at("2026-03-02"), at("2026-03-03")},
                                {3'600, at("2026-03-03"), at("2026-03-03T01:00:00Z")},
                                {900, at("2026-03-03T01:00:00Z"), at("2026-03-03T01:15:00Z")},
                                {0, at("2026-03-03T01:15:00Z"), at("2026-03-03T01:20:00.5Z")}}));
  EXPECT_EQ(cover(at("2026-03-01T00:01:00Z"), at("2026-03-01T00:14:00Z"), kSpans),
            (std::vector<Piece>{{0, at("2026-03-01T00:01:00Z"), at("2026-03-01T00:14:00Z")}}));
  EXPECT_EQ(cover(at("2026-03-01"), at("2026-03-02"), {}),
            (std::vector<Piece>{{0, at("2026-03-01"), at("2026-03-02")}}));
}

TEST(Cover, KnowsTimesBefore1970) {
  EXPECT_EQ(cover(at("1969-12-31T22:50:00Z"), at("1969-12-31T23:50:00Z"), kSpans),
            (std::vector<Piece>{{0, at("1969-12-31T22:50:00Z"), at("1969-12-31T23:00:00Z")},
                                {900, at("1969-12-31T23:00:00Z"), at("1969-12-31T23:45:00Z")},
                                {0, at("1969-12-31T23:45:00Z"), at("1969-12-31T23:50:00Z")}}));
}

TEST(Cover, OfNothingIsNothing) {
  EXPECT_TRUE(cover(at("2026-03-01"), at("2026-03-01"), kSpans).empty());
  EXPECT_TRUE(cover(at("2026-03-02"), at("2026-03-01"), kSpans).empty());
}

}  // namespace
}  // namespace tokometer::store
