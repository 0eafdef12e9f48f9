#include "app/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tokometer::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

event::Event call(std::string provider, std::string model) {
  event::Event event;
  event.provider = std::move(provider);
  event.response_model = std::move(model);
  event.status_code = 200;
  event.duration_us = 1'500'000;
  event.usage.source = meter::UsageSource::kReported;
  event.usage.input_tokens = 100;
  event.usage.cache_read_input_tokens = 40;
  event.usage.output_tokens = 7;
  return event;
}

std::string rendered(const Metrics& metrics) {
  MetricsText text;
  metrics.render(text);
  return text.take();
}

TEST(Metrics, CountsTokensCostAndDurations) {
  Metrics metrics;
  event::Event event = call("openai", "gpt-5");
  event.cost_picodollars = 1'250'000'000;
  metrics.exchange_opened();
  metrics.exchange_opened();
  metrics.exchange_closed(event);
  const std::string text = rendered(metrics);
  EXPECT_THAT(text, HasSubstr("tokometer_open_exchanges 1\n"));
  EXPECT_THAT(text, HasSubstr(R"(tokometer_requests_total{provider="openai",model="gpt-5",status="200"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(tokometer_tokens_total{provider="openai",model="gpt-5",type="input"} 100)"));
  EXPECT_THAT(text, HasSubstr(R"(tokometer_tokens_total{provider="openai",model="gpt-5",type="cache_read"} 40)"));
  EXPECT_THAT(text, HasSubstr(R"(tokometer_cost_usd_total{provider="openai",model="gpt-5"} 0.001250000000)"));
  EXPECT_THAT(text, HasSubstr(R"(tokometer_request_duration_seconds_bucket{provider="openai",le="1.28"} 0)"));
  EXPECT_THAT(text, HasSubstr(R"(tokometer_request_duration_seconds_bucket{provider="openai",le="2.56"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(tokometer_request_duration_seconds_sum{provider="openai"} 1.500000)"));
}

TEST(Metrics, CountsOfExactUsageWhatIsMoreThanItsEstimate) {
  Metrics metrics;
  event::Event event = call("openai", "gpt-5");
  event.cost_picodollars = 3'000'000'000'000;
  metrics.call_counted(event);
  event.usage.input_tokens = 90;
  event.usage.output_tokens = 20;
  event.cost_picodollars = 5'000'000'000'000;
  metrics.call_counted(event, {.input = 100, .cache_read = 40, .output = 7, .picodollars = 3'000'000'000'000});
  const std::string text = rendered(metrics);
  EXPECT_THAT(text, HasSubstr(R"(type="input"} 100)"
                              "\n"));
  EXPECT_THAT(text, HasSubstr(R"(type="cache_read"} 40)"
                              "\n"));
  EXPECT_THAT(text, HasSubstr(R"(type="output"} 20)"
                              "\n"));
  EXPECT_THAT(text, HasSubstr(R"(tokometer_cost_usd_total{provider="openai",model="gpt-5"} 5.000000000000)"));
  EXPECT_THAT(text, HasSubstr(R"(status="200"} 2)")) << "they were two requests";
}

TEST(Metrics, CountsACostThatNobodyKnowsOnce) {
  Metrics metrics;
  const event::Event event = call("openai", "unheard-of");
  metrics.call_counted(event);
  metrics.call_counted(event, {.cost_missing = true});
  EXPECT_THAT(rendered(metrics), HasSubstr(R"(tokometer_cost_unknown_total{provider="openai",model="unheard-of"} 1)"));
}

TEST(Metrics, AnAbsurdCountMakesNoSumNegative) {
  Metrics metrics;
  event::Event event = call("openai", "gpt-5");
  event.usage.cache_read_input_tokens = 9223372036854775800;
  event.cost_picodollars = 9223372036854775800;
  metrics.exchange_opened();
  metrics.exchange_opened();
  metrics.exchange_closed(event);
  metrics.exchange_closed(event);
  const std::string text = rendered(metrics);
  EXPECT_THAT(text, HasSubstr(R"(type="cache_read"} 2000000000000)"));
  EXPECT_THAT(text, Not(HasSubstr(" -")));
}

TEST(Metrics, UnknownPriceAndMissingUsageAreCountedApart) {
  Metrics metrics;
  metrics.exchange_closed(call("openai", "mystery"));
  event::Event silent = call("openai", "quiet");
  silent.usage = {};
  metrics.exchange_closed(silent);
  const std::string text = rendered(metrics);
  EXPECT_THAT(text, HasSubstr(R"(tokometer_cost_unknown_total{provider="openai",model="mystery"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(tokometer_cost_unknown_total{provider="openai",model="quiet"} 0)"));
  EXPECT_THAT(text, HasSubstr(R"(tokometer_usage_missing_total{provider="openai",model="quiet"} 1)"));
}

TEST(Metrics, ACallThatRepeatsEarlierUsageAddsNoTokens) {
  Metrics metrics;
  event::Event poll = call("openai", "gpt-5");
  poll.billable = false;
  metrics.exchange_closed(poll);
  const std::string text = rendered(metrics);
  EXPECT_THAT(text, HasSubstr(R"(tokometer_requests_total{provider="openai",model="gpt-5",status="200"} 1)"));
  EXPECT_THAT(text, Not(HasSubstr("tokometer_tokens_total{")));
}

TEST(Metrics, WhatNobodyStatedIsLeftOutRatherThanZero) {
  Metrics metrics;
  event::Event event = call("openai", "mystery");
  event.cost_picodollars.reset();
  event.usage.cache_read_input_tokens.reset();
  event.usage.reasoning_output_tokens = 0;
  metrics.exchange_closed(event);
  const std::string text = rendered(metrics);
  EXPECT_THAT(text, Not(HasSubstr("tokometer_cost_usd_total{")));
  EXPECT_THAT(text, Not(HasSubstr(R"(type="cache_read")")));
  EXPECT_THAT(text, HasSubstr(R"(tokometer_tokens_total{provider="openai",model="mystery",type="reasoning"} 0)"));
}

TEST(Metrics, LabelsAreEscapedAndBounded) {
  EXPECT_EQ(label("model", "a\"b\\c\nd"), R"(model="a\"b\\c\nd")");
  Metrics metrics(Metrics::Limits{.label_sets = 2});
  for (const char* model : {"a", "b", "c", "d"}) metrics.exchange_closed(call("openai", model));
  const std::string text = rendered(metrics);
  EXPECT_THAT(text, HasSubstr(R"(requests_total{provider="openai",model="other",status="200"} 2)"));
  EXPECT_THAT(text, Not(HasSubstr(R"(model="c")")));
}

}  // namespace
}  // namespace tokometer::app
