#include "meter/quality.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "meter/findings.h"

namespace tokometer::meter {
namespace {

using Counts = std::vector<std::pair<Count Usage::*, std::int64_t>>;

UsageReading reading_of(const Counts& counts) {
  UsageReading reading;
  Usage& usage = reading.usage;
  for (const auto& [member, count] : counts) usage.*member = count;
  usage.source = usage.input_tokens || usage.output_tokens ? UsageSource::kReported : UsageSource::kNone;
  return reading;
}

struct Case {
  std::string what;
  Counts counts;
  Circumstances circumstances;
  Fault fault;  // the only one
};

TEST(Quality, NamesWhatIsWrong) {
  const Circumstances should{.should_state_usage = true};
  const std::vector<Case> cases = {
      {"nothing stated", {}, should, Fault::kMissingUsage},
      {"a total alone", {{&Usage::total_tokens, 9}}, should, Fault::kMissingUsage},
      {"output alone", {{&Usage::output_tokens, 9}}, should, Fault::kMissingUsage},
      {"cached above input",
       {{&Usage::input_tokens, 1}, {&Usage::cache_read_input_tokens, 2}},
       should,
       Fault::kContradiction},
      {"cached and written above input",
       {{&Usage::input_tokens, 3}, {&Usage::cache_read_input_tokens, 2}, {&Usage::cache_creation_input_tokens, 2}},
       should,
       Fault::kContradiction},
      {"long-lived writes above all",
       {{&Usage::input_tokens, 9},
        {&Usage::cache_creation_input_tokens, 1},
        {&Usage::cache_creation_1h_input_tokens, 2}},
       should,
       Fault::kContradiction},
      {"reasoning above output",
       {{&Usage::input_tokens, 1}, {&Usage::output_tokens, 1}, {&Usage::reasoning_output_tokens, 2}},
       should,
       Fault::kContradiction},
      {"audio above input",
       {{&Usage::input_tokens, 1}, {&Usage::audio_input_tokens, 2}},
       should,
       Fault::kContradiction},
      {"audio above output",
       {{&Usage::input_tokens, 1}, {&Usage::output_tokens, 1}, {&Usage::audio_output_tokens, 2}},
       should,
       Fault::kContradiction},
      {"more than any call uses",
       {{&Usage::input_tokens, kMaxPlausibleCount + 1}, {&Usage::output_tokens, 1}},
       should,
       Fault::kAbsurdCount},
      {"one of several messages",
       {{&Usage::input_tokens, 1}},
       {.should_state_usage = true, .several_messages = true},
       Fault::kSeveralMessages},
  };
  for (const Case& each : cases) {
    UsageReading reading = reading_of(each.counts);
    const Verdict verdict = judge(reading, each.circumstances);
    EXPECT_TRUE(verdict.poor()) << each.what;
    EXPECT_EQ(verdict.problems(), 1) << each.what;
    Findings findings;
    verdict.count_in(findings);
    Reading counted;
    findings.move_to(counted);
    EXPECT_EQ(counted.faults_of(each.fault), 1U) << each.what;
  }
}

TEST(Quality, NamesBadCounts) {
  UsageReading reading = reading_of({{&Usage::input_tokens, 1}});
  reading.bad_count = true;
  EXPECT_TRUE(judge(reading, {}).bad_count);
}

TEST(Quality, IsContentWithWhatIsSound) {
  const std::vector<Counts> sound = {
      {{&Usage::input_tokens, 0}, {&Usage::output_tokens, 0}},
      {{&Usage::input_tokens, 3}, {&Usage::cache_read_input_tokens, 1}, {&Usage::cache_creation_input_tokens, 2}},
      {{&Usage::input_tokens, kMaxPlausibleCount}},
      {{&Usage::input_tokens, 1}, {&Usage::output_tokens, 2}, {&Usage::reasoning_output_tokens, 2}},
  };
  for (const Counts& counts : sound) {
    UsageReading reading = reading_of(counts);
    EXPECT_FALSE(judge(reading, {.should_state_usage = true}).poor());
  }
  UsageReading nothing;
  EXPECT_FALSE(judge(nothing, {}).poor()) << "where nothing has to be stated";
}

TEST(Quality, LeavesOutAbsurdCounts) {
  UsageReading reading = reading_of({{&Usage::input_tokens, 1'000'000'000'000'000}, {&Usage::output_tokens, 4}});
  judge(reading, {});
  EXPECT_EQ(reading.usage.input_tokens, std::nullopt);
  EXPECT_EQ(reading.usage.output_tokens, 4);
  UsageReading all = reading_of({{&Usage::input_tokens, 1'000'000'000'000'000}});
  const Verdict verdict = judge(all, {.should_state_usage = true});
  EXPECT_EQ(all.usage.source, UsageSource::kNone);
  EXPECT_TRUE(verdict.missing);
}

TEST(Quality, PrefersOnlyWhatIsSounderAndNoPoorer) {
  UsageReading poor =
      reading_of({{&Usage::input_tokens, 1}, {&Usage::cache_read_input_tokens, 2}, {&Usage::output_tokens, 3}});
  UsageReading sound =
      reading_of({{&Usage::input_tokens, 5}, {&Usage::cache_read_input_tokens, 2}, {&Usage::output_tokens, 3}});
  UsageReading poorer = reading_of({{&Usage::input_tokens, 5}, {&Usage::output_tokens, 3}});
  UsageReading nothing;
  const Verdict of_poor = judge(poor, {});
  EXPECT_TRUE(is_better(sound, judge(sound, {}), poor, of_poor));
  EXPECT_FALSE(is_better(poorer, judge(poorer, {}), poor, of_poor)) << "it says less";
  EXPECT_FALSE(is_better(poor, of_poor, poor, of_poor));
  EXPECT_FALSE(is_better(nothing, judge(nothing, {}), poor, of_poor));
}

}  // namespace
}  // namespace tokometer::meter
