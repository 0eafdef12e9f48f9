#include "json/query_parser.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "json/query_scanner.h"
#include "json/text.h"

namespace tokometer::json {
namespace {

// RFC 9535 section 2.4.1.
enum class ValueClass : std::uint8_t { kValue, kLogical, kNodes };

struct Signature {
  std::string_view name;
  Function function;
  ValueClass result;
  ValueClass parameter;  // of every parameter
  std::size_t parameters;
};

constexpr std::array<Signature, 5> kFunctions = {{
    {"length", Function::kLength, ValueClass::kValue, ValueClass::kValue, 1},
    {"count", Function::kCount, ValueClass::kValue, ValueClass::kNodes, 1},
    {"match", Function::kMatch, ValueClass::kLogical, ValueClass::kValue, 2},
    {"search", Function::kSearch, ValueClass::kLogical, ValueClass::kValue, 2},
    {"value", Function::kValue, ValueClass::kValue, ValueClass::kNodes, 1},
}};

const Signature& signature(Function function) { return kFunctions[static_cast<std::size_t>(function)]; }

// What may stand on either side of a comparison, or be an argument of ValueType.
bool is_value(const Expression& expression) {
  switch (expression.type) {
    case Expression::Type::kLiteral:
      return true;
    case Expression::Type::kPath:
      return expression.path.singular;
    case Expression::Type::kFunction:
      return signature(expression.function).result == ValueClass::kValue;
    default:
      return false;
  }
}

// Every parse function gives false once there is a mistake, which the scanner then holds.
class Parser {
 public:
  Parser(std::string_view text, const Query::Limits& limits) : scan_(text), limits_(limits) {}

  Result<QueryTree> parse() {
    QueryTree tree;
    if (!scan_.take('$')) {
      scan_.mistake("a query starts with $");
    } else if (segments(tree.path) && !scan_.at_end()) {
      scan_.mistake("a segment starts with . or [");
    }
    if (scan_.failed()) return fail(ErrorCode::kInvalid, scan_.message());
    tree.text = scan_.text();
    return tree;
  }

 private:
  bool segments(Path& path) {
    for (;;) {
      // White space may stand between segments but belongs to nothing after the last one.
      const std::size_t before = scan_.offset();
      scan_.skip_space();
      Segment segment;
      if (scan_.take("..")) {
        segment.descendant = true;
        if (scan_.take('[') ? !bracketed(segment) : !shorthand(segment)) return false;
      } else if (scan_.take('.')) {
        if (!shorthand(segment)) return false;
      } else if (scan_.take('[')) {
        if (!bracketed(segment)) return false;
      } else {
        scan_.go_back(before);
        return true;
      }
      const bool one = segment.selectors.size() == 1 && (segment.selectors[0].type == Selector::Type::kName ||
                                                         segment.selectors[0].type == Selector::Type::kIndex);
      path.singular = path.singular && one && !segment.descendant;
      path.segments.push_back(std::move(segment));
    }
  }

  bool shorthand(Segment& segment) {
    Selector selector;
    if (!scan_.take('*')) {
      selector.type = Selector::Type::kName;
      if (!scan_.member_name(selector.name)) return false;
    }
    segment.selectors.push_back(std::move(selector));
    return true;
  }

  bool bracketed(Segment& segment) {
    do {
      scan_.skip_space();
      if (!selector(segment.selectors.emplace_back())) return false;
      scan_.skip_space();
    } while (scan_.take(','));
    return scan_.take(']') || scan_.mistake("expected , or ]");
  }

  bool selector(Selector& selector) {
    if (scan_.take('*')) return true;
    if (scan_.next_is('"') || scan_.next_is('\'')) {
      selector.type = Selector::Type::kName;
      return scan_.string(selector.name);
    }
    if (scan_.take('?')) {
      selector.type = Selector::Type::kFilter;
      scan_.skip_space();
      Expression filter;
      if (!alternatives(filter)) return false;
      selector.filter = std::make_shared<const Expression>(std::move(filter));
      return true;
    }
    return index_or_slice(selector);
  }

