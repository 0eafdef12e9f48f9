#include "app/usage_guess.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "json/text.h"
#include "json/writer.h"

namespace tokometer::app {
namespace {

constexpr int kMaxUsageDepth = 6;
constexpr std::size_t kMaxLookedAtElements = 4;

enum class Meaning : std::uint8_t { kInput, kCacheRead, kCacheWrite, kOutput, kReasoning, kTotal };
constexpr std::size_t kMeanings = 6;

struct KnownName {
  std::string_view name;
  Meaning meaning;
  // Known to be left out of the count that it would be a part of, where a provider calls it so.
  bool apart = false;
};

// As providers call them (data/providers).
constexpr std::array kKnownNames = {
    KnownName{"input_tokens", Meaning::kInput},
    KnownName{"prompt_tokens", Meaning::kInput},
    KnownName{"inputTokens", Meaning::kInput},
    KnownName{"promptTokens", Meaning::kInput},
    KnownName{"promptTokenCount", Meaning::kInput},
    KnownName{"inputTokenCount", Meaning::kInput},
    KnownName{"prompt_token_count", Meaning::kInput},
    KnownName{"input_token_count", Meaning::kInput},
    KnownName{"prompt_eval_count", Meaning::kInput},
    KnownName{"tokens_evaluated", Meaning::kInput},
    KnownName{"total_input_tokens", Meaning::kInput},
    KnownName{"num_tokens_prompt_total", Meaning::kInput},
    KnownName{"tokens_in", Meaning::kInput},
    KnownName{"tokensIn", Meaning::kInput},
    KnownName{"cache_read_input_tokens", Meaning::kCacheRead, true},
    KnownName{"cacheReadInputTokens", Meaning::kCacheRead, true},
    KnownName{"cacheReadInputTokenCount", Meaning::kCacheRead, true},
    KnownName{"cached_tokens", Meaning::kCacheRead},
    KnownName{"cached_input_tokens", Meaning::kCacheRead},
    KnownName{"cachedContentTokenCount", Meaning::kCacheRead},
    KnownName{"cachedTokens", Meaning::kCacheRead},
    KnownName{"prompt_cache_hit_tokens", Meaning::kCacheRead},
    KnownName{"num_cached_tokens", Meaning::kCacheRead},
    KnownName{"prompt_eval_cached_count", Meaning::kCacheRead},
    KnownName{"cache_creation_input_tokens", Meaning::kCacheWrite, true},
    KnownName{"cacheWriteInputTokens", Meaning::kCacheWrite, true},
    KnownName{"cacheWriteInputTokenCount", Meaning::kCacheWrite, true},
    KnownName{"cache_write_tokens", Meaning::kCacheWrite},
    KnownName{"output_tokens", Meaning::kOutput},
    KnownName{"completion_tokens", Meaning::kOutput},
    KnownName{"outputTokens", Meaning::kOutput},
    KnownName{"completionTokens", Meaning::kOutput},
    KnownName{"candidatesTokenCount", Meaning::kOutput},
    KnownName{"outputTokenCount", Meaning::kOutput},
    KnownName{"completion_token_count", Meaning::kOutput},
    KnownName{"output_token_count", Meaning::kOutput},
    KnownName{"generated_token_count", Meaning::kOutput},
    KnownName{"generation_token_count", Meaning::kOutput},
    KnownName{"generated_tokens", Meaning::kOutput},
    KnownName{"eval_count", Meaning::kOutput},
    KnownName{"tokens_predicted", Meaning::kOutput},
    KnownName{"total_output_tokens", Meaning::kOutput},
    KnownName{"num_tokens_generated", Meaning::kOutput},
    KnownName{"tokens_out", Meaning::kOutput},
    KnownName{"tokensOut", Meaning::kOutput},
    KnownName{"reasoning_tokens", Meaning::kReasoning},
    KnownName{"reasoningTokens", Meaning::kReasoning},
    KnownName{"reasoning_output_tokens", Meaning::kReasoning},
    KnownName{"thinking_tokens", Meaning::kReasoning},
    KnownName{"thoughtsTokenCount", Meaning::kReasoning, true},
    KnownName{"total_tokens", Meaning::kTotal},
    KnownName{"totalTokens", Meaning::kTotal},
    KnownName{"totalTokenCount", Meaning::kTotal},
    KnownName{"total_token_count", Meaning::kTotal},
};

// What the words of a name say of a count, where the whole name is nobody's. The first of these kinds that a word is of
// decides.
struct NameWords {
  Meaning meaning;
  std::array<std::string_view, 10> words;
};
constexpr std::array kNameWords = {
    NameWords{Meaning::kReasoning, {"reasoning", "thinking", "thought", "thoughts"}},
    NameWords{Meaning::kInput, {"in", "input", "inputs", "prompt", "prompts", "request", "context", "sent", "query"}},
    NameWords{Meaning::kOutput,
              {"out", "output", "outputs", "completion", "completions", "generated", "generation", "response", "answer",
               "received"}},
    NameWords{Meaning::kTotal, {"total", "sum", "all"}},
};
// Words of what is no count of this call's text: a limit, a rate, a part of another kind.
constexpr std::array<std::string_view, 19> kOtherWords = {
    "max",   "min",   "limit", "budget", "remaining", "left",  "per",  "rate",      "cost",     "price",
    "audio", "image", "video", "tool",   "ephemeral", "extra", "used", "predicted", "rejected",
};
constexpr std::array<std::string_view, 6> kWriteWords = {"write", "written", "writes", "creation", "create", "stored"};

struct Stated {
  std::string query;
  std::int64_t value = 0;
  bool apart = false;
  bool by_words = false;  // of its name
};
using Counts = std::array<std::optional<Stated>, kMeanings>;

std::optional<Stated>& of(Counts& counts, Meaning meaning) { return counts[static_cast<std::size_t>(meaning)]; }

// "in", "tokens" of "in_tokens", "in-tokens" and "inTokens".
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words;
  bool fresh = true;
  bool after_lower = false;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool letter = upper || (c >= 'a' && c <= 'z') || json::is_digit(c);
    if (letter && (fresh || (upper && after_lower))) words.emplace_back();
    if (letter) words.back() += upper ? static_cast<char>(c + ('a' - 'A')) : c;
    fresh = !letter;
    after_lower = letter && !upper;
  }
  return words;
}

