// data/schema/provider.schema.json and the reader of spec files must say the
// same: each key of the schema is read, and each built-in spec is valid by it.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>

#include "embedded/embedded.h"
#include "json/document.h"
#include "provider/spec_file.h"

namespace tokometer::provider {
namespace {

json::Document read_schema() {
  std::ifstream stream(std::string(TOKOMETER_SOURCE_DIR) + "/data/schema/provider.schema.json");
  auto document = json::Document::parse(std::string(std::istreambuf_iterator<char>(stream), {}));
  EXPECT_TRUE(document) << document.error().message;
  return std::move(*document);
}

// The part of JSON Schema (draft 2020-12) that the schema uses.
class Validator {
 public:
  explicit Validator(json::Node root) : root_(root) {}

  bool valid(json::Node schema, json::Node value) {
    if (const auto reference = schema["$ref"].string()) {
      if (!valid(root_["$defs"][reference->substr(std::string_view("#/$defs/").size())], value)) return false;
    }
    if (schema["type"] && !has_type(schema["type"], value)) return false;
    if (schema["enum"] && !any(schema["enum"], [&](json::Node one) { return json::equal(one, value); })) return false;
    if (schema["anyOf"] && !any(schema["anyOf"], [&](json::Node one) { return valid(one, value); })) return false;
    for (const json::Node key : schema["required"].elements()) {
      if (value.is_object() && !value[*key.string()]) return false;
    }
    for (const json::Node element : value.elements()) {
      if (schema["items"] && !valid(schema["items"], element)) return false;
    }
    for (const auto [name, member] : value.members()) {
      const json::Node property = schema["properties"][name];
      const json::Node rest = schema["additionalProperties"];
      if (property ? !valid(property, member) : rest.boolean() == false) return false;
      if (!property && rest.is_object() && !valid(rest, member)) return false;
    }
    return true;
  }

 private:
  template <typename Predicate>
  static bool any(json::Node array, Predicate predicate) {
    for (const json::Node element : array.elements()) {
      if (predicate(element)) return true;
    }
    return false;
  }

  static bool has_type(json::Node type, json::Node value) {
    const auto is = [&](json::Node name) {
      if (name.string() == "integer") return value.int64().has_value();
      return name.string() == json::to_string(value.kind());
    };
    return type.is_array() ? any(type, is) : is(type);
  }