  bool index_or_slice(Selector& selector) {
    std::optional<std::int64_t> start;
    if (!scan_.optional_integer(start)) return false;
    const std::size_t before = scan_.offset();
    scan_.skip_space();
    if (!scan_.take(':')) {
      scan_.go_back(before);
      if (!start) return scan_.mistake("expected a selector");
      selector.type = Selector::Type::kIndex;
      selector.index = *start;
      return true;
    }
    selector.type = Selector::Type::kSlice;
    selector.slice.start = start;
    scan_.skip_space();
    if (!scan_.optional_integer(selector.slice.end)) return false;
    scan_.skip_space();
    if (!scan_.take(':')) return true;
    scan_.skip_space();
    std::optional<std::int64_t> step;
    if (!scan_.optional_integer(step)) return false;
    selector.slice.step = step.value_or(1);
    return true;
  }

  bool alternatives(Expression& out) { return joined(out, Expression::Type::kOr); }

  // Operands of || that are operands of &&.
  bool joined(Expression& out, Expression::Type type) {
    const bool is_or = type == Expression::Type::kOr;
    Expression all;
    all.type = type;
    for (;;) {
      Expression& operand = all.operands.emplace_back();
      if (is_or ? !joined(operand, Expression::Type::kAnd) : !basic(operand)) return false;
      const std::size_t before = scan_.offset();
      scan_.skip_space();
      if (!scan_.take(is_or ? "||" : "&&")) {
        scan_.go_back(before);
        break;
      }
      scan_.skip_space();
    }
    if (all.operands.size() == 1) {
      Expression only = std::move(all.operands.front());
      out = std::move(only);
    } else {
      out = std::move(all);
    }
    return true;
  }

  // A parenthesis, a comparison or a test.
  bool basic(Expression& out) {
    const bool negated = scan_.take('!');
    if (negated) scan_.skip_space();
    Expression inner;
    if (scan_.take('(')) {
      if (!parenthesis(inner)) return false;
    } else {
      const std::size_t start = scan_.offset();
      if (!operand(inner)) return false;
      if (!negated && !comparison(inner, start)) return false;
      if (inner.type != Expression::Type::kCompare && !check_test(inner, start)) return false;
    }
    if (!negated) {
      out = std::move(inner);
      return true;
    }
    out.type = Expression::Type::kNot;
    out.operands.push_back(std::move(inner));
    return true;
  }

  bool parenthesis(Expression& out) {
    if (!enter()) return false;
    scan_.skip_space();
    if (!alternatives(out)) return false;
    scan_.skip_space();
    --nesting_;
    return scan_.take(')') || scan_.mistake("expected )");
  }

  // If a comparison operator follows `left`, makes it the comparison.
  bool comparison(Expression& left, std::size_t left_offset) {
    static constexpr std::array<std::pair<std::string_view, Comparison>, 6> kOperators = {{
        {"==", Comparison::kEqual},
        {"!=", Comparison::kNotEqual},
        {"<=", Comparison::kLessOrEqual},
        {">=", Comparison::kGreaterOrEqual},
        {"<", Comparison::kLess},
        {">", Comparison::kGreater},
    }};
    const std::size_t before = scan_.offset();
    scan_.skip_space();
    for (const auto& [text, comparison] : kOperators) {
      if (!scan_.take(text)) continue;
      scan_.skip_space();
      const std::size_t right_offset = scan_.offset();
      Expression right;
      if (!operand(right)) return false;
      if (!is_value(left)) return scan_.mistake("cannot be compared", left_offset);
      if (!is_value(right)) return scan_.mistake("cannot be compared", right_offset);
      Expression whole;
      whole.type = Expression::Type::kCompare;
      whole.comparison = comparison;
      whole.operands.push_back(std::move(left));
      whole.operands.push_back(std::move(right));
      left = std::move(whole);
      return true;
    }
    scan_.go_back(before);
    return true;
  }

  bool check_test(const Expression& expression, std::size_t offset) {
    if (expression.type == Expression::Type::kLiteral) return scan_.mistake("a literal must be compared", offset);
    if (expression.type == Expression::Type::kFunction && signature(expression.function).result == ValueClass::kValue) {
      return scan_.mistake("the function's result must be compared", offset);
    }
    return true;
  }