// What a name means that nobody is known to use: it speaks of tokens, and of whose.
std::optional<Meaning> meaning_by_words(std::string_view name) {
  const std::vector<std::string> words = words_of(name);
  const auto has = [&](const auto& some) {
    return std::ranges::any_of(words,
                               [&](const std::string& word) { return std::ranges::find(some, word) != some.end(); });
  };
  if (!has(std::array<std::string_view, 3>{"token", "tokens", "toks"}) || has(kOtherWords)) return std::nullopt;
  if (has(std::array<std::string_view, 4>{"cache", "cached", "caching", "caches"})) {
    return has(kWriteWords) ? Meaning::kCacheWrite : Meaning::kCacheRead;
  }
  for (const NameWords& kind : kNameWords) {
    if (has(kind.words)) return kind.meaning;
  }
  return std::nullopt;
}

// The counts in `object` and in the objects of details within it; of several with one meaning the outermost, first.
// `by_words`: those whose names only their words tell.
void collect(json::Node object, const std::string& query, int depth, bool by_words, Counts& counts) {
  for (const auto [name, value] : object.members()) {
    const auto known = std::ranges::find(kKnownNames, name, &KnownName::name);
    const auto number = value.int64();
    if (!number || *number < 0 || (known != kKnownNames.end()) == by_words) continue;
    const auto meaning = by_words ? meaning_by_words(name) : std::optional(known->meaning);
    if (!meaning) continue;
    auto& stated = of(counts, *meaning);
    if (!stated) stated = Stated{member_query(query, name), *number, !by_words && known->apart, by_words};
  }
  if (depth == 0) return;
  for (const auto [name, value] : object.members()) {
    if (value.is_object()) collect(value, member_query(query, name), depth - 1, by_words, counts);
  }
}

// The same, by whole names before their words.
Counts counts_in(json::Node object, int depth) {
  Counts counts;
  collect(object, "$", depth, false, counts);
  collect(object, "$", depth, true, counts);
  return counts;
}

int score_of(json::Node object) {
  Counts own = counts_in(object, 0);
  if (!of(own, Meaning::kInput) && !of(own, Meaning::kOutput)) return 0;
  const Counts all = counts_in(object, 2);
  return static_cast<int>(std::ranges::count_if(all, [](const auto& stated) { return stated.has_value(); }));
}

void search(json::Node node, const std::string& query, int depth, std::optional<FoundUsage>& best) {
  if (node.is_object()) {
    const int score = score_of(node);
    if (score > 0 && (!best || score > best->score)) best = FoundUsage{query, node, score};
  }
  if (depth == 0) return;
  for (const auto [name, value] : node.members()) search(value, member_query(query, name), depth - 1, best);
  for (std::size_t i = 0; i < std::min(node.size(), kMaxLookedAtElements) && node.is_array(); ++i) {
    search(node[i], query + "[" + std::to_string(i) + "]", depth - 1, best);
  }
}

bool is_plain_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && plain(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return plain(c) || json::is_digit(c); });
}

