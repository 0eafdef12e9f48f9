#include "provider/spec_file.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "embedded/embedded.h"
#include "provider/format.h"

namespace tokometer::provider {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

LoadedSpecs load(std::vector<SpecText> builtin, std::vector<SpecText> user = {}) { return load_specs(builtin, user); }

std::string first_mistake(std::string_view text) {
  const LoadedSpecs loaded = load({{"x.json", text}});
  EXPECT_THAT(loaded.specs, IsEmpty());
  return loaded.mistakes.empty() ? "" : loaded.mistakes.front();
}

const Spec* find(const LoadedSpecs& loaded, std::string_view name) {
  for (const auto& spec : loaded.specs) {
    if (spec->name == name) return spec.get();
  }
  return nullptr;
}

TEST(SpecFile, LoadsTheBuiltInSpecs) {
  std::vector<SpecText> files;
  for (const embedded::File& file : embedded::providers()) files.push_back({file.name, file.content});
  const LoadedSpecs loaded = load(files);
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  for (const char* name : {"openai", "anthropic", "gcp.gemini", "openai_compatible"}) {
    EXPECT_NE(find(loaded, name), nullptr) << name;
  }
}

// Every example of the documentation loads, alone and with the built-in specs below it.
TEST(SpecFile, LoadsTheExamplesOfTheDocumentation) {
  std::ifstream stream(std::string(TOKOMETER_SOURCE_DIR) + "/docs/provider-spec.md");
  const std::string page(std::istreambuf_iterator<char>(stream), {});
  std::vector<SpecText> files;
  for (const embedded::File& file : embedded::providers()) files.push_back({file.name, file.content});
  constexpr std::string_view kBegin = "```json\n";
  std::size_t examples = 0;
  for (auto at = page.find(kBegin); at != std::string::npos; at = page.find(kBegin, at + 1)) {
    const auto begin = at + kBegin.size();
    const std::string example = page.substr(begin, page.find("```", begin) - begin);
    const LoadedSpecs loaded = load(files, {{"example.json", example}});
    EXPECT_THAT(loaded.mistakes, IsEmpty()) << example;
    ++examples;
  }
  EXPECT_GE(examples, 7U);
}

TEST(SpecFile, NamesTheLineAndTheKeyThatWasMeant) {
  EXPECT_EQ(first_mistake("{\n \"name\": \"x\",\n \"hots\": []\n}"),
            "x.json:3: unknown key \"hots\", did you mean \"hosts\"?");
  EXPECT_EQ(first_mistake("{\"name\": \"x\",\n\"endpoints\": {\"e\": {\"path\": \"/\",\n\"operaton\": \"chat\"}}}"),
            "x.json:3: unknown key \"operaton\", did you mean \"operation\"?");
  EXPECT_EQ(first_mistake("{\"name\": \"x\", \"qqqqqqqq\": 1}"), "x.json:1: unknown key \"qqqqqqqq\"");
}

TEST(SpecFile, RefusesWhatItCannotUse) {
  EXPECT_THAT(first_mistake("{"), HasSubstr("x.json:1: "));
  EXPECT_THAT(first_mistake("[]"), HasSubstr("\"name\""));
  EXPECT_THAT(first_mistake(R"({"name": "X Y"})"), HasSubstr("\"name\""));
  EXPECT_THAT(first_mistake(R"({"name": "x", "name": "y"})"), HasSubstr("twice"));
  EXPECT_THAT(first_mistake(R"({"name": "x", "base_url": "ftp://x"})"), HasSubstr("https://"));
  EXPECT_THAT(first_mistake(R"({"name": "x", "route": "a/b"})"), HasSubstr("\"route\""));
  EXPECT_THAT(first_mistake(R"({"name": "x", "endpoints": {"e": {}}})"), HasSubstr("needs \"path\""));
  EXPECT_THAT(first_mistake(R"({"name": "x", "endpoints": {"e": {"path": "v1"}}})"),
              HasSubstr("does not start with /"));
  EXPECT_THAT(
      first_mistake(R"({"name": "x", "formats": {"chat": {}}, "endpoints": {"e": {"path": "/", "format": "chet"}}})"),
      HasSubstr("no format \"chet\", did you mean \"chat\"?"));
  EXPECT_THAT(first_mistake(R"({"name": "x", "endpoints": {"e": {"path": "/", "format": "y/chat"}}})"),
              HasSubstr("no format \"y/chat\""));
  EXPECT_THAT(first_mistake(R"({"name": "x", "formats": {"f": {"request": {"model": "$.["}}}})"), HasSubstr("$.["));
  EXPECT_THAT(first_mistake(R"({"name": "x", "formats": {"f": {"request": {"model": "model"}}}})"),
              HasSubstr("is no source"));
  EXPECT_THAT(first_mistake(R"({"name": "x", "formats": {"f": {"request": {"model": "$..model"}}}})"),
              HasSubstr("$..model"));
  EXPECT_THAT(first_mistake(R"({"name": "x", "formats": {"f": {"stream": {"framings": []}}}})"),
              HasSubstr("needs \"framings\""));
  EXPECT_THAT(
      first_mistake(
          R"({"name": "x", "formats": {"f": {"stream": {"framings": ["sse"], "events": {"e": {"model": "field:x"}}}}}})"),
      HasSubstr("\"field:\" has no meaning here"));
}

TEST(SpecFile, ReportsEveryMistake) {
  const LoadedSpecs loaded = load({{"a.json", R"({"name": "a", "x": 1})"}, {"b.json", R"({"name": "b", "y": 1})"}});
  EXPECT_THAT(loaded.mistakes, ElementsAre(HasSubstr("a.json:1"), HasSubstr("b.json:1")));
}

TEST(SpecFile, RefusesAConditionOnWhatNoPathCaptures) {
  const LoadedSpecs loaded = load({{"a.json", R"({"name": "a", "endpoints": {
    "e": {"operation": "chat", "path": ["/x/{id}", "/y"], "captures": {"id": "*"}}}})"}});
  EXPECT_THAT(loaded.mistakes, ElementsAre(HasSubstr(R"("captures": the path /y captures no "id")")));
}

TEST(SpecFile, NamesEveryMistakeOnce) {
  const SpecText text{"x.json", R"({
    "name": "My Name",
    "extends": "nobody",
    "hots": [],
    "endpoints": { "e": { "path": "v1", "operaton": "chat", "format": "none" } },
    "formats": { "f": { "request": { "model": "$.[" } } } })"};
  const LoadedSpecs loaded = load_specs(std::span(&text, 1), {});
  EXPECT_THAT(loaded.mistakes,
              testing::UnorderedElementsAre(HasSubstr("x.json:2: \"name\""), HasSubstr("x.json:3: \"extends\""),
                                            HasSubstr("x.json:4: unknown key \"hots\""), HasSubstr("x.json:5: "),
                                            HasSubstr("unknown key \"operaton\""), HasSubstr("no format \"none\""),
                                            HasSubstr("x.json:6: query")));
  // What is inherited is told of once.
  const std::array<SpecText, 2> two = {SpecText{"a.json", R"({"name": "a", "formats": {"f": {"reqest": {}}}})"},
                                       SpecText{"b.json", R"({"name": "b", "extends": "a"})"}};
  EXPECT_THAT(load_specs(two, {}).mistakes, ElementsAre(HasSubstr("a.json:1: unknown key \"reqest\"")));
}

TEST(SpecFile, LaysUserFilesOver) {
  const LoadedSpecs loaded = load({{"a.json", R"({"name": "a", "title": "A", "base_url": "https://a.com",
                                                "secrets": {"fields": ["X-Key"], "query": ["k"]}, "hosts": ["a.com"]})"}},
                                  {{"/u/mine.json", R"({"name": "a", "base_url": "http://localhost:1",
                                                "secrets": {"query": ["q"]}, "hosts": null})"}});
  ASSERT_THAT(loaded.mistakes, IsEmpty());
  const Spec* spec = find(loaded, "a");
  ASSERT_NE(spec, nullptr);
  EXPECT_EQ(spec->title, "A");
  EXPECT_EQ(spec->base_url, "http://localhost:1");
  EXPECT_THAT(spec->secret_fields, ElementsAre("x-key"));
  EXPECT_THAT(spec->secret_query, ElementsAre("q"));
  EXPECT_THAT(spec->hosts, IsEmpty());
  EXPECT_EQ(spec->source, "/u/mine.json");
}

TEST(SpecFile, ReportsAMergedMistakeWhereItStands) {
  const LoadedSpecs loaded = load({{"a.json", "{\"name\": \"a\",\n\"title\": \"A\"}"}},
                                  {{"/u/mine.json", "{\"name\": \"a\",\n\n\n\"route\": \"/\"}"}});
  EXPECT_THAT(loaded.mistakes, ElementsAre(HasSubstr("/u/mine.json:4: ")));
}

TEST(SpecFile, SwitchesSpecsOff) {
  const LoadedSpecs loaded =
      load({{"a.json", R"({"name": "a", "route": "r"})"}, {"b.json", R"({"name": "b", "route": "r2"})"}},
           {{"u.json", R"({"name": "a", "enabled": false})"}});
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_EQ(find(loaded, "a"), nullptr);
  EXPECT_NE(find(loaded, "b"), nullptr);
}

TEST(SpecFile, RefusesTwoSpecsOnOneRoute) {
  const LoadedSpecs loaded =
      load({{"a.json", R"({"name": "a", "route": "r"})"}, {"b.json", R"({"name": "b", "route": "r"})"}});
  EXPECT_THAT(loaded.mistakes, ElementsAre("b.json:1: the route \"r\" is that of a"));
}

TEST(SpecFile, InheritsAllButWhoItIs) {
  const LoadedSpecs loaded =
      load({{"child.json",
             R"({"name": "child", "extends": "base", "endpoints": {"two": null, "one": {"operation": "rerank"}}})"},
            {"base.json", R"({"name": "base", "title": "Base", "route": "base", "hosts": ["b.com"], "prefixes": ["/v2"],
                         "account": {"label": ["x-org"]}, "formats": {"f": {}},
                         "endpoints": {"one": {"operation": "chat", "path": "/one", "format": "f"},
                                       "two": {"operation": "chat", "path": "/two"}}})"}});
  ASSERT_THAT(loaded.mistakes, IsEmpty());
  const Spec* child = find(loaded, "child");
  EXPECT_EQ(child->title, "child");
  EXPECT_EQ(child->route, "");
  EXPECT_THAT(child->hosts, IsEmpty());
  EXPECT_THAT(child->account.label_fields, ElementsAre("x-org"));
  ASSERT_EQ(child->endpoints.size(), 1U);
  EXPECT_EQ(child->endpoints[0].operation, "rerank");
  EXPECT_EQ(child->endpoints[0].paths[0].text(), "/v2/one");
  // What is inherited as it is, is compiled once.
  EXPECT_EQ(child->endpoints[0].format, find(loaded, "base")->endpoints[0].format);
}

TEST(SpecFile, RefusesInheritanceThatLeadsNowhere) {
  EXPECT_THAT(first_mistake(R"({"name": "x", "extends": "y"})"), HasSubstr("names no spec"));
  EXPECT_THAT(first_mistake(R"({"name": "x", "extends": "x"})"), HasSubstr("circle"));
  EXPECT_THAT(first_mistake(R"({"name": "x", "formats": {"f": {"extends": "g"}}})"), HasSubstr("names no format"));
  EXPECT_THAT(first_mistake(R"({"name": "x", "formats": {"f": {"extends": "f"}}})"), HasSubstr("circle"));
  EXPECT_THAT(first_mistake(R"({"name": "x", "formats": {"f": {"extends": "y/g"}}})"), HasSubstr("names no format"));
  EXPECT_THAT(first_mistake(R"({"name": "x", "formats": {"f": {"extends": "x/f"}}})"), HasSubstr("circle"));
}

TEST(SpecFile, LaysAFormatOverAnotherSpecs) {
  const LoadedSpecs loaded =
      load({{"a.json", R"({"name": "a", "formats": {"mine": {"extends": "b/more", "request": {"user": "$.me"}}},
                      "endpoints": {"e": {"path": "/", "format": "mine"}}})"},
            {"b.json", R"({"name": "b", "formats": {"chat": {"request": {"model": "$.model", "user": "$.user"}},
                                               "more": {"extends": "chat", "request": {"stream": "$.stream"}}}})"}});
  ASSERT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_EQ(find(loaded, "a")->endpoints[0].format->request.picks.size(), 3U);
}

TEST(SpecFile, RefusesGivenValuesWhereTheyMeanNothing) {
  const auto mistake = [](const std::string& section) {
    return first_mistake("{\"name\": \"x\", \"formats\": {\"f\": {" + section + "}}}");
  };
  EXPECT_THAT(mistake(R"("request": {"model": {"is": "m"}})"), HasSubstr("has no meaning here"));
  EXPECT_THAT(mistake(R"("response": {"usage": {"is": "m"}})"), HasSubstr("has no meaning here"));
  EXPECT_THAT(mistake(R"("response": {"id": {"is": ""}})"), HasSubstr("has no meaning here"));
  EXPECT_THAT(mistake(R"("response": {"id": {"is": "a", "from": "$.b"}})"), HasSubstr("\"from\" or \"is\""));
  EXPECT_THAT(mistake(R"("response": {"id": {"after": "a"}})"), HasSubstr("\"from\" or \"is\""));
  EXPECT_THAT(mistake(R"("response": {"error_type": "event:type"})"), HasSubstr("has no meaning here"));
  EXPECT_THAT(mistake(R"("stream": {"separate": true})"), HasSubstr("\"framings\" or \"elements\""));
  EXPECT_THAT(mistake(R"("stream": {"elements": "$..x"})"), HasSubstr("\"elements\""));
}

TEST(SpecFile, SharesFormatsBetweenSpecs) {
  const LoadedSpecs loaded =
      load({{"a.json", R"({"name": "a", "endpoints": {"e": {"path": "/", "format": "b/chat"}}})"},
            {"b.json", R"({"name": "b", "formats": {"chat": {"request": {"model": "$.model"}},
                                                    "more": {"extends": "chat", "request": {"user": "$.user"}}},
                           "endpoints": {"e": {"path": "/", "format": "more"}}})"}});
  ASSERT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_EQ(find(loaded, "a")->endpoints[0].format->name, "b/chat");
  EXPECT_EQ(find(loaded, "a")->endpoints[0].format->request.picks.size(), 1U);
  EXPECT_EQ(find(loaded, "b")->endpoints[0].format->request.picks.size(), 2U);
}

TEST(SpecFile, ReadsEndpoints) {
  const LoadedSpecs loaded = load({{"a.json", R"({"name": "a", "prefixes": ["/v1", "/v2"], "endpoints": {
    "poll": {"operation": "chat", "methods": ["GET"], "path": ["/x/{id}", "/y"], "bills": "once", "fields": {"x-target": "*.Ask"}},
    "embed": {"path": "/m/{model}", "captures": {"model": "*embed*"}},
    "tele": {"path": "/t", "prefixes": ["/other"], "bills": "never", "ignore": true}}})"}});
  ASSERT_THAT(loaded.mistakes, IsEmpty());
  const Endpoint& poll = find(loaded, "a")->endpoints[0];
  EXPECT_EQ(poll.name, "poll");
  EXPECT_EQ(poll.billing, Billing::kOncePerResponse);
  EXPECT_THAT(poll.methods, ElementsAre("GET"));
  ASSERT_EQ(poll.paths.size(), 4U);
  EXPECT_EQ(poll.paths[1].text(), "/v2/x/{id}");
  EXPECT_EQ(poll.fields[0].name, "x-target");
  EXPECT_FALSE(poll.ignore);
  const Endpoint& embed = find(loaded, "a")->endpoints[1];
  EXPECT_TRUE(embed.captures[0].matches({{"model", "an-embedder"}}));
  EXPECT_FALSE(embed.captures[0].matches({{"model", "a-talker"}, {"other", "an-embedder"}}));
  const Endpoint& telemetry = find(loaded, "a")->endpoints[2];
  EXPECT_EQ(telemetry.paths[0].text(), "/other/t");
  EXPECT_EQ(telemetry.billing, Billing::kNever);
  EXPECT_TRUE(telemetry.ignore);
  EXPECT_EQ(telemetry.format, nullptr);
}

}  // namespace
}  // namespace tokometer::provider
