#include "event/assemble.h"
#include "pricing/builtin_prices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace tokometer::event {
namespace {

using ::testing::ElementsAre;

class Assemble : public ::testing::Test {
 protected:
  std::shared_ptr<const provider::Registry> registry = *provider::Registry::load(embedded::providers(), {});
  std::shared_ptr<const pricing::Catalog> catalog = *pricing::Catalog::load(pricing::BuiltinPrices(), {});
  std::shared_ptr<const client::Detector> detector = *client::Detector::load(embedded::clients(), {});
  meter::RepeatFilter repeats;

  static meter::Reading reading() {
    meter::Reading reading;
    reading.request_model = "claude-sonnet-4-5";
    reading.response_model = "claude-sonnet-4-5-20250929";
    reading.complete = true;
    reading.usage.source = meter::UsageSource::kReported;
    reading.usage.input_tokens = 19;
    reading.usage.cache_read_input_tokens = 5;
    reading.usage.cache_creation_input_tokens = 3;
    reading.usage.output_tokens = 7;
    return reading;
  }
  static Event at_noon() {
    Event event;
    event.provider = "anthropic";
    event.started_at = *parse_rfc3339("2026-01-01T12:00:00Z");
    return event;
  }
};

TEST_F(Assemble, TellsProviderOperationAndClientFromTheHead) {
  const provider::Spec* spec = registry->by_name("anthropic");
  ASSERT_NE(spec, nullptr);
  const std::array<wire::Field, 1> fields{{{"User-Agent", "curl/8.1"}}};
  Event event;
  describe_request(event,
                   {.spec = spec,
                    .endpoint = registry->endpoint(*spec, "POST", "/v1/messages"),
                    .method = "POST",
                    .host = "api.anthropic.com",
                    .target = "/v1/messages?beta=true",
                    .fields = fields,
                    .project = "home"},
                   *detector);
  EXPECT_EQ(event.provider, "anthropic");
  EXPECT_EQ(event.operation, "chat");
  EXPECT_EQ(event.path, "/v1/messages?beta=true");
  EXPECT_EQ(event.client, "curl");
  EXPECT_EQ(event.client_version, "8.1");
  EXPECT_EQ(event.project, "home");
}

TEST_F(Assemble, ContextFieldsGoBeforeRouteAndBodies) {
  const std::array<wire::Field, 6> fields{{{"X-Tokometer-Project", "web"},
                                           {"x-tokometer-tags", " a, b ,,c"},
                                           {"X-TOKOMETER-SESSION", "s1"},
                                           {"X-Tokometer-User", "ann"},
                                           {"X-Tokometer-Agent", "planner"},
                                           {"X-Tokometer-Program", "ci"}}};
  Event event = at_noon();
  describe_request(event, {.fields = fields, .project = "home"}, *detector);
  meter::Reading read = reading();
  read.session_id = "from-body";
  read.user = "from-body";
  apply_reading(event, std::move(read), repeats, *catalog);
  EXPECT_EQ(event.provider, "unknown");
  EXPECT_EQ(event.project, "web");
  EXPECT_EQ(event.session_id, "s1");
  EXPECT_EQ(event.user, "ann");
  EXPECT_EQ(event.agent_id, "planner");
  EXPECT_EQ(event.program, "ci");
  EXPECT_THAT(event.tags, ElementsAre("a", "b", "c"));
}

TEST_F(Assemble, FieldsGoBeforeTheRouteAndThatBeforeTheContext) {
  const client::CallContext context{
      .project = "given", .program = "given", .session = "given", .run = "r1", .tags = {"given"}};
  const std::array<wire::Field, 2> fields{{{"X-Tokentap-Program", "ci"}, {"X-Tokometer-Tags", "a"}}};
  Event event;
  describe_request(event, {.fields = fields, .project = "home", .context = &context}, *detector);
  EXPECT_EQ(event.project, "home");
  EXPECT_EQ(event.program, "ci");
  EXPECT_EQ(event.session_id, "given");
  EXPECT_EQ(event.run, "r1");
  EXPECT_THAT(event.tags, ElementsAre("given", "a"));
  EXPECT_EQ(part_of(event, 1).run, "r1");
}

TEST_F(Assemble, ContextIsBounded) {
  const std::string long_name(1000, 'x');
  std::string tags;
  for (int i = 0; i < 100; ++i) tags += "t" + std::to_string(i) + ",";
  const std::array<wire::Field, 2> fields{{{"X-Tokometer-Project", long_name}, {"X-Tokometer-Tags", tags}}};
  Event event;
  describe_request(event, {.fields = fields}, *detector);
  EXPECT_EQ(event.project.size(), 256U);
  EXPECT_EQ(event.tags.size(), 32U);
}

TEST_F(Assemble, KeysInTheQueryAreRedacted) {
  Event event;
  describe_request(event, {.target = "/v1beta/models/x:generateContent?key=AIzaSECRET&alt=sse"}, *detector);
  EXPECT_EQ(event.path.find("SECRET"), std::string::npos) << event.path;
  EXPECT_NE(event.path.find("alt=sse"), std::string::npos) << event.path;
}

TEST_F(Assemble, PricesByTheModelThatAnswered) {
  Event event = at_noon();
  apply_reading(event, reading(), repeats, *catalog);
  // 11 in, 3 written, 5 read, 7 out at 3, 3.75, 0.30 and 15 USD a million.
  EXPECT_EQ(event.cost_picodollars, 150'750'000);
  EXPECT_FALSE(event.price_ref.empty());
}

TEST_F(Assemble, AnUnknownAnswerIsPricedByTheModelAskedFor) {
  Event event = at_noon();
  meter::Reading read = reading();
  read.response_model = "internal-build-7";
  apply_reading(event, std::move(read), repeats, *catalog);
  EXPECT_EQ(event.cost_picodollars, 150'750'000);
}

TEST_F(Assemble, AnUnknownModelHasNoCost) {
  Event event = at_noon();
  meter::Reading read = reading();
  read.request_model = read.response_model = "nobody-knows";
  apply_reading(event, std::move(read), repeats, *catalog);
  EXPECT_FALSE(event.cost_picodollars);
  EXPECT_TRUE(event.cost_details.empty());
}

TEST_F(Assemble, WhatBillsNothingCostsNothing) {
  Event event = at_noon();
  meter::Reading read = reading();
  read.billing = provider::Billing::kNever;
  apply_reading(event, std::move(read), repeats, *catalog);
  EXPECT_FALSE(event.billable);
  EXPECT_FALSE(event.cost_picodollars);
}

TEST_F(Assemble, CountsAResponseThatIsFetchedAgainOnce) {
  meter::Reading created = reading();
  created.response_id = "resp_1";
  Event first = at_noon();
  apply_reading(first, std::move(created), repeats, *catalog);
  EXPECT_TRUE(first.billable);
  for (const char* id : {"resp_1", "resp_2"}) {
    meter::Reading fetched = reading();
    fetched.response_id = id;
    fetched.billing = provider::Billing::kOncePerResponse;
    Event event = at_noon();
    apply_reading(event, std::move(fetched), repeats, *catalog);
    EXPECT_EQ(event.billable, std::string_view(id) == "resp_2") << id;
    EXPECT_EQ(event.cost_picodollars.has_value(), event.billable);
  }
}

// Recordings come in any order: whole or broken off, what a poll has counted is not counted again.
TEST_F(Assemble, ACallBehindItsPollCountsNotAgain) {
  meter::Reading fetched = reading();
  fetched.response_id = "resp_1";
  fetched.billing = provider::Billing::kOncePerResponse;
  Event poll = at_noon();
  apply_reading(poll, std::move(fetched), repeats, *catalog);
  EXPECT_TRUE(poll.billable);
  for (const bool is_whole : {true, false}) {
    meter::Reading created = reading();
    created.response_id = "resp_1";
    created.complete = is_whole;
    if (!is_whole) created.usage.source = meter::UsageSource::kEstimated;
    Event call = at_noon();
    apply_reading(call, std::move(created), repeats, *catalog);
    EXPECT_FALSE(call.billable);
    EXPECT_FALSE(call.cost_picodollars);
  }
}

// Servers that give every answer the same id: each is a call.
TEST_F(Assemble, CallsOfOneIdCountEach) {
  for (int i = 0; i < 2; ++i) {
    meter::Reading created = reading();
    created.response_id = "chatcmpl-123";
    Event call = at_noon();
    apply_reading(call, std::move(created), repeats, *catalog);
    EXPECT_TRUE(call.billable);
  }
}

// A background response whose stream broke off, and which is fetched later.
TEST_F(Assemble, ExactUsageTakesThePlaceOfAnEstimate) {
  meter::Reading broken = reading();
  broken.response_id = "resp_1";
  broken.complete = false;
  broken.usage.source = meter::UsageSource::kEstimated;
  Event estimated = at_noon();
  estimated.id = *Uuid::parse("0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b");
  apply_reading(estimated, std::move(broken), repeats, *catalog);
  EXPECT_TRUE(estimated.billable);
  EXPECT_EQ(estimated.replaces, "");

  const auto poll = [&](meter::UsageSource source, bool pending) {
    meter::Reading fetched = reading();
    fetched.response_id = "resp_1";
    fetched.billing = provider::Billing::kOncePerResponse;
    fetched.usage.source = source;
    fetched.pending = pending;
    Event event = at_noon();
    apply_reading(event, std::move(fetched), repeats, *catalog);
    return event;
  };
  EXPECT_FALSE(poll(meter::UsageSource::kNone, true).billable);
  EXPECT_FALSE(poll(meter::UsageSource::kNone, false).billable);
  const Event exact = poll(meter::UsageSource::kReported, false);
  EXPECT_TRUE(exact.billable);
  EXPECT_EQ(exact.replaces, estimated.id.text());
  const Event again = poll(meter::UsageSource::kReported, false);
  EXPECT_FALSE(again.billable);
  EXPECT_EQ(again.replaces, "");
}

// The run's steps said a part of it before the stream broke off.
TEST_F(Assemble, ExactUsageTakesThePlaceOfAPart) {
  for (const bool is_poll : {false, true}) {
    meter::Reading read = reading();
    read.response_id = "run_1";
    read.billing = provider::Billing::kOncePerResponse;
    read.complete = is_poll;
    Event event = at_noon();
    apply_reading(event, std::move(read), repeats, *catalog);
    EXPECT_TRUE(event.billable);
    EXPECT_EQ(event.replaces.empty(), !is_poll);
  }
}

// A prediction that states no tokens even when it is done.
TEST_F(Assemble, APollWithoutUsageCountsOnce) {
  for (const bool is_first : {true, false}) {
    meter::Reading read = reading();
    read.response_id = "p1";
    read.billing = provider::Billing::kOncePerResponse;
    read.usage = {};
    Event event = at_noon();
    apply_reading(event, std::move(read), repeats, *catalog);
    EXPECT_EQ(event.billable, is_first);
  }
}

}  // namespace
}  // namespace tokometer::event
