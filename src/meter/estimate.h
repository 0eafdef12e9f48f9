// Counts the tokens of text where the provider does not say.
//
// Counting happens when the exchange has ended, on its worker: so it is bounded.
// Of a longer text two pieces are counted, its beginning and its end, and the
// rest is taken to be like them.
//
// Not here: which text (text_sample.h), what an exchange has said itself (exchange_meter.cc, turn_reader.cc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "meter/text_sample.h"
#include "meter/usage.h"

namespace tokometer::meter {

// Counts text as a model does. Shared by threads.
class TextCounter {
 public:
  virtual ~TextCounter() = default;
  // A request for `model` has begun: its text may have to be counted. Never waits.
  virtual void prepare(std::string_view model) const = 0;
  // How count() would count now: by what is known of the model, by the length of the text alone, or so only as long as
  // a table is being loaded, for which load() waits.
  enum class State : std::uint8_t { kReady, kMissing, kLoading };
  virtual State state(std::string_view model) const {
    static_cast<void>(model);
    return State::kReady;
  }
  virtual void load(std::string_view model) const { static_cast<void>(model); }
  // How many tokens `text` has for `model`, which may be empty. Never waits; `text` is at most kMaxCountedBytes long.
  virtual std::int64_t count(std::string_view model, std::string_view text) const = 0;
  // The tokens of a whole request by what is known of the model: its frame, tools and images beside the text. Nothing
  // where that is not known. Never waits; `body` is at most kMaxCountedRequestBytes long.
  virtual std::optional<std::int64_t> count_request(std::string_view model, std::string_view body) const {
    static_cast<void>(model), static_cast<void>(body);
    return std::nullopt;
  }
};

// Of one side of an exchange that are counted, half of them at each end.
inline constexpr std::size_t kMaxCountedBytes = std::size_t{32} << 10U;
// A longer request is counted by its text alone.
inline constexpr std::size_t kMaxCountedRequestBytes = std::size_t{64} << 10U;

// What a message costs beside its text: its role and the marks around it.
inline constexpr std::int64_t kTokensPerTurn = 4;

// The tokens of everything that `sample` is a part of.
std::int64_t estimate_tokens(const TextCounter& counter, std::string_view model, const TextSample& sample);

// What there is to count of one exchange.
struct Evidence {
  std::string model;    // may be empty
  std::string request;  // the whole request; empty if it was not kept as a whole, or is too long to be counted so
  TextSample input;
  TextSample output;
  // What the provider stated, it said before the end: an input of zero is a placeholder, a total is not the last.
  bool stated_early = false;
};

// Whether the input of `usage` is to be counted.
bool lacks_input(const Usage& usage, const Evidence& seen);

// Fills what `usage` lacks (UsageStep::kGuess where the counter has no table): input from the request, output from the
// text that was seen, if that is more than the provider had stated before it broke off. A total that the provider
// stated alone holds: what is in it beside the text that was seen is taken for output that is not shown. Nothing is
// known of output without text, and then nothing changes where the provider stated something, or where `must_answer`:
// there is no sign that a model was at work.
void estimate_usage(const TextCounter& counter, const Evidence& seen, bool must_answer, Usage& usage);

// What an estimate that had to be a guess can be made of once the table is loaded.
struct LaterEstimate {
  Evidence seen;
  bool must_answer = false;
  Usage stated;  // by the provider, before anything was estimated
};

// Waits for the table, and makes the estimate anew in the place of the guess in `usage`.
void finish_estimate(const TextCounter& counter, const LaterEstimate& later, Usage& usage);

// By the length of the text alone, for models whose tokenizer is not known: four bytes a token for ASCII, a little
// less than one token for each other character.
std::int64_t tokens_by_length(std::string_view text);

// Counts by nothing else.
class LengthCounter final : public TextCounter {
 public:
  void prepare(std::string_view) const override {}
  std::int64_t count(std::string_view, std::string_view text) const override { return tokens_by_length(text); }
};

}  // namespace tokometer::meter
