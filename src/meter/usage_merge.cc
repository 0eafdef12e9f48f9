#include "meter/usage_merge.h"

#include <algorithm>
#include <utility>

#include "json/document.h"
#include "json/writer.h"
#include "meter/usage_reader.h"

namespace tokometer::meter {
namespace {

using provider::Combine;

void write(json::Node earlier, json::Node later, Combine how, json::Writer& writer);

void write_objects(json::Node earlier, json::Node later, Combine how, json::Writer& writer) {
  writer.begin_object();
  for (const json::Member member : earlier.members()) {
    writer.name(member.name);
    write(member.value, later[member.name], how, writer);
  }
  for (const json::Member member : later.members()) {
    if (!earlier[member.name]) writer.raw_member(member.name, member.value.raw());
  }
  writer.end_object();
}

void write(json::Node earlier, json::Node later, Combine how, json::Writer& writer) {
  if (!later || later.is_null()) {
    writer.raw(earlier.raw());
    return;
  }
  if (earlier.is_object() && later.is_object()) return write_objects(earlier, later, how, writer);
  if (how == Combine::kAdd && earlier.is_array() && later.is_array()) {
    writer.begin_array();
    for (const json::Node element : earlier.elements()) writer.raw(element.raw());
    for (const json::Node element : later.elements()) writer.raw(element.raw());
    writer.end_array();
    return;
  }
  const auto a = earlier.int64();
  const auto b = later.int64();
  std::int64_t sum = 0;
  if (a && b && how == Combine::kAdd && !__builtin_add_overflow(*a, *b, &sum)) {
    writer.number(sum);
  } else if (a && b && how == Combine::kMaximum) {
    writer.number(std::max(*a, *b));
  } else {
    writer.raw(later.raw());
  }
}

}  // namespace

std::string combined(std::string_view earlier, std::string_view later, Combine how) {
  if (later.empty()) return std::string(earlier);
  if (how == Combine::kSet || earlier.empty()) return std::string(later);
  const auto a = json::Document::parse(std::string(earlier));
  const auto b = json::Document::parse(std::string(later));
  if (!a || !b || !a->root().is_object() || !b->root().is_object()) return std::string(later);
  std::string out;
  json::Writer writer(out);
  write(a->root(), b->root(), how, writer);
  return out;
}

std::string combined_counts(const provider::UsageRules& rules, std::string_view earlier, std::string_view later,
                            Combine how) {
  std::string joined = combined(earlier, later, how);
  if (how != Combine::kMaximum || joined == earlier || joined == later) return joined;
  const auto counts = [&](std::string_view usage) { return read_usage(rules, usage).usage; };
  const Usage both = counts(joined);
  const Usage first = counts(earlier);
  const Usage second = counts(later);
  const Usage merged = counts(combined(earlier, later, Combine::kMerge));
  for (const auto member : {&Usage::input_tokens, &Usage::output_tokens}) {
    if (both.*member > std::max({first.*member, second.*member, merged.*member})) return std::string(later);
  }
  return joined;
}

bool UsageSum::add(std::string_view usage, Combine how) {
  last_ = how == Combine::kAdd ? std::string_view() : usage;
  return put(current_,
             rules_ != nullptr ? combined_counts(*rules_, current_, usage, how) : combined(current_, usage, how));
}

bool UsageSum::begin(bool again) {
  const std::string ended = std::exchange(current_, {});
  last_.clear();
  several_ = several_ || (!again && !ended.empty());
  return again || put(finished_, combined(finished_, ended, Combine::kAdd));
}

bool UsageSum::put(std::string& sum, std::string joined) {
  if (joined.size() > provider::kMaxUsageBytes) return false;
  sum = std::move(joined);
  return true;
}

std::string UsageSum::take() {
  put(finished_, combined(finished_, std::exchange(current_, {}), Combine::kAdd));
  return std::exchange(finished_, {});
}

}  // namespace tokometer::meter
