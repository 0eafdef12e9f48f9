#include "client/tools.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace tokometer::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string mistake_in(std::string_view content) {
  json::Mistakes mistakes("mine.json");
  read_tool_file(content, mistakes);
  return mistakes.empty() ? "" : mistakes.first().message;
}

TEST(Tools, EveryEmbeddedFileIsValidAndItsCommandsAreItsOwn) {
  const auto tools = Tools::load(embedded::tools(), {});
  ASSERT_TRUE(tools.has_value()) << tools.error().message;
  for (const std::string_view name : {"default", "claude", "codex", "gemini", "opencode", "copilot", "aider"}) {
    EXPECT_NE(std::ranges::find(tools->all(), name, &Tool::name), tools->all().end()) << name;
  }
  for (const Tool& tool : tools->all()) {
    EXPECT_FALSE(tool.note.empty()) << tool.name;
    for (const std::string& command : tool.commands) EXPECT_EQ(tools->of(command).name, tool.name);
  }
}

TEST(Tools, AToolGoesOverTheDefault) {
  const auto tools = Tools::load(embedded::tools(), {});
  ASSERT_TRUE(tools.has_value());
  const Tool codex = tools->of("/usr/local/bin/codex");
  EXPECT_EQ(codex.name, "codex");
  EXPECT_EQ(codex.intercept.environment.at("HTTPS_PROXY"), "{proxy}");
  EXPECT_EQ(codex.base_url.environment.at("OPENAI_BASE_URL"), std::nullopt);
  EXPECT_EQ(codex.base_url.environment.at("ANTHROPIC_BASE_URL"), "{base:anthropic}");
  EXPECT_THAT(codex.base_url.arguments, ElementsAre("-c", R"(openai_base_url="{base:openai}/v1")"));
  const Tool other = tools->of("./codex.py");
  EXPECT_EQ(other.name, "default");
  EXPECT_TRUE(other.base_url.arguments.empty());
}

TEST(Tools, AFileOfTheUsersReplacesOurs) {
  std::string pattern = testing::TempDir() + "tools_XXXXXX";
  const std::filesystem::path folder = mkdtemp(pattern.data());
  std::ofstream(folder / "mine.json") << R"({"name": "claude", "commands": ["claude", "cc"],
      "intercept": {"environment": {"EXTRA": "1"}}})";
  const auto tools = Tools::load(embedded::tools(), folder);
  ASSERT_TRUE(tools.has_value()) << tools.error().message;
  EXPECT_EQ(tools->of("cc").intercept.environment.at("EXTRA"), "1");
  EXPECT_EQ(tools->of("claude-code").name, "default");
  std::ofstream(folder / "mine.json") << "{";
  EXPECT_THAT(Tools::load(embedded::tools(), folder).error().message, HasSubstr("mine.json:1"));
  std::filesystem::remove_all(folder);
}

TEST(ToolFile, SaysWhatIsWrong) {
  EXPECT_EQ(mistake_in(R"({"name": "x", "commands": []})"), "");
  EXPECT_EQ(mistake_in(R"({"commands": []})"), "mine.json:1: \"name\" is missing");
  EXPECT_EQ(mistake_in(R"({"name": "x"})"), "mine.json:1: \"commands\" is missing");
  EXPECT_EQ(mistake_in(R"({"name": "x", "commands": [], "nots": 1})"), "mine.json:1: unknown key \"nots\"");
  const auto in_mode = [](std::string_view mode) {
    return mistake_in(R"({"name": "x", "commands": [], "intercept": )" + std::string(mode) + "}");
  };
  EXPECT_EQ(in_mode(R"({"enviroment": {}})"), "mine.json:1: unknown key \"enviroment\"");
  EXPECT_EQ(in_mode(R"({"environment": {"A": "{prxy}"}})"), "mine.json:1: unknown placeholder \"{prxy}\"");
  EXPECT_EQ(in_mode(R"({"arguments": ["{base:}"]})"), "mine.json:1: unknown placeholder \"{base:}\"");
  EXPECT_EQ(in_mode(R"({"base_urls_if_set": ["A", "B=C"]})"), "mine.json:1: \"B=C\" is no variable's name");
  EXPECT_EQ(in_mode(R"({"environment": {"A=B": "x"}})"), "mine.json:1: \"A=B\" is no variable's name");
  EXPECT_EQ(in_mode(R"({"environment": {"A": "{\"p\":{}} {} { Proxy} {proxy}"}})"), "");
  EXPECT_NE(in_mode("[]"), "");
  EXPECT_NE(in_mode(R"({"environment": {"A": 1}})"), "");
}

TEST(ToolFile, TemplatesAreLiteralsAndPlaceholders) {
  const auto parts = [](std::string_view text) {
    std::string shown;
    read_template(
        text, [&](std::string_view literal) { shown += literal; },
        [&](std::string_view name) { shown += "<" + std::string(name) + ">"; });
    return shown;
  };
  EXPECT_EQ(parts(""), "");
  EXPECT_EQ(parts("a{proxy}b{base:x-y}"), "a<proxy>b<base:x-y>");
  EXPECT_EQ(parts(R"({"a":{"b":"{ca}"}})"), R"({"a":{"b":"<ca>"}})");
  EXPECT_EQ(parts("{}{{ca}}{A}{"), "{}{<ca>}{A}{");
}

}  // namespace
}  // namespace tokometer::client
