#include "provider/host_pattern.h"

#include <gtest/gtest.h>

namespace tokometer::provider {
namespace {

TEST(HostPattern, IsAHostOrAnyHost) {
  EXPECT_TRUE(host_matches("api.x.com", "api.x.com"));
  EXPECT_TRUE(host_matches("API.x.com", "api.X.com"));
  EXPECT_FALSE(host_matches("api.x.com", "b.api.x.com"));
  EXPECT_FALSE(host_matches("api.x.com", "x.com"));
  EXPECT_TRUE(host_matches("*", "api.x.com"));
  EXPECT_TRUE(host_matches("*", "10.0.0.1"));
}

TEST(HostPattern, HoldsADomainAndAllBelowIt) {
  EXPECT_TRUE(host_matches("*.x.com", "x.com"));
  EXPECT_TRUE(host_matches("*.x.com", "a.x.com"));
  EXPECT_TRUE(host_matches("*.X.com", "a.b.x.COM"));
  EXPECT_FALSE(host_matches("*.x.com", "evilx.com"));
  EXPECT_FALSE(host_matches("*.x.com", "x.com.evil.com"));
  EXPECT_FALSE(host_matches("*.x.com", ".com"));
}

TEST(HostPattern, HasPartsOfLabels) {
  EXPECT_TRUE(host_matches("run.*.x.com", "run.us-1.x.com"));
  EXPECT_TRUE(host_matches("us-*.x.com", "US-1.x.com"));
  EXPECT_FALSE(host_matches("run.*.x.com", "run.a.b.x.com"));
  EXPECT_FALSE(host_matches("run.*.x.com", "run.x.com"));
  EXPECT_FALSE(host_matches("run.*.x.com", "run..x.com"));
  EXPECT_FALSE(host_matches("us-*.x.com", "eu-1.x.com"));
  EXPECT_TRUE(host_matches("*.*.x.com", "a.b.x.com"));
  EXPECT_FALSE(host_matches("*.*.x.com", "b.x.com"));
}

TEST(HostPattern, TellsWhatCanMatchANameAtAll) {
  for (const std::string_view pattern :
       {"*", "x", "api.x.com", "*.x.com", "run.*.x-1.com", "us-*.x_y.com", "10.0.0.1"}) {
    EXPECT_TRUE(is_host_pattern(pattern)) << pattern;
  }
  for (const std::string_view pattern : {"", ".", "a..b", ".x.com", "x.com.", "x .com", "x.com:443", "https://x.com",
                                         "x.com/v1", "u@x.com", "[::1]", "b\xC3\xBC.com"}) {
    EXPECT_FALSE(is_host_pattern(pattern)) << pattern;
  }
}

}  // namespace
}  // namespace tokometer::provider
