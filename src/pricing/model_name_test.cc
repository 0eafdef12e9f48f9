#include "pricing/model_name.h"

#include <gtest/gtest.h>

namespace tokometer::pricing {
namespace {

TEST(ModelName, LeavesOutTheRelease) {
  EXPECT_EQ(without_release("claude-sonnet-4-5-20250929"), "claude-sonnet-4-5");
  EXPECT_EQ(without_release("claude-sonnet-4-5@20250929"), "claude-sonnet-4-5");
  EXPECT_EQ(without_release("gpt-4o-2024-08-06"), "gpt-4o");
  EXPECT_EQ(without_release("claude-3-5-haiku-latest"), "claude-3-5-haiku");
  EXPECT_EQ(without_release("anthropic.claude-sonnet-4-5-20250929-v1:0"), "anthropic.claude-sonnet-4-5-20250929");
}

TEST(ModelName, KeepsWhatIsNoRelease) {
  for (const char* name : {"gpt-4", "gpt-4-0613", "-20250929", "claude-opus-4-1", "o1-2024-12-1x", "latest", ""}) {
    EXPECT_EQ(without_release(name), name);
  }
}

TEST(ModelName, EndsPrefixesOnlyAtABoundary) {
  const std::string_view name = "ft:gpt-4o@x";
  EXPECT_EQ(boundary_before(name, name.size()), 9u);
  EXPECT_EQ(boundary_before(name, 9), 6u);
  EXPECT_EQ(boundary_before(name, 6), 2u);
  EXPECT_EQ(boundary_before(name, 2), std::string_view::npos);
  EXPECT_EQ(boundary_before("gpt4o", 5), std::string_view::npos);
  EXPECT_EQ(boundary_before("", 0), std::string_view::npos);
}

TEST(ModelName, FoldsCase) { EXPECT_EQ(folded("MiniMax-M2"), "minimax-m2"); }

TEST(ModelName, PatternsHaveOneStar) {
  EXPECT_EQ(matched_part("runtime.*.example.com", "runtime.eu-1.example.com"), "eu-1");
  EXPECT_EQ(matched_part("a.example", "a.example"), "");
  for (const char* other : {"runtime.example.com", "runtime.x.example.org", "x.runtime.y.example.com", ""}) {
    EXPECT_EQ(matched_part("runtime.*.example.com", other), std::nullopt) << other;
  }
  EXPECT_EQ(matched_start("arn:*:profile/", "arn:aws:x:profile/us.m:profile/"), 18u);
  EXPECT_EQ(matched_start("us.", "us.m"), 3u);
  EXPECT_EQ(matched_start("us.", "u"), std::nullopt);
  EXPECT_EQ(matched_start("arn:*:profile/", "arn:aws:application-profile/x"), std::nullopt);
}

}  // namespace
}  // namespace tokometer::pricing
