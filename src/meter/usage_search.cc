#include "meter/usage_search.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

#include "json/reader.h"
#include "json/writer.h"
#include "meter/find_word.h"
#include "meter/usage_merge.h"
#include "meter/usage_reader.h"

namespace tokometer::meter {
namespace {

// Of objects of one name that are looked at: a response could be made of nothing else.
constexpr std::size_t kMaxCandidates = 1024;

// What follows the member name `word` (quoted) and its colon, from the value's first byte on; `text` goes on behind
// the name. Nothing if the name does not occur again.
std::optional<std::string_view> next_value(std::string_view& text, std::string_view word) {
  while (true) {
    const std::size_t found = find_word(text, word);
    if (found == std::string_view::npos) return std::nullopt;
    text.remove_prefix(found + word.size());
    const auto colon = text.find_first_not_of(" \t\r\n");
    if (colon == std::string_view::npos || text[colon] != ':') continue;
    const auto value = text.find_first_not_of(" \t\r\n", colon + 1);
    if (value != std::string_view::npos) return text.substr(value);
  }
}

// The object that `text` begins with; nothing if it is none, cut short or too long.
std::optional<std::string_view> leading_object(std::string_view text) {
  if (!text.starts_with('{')) return std::nullopt;
  json::Reader reader;
  reader.feed(text.substr(0, provider::kMaxUsageBytes));
  if (reader.next() != json::Token::kBeginObject) return std::nullopt;
  reader.skip();
  if (reader.next() != json::Token::kEndObject) return std::nullopt;
  return text.substr(0, static_cast<std::size_t>(reader.position()));
}

// How much of `text`, which begins with an object or array, belongs to it: up to its end, or to where it breaks off.
std::size_t leading_container(std::string_view text) {
  json::Reader reader;
  reader.feed(text);
  static_cast<void>(reader.next());
  reader.skip();
  static_cast<void>(reader.next());
  return static_cast<std::size_t>(reader.position());
}

// Empties the objects and arrays of every member called `word`.
void empty_members(std::string& text, std::string_view word) {
  for (std::string_view rest = text;;) {
    const auto value = next_value(rest, word);
    if (!value) return;
    if (!value->starts_with('{') && !value->starts_with('[')) continue;
    const std::size_t size = leading_container(*value);
    const auto begin = static_cast<std::size_t>(value->data() - text.data());
    // Both brackets stay, so that what is around it is still JSON.
    if (size > 2) std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(begin) + 1, size - 2, ' ');
    rest = std::string_view(text).substr(begin + std::max<std::size_t>(size, 1));
  }
}

std::string_view leading_digits(std::string_view text) {
  return text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
}

bool says_something(const provider::Format& generic, std::string_view object) {
  return read_usage(generic.usage, object).usage.source == UsageSource::kReported;
}

}  // namespace

std::string find_usage(const provider::Format& generic, const ContentSample& content) {
  auto runs = content.runs();
  for (std::string& run : runs) {
    for (const std::string& word : generic.search.skip) empty_members(run, word);
  }
  for (const std::string& word : generic.search.objects) {
    std::string usage;
    std::size_t candidates = 0;
    for (std::string_view text : runs) {
      while (candidates < kMaxCandidates) {
        const auto value = next_value(text, word);
        if (!value) break;
        ++candidates;
        const auto object = leading_object(*value);
        if (!object || !says_something(generic, *object)) continue;
        usage = combined_counts(generic.usage, usage, *object, provider::Combine::kMaximum);
      }
    }
    if (!usage.empty() && usage.size() <= provider::kMaxUsageBytes) return usage;
  }
  std::string members;
  json::Writer writer(members);
  writer.begin_object();
  for (const std::string& word : generic.search.members) {
    std::string_view last;
    for (std::string_view text : runs) {
      while (const auto value = next_value(text, word)) {
        if (const auto digits = leading_digits(*value); !digits.empty()) last = digits;
      }
    }
    if (!last.empty()) writer.raw_member(std::string_view(word).substr(1, word.size() - 2), last);
  }
  writer.end_object();
  return says_something(generic, members) ? members : std::string();
}

}  // namespace tokometer::meter
