#include "meter/estimate.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tokometer::meter {
namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// Makes the counts of input and output, of which at least one is there, those that `total` is the sum of, as far as
// they allow it: the input was seen as a whole, of the output perhaps a part.
void fit_to(std::int64_t total, Usage& usage) {
  const std::int64_t shown = usage.output_tokens.value_or(0);
  if (shown > total) {
    usage.total_tokens.reset();
  } else if (usage.output_tokens && usage.input_tokens && shown <= total - *usage.input_tokens) {
    usage.output_tokens = total - *usage.input_tokens;
  } else {
    usage.input_tokens = total - shown;
  }
}

}  // namespace

bool lacks_input(const Usage& usage, const Evidence& seen) {
  return !usage.input_tokens || (seen.stated_early && *usage.input_tokens == 0);
}

std::int64_t estimate_tokens(const TextCounter& counter, std::string_view model, const TextSample& sample) {
  const std::string_view text = sample.text;
  double tokens = 0;
  if (text.size() <= kMaxCountedBytes) {
    tokens = static_cast<double>(counter.count(model, text));
  } else {
    std::size_t first = kMaxCountedBytes / 2;
    std::size_t second = text.size() - kMaxCountedBytes / 2;
    while (first > 0 && continues(text[first])) --first;
    while (second < text.size() && continues(text[second])) ++second;
    const auto counted = static_cast<double>(first + (text.size() - second));
    tokens =
        static_cast<double>(counter.count(model, text.substr(0, first)) + counter.count(model, text.substr(second))) *
        static_cast<double>(text.size()) / counted;
  }
  tokens += static_cast<double>(sample.turns * kTokensPerTurn);
  return std::llround(tokens / std::max(sample.share, 1e-9));
}

void estimate_usage(const TextCounter& counter, const Evidence& seen, bool must_answer, Usage& usage) {
  if (seen.output.empty() && (must_answer || usage.source == UsageSource::kReported)) return;
  const bool by_table = counter.state(seen.model) == TextCounter::State::kReady;
  const auto tokens = [&](const TextSample& sample) -> Count {
    if (sample.empty()) return std::nullopt;
    return estimate_tokens(counter, seen.model, sample);
  };
  const bool total_holds = usage.source == UsageSource::kNone && !seen.stated_early;
  Count input;
  if (lacks_input(usage, seen)) {
    if (!seen.request.empty()) input = counter.count_request(seen.model, seen.request);
    if (!input) input = tokens(seen.input);
    if (input) usage.input_tokens = input;
  }
  // What the stream had said of its output is a part of the whole.
  const Count out = tokens(seen.output);
  if (out) usage.output_tokens = std::max(*out, usage.output_tokens.value_or(0));
  if (!input && !out) return;
  if (!total_holds) usage.total_tokens.reset();
  if (usage.total_tokens) {
    fit_to(*usage.total_tokens, usage);
    input = usage.input_tokens;
  }
  usage.estimated = !out ? EstimatedCounts::kInput : input ? EstimatedCounts::kBoth : EstimatedCounts::kOutput;
  usage.source = UsageSource::kEstimated;
  usage.step = by_table ? UsageStep::kEstimate : UsageStep::kGuess;
}

void finish_estimate(const TextCounter& counter, const LaterEstimate& later, Usage& usage) {
  counter.load(later.seen.model);
  Usage anew = later.stated;
  estimate_usage(counter, later.seen, later.must_answer, anew);
  anew.tool_calls = std::move(usage.tool_calls);
  anew.service_tier = std::move(usage.service_tier);
  usage = std::move(anew);
}

std::int64_t tokens_by_length(std::string_view text) {
  std::int64_t ascii = 0;
  std::int64_t others = 0;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x80U) {
      ++ascii;
    } else if (!continues(c)) {
      ++others;
    }
  }
  return (ascii + 3) / 4 + (others * 4 + 4) / 5;
}

}  // namespace tokometer::meter
