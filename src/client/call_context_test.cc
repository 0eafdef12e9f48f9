#include "client/call_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tokometer::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

CallContext full_context() {
  return {.project = "shop",
          .program = "nightly",
          .session = "s1",
          .agent = "planner",
          .user = "ann",
          .run = "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b",
          .tags = {"ci", "team:web"},
          .budget = Budget{.picodollars = 5'000'000'000'000, .tokens = std::nullopt, .hard = true},
          .outer = {{.run = "o", .budget = {.tokens = 7}}, {.run = "o.i", .budget = {.picodollars = 1, .hard = true}}}};
}

TEST(CallContext, ComesBackFromEveryForm) {
  const CallContext context = full_context();
  EXPECT_EQ(parse_context(to_json(context)).value(), context);
  EXPECT_EQ(decode_context(encode_context(context)).value(), context);
  EXPECT_EQ(context_of_user(user_of_context(context)).value(), context);
  EXPECT_EQ(encode_context(context).find_first_of("+/= %?"), std::string::npos);
}

TEST(CallContext, SaysOnlyWhatIsGiven) {
  EXPECT_EQ(to_json({}), "{}");
  EXPECT_EQ(to_json({.run = "r"}), R"({"run":"r"})");
  EXPECT_EQ(parse_context("{}").value(), CallContext());
}

TEST(CallContext, OfARunWithinARunNamesBoth) {
  CallContext outer{.project = "shop", .run = "o", .budget = Budget{.tokens = 7}};
  auto inner = context_within(outer, "i").value();
  EXPECT_EQ(inner, (CallContext{.project = "shop", .run = "o.i", .outer = {{.run = "o", .budget = {.tokens = 7}}}}));
  EXPECT_EQ(context_within(inner, "j").value().run, "o.i.j");
  EXPECT_EQ(context_within(inner, "j").value().outer, inner.outer) << "without a budget there is nothing to hold";
  EXPECT_EQ(context_within(inner, std::string(256, 'x')).error().code, ErrorCode::kTooLarge);

  EXPECT_TRUE(is_within_run("o", "o"));
  EXPECT_TRUE(is_within_run("o.i.j", "o"));
  EXPECT_FALSE(is_within_run("other", "o"));
  EXPECT_FALSE(is_within_run("o", "o.i"));
  EXPECT_FALSE(is_within_run("", "")) << "no run is in no run";
  EXPECT_EQ(run_around("o.i.j"), "o.i");
  EXPECT_EQ(run_around("o"), "");
}

TEST(CallContext, IsHeldByTheBudgetsOfAllRunsAround) {
  EXPECT_FALSE(has_hard_budget({}));
  EXPECT_FALSE(has_hard_budget({.budget = Budget{.tokens = 7}, .outer = {{.run = "o", .budget = {.tokens = 7}}}}));
  EXPECT_TRUE(has_hard_budget({.budget = Budget{.tokens = 7, .hard = true}}));
  EXPECT_TRUE(has_hard_budget({.outer = {{.run = "o", .budget = {.tokens = 7, .hard = true}}}}));
}

TEST(CallContext, OuterRunsThatAreNotWellSaidAreRefused) {
  EXPECT_EQ(parse_context(R"({"outer":[{"run":"o"}]})").error().code, ErrorCode::kInvalid);
  EXPECT_THAT(parse_context(R"({"outer":[{"run":"o","budget":"lots"}]})").error().message, HasSubstr("budget"));
  std::string many = R"({"outer":[)";
  for (int i = 0; i < 20; ++i) many += R"({"run":"o","budget":"1tok"},)";
  many.back() = ']';
  EXPECT_EQ(parse_context(many + "}").value().outer.size(), ContextLimits().outer_runs);
}

TEST(CallContext, PassesOverWhatItDoesNotKnow) {
  const auto context = parse_context(R"({"project":"p","colour":"red","session":7,"agent":null})");
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(*context, (CallContext{.project = "p"}));
}

