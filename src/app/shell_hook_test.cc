#include "app/shell_hook.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

namespace tokometer::app {
namespace {

TEST(ShellHook, WordsAreReadAsTheyWere) {
  EXPECT_EQ(shell_word(Shell::kBash, "it's $HOME \\"), "'it'\\''s $HOME \\'");
  EXPECT_EQ(shell_word(Shell::kFish, "it's $HOME \\"), "'it\\'s $HOME \\\\'");
}

TEST(ShellHook, ShellsAreKnownByNameAndPath) {
  EXPECT_EQ(shell_of("/usr/bin/zsh"), Shell::kZsh);
  EXPECT_EQ(shell_of("fish"), Shell::kFish);
  EXPECT_EQ(shell_of("/bin/dash"), std::nullopt);
  EXPECT_EQ(shell_of(""), std::nullopt);
}

TEST(ShellHook, StateComesBack) {
  const Changes changes = {{"HTTPS_PROXY", "http://127.0.0.1:4141", std::nullopt},
                           {"NO_PROXY", "localhost,'x\"", "corp \\ $x"}};
  EXPECT_EQ(decode_state(encode_state(changes)), changes);
}

TEST(ShellHook, AStateThatIsNoneIsPassedOver) {
  for (const char* const state :
       {"", "[]", "{", "{\"A\":1}", "{\"A\":[]}", "{\"A;rm -rf /\":[\"x\"]}", "{\"\":[\"x\"]}"}) {
    EXPECT_TRUE(decode_state(state).empty()) << state;
  }
}

TEST(ShellHook, WhatVariablesWereIsFoundUnlessTheUserChangedThem) {
  const std::map<std::string, std::string, std::less<>> now = {{"A", "ours"}, {"B", "ours"}, {"C", "theirs"}};
  const auto variable = original_variables(
      [&](std::string_view name) -> std::optional<std::string> {
        const auto found = now.find(name);
        return found == now.end() ? std::nullopt : std::optional(found->second);
      },
      {{"A", "ours", std::nullopt}, {"B", "ours", "before"}, {"C", "ours", "before"}});
  EXPECT_EQ(variable("A"), std::nullopt);
  EXPECT_EQ(variable("B"), "before");
  EXPECT_EQ(variable("C"), "theirs");
  EXPECT_EQ(variable("D"), std::nullopt);
}

TEST(ShellHook, AProcessTakesTheChangesBack) {
  ::setenv("HOOK_TEST_A", "ours", 1);
  ::setenv("HOOK_TEST_B", "ours", 1);
  ::setenv("HOOK_TEST_C", "theirs", 1);
  ::setenv("_TOKOMETER_STATE", "{}", 1);
  take_back({{"HOOK_TEST_A", "ours", std::nullopt}, {"HOOK_TEST_B", "ours", "before"}, {"HOOK_TEST_C", "ours", "x"}});
  EXPECT_EQ(std::getenv("HOOK_TEST_A"), nullptr);
  EXPECT_STREQ(std::getenv("HOOK_TEST_B"), "before");
  EXPECT_STREQ(std::getenv("HOOK_TEST_C"), "theirs");
  EXPECT_EQ(std::getenv("_TOKOMETER_STATE"), nullptr);
  ::unsetenv("HOOK_TEST_B");
  ::unsetenv("HOOK_TEST_C");
}

}  // namespace
}  // namespace tokometer::app
