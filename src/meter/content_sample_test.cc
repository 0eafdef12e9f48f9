#include "meter/content_sample.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace tokometer::meter {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string numbered(std::size_t size) {
  std::string text;
  while (text.size() < size) text += std::to_string(text.size()) + ",";
  text.resize(size);
  return text;
}

TEST(ContentSample, KeepsShortContentWhole) {
  ContentSample sample(64);
  sample.add("abc");
  sample.add("def");
  EXPECT_EQ(sample.head(), "abcdef");
  EXPECT_THAT(sample.runs(), ElementsAre("abcdef"));
  EXPECT_TRUE(sample.whole());
  EXPECT_EQ(sample.share(), 1);
}

TEST(ContentSample, KeepsBeginningAndEndOfLongContentWithinItsLimit) {
  const std::string text = numbered(1000);
  ContentSample sample(64);
  sample.add(text);
  const auto runs = sample.runs();
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0], text.substr(0, 32));
  EXPECT_GE(runs[1].size(), 16U);
  EXPECT_LE(runs[1].size(), 32U);
  EXPECT_TRUE(text.ends_with(runs[1]));
  EXPECT_EQ(sample.head(), runs[0]);
  EXPECT_EQ(sample.head_share(), 0.032);
}

TEST(ContentSample, IsTheSameHoweverItIsCut) {
  const std::string text = numbered(333);
  ContentSample whole(64);
  whole.add(text);
  for (std::size_t piece = 1; piece < 100; ++piece) {
    ContentSample cut(64);
    for (std::size_t at = 0; at < text.size(); at += piece) cut.add(std::string_view(text).substr(at, piece));
    EXPECT_EQ(cut.runs(), whole.runs()) << piece;
  }
}

std::vector<std::string> events_of(const ContentSample& sample) {
  std::vector<std::string> events;
  sample.for_each_event([&](std::string_view type, std::string_view data) {
    events.push_back(std::string(type) + "=" + std::string(data));
  });
  return events;
}

TEST(ContentSample, KeepsEventsWholeOrNotAtAll) {
  ContentSample sample(120);
  for (char c = 'a'; c <= 'z'; ++c) sample.add_event("t", std::string(10, c));
  const auto events = events_of(sample);
  ASSERT_GE(events.size(), 4U);
  EXPECT_EQ(events[0], "t=aaaaaaaaaa");
  EXPECT_EQ(events.back(), "t=zzzzzzzzzz");
  EXPECT_TRUE(std::ranges::is_sorted(events));
  EXPECT_NEAR(sample.share(), static_cast<double>(events.size()) / 26, 1e-9);
}

TEST(ContentSample, PassesOverAnEventThatIsTooLong) {
  ContentSample sample(120);
  sample.add_event("", std::string(1000, 'x'));
  sample.add_event("", "y");
  EXPECT_THAT(events_of(sample), ElementsAre("=y"));
}

TEST(ContentSample, KeepsNothingWithoutALimitAndAfterItIsDropped) {
  ContentSample none(0);
  none.add("abc");
  none.add_event("t", "abc");
  EXPECT_TRUE(none.empty());
  ContentSample dropped(64);
  dropped.add("abc");
  dropped.drop();
  dropped.add("def");
  EXPECT_TRUE(dropped.empty());
  EXPECT_THAT(dropped.head(), IsEmpty());
}

}  // namespace
}  // namespace tokometer::meter
