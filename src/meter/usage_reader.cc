#include "meter/usage_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "json/document.h"
#include "json/extractor.h"
#include "json/number.h"

namespace tokometer::meter {
namespace {

using provider::CountName;
using provider::Expression;

// What a query selected, added up.
struct Selected {
  Count sum;
  bool bad = false;  // something that is no count was among it

  void add(json::Kind kind, std::string_view text) {
    if (kind == json::Kind::kNull) return;
    const bool number = kind == json::Kind::kNumber || kind == json::Kind::kString;  // some providers quote theirs
    const auto value = number ? json::to_int64(text) : std::nullopt;
    std::int64_t total = 0;
    if (!value || *value < 0 || __builtin_add_overflow(sum.value_or(0), *value, &total)) {
      bad = true;
    } else {
      sum = total;
    }
  }
  Count count() const { return bad ? std::nullopt : sum; }
};

// The sum of two plain decimals; empty if it has too many digits.
std::string decimal_sum(std::string_view one, std::string_view other) {
  const auto fraction = [](std::string_view number) {
    const auto point = number.find('.');
    return point == std::string_view::npos ? std::string_view() : number.substr(point + 1);
  };
  const std::size_t places = std::max(fraction(one).size(), fraction(other).size());
  const auto digits = [&](std::string_view number) {
    std::string text(number.substr(0, number.find('.')));
    text += fraction(number);
    text.append(places - fraction(number).size(), '0');
    return text;
  };
  std::string total = digits(one);
  std::string addend = digits(other);
  const std::size_t size = std::max(total.size(), addend.size()) + 1;
  total.insert(0, size - total.size(), '0');
  addend.insert(0, size - addend.size(), '0');
  int carry = 0;
  for (std::size_t i = size; i-- > 0;) {
    const int digit = (total[i] - '0') + (addend[i] - '0') + carry;
    total[i] = static_cast<char>('0' + digit % 10);
    carry = digit / 10;
  }
  return plain_decimal(total, static_cast<int>(places));
}

class UsageReader {
 public:
  UsageReader(const provider::UsageRules& rules, std::string_view details) : rules_(rules), details_(details) {
    const auto sink = [&](std::size_t query, const json::Value& value) { simple_[query].add(value.kind, value.text); };
    readable_ = !json::extract(rules.simple, details, sink);
    if (readable_ && (!rules.full.empty() || !rules.cost_usd.empty())) read_document();
  }

  bool readable() const { return readable_; }

  bool has_bad() const {
    for (const Selected& selected : simple_) {
      if (selected.bad) return true;
    }
    for (const Selected& selected : full_) {
      if (selected.bad) return true;
    }
    return false;
  }

  // Sets `alternative` if an operand other than the first of its alternatives gave the count, or a part of it.
  Count evaluate(const Expression& expression, bool& alternative) const {
    switch (expression.kind) {
      case Expression::Kind::kSimple:
        return simple_[expression.index].count();
      case Expression::Kind::kFull:
        return expression.index < full_.size() ? full_[expression.index].count() : std::nullopt;
      case Expression::Kind::kFirst:
        for (const Expression& operand : expression.operands) {
          const Count count = evaluate(operand, alternative);
          if (!count) continue;
          alternative = alternative || &operand != &expression.operands.front();
          return count;
        }
        return std::nullopt;
      case Expression::Kind::kSum:
        return sum(expression, alternative);
      case Expression::Kind::kDifference: {
        const Count whole = evaluate(expression.operands[0], alternative);
        const Count part = evaluate(expression.operands[1], alternative);
        if (!whole || !part || *part > *whole) return std::nullopt;
        return *whole - *part;
      }
      case Expression::Kind::kAtLeast: {
        const Count count = evaluate(expression.operands[0], alternative);
        const Count least = evaluate(expression.operands[1], alternative);
        return count && least && *least > *count ? std::nullopt : count;
      }
    }
    return std::nullopt;
  }

  std::string cost() const {
    if (!document_) return {};
    for (const std::vector<json::Query>& queries : rules_.cost_usd) {
      std::string total = "0";
      for (const json::Query& query : queries) {
        const auto number = query.first(document_->root()).number();
        const std::string part = number ? plain_decimal(*number, rules_.cost_scale) : std::string();
        total = part.empty() ? part : decimal_sum(total, part);
        if (total.empty()) break;
      }
      if (!total.empty()) return total;
    }
    return {};
  }

 private:
  void read_document() {
    auto document = json::Document::parse(std::string(details_));
    if (!document) return;
    document_ = std::move(*document);
    for (const json::Query& query : rules_.full) {
      Selected selected;
      const auto nodes = query.run(document_->root());
      if (nodes) {
        for (const json::Node node : *nodes) {
          selected.add(node.kind(), node.is_string() ? *node.string() : node.raw());
        }
      }
      full_.push_back(selected);
    }
  }

  Count sum(const Expression& expression, bool& alternative) const {
    Count total;
    for (const Expression& operand : expression.operands) {
      const Count count = evaluate(operand, alternative);
      if (!count) continue;
      std::int64_t next = 0;
      if (__builtin_add_overflow(total.value_or(0), *count, &next)) return std::nullopt;
      total = next;
    }
    return total;
  }

