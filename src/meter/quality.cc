#include "meter/quality.h"

#include <algorithm>
#include <array>

#include "base/count.h"
#include "meter/findings.h"

namespace tokometer::meter {
namespace {

using CountMember = Count Usage::*;

constexpr std::array kCounts = {&Usage::input_tokens,
                                &Usage::cache_read_input_tokens,
                                &Usage::cache_creation_input_tokens,
                                &Usage::cache_creation_1h_input_tokens,
                                &Usage::audio_input_tokens,
                                &Usage::cache_read_audio_input_tokens,
                                &Usage::image_input_tokens,
                                &Usage::tool_use_prompt_tokens,
                                &Usage::output_tokens,
                                &Usage::reasoning_output_tokens,
                                &Usage::audio_output_tokens,
                                &Usage::image_output_tokens,
                                &Usage::total_tokens,
                                &Usage::billed_input_tokens,
                                &Usage::billed_output_tokens};

bool exceeds(Count part, Count whole) { return part && whole && *part > *whole; }

bool contradicts(const Usage& usage) {
  const Count cache_write = usage.cache_creation_input_tokens;
  const Count cached = usage.cache_read_input_tokens && cache_write
                           ? Count(add_saturated(*usage.cache_read_input_tokens, *cache_write))
                           : usage.cache_read_input_tokens;
  return exceeds(cached, usage.input_tokens) || exceeds(cache_write, usage.input_tokens) ||
         exceeds(usage.cache_creation_1h_input_tokens, cache_write) ||
         exceeds(usage.reasoning_output_tokens, usage.output_tokens) ||
         exceeds(usage.audio_input_tokens, usage.input_tokens) ||
         exceeds(usage.audio_output_tokens, usage.output_tokens);
}

bool remove_absurd(Usage& usage) {
  bool any = false;
  for (const CountMember member : kCounts) {
    Count& count = usage.*member;
    if (!count || *count <= kMaxPlausibleCount) continue;
    count.reset();
    any = true;
  }
  if (!usage.input_tokens && !usage.output_tokens) usage.source = UsageSource::kNone;
  return any;
}

// Every call has input: what states output alone has kept something back, unless its input was left out as no count.
bool lacks_usage(const Usage& usage, bool left_out) {
  return usage.source == UsageSource::kNone || (usage.output_tokens && !usage.input_tokens && !left_out);
}

// Whether `other` gives every count that `usage` gives.
bool gives_all_of(const Usage& other, const Usage& usage) {
  for (const CountMember member : kCounts) {
    if (usage.*member && !(other.*member)) return false;
  }
  return true;
}

}  // namespace

void Verdict::count_in(Findings& findings) const {
  if (missing) findings.count(Fault::kMissingUsage);
  if (bad_count) findings.count(Fault::kBadCount);
  if (absurd_count) findings.count(Fault::kAbsurdCount);
  if (contradiction) findings.count(Fault::kContradiction);
  if (several_messages) findings.count(Fault::kSeveralMessages);
}

Verdict judge(UsageReading& reading, const Circumstances& circumstances) {
  Verdict verdict;
  verdict.absurd_count = remove_absurd(reading.usage);
  verdict.bad_count = reading.bad_count;
  verdict.contradiction = contradicts(reading.usage);
  verdict.several_messages = circumstances.several_messages;
  verdict.missing =
      circumstances.should_state_usage && lacks_usage(reading.usage, verdict.bad_count || verdict.absurd_count);
  return verdict;
}

bool have_same_counts(const Usage& one, const Usage& other) {
  return std::ranges::all_of(kCounts, [&](CountMember member) { return one.*member == other.*member; });
}

bool is_better(const UsageReading& other, const Verdict& its, const UsageReading& reading, const Verdict& ours) {
  return other.usage.source == UsageSource::kReported && its.problems() < ours.problems() &&
         gives_all_of(other.usage, reading.usage);
}

}  // namespace tokometer::meter
