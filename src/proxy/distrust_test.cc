#include "proxy/distrust.h"

#include <gtest/gtest.h>

namespace tokometer::proxy {
namespace {

using std::chrono::seconds;

class DistrustTest : public testing::Test {
 protected:
  static Distrust::Client client(std::string name = "curl/8") {
    return {.name = std::move(name), .host = "a.example", .run = {}, .address = {}};
  }
  // One connection, which ends now.
  bool turned_away(const Distrust::Client& who = client()) {
    now += seconds(1);
    return distrust.turned_away(who, now, now);
  }

  Distrust distrust;
  SteadyTime now{};
};

TEST_F(DistrustTest, IsNewOnceWhileItLasts) {
  EXPECT_TRUE(distrust.refused(client(), now));
  EXPECT_FALSE(distrust.refused(client(), now));
  EXPECT_TRUE(distrust.contains(client(), now));
  EXPECT_FALSE(distrust.contains(client("other"), now));
  now += Distrust::kLasts;
  EXPECT_FALSE(distrust.contains(client(), now));
  EXPECT_TRUE(distrust.entries(now).empty());
  EXPECT_TRUE(distrust.refused(client(), now));
}

TEST_F(DistrustTest, OfASilentClientEndsSooner) {
  EXPECT_FALSE(turned_away());
  EXPECT_TRUE(turned_away());
  EXPECT_TRUE(distrust.entries(now).at(0).silent);
  now += Distrust::kSilentLasts - seconds(1);
  EXPECT_TRUE(distrust.contains(client(), now));
  now += seconds(1);
  EXPECT_FALSE(distrust.contains(client(), now));
  EXPECT_FALSE(turned_away()) << "once more is not enough";
}

TEST_F(DistrustTest, CountsSeveralConnectionsAtOnceAsOne) {
  const SteadyTime began = now;
  now += seconds(1);
  EXPECT_FALSE(distrust.turned_away(client(), began, now));
  EXPECT_FALSE(distrust.turned_away(client(), began, now));
  EXPECT_TRUE(distrust.turned_away(client(), now, now));
}

TEST_F(DistrustTest, EndsWithAWordUnderOurCertificate) {
  EXPECT_FALSE(turned_away());
  distrust.refused(client(), now);
  distrust.trusted(client(), now);
  EXPECT_FALSE(distrust.contains(client(), now));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(turned_away()) << "it has no use for connections that it opened ahead";
  EXPECT_TRUE(distrust.refused(client(), now)) << "but may say that it trusts us no longer";
}

TEST_F(DistrustTest, HoldsNoWordAgainstSilenceForEver) {
  distrust.trusted(client(), now);
  now += Distrust::kTrustLasts;
  EXPECT_FALSE(turned_away());
  EXPECT_TRUE(turned_away());
}

TEST_F(DistrustTest, KeepsALimitedNumber) {
  for (std::size_t i = 0; i <= Distrust::kMaxEntries; ++i) {
    EXPECT_FALSE(turned_away(client(std::to_string(i))));
    distrust.refused(client("said " + std::to_string(i)), now);
  }
  EXPECT_FALSE(turned_away(client("0"))) << "forgotten";
  EXPECT_TRUE(turned_away(client("5")));
  EXPECT_EQ(distrust.entries(now).size(), Distrust::kMaxEntries);
  EXPECT_FALSE(distrust.contains(client("said 0"), now));
}

TEST_F(DistrustTest, ForgetsAll) {
  distrust.refused(client(), now);
  EXPECT_FALSE(turned_away(client("other")));
  distrust.clear();
  EXPECT_TRUE(distrust.entries(now).empty());
  EXPECT_FALSE(turned_away(client("other")));
}

}  // namespace
}  // namespace tokometer::proxy
