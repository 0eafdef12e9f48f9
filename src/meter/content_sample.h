// Keeps the beginning and the end of content while it passes, for the case that
// its usage has to be looked for or counted when it has ended.
//
// A copy in memory is all that it costs then; most exchanges never look at it.
// Of content longer than the limit the middle is dropped: half of the limit is
// kept of the beginning, and between a quarter and half of it of the end. What
// is kept does not depend on how the content was cut.
//
//   ContentSample sample(limit);
//   sample.add(bytes);                // of one document, or
//   sample.add_event("delta", data);  // the events of a stream: each whole or not at all
//
// Not here: what is looked for (usage_search.h) and counted (text_sample.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.h"

namespace tokometer::meter {

class ContentSample {
 public:
  // With a limit of 0 nothing is kept.
  explicit ContentSample(std::size_t max_bytes) : head_bytes_(max_bytes / 2), tail_bytes_(max_bytes / 4) {}

  // Either of the two, never both.
  void add(std::string_view bytes);
  void add_event(std::string_view type, std::string_view data);
  // Forgets everything, for good: nothing of the rest is wanted.
  void drop();

  // Something is still to be kept of what comes.
  bool is_open() const { return head_bytes_ > 0; }
  // Bytes of everything that was added.
  std::uint64_t total() const { return total_; }
  bool empty() const { return total_ == 0; }
  // Nothing is missing.
  bool whole() const { return kept_ == total_; }
  // There is something, nothing is missing, and it is no longer than that.
  bool is_within(std::size_t bytes) const { return total_ > 0 && whole() && total_ <= bytes; }
  // Of everything that was added, what part is kept, by bytes: from 0 to 1.
  double share() const { return total_ == 0 ? 1 : static_cast<double>(kept_) / static_cast<double>(total_); }
  // Of everything that was added, what part its beginning is.
  double head_share() const;

  // The beginning of a document; all of it, if it is whole().
  std::string head() const;
  // Each event that was kept, in order.
  void for_each_event(FunctionRef<void(std::string_view type, std::string_view data)> use) const;
  // Whether `word`, of at least two bytes, stands in what was kept.
  bool mentions(std::string_view word) const;
  // What was kept, in runs without gaps.
  std::vector<std::string> runs() const;

 private:
  void rotate();

  std::size_t head_bytes_;
  std::size_t tail_bytes_;  // of each of the two parts that the end is kept in
  std::string head_;
  std::string older_;
  std::string newer_;
  std::uint64_t total_ = 0;
  std::uint64_t kept_ = 0;
  std::uint64_t older_content_ = 0;  // of kept_: in older_ and newer_
  std::uint64_t newer_content_ = 0;
  bool head_full_ = false;
};

}  // namespace tokometer::meter
