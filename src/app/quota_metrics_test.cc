#include "app/quota_metrics.h"

#include <gmock/gmock.h>

namespace tokometer::app {
namespace {

using testing::HasSubstr;
using testing::Not;

const UtcTime kQuotaNow = *parse_rfc3339("2026-04-01T12:00:00Z");

std::string rendered_quotas(const quota::Board& board, std::size_t max_series = kMaxQuotaSeries) {
  MetricsText text;
  render_quotas(board, kQuotaNow, text, max_series);
  return text.take();
}

quota::Snapshot quota_snapshot(std::string name) {
  quota::Snapshot snapshot;
  snapshot.provider = "openai";
  snapshot.account = "0123456789ab";
  snapshot.name = std::move(name);
  snapshot.model = "gpt-\"5";
  snapshot.limit = 200'000;
  snapshot.remaining = 150'000;
  snapshot.used_fraction = 0.25;
  snapshot.resets_at = kQuotaNow + std::chrono::seconds(30);
  snapshot.seen_at = kQuotaNow;
  return snapshot;
}

TEST(QuotaMetrics, ShowsWhatHolds) {
  quota::Board board;
  quota::Snapshot over = quota_snapshot("requests");
  over.resets_at = kQuotaNow;
  board.offer(std::vector{quota_snapshot("tokens"), over});
  const std::string text = rendered_quotas(board);
  constexpr std::string_view kLabels = R"({provider="openai",account="0123456789ab",quota="tokens",model="gpt-\"5"} )";
  EXPECT_THAT(text, HasSubstr("tokometer_quota_used_ratio" + std::string(kLabels) + "0.25\n"));
  EXPECT_THAT(text, HasSubstr("tokometer_quota_limit" + std::string(kLabels) + "200000\n"));
  EXPECT_THAT(text, HasSubstr("tokometer_quota_remaining" + std::string(kLabels) + "150000\n"));
  EXPECT_THAT(text, HasSubstr("tokometer_quota_reset_timestamp_seconds" + std::string(kLabels) + "1775044830\n"));
  EXPECT_THAT(text, HasSubstr("tokometer_quotas_dropped_total 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("requests"))) << "its window is over";
}

TEST(QuotaMetrics, BoundsItsLabelSets) {
  quota::Board board;
  for (int i = 0; i < 10; ++i) {
    quota::Snapshot snapshot = quota_snapshot("q" + std::to_string(i));
    snapshot.seen_at += std::chrono::milliseconds(i);
    board.offer(std::span(&snapshot, 1));
  }
  const std::string text = rendered_quotas(board, 3);
  EXPECT_THAT(text, HasSubstr("\"q9\""));
  EXPECT_THAT(text, HasSubstr("\"q7\""));
  EXPECT_THAT(text, Not(HasSubstr("\"q6\"")));
}

}  // namespace
}  // namespace tokometer::app
