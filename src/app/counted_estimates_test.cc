#include "app/counted_estimates.h"

#include <gtest/gtest.h>

#include <limits>

namespace tokometer::app {
namespace {

Uuid numbered(int number) {
  Uuid id;
  id.bytes[15] = static_cast<std::uint8_t>(number);
  return id;
}

event::Event estimate(int number) {
  event::Event event;
  event.id = numbered(number);
  event.response_id = "resp";
  event.run = "r";
  event.status_code = 200;
  event.usage.source = meter::UsageSource::kEstimated;
  event.usage.input_tokens = 10;
  event.usage.output_tokens = 4;
  event.cost_picodollars = 7;
  return event;
}

event::Event exact_of(int number) {
  event::Event event = estimate(0);
  event.usage.source = meter::UsageSource::kReported;
  event.complete = true;
  event.finish_reason = "stop";
  event.replaces = numbered(number).text();
  return event;
}

TEST(CountedEstimates, TellWhatAnEventThatIsReplacedCountedOnce) {
  CountedEstimates estimates;
  EXPECT_EQ(estimates.settle(estimate(1)).tokens, 0);
  const Counted before = estimates.settle(exact_of(1));
  EXPECT_EQ(before.input, 10);
  EXPECT_EQ(before.output, 4);
  EXPECT_EQ(before.tokens, 14);
  EXPECT_EQ(before.picodollars, 7);
  EXPECT_EQ(before.run, "r");
  EXPECT_FALSE(before.cost_missing);
  EXPECT_EQ(estimates.settle(exact_of(1)).tokens, 0) << "a second time it counts whole";
}

TEST(CountedEstimates, KnowWhatBrokeOffAfterItsProviderBeganToSayIt) {
  CountedEstimates estimates;
  event::Event partial = estimate(1);
  partial.usage.source = meter::UsageSource::kReported;
  partial.complete = false;
  ASSERT_TRUE(event::is_partial(partial));
  estimates.settle(partial);
  const Counted before = estimates.settle(exact_of(1));
  EXPECT_EQ(before.tokens, 14);
  EXPECT_TRUE(before.cost_missing);
}

TEST(CountedEstimates, KeepNothingThatIsNotReplaced) {
  event::Event unbilled = estimate(1);
  unbilled.billable = false;
  event::Event nameless = estimate(2);
  nameless.response_id.clear();
  event::Event exact = exact_of(9);
  exact.id = numbered(3);
  CountedEstimates estimates;
  for (const event::Event& event : {unbilled, nameless, exact}) estimates.settle(event);
  for (const int number : {1, 2, 3}) EXPECT_EQ(estimates.settle(exact_of(number)).tokens, 0) << number;
}

TEST(CountedEstimates, ForgetTheOldest) {
  CountedEstimates estimates({.events = 2});
  for (const int number : {1, 2, 3}) estimates.settle(estimate(number));
  EXPECT_EQ(estimates.settle(exact_of(1)).tokens, 0);
  EXPECT_EQ(estimates.settle(exact_of(2)).tokens, 14);
  estimates.settle(estimate(4));
  EXPECT_EQ(estimates.settle(exact_of(3)).tokens, 14);
  EXPECT_EQ(estimates.settle(exact_of(4)).tokens, 14);
}

TEST(Beyond, IsNeverBelowZero) {
  EXPECT_EQ(beyond(std::nullopt, 3), std::nullopt);
  EXPECT_EQ(beyond(5, 3), 2);
  EXPECT_EQ(beyond(2, 3), 0);
  EXPECT_EQ(beyond(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()), 0);
}

}  // namespace
}  // namespace tokometer::app
