#include "quota/reader.h"

#include <gmock/gmock.h>

#include <map>

#include "embedded/embedded.h"
#include "provider/registry.h"
#include "provider/spec_file.h"

namespace tokometer::quota {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const UtcTime kNow = *parse_rfc3339("2026-04-01T12:00:00Z");

// The built-in specs, loaded once.
const provider::Registry& builtin() {
  static const auto registry = provider::Registry::load(embedded::providers(), "");
  return **registry;
}

using Fields = std::vector<wire::Field>;

Reading read_builtin(std::string_view provider, const Fields& fields, int status = 200, const Limits& limits = {}) {
  const provider::Spec* spec = builtin().by_name(provider);
  EXPECT_NE(spec, nullptr) << provider;
  return read(*spec, status, fields, kNow, limits);
}

std::map<std::string, Snapshot> by_name(const Reading& reading) {
  std::map<std::string, Snapshot> all;
  for (const Snapshot& snapshot : reading.snapshots) all.emplace(snapshot.name, snapshot);
  EXPECT_EQ(all.size(), reading.snapshots.size()) << "no name comes twice";
  return all;
}

TEST(QuotaReader, ReadsOpenAisRequestsAndTokens) {
  const Reading reading = read_builtin("openai", {{"openai-organization", "acme"},
                                                  {"X-RateLimit-Limit-Requests", "10000"},
                                                  {"x-ratelimit-limit-tokens", "200000"},
                                                  {"x-ratelimit-remaining-requests", "9999"},
                                                  {"x-ratelimit-remaining-tokens", "150000"},
                                                  {"x-ratelimit-reset-requests", "6ms"},
                                                  {"x-ratelimit-reset-tokens", "1m26.4s"},
                                                  {"x-ratelimit-limit-project-tokens", "150000000"},
                                                  {"content-type", "application/json"}});
  EXPECT_EQ(reading.malformed, 0U);
  EXPECT_THAT(reading.per_model, ElementsAre(true, true, true));
  const auto all = by_name(reading);
  ASSERT_EQ(all.size(), 3U);
  const Snapshot& tokens = all.at("tokens");
  EXPECT_EQ(tokens.provider, "openai");
  EXPECT_EQ(tokens.label, "acme");
  EXPECT_EQ(tokens.limit, 200000);
  EXPECT_EQ(tokens.remaining, 150000);
  EXPECT_DOUBLE_EQ(*tokens.used_fraction, 0.25);
  EXPECT_EQ(tokens.resets_at, kNow + milliseconds(86'400));
  EXPECT_EQ(tokens.seen_at, kNow);
  EXPECT_EQ(all.at("requests").resets_at, kNow + milliseconds(6));
  EXPECT_EQ(all.at("project-tokens").limit, 150000000);
  EXPECT_EQ(all.at("project-tokens").used_fraction, std::nullopt);
}

TEST(QuotaReader, ReadsAnthropicsKeysAndSubscriptions) {
  const auto key =
      by_name(read_builtin("anthropic", {{"anthropic-organization-id", "3f5a"},
                                         {"anthropic-ratelimit-input-tokens-limit", "40000"},
                                         {"anthropic-ratelimit-input-tokens-remaining", "10000"},
                                         {"anthropic-ratelimit-input-tokens-reset", "2026-04-01T12:00:30Z"},
                                         {"anthropic-ratelimit-requests-limit", "50"},
                                         {"anthropic-ratelimit-requests-remaining", "49"},
                                         {"anthropic-ratelimit-requests-reset", "2026-04-01T12:00:01Z"}}));
  ASSERT_EQ(key.size(), 2U);
  EXPECT_EQ(key.at("input-tokens").used_fraction, 0.75);
  EXPECT_EQ(key.at("input-tokens").resets_at, kNow + seconds(30));
  EXPECT_EQ(key.at("requests").label, "3f5a");

  const Reading plan = read_builtin("anthropic", {{"anthropic-ratelimit-unified-status", "allowed_warning"},
                                                  {"anthropic-ratelimit-unified-reset", "1775051000"},
                                                  {"anthropic-ratelimit-unified-5h-utilization", "0.42"},
                                                  {"anthropic-ratelimit-unified-5h-reset", "1775051000"},
                                                  {"anthropic-ratelimit-unified-5h-status", "allowed"},
                                                  {"anthropic-ratelimit-unified-7d-utilization", "1.03"},
                                                  {"anthropic-ratelimit-unified-7d-reset", "1775500000"},
                                                  {"anthropic-ratelimit-unified-7d-status", "rejected"},
                                                  {"anthropic-ratelimit-unified-overage-status", "rejected"},
                                                  {"anthropic-ratelimit-unified-overage-disabled-reason", "x"},
                                                  {"anthropic-ratelimit-unified-fallback-percentage", "0.5"}});
  EXPECT_EQ(plan.malformed, 0U);
  EXPECT_THAT(plan.per_model, testing::Each(false));
  const auto windows = by_name(plan);
  ASSERT_EQ(windows.size(), 4U);
  EXPECT_EQ(windows.at("5h").used_fraction, 0.42);
  EXPECT_EQ(windows.at("5h").status, "allowed");
  EXPECT_EQ(windows.at("5h").resets_at, UtcTime(seconds(1775051000)));
  EXPECT_EQ(windows.at("5h").limit, std::nullopt);
  EXPECT_EQ(windows.at("7d").used_fraction, 1.03);
  EXPECT_EQ(windows.at("overage").status, "rejected");
  EXPECT_EQ(windows.at("unified").status, "allowed_warning");
}

TEST(QuotaReader, ReadsCodexWindowsFamiliesAndCredits) {
  const auto all = by_name(read_builtin("openai.codex", {{"x-codex-plan-type", "plus"},
                                                         {"x-codex-primary-used-percent", "25.5"},
                                                         {"x-codex-primary-window-minutes", "300"},
                                                         {"x-codex-primary-reset-at", "1775051000"},
                                                         {"x-codex-primary-reset-after-seconds", "5"},
                                                         {"x-codex-secondary-used-percent", "80"},
                                                         {"x-codex-secondary-reset-after-seconds", "600"},
                                                         {"x-codex-bengalfox-primary-used-percent", "3"},
                                                         {"x-codex-bengalfox-primary-window-minutes", "60"},
                                                         {"x-codex-credits-balance", "9.99"},
                                                         {"x-codex-credits-has-credits", "true"},
                                                         {"x-codex-primary-over-secondary-limit-percent", "0"}}));
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all.at("primary").used_fraction, 0.255);
  EXPECT_EQ(all.at("primary").window, std::chrono::hours(5));
  EXPECT_EQ(all.at("primary").resets_at, UtcTime(seconds(1775051000))) << "the first of two sources counts";
  EXPECT_EQ(all.at("primary").label, "plus");
  EXPECT_EQ(all.at("secondary").resets_at, kNow + seconds(600));
  EXPECT_EQ(all.at("bengalfox-primary").used_fraction, 0.03);
  EXPECT_EQ(all.at("bengalfox-primary").window, std::chrono::hours(1));
  EXPECT_EQ(all.at("credits").remaining, 9.99);
}

TEST(QuotaReader, ReadsCopilotsLists) {
  const auto all = by_name(read_builtin(
      "github.copilot",
      {{"x-quota-snapshot-premium_interactions", "ent=300&ov=0.0&ovPerm=false&rem=35.5&rst=2026-05-01T00%3A00%3A00Z"},
       {"x-quota-snapshot-chat", "ent=-1&ov=0.0&ovPerm=false&rem=100.0&rst=2026-05-01T00:00:00Z"},
       {"x-usage-ratelimit-session", "rem=5.7&rst=2026-04-01T14%3A00%3A00Z"}}));
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all.at("premium_interactions").limit, 300);
  EXPECT_DOUBLE_EQ(*all.at("premium_interactions").remaining, 106.5);
  EXPECT_DOUBLE_EQ(*all.at("premium_interactions").used_fraction, 0.645);
  EXPECT_EQ(all.at("premium_interactions").resets_at, parse_rfc3339("2026-05-01T00:00:00Z"));
  EXPECT_EQ(all.at("chat").status, "unlimited");
  EXPECT_EQ(all.at("chat").limit, std::nullopt);
  EXPECT_EQ(all.at("chat").used_fraction, std::nullopt);
  EXPECT_DOUBLE_EQ(*all.at("session window").used_fraction, 0.943);
}

TEST(QuotaReader, ReadsWhatOthersMeanByTheirOwnNames) {
  const auto groq = by_name(read_builtin("groq", {{"x-ratelimit-limit-requests", "14400"},
                                                  {"x-ratelimit-remaining-requests", "14397"},
                                                  {"x-ratelimit-reset-requests", "17.999s"},
                                                  {"x-ratelimit-limit-tokens", "6000"},
                                                  {"x-ratelimit-remaining-tokens", "3000"},
                                                  {"x-ratelimit-reset-tokens", "30s"}}));
  EXPECT_EQ(groq.at("requests").window, std::chrono::hours(24));
  EXPECT_EQ(groq.at("tokens").window, std::chrono::minutes(1));

  const auto cerebras = by_name(read_builtin("cerebras", {{"x-ratelimit-limit-requests-day", "1440000"},
                                                          {"x-ratelimit-remaining-requests-day", "1440000"},
                                                          {"x-ratelimit-reset-requests-day", "3554.371318101883"},
                                                          {"x-ratelimit-limit-tokens-minute", "1000000"}}));
  ASSERT_EQ(cerebras.size(), 2U);
  EXPECT_EQ(cerebras.at("requests-day").resets_at, kNow + std::chrono::microseconds(3'554'371'318));
  EXPECT_EQ(cerebras.at("requests-day").window, std::chrono::hours(24));

  const auto mistral = by_name(read_builtin("mistral_ai", {{"x-ratelimit-limit-req-minute", "60"},
                                                           {"x-ratelimit-remaining-req-minute", "52"},
                                                           {"x-ratelimit-limit-tokens-month", "1000000000"},
                                                           {"x-ratelimit-remaining-tokens-month", "999993918"},
                                                           {"x-ratelimit-limit-req-10-second", "60"},
                                                           {"x-ratelimit-tokens-query-cost", "71"}}));
  ASSERT_EQ(mistral.size(), 3U);
  EXPECT_EQ(window_end(mistral.at("req-minute")), kNow + seconds(60));
  EXPECT_EQ(mistral.at("req-10-second").window, seconds(10));
  const auto old_mistral = by_name(read_builtin("mistral_ai", {{"ratelimitbysize-limit", "500000"},
                                                               {"ratelimitbysize-remaining", "467979"},
                                                               {"ratelimitbysize-reset", "19"},
                                                               {"x-ratelimitbysize-limit-month", "1000000000"}}));
  EXPECT_EQ(old_mistral.at("tokens-minute").resets_at, kNow + seconds(19));
  EXPECT_EQ(old_mistral.at("tokens-month").limit, 1000000000);

  // Milliseconds at some of Azure's hosts and seconds at others: neither is believed.
  const auto azure = by_name(read_builtin("azure.ai.openai", {{"x-ratelimit-limit-requests", "120"},
                                                              {"x-ratelimit-remaining-requests", "119"},
                                                              {"x-ratelimit-reset-requests", "500"},
                                                              {"x-ratelimit-renewalperiod-requests", "60"}}));
  EXPECT_EQ(azure.at("requests").resets_at, std::nullopt);
  EXPECT_EQ(azure.at("requests").window, seconds(60));

  const auto openrouter = by_name(read_builtin(
      "openrouter",
      {{"x-ratelimit-limit", "20"}, {"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "1775044860000"}}));
  EXPECT_EQ(openrouter.at("requests").used_fraction, 1);
  EXPECT_EQ(openrouter.at("requests").resets_at, kNow + seconds(60));

  const auto cohere = by_name(read_builtin("cohere", {{"x-trial-endpoint-call-limit", "20"},
                                                      {"x-trial-endpoint-call-remaining", "19"},
                                                      {"x-endpoint-monthly-call-limit", "1000"}}));
  EXPECT_DOUBLE_EQ(*cohere.at("calls-minute").used_fraction, 0.05);
  EXPECT_EQ(cohere.at("calls-month").limit, 1000);

  const auto replicate = by_name(read_builtin("replicate", {{"ratelimit-remaining", "599"}, {"ratelimit-reset", "1"}}));
  EXPECT_EQ(replicate.at("requests").remaining, 599);

  const auto face =
      by_name(read_builtin("huggingface", {{"ratelimit", R"("api";r=999;t=295)"},
                                           {"ratelimit-policy", R"("fixed window";"api";q=1000;w=300)"}}));
  EXPECT_EQ(face.at("hub requests").limit, 1000);
  EXPECT_EQ(face.at("hub requests").window, seconds(300));
}

TEST(QuotaReader, TakesRetryAfterWhereItMeansAQuota) {
  EXPECT_THAT(read_builtin("openai", {{"retry-after", "20"}}, 503).snapshots, IsEmpty());
  const auto refused = by_name(read_builtin("openai", {{"retry-after", "20"}, {"retry-after-ms", "19750"}}, 429));
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused.at("wait").used_fraction, 1);
  EXPECT_EQ(refused.at("wait").resets_at, kNow + milliseconds(19'750));
  EXPECT_EQ(
      by_name(read_builtin("gcp.gemini", {{"retry-after", "Wed, 01 Apr 2026 12:00:05 GMT"}}, 429)).at("wait").resets_at,
      kNow + seconds(5));
}

TEST(QuotaReader, LeavesOutAndCountsWhatIsMalformed) {
  const Reading reading = read_builtin("openai", {{"x-ratelimit-limit-requests", "X-RATELIMIT-LIMIT-REQUESTS-XXX"},
                                                  {"x-ratelimit-remaining-requests", "12"},
                                                  {"x-ratelimit-reset-requests", "soon"},
                                                  {"x-ratelimit-limit-to/kens", "5"},
                                                  {"x-ratelimit-limit-tokens", std::string_view()}});
  EXPECT_EQ(reading.malformed, 4U);
  ASSERT_EQ(reading.snapshots.size(), 1U);
  EXPECT_EQ(reading.snapshots[0].remaining, 12);
  EXPECT_EQ(reading.snapshots[0].limit, std::nullopt);
  EXPECT_EQ(reading.snapshots[0].resets_at, std::nullopt);
}

TEST(QuotaReader, HasLimits) {
  std::vector<std::string> names;
  for (int i = 0; i < 50; ++i) names.push_back("x-ratelimit-limit-q" + std::to_string(i));
  names.push_back("x-ratelimit-limit-" + std::string(65, 'n'));
  Fields fields;
  for (const std::string& name : names) fields.push_back({name, "7"});
  const Reading reading = read_builtin("openai", fields);
  EXPECT_EQ(reading.snapshots.size(), Limits().snapshots);
  EXPECT_EQ(reading.malformed, 51 - Limits().snapshots);

  const std::string long_value = "0." + std::string(300, '0');
  EXPECT_EQ(read_builtin("openai", {{"x-ratelimit-limit-tokens", long_value}}).malformed, 1U);
  const std::string status = "a\x1b[31m" + std::string(100, 'b');
  const auto all = by_name(read_builtin(
      "anthropic", {{"anthropic-ratelimit-unified-status", status}, {"anthropic-organization-id", status}}));
  EXPECT_EQ(all.at("unified").status, "a[31m" + std::string(58, 'b'));
  EXPECT_LE(all.at("unified").label.size(), Limits().text_bytes);
}

TEST(QuotaReader, GivesAFieldToTheMostExactPattern) {
  const provider::SpecText file{"x.json", R"({"name": "x", "quotas": {
      "{what}": {"limit": "x-limit-{what}"},
      "special": {"limit": "x-limit-plan"},
      "{what}-day": {"limit": "x-limit-{what}-day"},
      "used": {"limit": "x-limit-credits", "used": "x-used-credits"}}})"};
  const auto loaded = provider::load_specs(std::span(&file, 1), {});
  ASSERT_THAT(loaded.mistakes, IsEmpty());
  const Fields fields = {{"x-limit-plan", "1"},    {"x-limit-a-day", "2"},  {"x-limit-a", "3"},
                         {"x-limit-credits", "8"}, {"x-used-credits", "6"}, {"x-limit-a", "99"}};
  const auto all = by_name(read(*loaded.specs[0], 200, fields, kNow));
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all.at("special").limit, 1);
  EXPECT_EQ(all.at("a-day").limit, 2);
  EXPECT_EQ(all.at("a").limit, 3) << "of a field that comes twice the first counts";
  EXPECT_EQ(all.at("used").remaining, 2);
}

TEST(QuotaReader, ReadsNothingWithoutQuotas) {
  const provider::SpecText file{"x.json", R"({"name": "x"})"};
  const auto loaded = provider::load_specs(std::span(&file, 1), {});
  EXPECT_THAT(read(*loaded.specs[0], 200, Fields{{"x-ratelimit-limit-tokens", "1"}}, kNow).snapshots, IsEmpty());
}

}  // namespace
}  // namespace tokometer::quota