  json::Node root_;
};

TEST(ProviderSchema, HoldsForTheBuiltInSpecs) {
  const json::Document schema = read_schema();
  for (const embedded::File& file : embedded::providers()) {
    const auto spec = json::Document::parse(std::string(file.content));
    ASSERT_TRUE(spec);
    EXPECT_TRUE(Validator(schema.root()).valid(schema.root(), spec->root())) << file.name;
  }
}

TEST(ProviderSchema, RefusesWhatTheReaderRefuses) {
  const json::Document schema = read_schema();
  for (const char* text : {R"({})", R"({"name": "x", "titel": "X"})", R"({"name": "x", "hosts": "x.com"})",
                           R"({"name": "x", "endpoints": {"e": {"path": "/", "bills": "sometimes"}}})",
                           R"({"name": "x", "formats": {"f": {"usage": {"input_tokens": 1}}}})",
                           R"({"name": "x", "quotas": {"q": {"limit": 1}}})",
                           R"({"name": "x", "quotas": {"q": {"limit": "a", "per": "day"}}})",
                           R"({"name": "x", "account": {"credential": "field:a"}})",
                           R"({"name": "x", "formats": {"f": {"stream": {"framings": ["csv"]}}}})"}) {
    const auto spec = json::Document::parse(text);
    EXPECT_FALSE(Validator(schema.root()).valid(schema.root(), spec->root())) << text;
    const SpecText file{"x.json", text};
    EXPECT_FALSE(load_specs(std::span(&file, 1), {}).mistakes.empty()) << text;
  }
}

// For each object of the schema, a spec in which KEY stands for one of its keys with a value that no key may have.
const std::map<std::string, std::string>& places() {
  static const std::map<std::string, std::string> all = {
      {"", R"({"name": "x", KEY})"},
      {"bare_path", R"({"name": "x", "bare_paths": [{"path": "/", KEY}]})"},
      {"secrets", R"({"name": "x", "secrets": {KEY}})"},
      {"account", R"({"name": "x", "account": {KEY}})"},
      {"account_source", R"({"name": "x", "account": {"credential": [{"from": "field:a", KEY}]}})"},
      {"quota", R"({"name": "x", "quotas": {"q": {KEY}}})"},
      {"quota_source", R"({"name": "x", "quotas": {"q": {"reset": {"from": "r", KEY}}}})"},
      {"endpoint", R"({"name": "x", "endpoints": {"e": {"path": "/", KEY}}})"},
      {"format", R"({"name": "x", "formats": {"f": {KEY}}})"},
      {"request", R"({"name": "x", "formats": {"f": {"request": {KEY}}}})"},
      {"response", R"({"name": "x", "formats": {"f": {"response": {KEY}}}})"},
      {"stream", R"({"name": "x", "formats": {"f": {"stream": {"framings": ["sse"], KEY}}}})"},
      {"event", R"({"name": "x", "formats": {"f": {"stream": {"framings": ["sse"], "events": {"e": {KEY}}}}}})"},
      {"websocket", R"({"name": "x", "formats": {"f": {"websocket": {KEY}}}})"},
      {"client_message", R"({"name": "x", "formats": {"f": {"websocket": {"client": {"m": {KEY}}}}}})"},
      {"server_message", R"({"name": "x", "formats": {"f": {"websocket": {"server": {"m": {KEY}}}}}})"},
      {"counted_tool", R"({"name": "x", "formats": {"f": {"response": {"tool_calls": {"t": {KEY}}}}}})"},
      {"search", R"({"name": "x", "formats": {"f": {"search": {KEY}}}})"},
      {"usage", R"({"name": "x", "formats": {"f": {"usage": {KEY}}}})"},
      {"cost", R"({"name": "x", "formats": {"f": {"usage": {"cost_usd": {"from": "$.c", KEY}}}}})"},
      {"refined_source", R"({"name": "x", "formats": {"f": {"request": {"model": {"from": "$.m", KEY}}}}})"},
  };
  return all;
}

// Keys of objects that are alternatives of one value: each is proven by what it does (usage_file_test.cc).
bool is_inline(std::string_view definition) { return definition == "count" || definition == "cost_query"; }

void expect_read(std::string_view definition, std::string_view key) {
  std::string text = places().at(std::string(definition));
  const std::string bad = "\"" + std::string(key) + "\": [[7]]";
  // A key that the template gives already is given again; the last one counts for the tree.
  text.replace(text.find("KEY"), 3, bad);
  const auto given = text.find("\"" + std::string(key) + "\": ");
  if (given != text.find(bad)) text.replace(given, text.find(", ", given) + 2 - given, "");
  const SpecText file{"x.json", text};
  const LoadedSpecs loaded = load_specs(std::span(&file, 1), {});
  ASSERT_FALSE(loaded.mistakes.empty()) << text << ": the value was not looked at";
  for (const std::string& mistake : loaded.mistakes) {
    EXPECT_TRUE(mistake.starts_with("x.json:1: ")) << mistake;
    EXPECT_EQ(mistake.find("unknown key"), std::string::npos) << mistake;
  }
}

TEST(ProviderSchema, EveryKeyIsRead) {
  const json::Document schema = read_schema();
  for (const auto [key, value] : schema.root()["properties"].members()) expect_read("", key);
  for (const auto [definition, value] : schema.root()["$defs"].members()) {
    if (is_inline(definition)) continue;
    for (const auto [key, unused] : value["properties"].members()) expect_read(definition, key);
  }
}

TEST(ProviderSchema, ExplainsEveryObject) {
  const json::Document schema = read_schema();
  for (const auto [definition, value] : schema.root()["$defs"].members()) {
    EXPECT_EQ(value["properties"].size() != 0, places().contains(std::string(definition))) << definition;
    if (value["properties"].size() == 0) continue;
    EXPECT_EQ(value["additionalProperties"].boolean(), false) << definition;
  }
}

}  // namespace
}  // namespace tokometer::provider