  const provider::UsageRules& rules_;
  std::string_view details_;
  std::array<Selected, provider::kMaxSimpleCounts> simple_;
  std::vector<Selected> full_;
  std::optional<json::Document> document_;
  bool readable_ = false;
};

Count& member(Usage& usage, CountName name) {
  switch (name) {
    case CountName::kInputTokens:
      return usage.input_tokens;
    case CountName::kCacheReadInputTokens:
      return usage.cache_read_input_tokens;
    case CountName::kCacheCreationInputTokens:
      return usage.cache_creation_input_tokens;
    case CountName::kCacheCreation1hInputTokens:
      return usage.cache_creation_1h_input_tokens;
    case CountName::kAudioInputTokens:
      return usage.audio_input_tokens;
    case CountName::kCacheReadAudioInputTokens:
      return usage.cache_read_audio_input_tokens;
    case CountName::kImageInputTokens:
      return usage.image_input_tokens;
    case CountName::kToolUsePromptTokens:
      return usage.tool_use_prompt_tokens;
    case CountName::kOutputTokens:
      return usage.output_tokens;
    case CountName::kReasoningOutputTokens:
      return usage.reasoning_output_tokens;
    case CountName::kAudioOutputTokens:
      return usage.audio_output_tokens;
    case CountName::kImageOutputTokens:
      return usage.image_output_tokens;
    case CountName::kTotalTokens:
      return usage.total_tokens;
    case CountName::kBilledInputTokens:
      return usage.billed_input_tokens;
    case CountName::kBilledOutputTokens:
      break;
  }
  return usage.billed_output_tokens;
}

// A side that is not stated, but follows from the total: whether there is one. No more than the other side is no word
// on this one: what has no output states its input as the total, too.
bool derive_side(const provider::UsageRules& rules, Usage& usage) {
  for (const CountName needed : {CountName::kInputTokens, CountName::kOutputTokens}) {
    if (std::ranges::find(rules.counts, needed, &std::pair<CountName, Expression>::first) == rules.counts.end()) {
      return false;
    }
  }
  if (!usage.total_tokens || usage.input_tokens.has_value() == usage.output_tokens.has_value()) return false;
  Count& missing = usage.input_tokens ? usage.output_tokens : usage.input_tokens;
  const std::int64_t stated = usage.input_tokens ? *usage.input_tokens : usage.output_tokens.value_or(0);
  if (*usage.total_tokens <= stated) return false;
  missing = *usage.total_tokens - stated;
  return true;
}

}  // namespace

UsageReading read_usage(const provider::UsageRules& rules, std::string_view details) {
  UsageReading reading;
  Usage& usage = reading.usage;
  usage.details = details;
  const UsageReader reader(rules, details);
  reading.readable = reader.readable();
  if (!reading.readable) return reading;
  bool alternative = false;
  for (const auto& [name, expression] : rules.counts) {
    const bool decides = name == CountName::kInputTokens || name == CountName::kOutputTokens;
    bool of_no_matter = false;
    member(usage, name) = reader.evaluate(expression, decides ? alternative : of_no_matter);
  }
  for (const auto& [tool, expression] : rules.tool_calls) {
    bool of_no_matter = false;
    if (const Count calls = reader.evaluate(expression, of_no_matter)) usage.tool_calls.emplace_back(tool, *calls);
  }
  alternative = derive_side(rules, usage) || alternative;
  usage.provider_cost_usd = reader.cost();
  reading.bad_count = reader.has_bad();
  if (usage.input_tokens || usage.output_tokens) {
    usage.source = UsageSource::kReported;
    usage.step = alternative ? UsageStep::kAlternative : UsageStep::kSpec;
  }
  return reading;
}

std::string plain_decimal(std::string_view number, int scale) {
  constexpr std::size_t kMaxDigits = 40;
  if (number.starts_with('-')) return {};
  const auto e = number.find_first_of("eE");
  int exponent = 0;
  if (e != std::string_view::npos) {
    auto text = number.substr(e + 1);
    if (text.starts_with('+')) text.remove_prefix(1);
    if (std::from_chars(text.data(), text.data() + text.size(), exponent).ec != std::errc{}) return {};
    if (exponent > 64 || exponent < -64) return {};
  }
  const auto mantissa = number.substr(0, e);
  const auto point = mantissa.find('.');
  std::string digits(mantissa.substr(0, point));
  int decimals = scale - exponent;
  if (point != std::string_view::npos) {
    digits += mantissa.substr(point + 1);
    decimals += static_cast<int>(mantissa.size() - point - 1);
  }
  if (decimals < 0) digits.append(static_cast<std::size_t>(-decimals), '0');
  const auto places = static_cast<std::size_t>(std::max(decimals, 0));
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  std::string whole = digits.substr(0, digits.size() - places);
  std::string fraction = digits.substr(digits.size() - places);
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
  fraction.erase(fraction.find_last_not_of('0') + 1);
  if (whole.size() + fraction.size() > kMaxDigits) return {};
  return fraction.empty() ? whole : whole + "." + fraction;
}

}  // namespace tokometer::meter
