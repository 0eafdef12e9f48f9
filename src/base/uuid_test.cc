#include "base/uuid.h"

#include <gtest/gtest.h>

#include <set>

namespace tokometer {
namespace {

const UtcTime kNow(std::chrono::microseconds(1'795'379'871'123'456));

TEST(Uuid, CarriesTimeVersionAndVariant) {
  UuidMaker maker;
  const Uuid uuid = maker.make(kNow);
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i) ms = ms << 8 | uuid.bytes[i];
  EXPECT_EQ(ms, 1'795'379'871'123);
  EXPECT_EQ(uuid.bytes[6] >> 4, 7);
  EXPECT_EQ(uuid.bytes[8] >> 6, 2);
}

TEST(Uuid, TextRoundTrips) {
  UuidMaker maker;
  const Uuid uuid = maker.make(kNow);
  EXPECT_EQ(uuid.text().size(), 36U);
  EXPECT_EQ(Uuid::parse(uuid.text()), uuid);
  EXPECT_FALSE(Uuid::parse("0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2"));
  EXPECT_FALSE(Uuid::parse("0190a1b2+c3d4-7e5f-8a6b-7c8d9e0f1a2b"));
  EXPECT_FALSE(Uuid::parse("0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2g"));
}

TEST(Uuid, StaysOrderedWithinAMillisecondAndWhenTheClockGoesBack) {
  UuidMaker maker;
  Uuid last = maker.make(kNow);
  for (int i = 0; i < 20'000; ++i) {
    const Uuid next = maker.make(kNow - std::chrono::milliseconds(i % 3));
    ASSERT_LT(last, next);
    last = next;
  }
}

TEST(Uuid, MakersDoNotCollide) {
  UuidMaker one;
  UuidMaker two;
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(seen.insert(one.make(kNow).text()).second);
    EXPECT_TRUE(seen.insert(two.make(kNow).text()).second);
  }
}

}  // namespace
}  // namespace tokometer
