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

  // The usage object, with what the rules count among its members; empty if there is neither.
  std::string take_usage();
  // Whether the last usage object stood at another than the first of the places that the spec names.
  bool usage_is_alternative() const { return usage_is_alternative_; }
  // What is taken from here on stands in another event of the stream.
  void begin_event();
  // The id that the event or document at hand states, also where an earlier one stays.
  const std::string& stated_id() const { return stated_id_; }
  // Usage was stated for another message before, and is lost.
  void lose_message() { lost_message_ = true; }
  bool lost_message() const { return lost_message_; }

  // An event has been read before which there was a finish reason, if `finished`; `usage` is whether it stated any. To
  // be told of each event: see error_broke_off().
  void note_event(bool finished, bool usage);
  // Whether an error was named before the answer had come to a proper end: by an event of its own, or by the one that
  // says the finish reason. What is stated with the error or after it is the last word: nothing was broken off then.
  bool error_broke_off() const { return error_within_ && !usage_since_error_; }

  // From here on the first model and id of the response stay: a stream repeats them in every event.
  void keep_first() { keep_first_ = true; }
  // Whether an answer for `pick` would change nothing.
  bool settled(const provider::Pick& pick) const;

  void count(Fault fault) { ++faults_[static_cast<std::size_t>(fault)]; }
  bool has(Fault fault) const { return faults_[static_cast<std::size_t>(fault)] != 0; }
  // Counts what `other` has counted as well.
  void add_faults(const Findings& other);
  // A limit was reached.
  void cut() {
    truncated_ = true;
    count(Fault::kTooLarge);
  }
  bool is_cut() const { return truncated_; }

  // Fills what `reading` says in texts, faults and truncation, but for its usage.
  void move_to(Reading& reading);
  std::vector<std::pair<std::string, std::int64_t>> take_tool_calls();

 private:
  static constexpr std::uint8_t kNoRank = 255;

  struct ToolCalls {
    std::string tool;
    std::int64_t calls = 0;
    std::int64_t here = 0;   // of them, in the event at hand
    bool is_stated = false;  // the provider said how many: nothing is counted any more
  };

  void take_tool(const provider::ToolPick& pick, const json::Value& value);
  void take_member(const std::string& name, const json::Value& value);

  std::array<std::string, provider::kSlotCount> texts_;
  std::array<std::uint8_t, provider::kSlotCount> ranks_ = unranked();
  std::array<std::uint32_t, kFaultCount> faults_{};
  std::vector<ToolCalls> tool_calls_;
  std::vector<std::pair<std::string, std::string>> usage_members_;  // names and values, as they stand
  std::string stated_id_;
  bool usage_is_alternative_ = false;
  bool lost_message_ = false;
  bool error_seen_ = false;
  bool error_within_ = false;  // it came before or with the finish reason
  bool usage_since_error_ = false;
  bool truncated_ = false;
  bool keep_first_ = false;

  static constexpr std::array<std::uint8_t, provider::kSlotCount> unranked() {
    std::array<std::uint8_t, provider::kSlotCount> ranks{};
    ranks.fill(kNoRank);
    return ranks;
  }
};

}  // namespace tokometer::meter
