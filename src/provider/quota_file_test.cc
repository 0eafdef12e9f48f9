#include "provider/quota_file.h"

#include <gmock/gmock.h>

#include "json/document.h"

namespace tokometer::provider {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Compiled {
  QuotaRules rules;
  std::vector<std::string> mistakes;
};

Compiled compiled(const std::string& text) {
  const auto document = json::Document::parse(text);
  EXPECT_TRUE(document) << text;
  Mistakes mistakes;
  Compiled result;
  result.rules = compile_quotas(Merged::of("x.json", document->root()), mistakes);
  result.mistakes = mistakes.messages();
  return result;
}

TEST(QuotaFile, CompilesEveryPart) {
  const auto [rules, mistakes] = compiled(R"({
    "{what}": {"limit": "X-Limit-{what}", "remaining": ["x-left-{what}", {"from": "x-{what}", "member": "rem"}],
               "reset": {"from": "x-reset-{what}", "as": "unix_milliseconds"}, "window": "5h", "per": "model",
               "status_codes": [429, 200]},
    "gone": null,
    "wait": {"reset": "retry-after", "window": {"from": "x-window", "as": "minutes"}}})");
  ASSERT_THAT(mistakes, IsEmpty());
  ASSERT_EQ(rules.quotas.size(), 2U);
  EXPECT_EQ(rules.quotas[0].name.fill("tokens"), "tokens");
  EXPECT_TRUE(rules.quotas[0].per_model);
  EXPECT_FALSE(rules.quotas[0].is_wait);
  EXPECT_EQ(rules.quotas[0].window, std::chrono::hours(5));
  EXPECT_THAT(rules.quotas[0].status_codes, ElementsAre(429, 200));
  EXPECT_TRUE(rules.quotas[1].is_wait);
  EXPECT_FALSE(rules.quotas[1].per_model);
  ASSERT_EQ(rules.sources.size(), 6U);
  // The most exact first.
  EXPECT_EQ(rules.sources[0].field.before, "retry-after");
  EXPECT_EQ(rules.sources[1].field.before, "x-limit-");
  EXPECT_EQ(rules.sources[5].member, "rem");
  EXPECT_EQ(rules.sources[5].rank, 1);
}

TEST(QuotaFile, NamesMistakesWithTheirPlaces) {
  const auto first = [](const std::string& text) {
    const auto result = compiled(text);
    return result.mistakes.empty() ? "" : result.mistakes.front();
  };
  EXPECT_EQ(first("{\"q\": {\n\"limt\": \"a\", \"limit\": \"a\"}}"),
            "x.json:2: unknown key \"limt\", did you mean \"limit\"?");
  EXPECT_THAT(first(R"({"q": {}})"), HasSubstr("needs at least one of"));
  EXPECT_THAT(first(R"({"q": {"window": "1m"}})"), HasSubstr("needs at least one of"));
  EXPECT_THAT(first(R"({"q": {"limit": "a", "window": "soon"}})"), HasSubstr("\"window\""));
  EXPECT_THAT(first(R"({"q": {"limit": "a", "window": "99999d"}})"), HasSubstr("\"window\""));
  EXPECT_THAT(first(R"({"q": {"limit": "a-{b}"}})"), HasSubstr("the same {capture}"));
  EXPECT_THAT(first(R"({"{b}": {"limit": "a-{b}", "reset": "a"}})"), HasSubstr("the same {capture}"));
  EXPECT_THAT(first(R"({"{b": {"limit": "a"}})"), HasSubstr("at most one"));
  EXPECT_THAT(first(R"({"q": {"limit": "a-{b}-{c}"}})"), HasSubstr("at most one"));
  EXPECT_THAT(first(R"({"q": {"limit": {"member": "m"}}})"), HasSubstr("\"from\""));
  EXPECT_THAT(first(R"({"q": {"limit": {"from": "a", "as": "unix"}}})"), HasSubstr("unknown key \"as\""));
  EXPECT_THAT(first(R"({"q": {"reset": {"from": "a", "as": "days"}}})"), HasSubstr("must be one of"));
  EXPECT_THAT(first(R"({"q": {"reset": "a", "status_codes": [42]}})"), HasSubstr("status codes"));
  EXPECT_THAT(first(R"({"q": 1})"), HasSubstr("an object must stand here"));
}

TEST(QuotaFile, ReadsWhereAccountsAreTold) {
  const auto document = json::Document::parse(
      R"({"credential": ["field:X-Key", {"from": "query:key", "after": "id=", "until": ";"}], "label": ["X-Org"]})");
  Mistakes mistakes;
  const AccountRules rules = compile_account(Merged::of("x.json", document->root()), mistakes);
  EXPECT_THAT(mistakes.messages(), IsEmpty());
  ASSERT_EQ(rules.credential.size(), 2U);
  EXPECT_EQ(rules.credential[0].name, "x-key");
  EXPECT_EQ(rules.credential[1].from, AccountSource::From::kQuery);
  EXPECT_EQ(rules.credential[1].after, "id=");
  EXPECT_THAT(rules.label_fields, ElementsAre("x-org"));

  const auto bad = json::Document::parse(R"({"credential": ["authorization", "field:", 1]})");
  compile_account(Merged::of("x.json", bad->root()), mistakes);
  EXPECT_EQ(mistakes.messages().size(), 4U);  // the last is no object either
}

TEST(QuotaFile, ReadsWhoAccountsAre) {
  const auto document = json::Document::parse(R"({"identity": ["response:X-Org", "field:X-Account", "user",
      {"from": "path", "after": "/p/", "until": "/", "of": "ya29."}, {"from": "field:a", "claim": "$.sub"}]})");
  Mistakes mistakes;
  const AccountRules rules = compile_account(Merged::of("x.json", document->root()), mistakes);
  EXPECT_THAT(mistakes.messages(), IsEmpty());
  ASSERT_EQ(rules.identity.size(), 5U);
  EXPECT_EQ(rules.identity[0].from, AccountSource::From::kResponse);
  EXPECT_EQ(rules.identity[0].name, "x-org");
  EXPECT_EQ(rules.identity[2].from, AccountSource::From::kUser);
  EXPECT_EQ(rules.identity[3].of, "ya29.");
  EXPECT_NE(rules.identity[4].claim, nullptr);

  const auto bad = json::Document::parse(
      R"({"credential": ["user"], "identity": ["cookie:a", "response:", {"from": "field:a", "claim": "sub"}]})");
  compile_account(Merged::of("x.json", bad->root()), mistakes);
  EXPECT_EQ(mistakes.messages().size(), 4U);
}

TEST(CapturePattern, MatchesWhatItSays) {
  const CapturePattern family{.before = "x-limit-", .after = "-day", .capture = "what"};
  EXPECT_EQ(family.match("X-Limit-Tokens-Day"), "Tokens");
  EXPECT_EQ(family.match("x-limit--day"), std::nullopt);
  EXPECT_EQ(family.match("x-limit-day"), std::nullopt);
  EXPECT_EQ(family.match("x-limit-tokens-days"), std::nullopt);
  const CapturePattern exact{.before = "retry-after", .after = {}, .capture = {}};
  EXPECT_EQ(exact.match("Retry-After"), "");
  EXPECT_EQ(exact.match("retry-after-ms"), std::nullopt);
}

}  // namespace
}  // namespace tokometer::provider
