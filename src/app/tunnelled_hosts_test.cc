#include "app/tunnelled_hosts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tokometer::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(TunnelledHosts, KeepsThemByRun) {
  TunnelledHosts hosts;
  hosts.add("a", "x.example");
  hosts.add("b", "y.example");
  hosts.add("a", "z.example:8443");
  hosts.add("a", "x.example");
  EXPECT_THAT(hosts.of("a"), ElementsAre("x.example", "z.example:8443"));
  EXPECT_THAT(hosts.of("b"), ElementsAre("y.example"));
  EXPECT_THAT(hosts.of("c"), IsEmpty());
}

TEST(TunnelledHosts, HasLimits) {
  TunnelledHosts hosts({.runs = 2, .hosts_of_run = 1});
  hosts.add("a", "x.example");
  hosts.add("a", "y.example");
  EXPECT_THAT(hosts.of("a"), ElementsAre("x.example"));
  hosts.add("b", "x.example");
  hosts.add("c", "x.example");
  EXPECT_THAT(hosts.of("a"), IsEmpty());
  EXPECT_THAT(hosts.of("b"), ElementsAre("x.example"));
}

}  // namespace
}  // namespace tokometer::app
