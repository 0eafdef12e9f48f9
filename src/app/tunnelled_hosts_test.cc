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
  EXPECT_THAT(hosts.of("a").hosts, ElementsAre("x.example", "z.example:8443"));
  EXPECT_THAT(hosts.of("b").hosts, ElementsAre("y.example"));
  EXPECT_THAT(hosts.of("c").hosts, IsEmpty());
}

TEST(TunnelledHosts, KeepsWhoDistrustsUsByRun) {
  TunnelledHosts hosts({.runs = 2, .hosts_of_run = 2});
  const TunnelledHosts::Distrustful curl{.client = "curl/8.1", .host = "x.example"};
  const TunnelledHosts::Distrustful nameless{.client = "", .host = "x.example"};
  hosts.add("a", curl);
  hosts.add("a", nameless);
  hosts.add("a", curl);
  hosts.add("a", {.client = "third", .host = "x.example"});
  EXPECT_THAT(hosts.of("a").distrustful, ElementsAre(curl, nameless));
  EXPECT_THAT(hosts.of("a").hosts, IsEmpty());
  EXPECT_THAT(hosts.of("b").distrustful, IsEmpty());
}

TEST(TunnelledHosts, OfARunHasThoseOfRunsWithinIt) {
  TunnelledHosts hosts;
  const TunnelledHosts::Distrustful curl{.client = "curl/8.1", .host = "x.example"};
  hosts.add("o.i", "y.example");
  hosts.add("o.i", curl);
  hosts.add("other", "z.example");
  EXPECT_THAT(hosts.of("o").hosts, ElementsAre("y.example"));
  EXPECT_THAT(hosts.of("o").distrustful, ElementsAre(curl));
}

TEST(TunnelledHosts, HasLimits) {
  TunnelledHosts hosts({.runs = 2, .hosts_of_run = 1});
  hosts.add("a", "x.example");
  hosts.add("a", "y.example");
  EXPECT_THAT(hosts.of("a").hosts, ElementsAre("x.example"));
  hosts.add("b", "x.example");
  hosts.add("c", "x.example");
  EXPECT_THAT(hosts.of("a").hosts, IsEmpty());
  EXPECT_THAT(hosts.of("b").hosts, ElementsAre("x.example"));
}

}  // namespace
}  // namespace tokometer::app
