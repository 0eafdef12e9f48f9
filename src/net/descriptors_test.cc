#include "net/descriptors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace tokometer::net {
namespace {

class DescriptorsTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0); }
  void TearDown() override { ::setrlimit(RLIMIT_NOFILE, &before_); }

  static rlim_t soft_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
  }

  rlimit before_{};
};

TEST_F(DescriptorsTest, AreRaisedUpToTheHardLimitAndNeverLowered) {
  rlimit low = before_;
  low.rlim_cur = 256;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(raise_descriptors(100), 256U);
  EXPECT_EQ(soft_limit(), 256U);
  EXPECT_EQ(raise_descriptors(300), 300U);
  EXPECT_EQ(soft_limit(), 300U);
  if (before_.rlim_max == RLIM_INFINITY) return;
  EXPECT_EQ(raise_descriptors(before_.rlim_max + 1), before_.rlim_max);
}

TEST(Descriptors, SufficeForTheClientsTheyAreFor) {
  for (const std::size_t clients : {1U, 2U, 384U, 10'000U}) EXPECT_EQ(clients_for(descriptors_for(clients)), clients);
  EXPECT_EQ(clients_for(1024), 384U);
  EXPECT_EQ(clients_for(0), 1U);
  EXPECT_EQ(clients_for(kOtherDescriptors), 1U);
}

}  // namespace
}  // namespace tokometer::net
