#include "pricing/model_name.h"

#include <gtest/gtest.h>

namespace tokometer::pricing {
namespace {

TEST(ModelName, LeavesOutTheRelease) {
  EXPECT_EQ(without_release("claude-sonnet-4-5-20250929"), "claude-sonnet-4-5");
  EXPECT_EQ(without_release("claude-sonnet-4-5@20250929"), "claude-sonnet-4-5");
  EXPECT_EQ(without_release("gpt-4o-2024-08-06"), "gpt-4o");
  EXPECT_EQ(without_release("claude-3-5-haiku-latest"), "claude-3-5-haiku");
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

}  // namespace
}  // namespace tokometer::pricing
