#include "cli/no_proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/test_environment.h"
#include "embedded/embedded.h"

namespace tokometer::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(NoProxy, FindsHostsThatAreToBeSeen) {
  TestEnvironment test;
  const auto registry = provider::Registry::load(embedded::providers(), test.home() / "none");
  ASSERT_TRUE(registry) << registry.error().message;
  const Environment environment = test.make();
  const auto found = [&] { return hosts_past_us(environment, **registry, {"llm.example"}); };
  EXPECT_THAT(found(), IsEmpty());
  test.variables["no_proxy"] = "API.openai.com";
  EXPECT_THAT(found(), ElementsAre("api.openai.com"));
  test.variables["NO_PROXY"] = "localhost,127.0.0.1, ::1,intra.example,.example llm.example,*,*";
  EXPECT_THAT(found(), ElementsAre("example", "llm.example", "*"));
}

}  // namespace
}  // namespace tokometer::cli
