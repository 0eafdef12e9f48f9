// What has been read of an exchange so far, while it is being read.
//
// Not here: where content comes from (body_reader.h, stream_reader.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json/extractor.h"
#include "meter/exchange_meter.h"
#include "provider/format.h"

namespace tokometer::meter {

class Findings {
 public:
  // Takes the answer `value` to query `query` of `rules`.
  void take(const provider::ContentRules& rules, std::size_t query, const json::Value& value);
  // Takes `text` for the slot of `pick`: it replaces a text that no better pick gave. Empty text says nothing.
  void put(const provider::Pick& pick, std::string_view text);

  bool has(provider::Slot slot) const { return !text(slot).empty(); }
  const std::string& text(provider::Slot slot) const { return texts_[static_cast<std::size_t>(slot)]; }
  // The text of `slot`, which is empty from then on.
  std::string take(provider::Slot slot);

  // From here on the first model and id of the response stay: a stream repeats them in every event.
  void keep_first() { keep_first_ = true; }
  // Whether an answer for `pick` would change nothing.
  bool settled(const provider::Pick& pick) const;

  void count(Fault fault) { ++faults_[static_cast<std::size_t>(fault)]; }
  // A limit was reached.
  void cut() {
    truncated_ = true;
    count(Fault::kTooLarge);
  }

  // Fills what `reading` says in texts, faults and truncation, but for its usage.
  void move_to(Reading& reading);
  std::vector<std::pair<std::string, std::int64_t>> take_tool_calls() { return std::move(tool_calls_); }

 private:
  static constexpr std::uint8_t kNoRank = 255;

  std::array<std::string, provider::kSlotCount> texts_;
  std::array<std::uint8_t, provider::kSlotCount> ranks_ = unranked();
  std::array<std::uint32_t, kFaultCount> faults_{};
  std::vector<std::pair<std::string, std::int64_t>> tool_calls_;
  bool truncated_ = false;
  bool keep_first_ = false;

  static constexpr std::array<std::uint8_t, provider::kSlotCount> unranked() {
    std::array<std::uint8_t, provider::kSlotCount> ranks{};
    ranks.fill(kNoRank);
    return ranks;
  }
};

}  // namespace tokometer::meter
