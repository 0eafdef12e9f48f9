#include "pricing/list_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "json/number.h"
#include "pricing/model_name.h"

namespace tokometer::pricing {
namespace {

// What 64-bit floating point holds of any decimal.
constexpr std::size_t kExactDigits = 15;

std::string_view without_start(std::string_view name, const std::vector<std::string>& starts) {
  for (const std::string& start : starts) {
    if (name.starts_with(start) && name.size() > start.size()) return name.substr(start.size());
  }
  return name;
}

bool is_free(const Rates& rates) {
  return std::ranges::all_of(rates.prices, [](const auto& price) { return !price || *price == Price(); });
}

bool is_free(const Schedule& schedule) {
  const auto is_free_step = [](const LongContext& step) { return is_free(step.rates); };
  return is_free(schedule.base) && std::ranges::all_of(schedule.long_context, is_free_step);
}

// Without a price for input no call has a cost; and lists write 0 for what they do not know.
bool is_useless(const Entry& entry) {
  if (!entry.standard.base[Unit::kInput]) return true;
  return is_free(entry.standard) && entry.requests.empty() &&
         std::ranges::all_of(entry.tiers, [](const ServiceTier& tier) { return is_free(tier.schedule); });
}

bool is_absurd(const Rates& rates) {
  static const Price dearest = *Price::parse(std::to_string(kDearestPerMillion));
  return std::ranges::any_of(rates.prices, [](const auto& price) { return price && *price > dearest; });
}

// A slip of the unit in the prices of tokens.
bool is_absurd(const Model& model) {
  return std::ranges::any_of(model.entries, [](const Entry& entry) {
    return is_absurd(entry.standard.base) ||
           std::ranges::any_of(entry.tiers, [](const ServiceTier& tier) { return is_absurd(tier.schedule.base); });
  });
}

}  // namespace

std::string without_noise(std::string_view number) {
  const auto e = number.find_first_of("eE");
  int exponent = 0;
  if (e != std::string_view::npos) {
    std::string_view text = number.substr(e + 1);
    if (text.starts_with('+')) text.remove_prefix(1);
    if (std::from_chars(text.data(), text.data() + text.size(), exponent).ec != std::errc()) return std::string(number);
  }
  std::string digits;
  bool after_point = false;
  for (const char c : number.substr(0, e)) {
    if (c == '.') {
      after_point = true;
    } else if (c >= '0' && c <= '9') {
      digits += c;
      if (after_point) --exponent;
    }
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.size() <= kExactDigits || number.starts_with('-')) return std::string(number);
  exponent += static_cast<int>(digits.size() - kExactDigits);
  const bool up = digits[kExactDigits] >= '5';
  digits.resize(kExactDigits);
  if (up) {
    std::size_t place = digits.size();
    while (place > 0 && digits[place - 1] == '9') digits[--place] = '0';
    if (place > 0) {
      ++digits[place - 1];
    } else {
      digits.insert(0, 1, '1');
    }
  }
  while (digits.size() > 1 && digits.ends_with('0')) {
    digits.pop_back();
    ++exponent;
  }
  return fmt::format("{}e{}", digits, exponent);
}

const ListProvider* ListBuilder::provider(std::string_view from) const {
  const auto found = std::ranges::find(kind_.providers, from, &ListProvider::from);
  return found == kind_.providers.end() ? nullptr : &*found;
}

std::optional<Price> ListBuilder::price(std::string_view what, json::Node node, std::int64_t units) {
  const auto number = node.number();
  auto result = number ? Price::parse(without_noise(*number), units) : std::nullopt;
  if (number && !result && units == 1'000'000 && without_noise(*number) != *number) {
    // A fraction without end, as a twelfth of a dollar: the nearest price is meant.
    if (const auto rounded = parse_usd(*number)) result = Price::parse(usd_text(*rounded), units);
  }
  if (!result) refuse(fmt::format("\"{}\" is no price", what), node);
  return result;
}

void ListBuilder::refuse(std::string_view what, json::Node node) {
  if (!failure_.empty()) return;
  failure_ = what;
  failure_at_ = node.location();
}

bool ListBuilder::take_failure() { return !std::exchange(failure_, {}).empty(); }

void ListBuilder::add(const ListProvider& provider, Model model, json::Node node) {
  const auto own_name = [&](std::string_view name) {
    return std::string(without_start(name, provider.strip)) + provider.suffix;
  };
  model.id = own_name(model.id);
  if (is_absurd(model)) refuse("costs more than any model", node);
  if (!failure_.empty()) {
    ++skipped_count_;
    if (skipped_.size() < limits_.max_skipped) {
      skipped_.push_back(fmt::format("line {}: {}/{}: {}", failure_at_.line, provider.to, model.id, failure_));
    }
    failure_.clear();
    return;
  }
  const auto fits = [&](const std::string& name) { return !name.empty() && name.size() <= limits_.max_name_bytes; };
  const auto is_skipped = [&](const std::string& start) { return model.id.starts_with(start); };
  if (!fits(model.id) || std::ranges::any_of(provider.skip, is_skipped)) return;
  std::erase_if(model.entries, is_useless);
  if (model.entries.empty()) return;
  if (++models_ > limits_.max_models) {
    if (models_ == limits_.max_models + 1) {
      mistakes_.add(node.location(), fmt::format("more than {} models", limits_.max_models));
    }
    return;
  }
  model.provider = provider.to;
  for (std::string& alias : model.aliases) alias = own_name(alias);
  // What ends a name has no place behind a beginning of it.
  if (!provider.suffix.empty()) model.prefixes.clear();
  for (std::string& prefix : model.prefixes) prefix = own_name(prefix);
  std::erase_if(model.prefixes, [&](const std::string& prefix) { return !fits(prefix); });
  std::erase_if(model.aliases,
                [&](const std::string& alias) { return !fits(alias) || folded(alias) == folded(model.id); });
  for (Entry& entry : model.entries) entry.origin = Origin::kImported;
  model.sort_entries();
  PriceFile& file = files_[provider.to];
  file.provider = provider.to;
  // A list may name a model twice, by what it puts before the name: what it says first counts.
  if (ids_[provider.to].try_emplace(folded(model.id), file.models.size()).second) {
    file.models.push_back(std::move(model));
  }
}

PriceList ListBuilder::take() {
  PriceList list;
  list.kind = &kind_;
  for (auto& [name, file] : files_) list.files.push_back(std::move(file));
  list.skipped = std::move(skipped_);
  list.skipped_count = skipped_count_;
  return list;
}

}  // namespace tokometer::pricing
