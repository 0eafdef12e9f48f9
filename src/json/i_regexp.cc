#include "json/i_regexp.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <cstddef>
#include <string>

#include "json/text.h"

namespace tokometer::json {
namespace {

constexpr std::size_t kMaxNesting = 100;

// Reads a pattern by the grammar of RFC 9485 section 4 and writes what it means in RE2's syntax.
class Translator {
 public:
  explicit Translator(std::string_view pattern) : rest_(pattern) {}

  std::optional<std::string> translate() {
    if (!alternatives(0) || !rest_.empty()) return std::nullopt;
    return std::move(out_);
  }

 private:
  bool alternatives(std::size_t nesting) {
    if (nesting > kMaxNesting) return false;
    while (!rest_.empty() && rest_.front() != ')') {
      if (take('|')) {
        out_ += '|';
      } else if (!atom(nesting) || !quantifier()) {
        return false;
      }
    }
    return true;
  }

  bool atom(std::size_t nesting) {
    if (take('(')) {
      out_ += "(?:";
      if (!alternatives(nesting + 1) || !take(')')) return false;
      out_ += ')';
      return true;
    }
    if (take('.')) {
      out_ += "[^\\n\\r]";
      return true;
    }
    if (take('[')) return brackets();
    if (take('\\')) return category(false) || single_escape();
    if (std::string_view("*+?{}]").find(rest_.front()) != std::string_view::npos) return false;
    // By the grammar these two stand for themselves, by the mappings of section 5 and the compliance suite of
    // RFC 9535 they are the ends of the text, as everywhere else.
    if (take('^') || take('$')) {
      out_ += consumed_;
      return true;
    }
    literal();
    return true;
  }

  bool quantifier() {
    if (rest_.empty()) return true;
    const char c = rest_.front();
    if (c == '*' || c == '+' || c == '?') {
      take(c);
      out_ += c;
      return true;
    }
    if (!take('{')) return true;
    out_ += '{';
    if (!count()) return false;
    if (take(',')) {
      out_ += ',';
      if (!rest_.empty() && is_digit(rest_.front()) && !count()) return false;
    }
    out_ += '}';
    return take('}');
  }

  bool count() {
    std::size_t digits = 0;
    while (digits < rest_.size() && is_digit(rest_[digits])) ++digits;
    out_ += rest_.substr(0, digits);
    rest_.remove_prefix(digits);
    return digits != 0;
  }

  // A class, after its opening bracket.
  bool brackets() {
    out_ += take('^') ? "[^" : "[";
    if (take('-')) {
      out_ += "\\-";
    } else if (!class_item()) {
      return false;
    }
    while (!rest_.empty()) {
      if (take(']')) {
        out_ += ']';
        return true;
      }
      if (take('-')) {
        out_ += "\\-";
        if (rest_.empty() || rest_.front() != ']') return false;
      } else if (!class_item()) {
        return false;
      }
    }
    return false;
  }

  bool class_item() {
    if (rest_.starts_with("\\p") || rest_.starts_with("\\P")) {
      take('\\');
      return category(true);
    }
    if (!class_character()) return false;
    if (!rest_.starts_with('-') || rest_.starts_with("-]")) return true;
    take('-');
    out_ += '-';
    return class_character();
  }

  bool class_character() {
    if (rest_.empty()) return false;
    if (take('\\')) return single_escape();
    if (std::string_view("-[]").find(rest_.front()) != std::string_view::npos) return false;
    literal();
    return true;
  }

  bool single_escape() {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    if (c == 'n' || c == 'r' || c == 't') {
      out_ += '\\';
      out_ += c;
    } else if (std::string_view("()*+-.?[\\]^{|}").find(c) != std::string_view::npos) {
      out_ += fmt::format("\\x{{{:x}}}", c);
    } else {
      return false;
    }
    take(c);
    return true;
  }

  // \p{..} or \P{..}, after the backslash.
  bool category(bool in_brackets) {
    if (!rest_.starts_with("p{") && !rest_.starts_with("P{")) return false;
    const bool complement = rest_.front() == 'P';
    const std::size_t end = rest_.find('}');
    if (end == std::string_view::npos) return false;
    const std::string_view name = rest_.substr(2, end - 2);
    constexpr std::string_view kCategories =
        " L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps Z Zl Zp Zs S Sc Sk Sm So C Cc Cf Cn Co ";
    if (name.empty() || name.find(' ') != std::string_view::npos ||
        kCategories.find(fmt::format(" {} ", name)) == std::string_view::npos) {
      return false;
    }
    rest_.remove_prefix(end + 1);
    if (name == "C" || name == "Cn") return unassigned(name == "C", complement, in_brackets);
    out_ += fmt::format("\\{}{{{}}}", complement ? 'P' : 'p', name);
    return true;
  }

  // RE2 does not know the unassigned code points: they are what no other category holds.
  bool unassigned(bool other, bool complement, bool in_brackets) {
    const std::string_view assigned =
        other ? "\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Z}" : "\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Z}\\p{Cc}\\p{Cf}\\p{Co}";
    if (in_brackets) {
      out_ += assigned;
      return complement;
    }
    out_ += fmt::format("[{}{}]", complement ? "" : "^", assigned);
    return true;
  }

  // The next character, standing for itself.
  void literal() {
    const char c = rest_.front();
    const bool is_alphanumeric = is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (is_alphanumeric || static_cast<unsigned char>(c) >= 0x80) {
      out_ += c;
    } else {
      out_ += fmt::format("\\x{{{:x}}}", c);
    }
    rest_.remove_prefix(1);
    while (!rest_.empty() && (static_cast<unsigned char>(rest_.front()) & 0xc0) == 0x80) {
      out_ += rest_.front();
      rest_.remove_prefix(1);
    }
  }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    consumed_ = c;
    return true;
  }

  std::string_view rest_;
  char consumed_ = 0;  // by take(), last
  std::string out_;
};

RE2::Options options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  return options;
}

}  // namespace

struct IRegexp::Compiled {
  explicit Compiled(const std::string& pattern) : regexp(pattern, options()) {}
  RE2 regexp;
};

IRegexp::IRegexp(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
IRegexp::IRegexp(IRegexp&&) noexcept = default;
IRegexp& IRegexp::operator=(IRegexp&&) noexcept = default;
IRegexp::~IRegexp() = default;

std::optional<IRegexp> IRegexp::compile(std::string_view pattern) {
  if (pattern.size() > kMaxPatternBytes) return std::nullopt;
  const auto translated = Translator(pattern).translate();
  if (!translated) return std::nullopt;
  auto compiled = std::make_unique<const Compiled>(*translated);
  if (!compiled->regexp.ok()) return std::nullopt;
  return IRegexp(std::move(compiled));
}

bool IRegexp::matches(std::string_view text) const {
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), compiled_->regexp);
}

bool IRegexp::found_in(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), compiled_->regexp);
}

}  // namespace tokometer::json
