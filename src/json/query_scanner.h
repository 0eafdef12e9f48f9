// The words of a query: names, strings, numbers and white space (RFC 9535
// section 2.1.1 and appendix A), and the place of the first mistake.
//
// Not here: how they go together (query_parser.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tokometer::json {

class QueryScanner {
 public:
  // `text` must be valid UTF-8 and outlive the scanner.
  explicit QueryScanner(std::string_view text) : text_(text) {}

  std::string_view text() const { return text_; }
  std::size_t offset() const { return at_; }
  void go_back(std::size_t offset) { at_ = offset; }
  bool at_end() const { return at_ == text_.size(); }
  bool next_is(char c) const { return !at_end() && text_[at_] == c; }
  bool next_is_digit() const { return !at_end() && text_[at_] >= '0' && text_[at_] <= '9'; }

  bool take(char c);
  bool take(std::string_view word);
  void skip_space();

  // What follows gives false after a mistake.

  bool member_name(std::string& name);  // the shorthand of .name
  bool string(std::string& decoded);    // in either kind of quotes
  bool number(std::string_view& verbatim);
  bool optional_integer(std::optional<std::int64_t>& integer);  // absent if none starts here
  std::string_view word();                                      // a function's name or a keyword; may be empty

  // Notes the first mistake, here or at `offset`; always false.
  bool mistake(std::string_view what) { return mistake(what, at_); }
  bool mistake(std::string_view what, std::size_t offset);
  bool failed() const { return !message_.empty(); }
  const std::string& message() const { return message_; }

 private:
  std::string_view rest() const { return text_.substr(at_); }
  std::size_t skip_digits();
  bool escape(char quote, std::string& decoded);
  bool hex4(char32_t& unit);

  std::string_view text_;
  std::size_t at_ = 0;
  std::string message_;
};

}  // namespace tokometer::json