TEST(CallContext, TakesTagsAsAnObjectToo) {
  const auto context = parse_context(R"({"tags":{"team":"web","ci":true,"n":3,"none":null,"list":[1],"empty":""}})");
  ASSERT_TRUE(context.has_value());
  EXPECT_THAT(context->tags, ElementsAre("team:web", "ci:true", "n:3", "empty"));
}

TEST(CallContext, TagsAreTakenOnceAndBounded) {
  std::string json = R"({"tags":["a","a","",)";
  for (int i = 0; i < 100; ++i) json += "\"t" + std::to_string(i) + "\",";
  json.back() = ']';
  const auto context = parse_context(json + "}");
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(context->tags.size(), ContextLimits().tags);
  EXPECT_EQ(context->tags[1], "t0");

  std::vector<std::string> tags;
  add_tag(tags, std::string(65, 'k'), "v");
  add_tag(tags, "", "v");
  EXPECT_TRUE(tags.empty());
}

TEST(CallContext, CutsLongValues) {
  const auto context = parse_context(R"({"user":")" + std::string(1000, 'x') + "\"}");
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(context->user.size(), ContextLimits().value_bytes);
}

TEST(CallContext, RefusesWhatIsNone) {
  for (const std::string_view text : {"", "[]", "7", "\"x\"", "{", R"({"a":1)", "{} {}"}) {
    EXPECT_FALSE(parse_context(text)) << text;
  }
  EXPECT_THAT(decode_context("a b").error().message, HasSubstr("not base64url"));
  EXPECT_THAT(parse_context(R"({"budget":"lots"})").error().message, HasSubstr("budget"));
  const std::string large = R"({"x":")" + std::string(5000, 'x') + "\"}";
  EXPECT_EQ(parse_context(large).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(decode_context(std::string(8000, 'A')).error().code, ErrorCode::kTooLarge);
}

TEST(CallContext, EveryCutIsRefused) {
  const std::string json = to_json(full_context());
  for (std::size_t size = 0; size < json.size(); ++size) EXPECT_FALSE(parse_context(json.substr(0, size))) << size;
}

TEST(CallContext, AnyOtherUserNameIsTheProject) {
  EXPECT_EQ(context_of_user("shop").value(), (CallContext{.project = "shop"}));
  EXPECT_EQ(context_of_user("").value(), CallContext());
  EXPECT_FALSE(context_of_user("ctx-???"));
}

TEST(Budget, ReadsAmounts) {
  const auto usd = [](std::string_view text) { return parse_budget(text).value().picodollars; };
  const auto tokens = [](std::string_view text) { return parse_budget(text).value().tokens; };
  EXPECT_EQ(usd("5usd"), 5'000'000'000'000);
  EXPECT_EQ(usd("$0.25"), 250'000'000'000);
  EXPECT_EQ(usd("0.000000000001USD"), 1);
  EXPECT_EQ(tokens("2Mtok"), 2'000'000);
  EXPECT_EQ(tokens("1.5ktok"), 1500);
  EXPECT_EQ(tokens("300tok"), 300);
  const auto both = parse_budget(" 1usd  2ktok hard ");
  ASSERT_TRUE(both.has_value());
  EXPECT_EQ(*both, (Budget{.picodollars = 1'000'000'000'000, .tokens = 2000, .hard = true}));
}

TEST(Budget, ComesBackFromItsText) {
  for (const std::string_view text : {"5usd", "0.25usd", "2000000tok hard", "1.000000000001usd 7tok"}) {
    EXPECT_EQ(to_string(parse_budget(text).value()), text);
  }
}

TEST(Budget, RefusesWhatIsNoAmount) {
  for (const std::string_view text : {"", "5", "usd", "-1usd", "0usd", "5eur", "hard", "5usd hard hard", "hard 5usd",
                                      "1usd 2usd", "1.5tok", "5 usd", "1e30usd", "$", "0x5usd", "NaNusd"}) {
    EXPECT_FALSE(parse_budget(text)) << text;
  }
}

}  // namespace
}  // namespace tokometer::client
