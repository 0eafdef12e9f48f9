#include "pricing/price_entry.h"

#include <gtest/gtest.h>

namespace tokometer::pricing {
namespace {

UtcTime at(std::string_view text) { return *parse_rfc3339(text); }

Entry entry(std::string ref, std::string_view from, std::string_view until = "") {
  Entry result;
  result.ref = std::move(ref);
  if (!from.empty()) result.from = at(from);
  if (!until.empty()) result.until = at(until);
  return result;
}

std::string ref_at(Model& model, std::string_view time) {
  model.sort_entries();
  const Entry* found = model.entry_at(at(time));
  return found != nullptr ? found->ref : "none";
}

TEST(PriceEntry, TheLatestThatHoldsIsTaken) {
  Model model;
  model.entries = {entry("first", ""), entry("third", "2026-09-01"), entry("second", "2026-03-13")};
  EXPECT_EQ(ref_at(model, "2020-01-01"), "first");
  EXPECT_EQ(ref_at(model, "2026-03-12T23:59:59.999999Z"), "first");
  EXPECT_EQ(ref_at(model, "2026-03-13T00:00:00Z"), "second");
  EXPECT_EQ(ref_at(model, "2026-09-01"), "third");
}

TEST(PriceEntry, TheEarliestHoldsForTheTimeBeforeIt) {
  Model model;
  model.entries = {entry("a", "2025-09-29", "2026-01-01"), entry("b", "2026-02-01")};
  EXPECT_EQ(ref_at(model, "2025-01-01"), "a");
  EXPECT_EQ(ref_at(model, "2026-01-15"), "none");  // a gap stays one
  EXPECT_EQ(ref_at(model, "2026-02-01"), "b");
}

TEST(PriceEntry, NothingHoldsAfterTheEnd) {
  Model model;
  model.entries = {entry("a", "", "2026-01-01")};
  EXPECT_EQ(ref_at(model, "2025-12-31"), "a");
  EXPECT_EQ(ref_at(model, "2026-01-01"), "none");
}

TEST(PriceEntry, TheUsersOwnGoesFirstWhereItHolds) {
  Model model;
  Entry own = entry("own", "2026-02-01", "2026-03-01");
  own.origin = Origin::kUser;
  model.entries = {entry("ours", "2026-02-15"), entry("older", ""), own};
  EXPECT_EQ(ref_at(model, "2026-01-01"), "older");
  EXPECT_EQ(ref_at(model, "2026-02-20"), "own");
  EXPECT_EQ(ref_at(model, "2026-03-01"), "ours");
}

TEST(PriceEntry, AUsersEntryDoesNotReachBack) {
  Model model;
  model.entries = {entry("own", "2026-02-01")};
  model.entries.front().origin = Origin::kUser;
  EXPECT_EQ(ref_at(model, "2026-01-31"), "none");
}

TEST(PriceEntry, HoursGoBeforeTheRestOfTheDay) {
  Model model;
  Entry night = entry("night", "");
  night.hours = Hours{std::chrono::minutes(16 * 60 + 30), std::chrono::minutes(30)};
  model.entries = {night, entry("day", "")};
  EXPECT_EQ(ref_at(model, "2026-01-01T16:29:59Z"), "day");
  EXPECT_EQ(ref_at(model, "2026-01-01T16:30:00Z"), "night");
  EXPECT_EQ(ref_at(model, "2026-01-02T00:29:59Z"), "night");
  EXPECT_EQ(ref_at(model, "2026-01-02T00:30:00Z"), "day");
}

TEST(PriceEntry, UnitsHaveNamesThatReadBack) {
  for (std::size_t i = 0; i < kUnitCount; ++i) {
    const auto unit = static_cast<Unit>(i);
    EXPECT_EQ(unit_from(to_string(unit)), unit);
  }
  EXPECT_EQ(unit_from("tokens"), std::nullopt);
}

}  // namespace
}  // namespace tokometer::pricing
