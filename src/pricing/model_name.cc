#include "pricing/model_name.h"

#include <algorithm>

namespace tokometer::pricing {
namespace {

// Whether `text` has the form `pattern`, in which '0' stands for any digit.
bool has_form(std::string_view text, std::string_view pattern) {
  return std::ranges::equal(text, pattern,
                            [](char c, char wanted) { return wanted == '0' ? c >= '0' && c <= '9' : c == wanted; });
}

}  // namespace

std::string folded(std::string_view name) {
  std::string result(name);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::string_view without_release(std::string_view name) {
  for (const std::string_view release : {"-00000000", "-0000-00-00", "@00000000", "@0000-00-00", "-latest", "-v0:0"}) {
    if (name.size() <= release.size()) continue;
    const std::size_t rest = name.size() - release.size();
    if (has_form(name.substr(rest), release)) return name.substr(0, rest);
  }
  return name;
}

std::optional<std::string_view> matched_part(std::string_view pattern, std::string_view text) {
  const auto star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text ? std::optional<std::string_view>("") : std::nullopt;
  const std::string_view before = pattern.substr(0, star);
  const std::string_view after = pattern.substr(star + 1);
  if (text.size() < before.size() + after.size() || !text.starts_with(before) || !text.ends_with(after)) {
    return std::nullopt;
  }
  return text.substr(before.size(), text.size() - before.size() - after.size());
}

std::optional<std::size_t> matched_start(std::string_view pattern, std::string_view text) {
  const auto star = pattern.find('*');
  const std::string_view before = pattern.substr(0, star);
  if (!text.starts_with(before)) return std::nullopt;
  if (star == std::string_view::npos) return before.size();
  const std::string_view after = pattern.substr(star + 1);
  const auto found = text.find(after, before.size());
  if (found == std::string_view::npos) return std::nullopt;
  return found + after.size();
}

std::size_t boundary_before(std::string_view name, std::size_t end) {
  return end == 0 ? std::string_view::npos : name.find_last_of("-@:", end - 1);
}

}  // namespace tokometer::pricing
