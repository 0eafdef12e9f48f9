#include "app/config_file.h"

#include <gtest/gtest.h>

namespace tokometer::app {
namespace {

// "KEY=TEXT@LINE …", with a letter for kinds other than plain texts.
std::string read(const std::string& content, const FileLimits& limits = {}) {
  const auto entries = parse_config_file(content, limits);
  if (!entries) return "line " + std::to_string(entries.error().line) + ": " + entries.error().message;
  std::string text;
  for (const FileEntry& entry : *entries) {
    constexpr std::string_view kKinds = "=-0[{";
    if (!text.empty()) text += ' ';
    text += entry.key + kKinds[static_cast<std::size_t>(entry.kind)] + entry.text + "@" + std::to_string(entry.line);
  }
  return text;
}

TEST(ConfigFile, GivesKeysWithTheirParentsAndLines) {
  EXPECT_EQ(read("# a comment\nworkers: 4\n\ntimeouts:\n  connect: 5s\n  head: \"30s\"\n"),
            "workers=4@2 timeouts.connect=5s@5 timeouts.head=30s@6");
}

TEST(ConfigFile, GivesListsItemByItem) {
  EXPECT_EQ(read("listen: [a, b]"), "listen-a@1 listen-b@1");
  EXPECT_EQ(read("listen:\n  - a\n  - b\n"), "listen-a@2 listen-b@3");
}

TEST(ConfigFile, TellsEmptyThingsApart) {
  EXPECT_EQ(read("a:\nb: ~\nc: []\nd: {}\ne: \"\""), "a0@1 b0@2 c[@3 d{@4 e=@5");
}

TEST(ConfigFile, GivesAKeyThatStandsTwiceTwice) { EXPECT_EQ(read("a: 1\na: 2"), "a=1@1 a=2@2"); }

TEST(ConfigFile, IsEmptyWithoutValues) {
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read("# only a comment\n"), "");
}

TEST(ConfigFile, SaysWhereTheSyntaxBreaks) {
  EXPECT_TRUE(read("a: 1\nb: [1, 2\n").starts_with("line 3: "));
  EXPECT_TRUE(read("a: 1\n\tb: 2\n").starts_with("line 2: "));
  EXPECT_EQ(read("- a\n- b\n"), "line 1: is not a list of KEY: VALUE");
  EXPECT_EQ(read("just text"), "line 1: is not a list of KEY: VALUE");
  EXPECT_TRUE(read("a: 1\n---\nb: 2\n").find("second document") != std::string::npos);
  EXPECT_EQ(read("a:\n  - [1]\n"), "line 2: a: a list within a list");
  EXPECT_EQ(read("a:\n  - b: 1\n"), "line 2: a: keys within a list");
}

TEST(ConfigFile, HoldsItsLimits) {
  EXPECT_EQ(read("a: 12345", {.bytes = 7}), "line 1: the file is too large");
  EXPECT_EQ(read("a: {b: {c: 1}}", {.depth = 2}), "line 1: is nested too deeply");
  EXPECT_EQ(read("a: [1, 2, 3]", {.entries = 2}), "line 1: there are too many values");
}

TEST(ConfigFile, IsNotBlownUpByAliases) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " {p: " + before + ", q: " + before + "}\n";
  }
  EXPECT_TRUE(read(bomb, {.entries = 100}).find("too many") != std::string::npos);
}

}  // namespace
}  // namespace tokometer::app
