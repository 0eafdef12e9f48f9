#include "event/reprice.h"

#include <gtest/gtest.h>

#include "embedded/embedded.h"
#include "event/event_json.h"
#include "pricing/builtin_prices.h"
#include "pricing/decimal.h"

namespace tokometer::event {
namespace {

class RepriceTest : public ::testing::Test {
 protected:
  static Event recorded() {
    Event event;
    event.provider = "anthropic";
    event.operation = "chat";
    event.method = "POST";
    event.host = "api.anthropic.com";
    event.path = "/v1/messages?beta=true";
    event.request_model = "claude-opus-4-8";
    event.response_model = "claude-opus-4-8";
    event.started_at = *parse_rfc3339("2026-11-01");
    event.status_code = 200;
    event.usage.source = meter::UsageSource::kReported;
    event.usage.input_tokens = 11;  // as a wrong spec read it, without the caches
    event.usage.output_tokens = 7;
    event.usage.service_tier = "batch";
    event.usage.tool_calls = {{"web_search", 9}, {"made_up_tool", 1}};
    event.usage.details =
        R"({"input_tokens":11,"cache_read_input_tokens":5,"cache_creation_input_tokens":3,"output_tokens":7,)"
        R"("server_tool_use":{"web_search_requests":2}})";
    return event;
  }
  bool reprice(Event& event) const { return event::reprice(event, *registry_, *catalog_); }

  const std::shared_ptr<const provider::Registry> registry_ = *provider::Registry::load(embedded::providers(), {});
  const std::shared_ptr<const pricing::Catalog> catalog_ = *pricing::Catalog::load(pricing::BuiltinPrices(), {});
};

TEST_F(RepriceTest, ReadsUsageAgainAndPricesIt) {
  Event event = recorded();
  EXPECT_TRUE(reprice(event));
  EXPECT_EQ(event.usage.input_tokens, 19);
  EXPECT_EQ(event.usage.cache_read_input_tokens, 5);
  EXPECT_EQ(event.usage.service_tier, "batch");  // not in the usage object: as it was
  EXPECT_EQ(event.usage.tool_calls,
            (std::vector<std::pair<std::string, std::int64_t>>{{"web_search", 2}, {"made_up_tool", 1}}));
  EXPECT_EQ(pricing::usd_text(event.cost_picodollars.value_or(0)), "0.020125625");
  EXPECT_EQ(event.price_ref, "anthropic/claude-opus-4-8@2026-05-28");
  EXPECT_FALSE(reprice(event)) << "a second time changes nothing";
}

TEST_F(RepriceTest, KeepsTheStepOfCountsThatStayTheSame) {
  for (const meter::UsageStep step : {meter::UsageStep::kGeneric, meter::UsageStep::kAlternative}) {
    Event event = recorded();
    reprice(event);
    event.usage.step = step;
    EXPECT_FALSE(reprice(event));
    EXPECT_EQ(event.usage.step, step);
    event.usage.input_tokens = 1;
    EXPECT_TRUE(reprice(event));
    EXPECT_EQ(event.usage.step, meter::UsageStep::kSpec) << "other counts: it was read anew";
  }
}

TEST_F(RepriceTest, ThePriceIsThatOfTheTime) {
  Event event = recorded();
  event.provider = "openai";
  event.path = "/v1/chat/completions";
  event.response_model = "o3";
  event.usage = {};
  event.usage.source = meter::UsageSource::kReported;
  event.usage.details = R"({"prompt_tokens":1000000,"completion_tokens":0})";
  event.started_at = *parse_rfc3339("2025-06-09");
  EXPECT_TRUE(reprice(event));
  EXPECT_EQ(pricing::usd_text(event.cost_picodollars.value_or(0)), "10");
  event.started_at = *parse_rfc3339("2025-06-10");
  EXPECT_TRUE(reprice(event));
  EXPECT_EQ(pricing::usd_text(event.cost_picodollars.value_or(0)), "2");
}

TEST_F(RepriceTest, KeepsWhatCannotBeReadAgain) {
  for (const char* details : {"", "{", "[]", R"({"tokens": 5})", R"({"input_tokens": -5})"}) {
    Event event = recorded();
    event.usage.details = details;
    reprice(event);
    EXPECT_EQ(event.usage.input_tokens, 11) << details;
    EXPECT_EQ(event.usage.tool_calls, recorded().usage.tool_calls) << details;
  }
  Event estimated = recorded();
  estimated.usage.source = meter::UsageSource::kEstimated;
  reprice(estimated);
  EXPECT_EQ(estimated.usage.input_tokens, 11);
  Event moved = recorded();
  moved.path = "/v9/elsewhere";
  reprice(moved);
  EXPECT_EQ(moved.usage.input_tokens, 11);
}

TEST_F(RepriceTest, TakesACostBackThatNobodyKnows) {
  Event event = recorded();
  event.response_model = event.request_model = "nobody-knows";
  event.cost_picodollars = 5;
  event.cost_details = "{}";
  event.price_ref = "anthropic/gone";
  EXPECT_TRUE(reprice(event));
  EXPECT_EQ(event.cost_picodollars, std::nullopt);
  EXPECT_EQ(event.cost_details, "");
  Event free = recorded();
  free.billable = false;
  reprice(free);
  EXPECT_EQ(free.cost_picodollars, std::nullopt);
}

}  // namespace
}  // namespace tokometer::event
