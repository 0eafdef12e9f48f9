#include "provider/quota_rules.h"

#include "wire/fields.h"

namespace tokometer::provider {
namespace {

// Whether the last characters are the same: most fields of a head differ from a pattern there, if not in their length.
bool may_end_with(std::string_view text, std::string_view lower_case_end) {
  return lower_case_end.empty() || (text.back() | 0x20) == (lower_case_end.back() | 0x20);
}

}  // namespace

std::optional<std::string_view> CapturePattern::match(std::string_view text) const {
  if (capture.empty()) {
    if (text.size() != before.size() || !may_end_with(text, before) || !wire::iequals(text, before)) {
      return std::nullopt;
    }
    return std::string_view();
  }
  if (text.size() <= literal_length() || !may_end_with(text, after)) return std::nullopt;
  if (!may_end_with(text.substr(0, before.size()), before) || !wire::istarts_with(text, before)) return std::nullopt;
  if (!wire::iequals(text.substr(text.size() - after.size()), after)) return std::nullopt;
  return text.substr(before.size(), text.size() - literal_length());
}

std::string CapturePattern::fill(std::string_view value) const {
  return capture.empty() ? before : before + std::string(value) + after;
}

}  // namespace tokometer::provider
