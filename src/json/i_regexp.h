// I-Regexp: the regular expressions of JSONPath (RFC 9485), run by RE2 in time
// linear in the text.
//
//   auto regexp = IRegexp::compile("[a-z]+");
//   regexp && regexp->matches("abc")
//
// Of the standard, two things are missing: a count above 1000 in a quantifier,
// and \p{C} or \p{Cn} inside brackets. They are refused like what is no I-Regexp.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

namespace tokometer::json {

class IRegexp {
 public:
  // Longer patterns are refused.
  static constexpr std::size_t kMaxPatternBytes = 16'384;

  // Nullopt if `pattern` (valid UTF-8) is no I-Regexp, or too large.
  static std::optional<IRegexp> compile(std::string_view pattern);

  IRegexp(IRegexp&&) noexcept;
  IRegexp& operator=(IRegexp&&) noexcept;
  ~IRegexp();

  bool matches(std::string_view text) const;   // all of it
  bool found_in(std::string_view text) const;  // some part of it

 private:
  struct Compiled;
  explicit IRegexp(std::unique_ptr<const Compiled> compiled);
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace tokometer::json
