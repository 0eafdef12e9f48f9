#include "app/har_reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace tokometer::app {
namespace {

struct Outcome {
  std::vector<std::string> entries;
  std::string error;
};

// Feeds `text` in pieces of `size`.
Outcome read(std::string_view text, std::size_t size, HarReader::Limits limits = {}) {
  HarReader reader(limits);
  Outcome outcome;
  Result<void> result;
  for (std::size_t at = 0; at < text.size() && result; at += size) {
    result = reader.feed(text.substr(at, size), [&](std::string_view entry) { outcome.entries.emplace_back(entry); });
  }
  if (result) result = reader.finish();
  if (!result) outcome.error = result.error().message;
  return outcome;
}

constexpr std::string_view kHar =
    R"({"x":{"log":{"entries":[{"no":1}]}},"log":{"version":"1.2","pages":[{"entries":[2]}],)"
    R"("entries":[{"a":{"b":[1,"]}"]}}, {"c":"\"}"} ,{}],"after":{"entries":[{"no":2}]}},"end":[]})";

TEST(HarReader, GivesTheEntriesAndNothingElseHoweverTheTextIsCut) {
  for (std::size_t size = 1; size <= kHar.size(); ++size) {
    const Outcome outcome = read(kHar, size);
    ASSERT_EQ(outcome.error, "") << size;
    ASSERT_EQ(outcome.entries, (std::vector<std::string>{R"({"a":{"b":[1,"]}"]}})", R"({"c":"\"}"})", "{}"})) << size;
  }
}

TEST(HarReader, TakesAFileWithoutEntriesButNotOneThatIsNoHar) {
  EXPECT_EQ(read(R"({"log":{"entries":[]}})", 5).error, "");
  EXPECT_EQ(read(R"({"log":{}})", 5).error, "is no HAR file: it has no log.entries");
  EXPECT_EQ(read(R"([{"log":{"entries":[{}]}}])", 5).error, "is no HAR file: it has no log.entries");
  EXPECT_EQ(read(R"({"log":[{"entries":[{}]}]})", 5).error, "is no HAR file: it has no log.entries");
}

TEST(HarReader, SaysThatATextIsCutShortAfterGivingWhatCameBefore) {
  const Outcome outcome = read(R"({"log":{"entries":[{"a":1},{"b":)", 7);
  EXPECT_EQ(outcome.entries, std::vector<std::string>{R"({"a":1})"});
  EXPECT_NE(outcome.error, "");
}

TEST(HarReader, RefusesWhatIsNoJson) {
  EXPECT_NE(read("GIF89a", 100).error, "");
  EXPECT_NE(read("", 100).error, "");
}

TEST(HarReader, HoldsTheLimitOfAnEntry) {
  const std::string text = R"({"log":{"entries":[{"a":")" + std::string(1000, 'x') + R"("}]}})";
  EXPECT_EQ(read(text, 64, {.entry_bytes = 2000}).error, "");
  EXPECT_EQ(read(text, 64, {.entry_bytes = 500}).error, "an entry is longer than 500 bytes");
}

}  // namespace
}  // namespace tokometer::app
