#include "quota/board.h"

#include <gtest/gtest.h>

namespace tokometer::quota {
namespace {

using std::chrono::seconds;

const UtcTime kStart = *parse_rfc3339("2026-04-01T12:00:00Z");

Snapshot snapshot(std::string name, int second, double remaining = 0) {
  Snapshot snapshot;
  snapshot.provider = "openai";
  snapshot.account = "0123456789ab";
  snapshot.name = std::move(name);
  snapshot.remaining = remaining;
  snapshot.seen_at = kStart + seconds(second);
  return snapshot;
}

void offer(Board& board, const Snapshot& snapshot) { board.offer(std::span(&snapshot, 1)); }

TEST(QuotaBoard, KeepsTheNewestOfEach) {
  Board board;
  EXPECT_FALSE(board.has_changed());
  offer(board, snapshot("requests", 2, 20));
  offer(board, snapshot("requests", 1, 10));  // a call that took longer
  offer(board, snapshot("tokens", 1, 11));
  EXPECT_TRUE(board.has_changed());
  const auto changed = board.take_changed();
  ASSERT_EQ(changed.size(), 2U);
  EXPECT_EQ(changed[0].remaining, 20);
  EXPECT_EQ(changed[1].remaining, 11);
  EXPECT_FALSE(board.has_changed());
  EXPECT_TRUE(board.take_changed().empty());
  EXPECT_EQ(board.all(), changed);
}

TEST(QuotaBoard, TakesBackWhatCouldNotBeStored) {
  Board board;
  offer(board, snapshot("requests", 1, 10));
  offer(board, snapshot("tokens", 1, 11));
  const auto failed = board.take_changed();
  offer(board, snapshot("requests", 2, 20));
  board.offer(failed);
  const auto again = board.take_changed();
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again[0].remaining, 20) << "the newer one stays";
  EXPECT_EQ(again[1].remaining, 11);
}

TEST(QuotaBoard, HasALimit) {
  Board board({.quotas = 3});
  for (const char* name : {"a", "b", "c", "d"}) offer(board, snapshot(name, 1));
  EXPECT_EQ(board.all().size(), 3U);
  EXPECT_EQ(board.dropped(), 1U) << "none of them is stored yet";
  static_cast<void>(board.take_changed());
  offer(board, snapshot("b", 5));
  offer(board, snapshot("c", 4));
  static_cast<void>(board.take_changed());
  offer(board, snapshot("d", 6));
  EXPECT_EQ(board.dropped(), 1U);
  const auto all = board.all();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].name, "b") << "what was seen longest ago made room";
}

}  // namespace
}  // namespace tokometer::quota
