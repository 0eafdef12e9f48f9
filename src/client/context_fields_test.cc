#include "client/context_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

namespace tokometer::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

CallContext context_of(std::initializer_list<wire::Field> fields, CallContext context = {}) {
  const std::vector<wire::Field> list(fields);
  read_context_fields(list, context);
  return context;
}

TEST(ContextFields, KnowsItsFamilies) {
  for (const std::string_view name :
       {"X-Tokometer-Project", "x-tokometer-anything", "X-TOKENTAP-Program", "x-cylestio-tags"}) {
    EXPECT_TRUE(is_context_field(name)) << name;
  }
  for (const std::string_view name :
       {"", "X-", "x-tokometer", "x-tokomete-project", "X-Api-Key", "x-stainless-retry-count", "y-tokometer-project"}) {
    EXPECT_FALSE(is_context_field(name)) << name;
  }
}

TEST(ContextFields, OwnValues) {
  EXPECT_EQ(context_of({{"X-Tokometer-Project", "web"},
                        {"x-tokometer-program", "ci"},
                        {"X-TOKOMETER-SESSION", "s"},
                        {"X-Tokometer-Agent", "a"},
                        {"X-Tokometer-User", "u"},
                        {"X-Tokometer-Run", "r"},
                        {"X-Tokometer-Tags", " a, b ,,a"},
                        {"X-Tokometer-Other", "x"}}),
            (CallContext{.project = "web",
                         .program = "ci",
                         .session = "s",
                         .agent = "a",
                         .user = "u",
                         .run = "r",
                         .tags = {"a", "b"}}));
}

TEST(ContextFields, TokentapsValues) {
  EXPECT_EQ(context_of({{"X-Tokentap-Context",
                         R"({"program_name":"x","project_name":"y","session_id":"z","team":"web","n":1,
                             "custom":{"k":"v"},"tags":["t"],"deep":{"a":1}})"},
                        {"X-Tokentap-Program", "prog"}}),
            (CallContext{.project = "y", .program = "prog", .session = "z", .tags = {"team:web", "n:1", "k:v", "t"}}));
  EXPECT_EQ(context_of({{"X-Tokentap-Context", "{not json"}, {"X-Tokentap-Project", "p"}}),
            (CallContext{.project = "p"}));
}

TEST(ContextFields, CylestiosValues) {
  const std::string long_key(65, 'k');
  const std::string tags = "team:web, solo ,a:b:c," + long_key + ":x,:y";
  EXPECT_EQ(context_of({{"x-cylestio-prompt-id", "agent"},
                        {"x-cylestio-conversation-id", "talk"},
                        {"x-cylestio-session-id", "flow"},
                        {"x-cylestio-tags", tags}}),
            (CallContext{.session = "talk", .agent = "agent", .tags = {"session:flow", "team:web", "solo", "a:b:c"}}));
}

TEST(ContextFields, OursGoesBeforeTokentapsAndThatBeforeCylestios) {
  const wire::Field own{"X-Tokometer-Session", "own"};
  const wire::Field tokentap{"X-Tokentap-Session", "tokentap"};
  const wire::Field cylestio{"x-cylestio-conversation-id", "cylestio"};
  const CallContext given{.session = "given"};
  EXPECT_EQ(context_of({}, given).session, "given");
  EXPECT_EQ(context_of({cylestio}, given).session, "cylestio");
  for (const auto& order : {std::initializer_list{cylestio, tokentap}, std::initializer_list{tokentap, cylestio}}) {
    EXPECT_EQ(context_of(order, given).session, "tokentap");
  }
  for (const auto& order :
       {std::initializer_list{own, cylestio, tokentap}, std::initializer_list{tokentap, cylestio, own}}) {
    EXPECT_EQ(context_of(order, given).session, "own");
  }
  EXPECT_EQ(context_of({{"X-Tokometer-Session", ""}}, given).session, "given");
}

TEST(ContextFields, TagsAddUp) {
  EXPECT_THAT(context_of({{"X-Tokometer-Tags", "a"}, {"x-cylestio-tags", "b:c"}, {"X-Tokometer-Tags", "d"}},
                         {.tags = {"given"}})
                  .tags,
              ElementsAre("given", "a", "b:c", "d"));
}

TEST(ContextFields, ValuesAreBounded) {
  const std::string long_name(1000, 'x');
  const std::string large = R"({"project_name":")" + std::string(5000, 'x') + "\"}";
  EXPECT_EQ(context_of({{"X-Tokometer-Project", long_name}}).project.size(), ContextLimits().value_bytes);
  EXPECT_THAT(context_of({{"X-Tokentap-Context", large}}).project, IsEmpty());
}

}  // namespace
}  // namespace tokometer::client
