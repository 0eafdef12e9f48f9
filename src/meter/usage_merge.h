// Puts the usage objects of one exchange together, as JSON text.
//
// Streams say what they used in pieces: at the start and at the end, or over and
// over. provider::Combine tells how a later object joins an earlier one.
//
// Not here: what the members mean (usage_reader.h).
#pragma once

#include <string>
#include <string_view>

#include "provider/format.h"

namespace tokometer::meter {

// `later` joined to `earlier` by `how`. Members keep their text unless numbers
// were added; null never takes the place of anything. Where one of the two is no
// JSON object, `later`; where one is empty, the other.
std::string combined(std::string_view earlier, std::string_view later, provider::Combine how);

// The same, and where the greater numbers of two objects make an input or output by `rules` that neither states, as of
// one that says the input in parts and one that says it as a whole, the later one holds.
std::string combined_counts(const provider::UsageRules& rules, std::string_view earlier, std::string_view later,
                            provider::Combine how);

// The usage of one stream, in which several messages may follow one another.
class UsageSum {
 public:
  UsageSum() = default;
  // Joins by combined_counts(). `rules` must outlive it.
  explicit UsageSum(const provider::UsageRules& rules) : rules_(&rules) {}

  // Joins `usage`. False, with nothing changed, if the outcome were longer than a usage object may be
  // (provider::kMaxUsageBytes): a hostile origin could make it grow without end.
  bool add(std::string_view usage, provider::Combine how);
  // A message begins: what comes is added to what was, or, if the message is the one before `again`, replaces it.
  // False as above, and then the message before is lost.
  bool begin(bool again);
  // What was stated last, if that is no part of a sum: of one message, and not to be added. Else empty.
  std::string last() const { return several_ ? std::string() : last_; }
  // The usage of all messages; empty if none was added.
  std::string take();

 private:
  static bool put(std::string& sum, std::string joined);

  const provider::UsageRules* rules_ = nullptr;
  std::string finished_;  // of the messages that have ended
  std::string current_;
  std::string last_;
  bool several_ = false;  // messages
};

}  // namespace tokometer::meter
