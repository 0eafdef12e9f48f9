#include "tokenizer/model_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "embedded/embedded.h"
#include "json/document.h"
#include "tokenizer/model_file.h"

namespace tokometer::tokenizer {
namespace {

using testing::HasSubstr;

std::shared_ptr<const ModelTable> builtin() {
  auto table = ModelTable::load(embedded::tokenizers(), {});
  EXPECT_TRUE(table) << table.error().message;
  return *table;
}

TEST(ModelTable, KnowsTheEncodingOfModels) {
  const auto table = builtin();
  const auto encoding = [&](std::string_view model) { return to_string(table->find(model).family->encoding); };
  EXPECT_EQ(encoding("gpt-4o-2024-08-06"), "o200k_base");
  EXPECT_EQ(encoding("openai/gpt-5"), "o200k_base");
  EXPECT_EQ(encoding("GPT-4-32k"), "cl100k_base");
  EXPECT_EQ(encoding("gpt-4.1-mini"), "o200k_base");
  EXPECT_EQ(encoding("gpt-35-turbo"), "cl100k_base");
  EXPECT_EQ(encoding("ft:gpt-4o:me::x"), "o200k_base");
  EXPECT_EQ(encoding("ft:gpt-3.5-turbo:me::x"), "cl100k_base");
  EXPECT_EQ(encoding("openai/gpt-oss-120b"), "o200k_harmony");
  EXPECT_EQ(encoding("text-embedding-3-small"), "cl100k_base");
  EXPECT_EQ(encoding("text-davinci-003"), "p50k_base");
  EXPECT_EQ(encoding("davinci"), "r50k_base");
  EXPECT_EQ(encoding("mistral-small-latest"), "tekken");
  EXPECT_EQ(table->find("us.anthropic.claude-sonnet-4-5-20250929-v1:0").family->name, "claude-4");
  EXPECT_EQ(table->find("claude-3-5-haiku-latest").family->name, "claude-3");
  EXPECT_EQ(table->find("models/gemini-2.5-flash").family->name, "gemini-2");
  EXPECT_EQ(table->find("nobody-knows").family->name, "other");
  EXPECT_EQ(table->find("").family->name, "other");
}

TEST(ModelTable, CallsOnlyPublicTokenizersExact) {
  const auto table = builtin();
  for (const Family& family : table->families()) {
    EXPECT_TRUE(!family.ratio || family.error) << family.name << " is an estimate of no stated error";
    EXPECT_GE(family.bytes_per_token, 1) << family.name;
  }
  EXPECT_FALSE(table->find("gpt-4o").family->ratio);
  EXPECT_TRUE(table->find("claude-opus-4-1").family->ratio);
}

TEST(ModelTable, EveryRuleIsUsedAndNamesItsSource) {
  ASSERT_EQ(embedded::tokenizers().size(), 1U);
  json::Mistakes mistakes("models.json");
  const ModelFile file = read_model_file(embedded::tokenizers()[0].content, mistakes);
  ASSERT_TRUE(mistakes.empty()) << mistakes.first().message;
  const auto used = [&](const std::string& name, std::string Family::* rule) {
    return std::ranges::any_of(file.families, [&](const Family& family) { return family.*rule == name; });
  };
  for (const ChatRule& rule : file.chats) {
    EXPECT_TRUE(used(rule.name, &Family::chat)) << rule.name;
    EXPECT_NE(rule.source, "") << rule.name;
  }
  for (const ImageRule& rule : file.images) {
    EXPECT_TRUE(used(rule.name, &Family::image)) << rule.name;
    EXPECT_NE(rule.source, "") << rule.name;
  }
}

TEST(ModelTable, PutsTheUsersFilesFirst) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "model_table_test";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "mine.json") << R"({"chats":[{"name":"openai","per_message":9}],"families":[
      {"name":"house","models":["house-*"],"encoding":"llama3","chat":"openai"},
      {"name":"gpt-4o","models":["gpt-4o*"],"encoding":"r50k_base"}]})";
  const auto table = ModelTable::load(embedded::tokenizers(), folder);
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ((*table)->find("house-1").family->name, "house");
  EXPECT_EQ((*table)->find("house-1").chat->per_message, 9);
  EXPECT_EQ((*table)->find("gpt-4o").family->encoding, Encoding::kR50kBase);
  EXPECT_EQ((*table)->find("gpt-4.1-mini").chat->per_message, 9) << "the rule is replaced for ours too";

  std::ofstream(folder / "mine.json")
      << "{\n\"families\":[{\"name\":\"x\",\"models\":[\"x\"],\"encoding\":\"gpt2\",\"chat\":\"no\"}]}";
  const auto dangling = ModelTable::load(embedded::tokenizers(), folder);
  ASSERT_FALSE(dangling);
  EXPECT_EQ(dangling.error().message, "family \"x\": no chat rule \"no\"");
  std::filesystem::remove_all(folder);
}

