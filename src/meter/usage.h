// What an exchange used, in tokens, whatever the provider's own habit.
//
// Counts follow OpenTelemetry GenAI: `input_tokens` is everything that went in,
// cache reads and writes included; `output_tokens` is everything that came out,
// reasoning included; the other counts are parts of those two. A count that the
// provider did not give is absent, never 0: absent, zero and estimated are three
// different things.
//
// Not here: how the counts are read (exchange_meter.h) and what they cost (pricing/).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tokometer::meter {

using Count = std::optional<std::int64_t>;

enum class UsageSource {
  kNone,       // nothing is known
  kReported,   // the provider said so
  kEstimated,  // counted by us
};

// "none", "reported", "estimated".
std::string_view to_string(UsageSource source);

// Which step gave the counts of input and output; the first that gave them soundly was taken (quality.h).
enum class UsageStep {
  kNone,
  kSpec,         // the places that the provider's spec names first
  kAlternative,  // another place that it names
  kGeneric,      // what all providers' usage looks like, wherever it stood
  kEstimate,     // counted by us; a part may still be the provider's
  kGuess,  // the same by the length of the text: the table of the model's tokens was not loaded yet, or there is none
};

// "", "spec", "alternative", "generic", "estimate", "guess".
std::string_view to_string(UsageStep step);

// Which of the counts of input and output were counted by us, where the source is kEstimated.
enum class EstimatedCounts {
  kUnsaid,  // nobody noted it: either may be
  kInput,
  kOutput,  // what was stated of it before the stream broke off, if that is more
  kBoth,
};

// "", "input", "output", "both".
std::string_view to_string(EstimatedCounts counts);

struct Usage {
  UsageSource source = UsageSource::kNone;
  UsageStep step = UsageStep::kNone;
  EstimatedCounts estimated = EstimatedCounts::kUnsaid;

  Count input_tokens;
  Count cache_read_input_tokens;         // part of input_tokens
  Count cache_creation_input_tokens;     // part of input_tokens, every lifetime together
  Count cache_creation_1h_input_tokens;  // part of cache_creation_input_tokens
  Count audio_input_tokens;              // part of input_tokens
  Count cache_read_audio_input_tokens;   // part of both audio_input_tokens and cache_read_input_tokens
  Count image_input_tokens;              // part of input_tokens
  Count tool_use_prompt_tokens;          // part of input_tokens
  Count output_tokens;
  Count reasoning_output_tokens;  // part of output_tokens
  Count audio_output_tokens;      // part of output_tokens
  Count image_output_tokens;      // part of output_tokens
  Count total_tokens;             // as the provider states it
  Count billed_input_tokens;      // only where the provider bills other counts than it uses
  Count billed_output_tokens;

  // Billed per call, by the provider's name for the tool: {"web_search", 2}.
  std::vector<std::pair<std::string, std::int64_t>> tool_calls;
  // The tier that the provider says it served ("default", "priority", "flex", "batch"); empty if unsaid.
  std::string service_tier;
  // The cost that the provider itself states, an exact decimal in USD; empty if unsaid.
  std::string provider_cost_usd;
  // The provider's usage object, verbatim JSON, so that cost can be computed again; empty if there is none.
  std::string details;
};

// Whether the count is ours.
bool is_input_estimated(const Usage& usage);
bool is_output_estimated(const Usage& usage);

}  // namespace tokometer::meter
