#include "meter/estimate.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tokometer::meter {
namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

}  // namespace

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
  bool input = false;
  if (!usage.input_tokens) {
    if (!seen.request.empty()) usage.input_tokens = counter.count_request(seen.model, seen.request);
    if (!usage.input_tokens) usage.input_tokens = tokens(seen.input);
    input = usage.input_tokens.has_value();
  }
  // What the stream had said of its output is a part of the whole.
  const Count out = tokens(seen.output);
  if (out) usage.output_tokens = std::max(*out, usage.output_tokens.value_or(0));
  if (!input && !out) return;
  usage.estimated = !out ? EstimatedCounts::kInput : input ? EstimatedCounts::kBoth : EstimatedCounts::kOutput;
  usage.total_tokens.reset();
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
