// Judges what was read of an exchange: whether its usage can be relied on.
//
// The rules, each a Fault that is counted in metrics where it holds:
//
//   missing_usage     a finished, successful call of an endpoint that bills and states its usage stated none, or
//                     output without input
//   bad_count         a stated count is no count: negative, fractional, no number
//   absurd_count      a stated count is above a thousand million, more than any call can use
//   contradiction     a part is greater than its whole: cached above input, reasoning above output, …
//   several_messages  usage was stated for several messages, of which one alone was kept
//
// A reading to which one applies is poor: the next step is asked (alternatives,
// generic shapes, estimate), and takes its place only if it is better. So what a
// provider states in contradiction to itself stays as it was stated, unless
// somewhere else in the response it stands without contradiction.
//
// Not here: the steps themselves (exchange_meter.cc).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "meter/usage.h"
#include "meter/usage_reader.h"

namespace tokometer::meter {

class Findings;

// No call uses more: a million times a long context. A count above it is left out.
inline constexpr std::int64_t kMaxPlausibleCount = 1'000'000'000;

struct Verdict {
  bool missing = false;
  bool bad_count = false;
  bool absurd_count = false;
  bool contradiction = false;
  bool several_messages = false;

  bool poor() const { return missing || bad_count || absurd_count || contradiction || several_messages; }
  int problems() const { return missing + bad_count + absurd_count + contradiction + several_messages; }
  void count_in(Findings& findings) const;
};

// What the judgement needs to know beside the reading.
struct Circumstances {
  bool should_state_usage = false;  // finished, successful, billed, of an endpoint that states its usage
  bool several_messages = false;
};

// Judges `reading`, from which it removes absurd counts.
Verdict judge(UsageReading& reading, const Circumstances& circumstances);

// Whether both give the same counts.
bool have_same_counts(const Usage& one, const Usage& other);

// Whether `other` is to take the place of `reading`: fewer rules apply to it, and it states all that `reading` does.
bool is_better(const UsageReading& other, const Verdict& its, const UsageReading& reading, const Verdict& ours);

}  // namespace tokometer::meter