TEST(ModelFile, NamesEachMistake) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"family":[]})", "unknown key \"family\""},
      {R"({"families":{}})", "\"families\""},
      {R"({"families":[{"name":"x","models":["x"]}]})", "encoding"},
      {R"({"families":[{"models":["x"],"encoding":"gpt2"}]})", "name"},
      {R"({"families":[{"name":"x","encoding":"gpt2"}]})", "models"},
      {R"({"families":[{"name":"x","models":["x"],"encoding":"gpt9"}]})", "unknown encoding"},
      {R"({"families":[{"name":"x","models":["x"],"encoding":"gpt2","ratio":-1}]})", "\"ratio\" must be a number"},
      {R"({"families":[{"name":"x","models":["x"],"encoding":"gpt2","bytes_per_token":0}]})", "0.1 or more"},
      {R"({"families":[{"name":"x","models":["x"],"encoding":"gpt2","eror":1}]})", "unknown key \"eror\""},
      {R"({"chats":[{"name":"x","per_message":1.5}]})", "\"per_message\" must be a whole number"},
      {R"({"chats":[{"name":"x","tool_form":"xml"}]})", "\"signature\" or \"json\""},
      {R"({"chats":[{"per_tool":1}]})", "name"},
      {R"({"images":[{"name":"x","kind":"cubes"}]})", "unknown kind \"cubes\""},
      {R"({"images":[{"name":"x","kind":"area"}]})", "per"},
      {"{", "mine.json:1"},
  };
  for (const auto& [content, message] : cases) {
    json::Mistakes mistakes("mine.json");
    read_model_file(content, mistakes);
    ASSERT_FALSE(mistakes.empty()) << content;
    EXPECT_THAT(mistakes.first().message, HasSubstr(message)) << content;
  }
}

// The schema and the reader know the same keys.
TEST(ModelFile, ReadsEveryKeyOfTheSchema) {
  std::ifstream stream(std::string(TOKOMETER_SOURCE_DIR) + "/data/schema/tokenizers.schema.json");
  const auto schema = json::Document::parse(std::string(std::istreambuf_iterator<char>(stream), {}));
  ASSERT_TRUE(schema) << schema.error().message;
  for (const auto& [list, type] : {std::pair{"chats", "chat"}, {"images", "image"}, {"families", "family"}}) {
    for (const json::Member key : schema->root()["$defs"][type]["properties"].members()) {
      json::Mistakes mistakes("x");
      read_model_file(std::string("{\"") + list + "\":[{\"" + std::string(key.name) + "\":null}]}", mistakes);
      for (const json::Mistake& mistake : mistakes.all()) {
        EXPECT_THAT(mistake.what, testing::Not(HasSubstr("unknown key"))) << key.name;
      }
    }
  }
}

TEST(Pattern, MatchesStars) {
  EXPECT_TRUE(matches_pattern("*", ""));
  EXPECT_TRUE(matches_pattern("gpt-4o*", "gpt-4o"));
  EXPECT_FALSE(matches_pattern("gpt-4o", "gpt-4o-mini"));
  EXPECT_TRUE(matches_pattern("*claude*4*", "us.anthropic.claude-opus-4-1"));
  EXPECT_FALSE(matches_pattern("*claude", "claude-3"));
  EXPECT_TRUE(matches_pattern("a*b*c", "abbbc"));
  EXPECT_FALSE(matches_pattern("a*b*c", "abbb"));
}

}  // namespace
}  // namespace tokometer::tokenizer