// Whether what went in, came out and was thought adds up with or without `cache` and `reasoning`.
struct Fit {
  bool cache_apart;
  bool reasoning_apart;
};

// The only one of the four ways that adds up to `total`; nothing if none or several do.
std::optional<Fit> fit_to(std::int64_t total, std::int64_t base, std::int64_t cache, std::int64_t reasoning) {
  std::optional<Fit> only;
  for (const Fit fit : {Fit{false, false}, Fit{true, false}, Fit{false, true}, Fit{true, true}}) {
    const bool same_as_another = (fit.cache_apart && cache == 0) || (fit.reasoning_apart && reasoning == 0);
    if (same_as_another) continue;
    if (base + (fit.cache_apart ? cache : 0) + (fit.reasoning_apart ? reasoning : 0) != total) continue;
    if (only) return std::nullopt;
    only = fit;
  }
  return only;
}

}  // namespace

std::string member_query(std::string_view query, std::string_view name) {
  std::string text(query);
  if (is_plain_name(name)) return text.append(".").append(name);
  // RFC 9535, 2.3.1: within single quotes those and backslashes are escaped.
  text += "['";
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20) {
      text += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
      continue;
    }
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text += "']";
}

std::optional<FoundUsage> find_usage(json::Node root) {
  std::optional<FoundUsage> best;
  search(root, "$", kMaxUsageDepth, best);
  return best;
}

UsageGuess guess_counts(json::Node usage) {
  Counts counts = counts_in(usage, 2);
  const auto& input = of(counts, Meaning::kInput);
  const auto& cache_read = of(counts, Meaning::kCacheRead);
  const auto& cache_write = of(counts, Meaning::kCacheWrite);
  const auto& output = of(counts, Meaning::kOutput);
  const auto& reasoning = of(counts, Meaning::kReasoning);
  const auto& total = of(counts, Meaning::kTotal);
  const auto value = [](const std::optional<Stated>& stated) { return stated ? stated->value : 0; };

  const std::int64_t cache = value(cache_read) + value(cache_write);
  const auto fit = total ? fit_to(total->value, value(input) + value(output), cache, value(reasoning)) : std::nullopt;
  const bool has_cache = cache_read || cache_write;
  bool cache_apart = (cache_read && cache_read->apart) || (cache_write && cache_write->apart);
  std::string input_doubt;
  if (fit && cache > 0) {
    cache_apart = fit->cache_apart;
  } else if (cache > value(input)) {
    cache_apart = true;
  } else if (has_cache) {
    input_doubt = cache_apart ? "taken to leave the cache out, by its name" : "taken to contain what was cached";
  }
  bool reasoning_apart = reasoning && reasoning->apart;
  std::string output_doubt;
  if (fit && value(reasoning) > 0) {
    reasoning_apart = fit->reasoning_apart;
  } else if (value(reasoning) > value(output)) {
    reasoning_apart = true;
  } else if (reasoning) {
    output_doubt = reasoning_apart ? "taken to leave reasoning out, by its name" : "taken to contain reasoning";
  }

  UsageGuess guess;
  const auto add = [&](std::string_view name, const std::optional<Stated>& stated) {
    if (stated) guess.counts.push_back({std::string(name), {stated->query}, stated->value});
  };
  const auto join = [&](const std::optional<Stated>& part) {
    if (!part) return;
    guess.counts.back().queries.push_back(part->query);
    guess.counts.back().value += part->value;
  };
  add("input_tokens", input);
  if (input) {
    if (cache_apart) join(cache_read);
    if (cache_apart) join(cache_write);
    guess.counts.back().doubt = input_doubt;
  }
  add("cache_read_input_tokens", cache_read);
  add("cache_creation_input_tokens", cache_write);
  add("output_tokens", output);
  if (output) {
    if (reasoning_apart) join(reasoning);
    guess.counts.back().doubt = output_doubt;
  }
  add("reasoning_output_tokens", reasoning);
  add("total_tokens", total);
  for (UsageGuess::Count& count : guess.counts) {
    const auto is_it = [&](const std::optional<Stated>& stated) {
      return stated && stated->by_words && stated->query == count.queries.front();
    };
    if (count.doubt.empty() && std::ranges::any_of(counts, is_it)) count.doubt = "told by the words of its name";
  }
  return guess;
}

std::string UsageGuess::rules_json() const {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  for (const Count& count : counts) {
    writer.name(count.name);
    if (count.queries.size() == 1) {
      writer.string(count.queries.front());
      continue;
    }
    writer.begin_object().name("sum").begin_array();
    for (const std::string& query : count.queries) writer.string(query);
    writer.end_array().end_object();
  }
  writer.end_object();
  return text;
}

}  // namespace tokometer::app