  // A literal, a query or a function call.
  bool operand(Expression& out) {
    if (scan_.next_is('$') || scan_.next_is('@')) {
      if (!enter()) return false;
      out.type = Expression::Type::kPath;
      out.path.from_root = scan_.take('$');
      if (!out.path.from_root) scan_.take('@');
      const bool ok = segments(out.path);
      --nesting_;
      return ok;
    }
    if (scan_.next_is('"') || scan_.next_is('\'')) {
      std::string decoded;
      if (!scan_.string(decoded)) return false;
      std::string quoted;
      append_quoted(decoded, quoted);
      return literal(std::move(quoted), out);
    }
    if (scan_.next_is('-') || scan_.next_is_digit()) {
      std::string_view number;
      return scan_.number(number) && literal(std::string(number), out);
    }
    const std::size_t start = scan_.offset();
    const std::string_view word = scan_.word();
    if (scan_.take('(')) return call(word, start, out);
    if (word == "true" || word == "false" || word == "null") return literal(std::string(word), out);
    return scan_.mistake("expected a literal, a query or a function", start);
  }

  bool literal(std::string json, Expression& out) {
    auto document = Document::parse(std::move(json));
    if (!document) return scan_.mistake("no such literal");
    out.type = Expression::Type::kLiteral;
    out.literal = std::make_shared<const Document>(std::move(*document));
    return true;
  }

  bool call(std::string_view name, std::size_t start, Expression& out) {
    const Signature* found = nullptr;
    for (const Signature& known : kFunctions) {
      if (known.name == name) found = &known;
    }
    if (found == nullptr) return scan_.mistake(fmt::format("unknown function \"{}\"", name), start);
    if (!enter()) return false;
    out.type = Expression::Type::kFunction;
    out.function = found->function;
    scan_.skip_space();
    if (!scan_.next_is(')')) {
      do {
        scan_.skip_space();
        const std::size_t offset = scan_.offset();
        Expression& argument = out.operands.emplace_back();
        if (!operand(argument)) return false;
        const bool fits =
            found->parameter == ValueClass::kNodes ? argument.type == Expression::Type::kPath : is_value(argument);
        if (!fits) return scan_.mistake(fmt::format("{}() does not take that", name), offset);
        scan_.skip_space();
      } while (scan_.take(','));
    }
    --nesting_;
    if (!scan_.take(')')) return scan_.mistake("expected , or )");
    if (out.operands.size() != found->parameters) {
      return scan_.mistake(fmt::format("{}() takes {} arguments", name, found->parameters), start);
    }
    compile_pattern(out);
    return true;
  }

  // A literal pattern is compiled once; one that is no I-Regexp never matches (section 2.4.6).
  static void compile_pattern(Expression& call) {
    const bool takes_pattern = call.function == Function::kMatch || call.function == Function::kSearch;
    if (!takes_pattern || call.operands[1].type != Expression::Type::kLiteral) return;
    call.pattern_is_literal = true;
    const auto pattern = call.operands[1].literal->root().string();
    if (!pattern) return;
    if (auto regexp = IRegexp::compile(*pattern)) call.regexp = std::make_shared<const IRegexp>(std::move(*regexp));
  }

  bool enter() {
    return ++nesting_ <= limits_.max_nesting ||
           scan_.mistake(fmt::format("nested more than {} deep", limits_.max_nesting));
  }

  QueryScanner scan_;
  const Query::Limits& limits_;
  std::size_t nesting_ = 0;
};

}  // namespace

Result<QueryTree> parse_query(std::string_view text, const Query::Limits& limits) {
  if (text.size() > limits.max_bytes) {
    return fail(ErrorCode::kTooLarge, fmt::format("query longer than {} bytes", limits.max_bytes));
  }
  if (const std::size_t valid = valid_utf8_prefix(text); valid != text.size()) {
    return fail(ErrorCode::kInvalid, fmt::format("offset {}: not UTF-8", valid));
  }
  return Parser(text, limits).parse();
}

}  // namespace tokometer::json
