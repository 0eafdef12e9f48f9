// The syntax tree of a query, as RFC 9535 section 2 names its parts. Only query*.cc include this.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "json/document.h"
#include "json/i_regexp.h"

namespace tokometer::json {

struct Expression;

struct Slice {
  std::optional<std::int64_t> start;
  std::optional<std::int64_t> end;
  std::int64_t step = 1;
};

struct Selector {
  enum class Type : std::uint8_t { kName, kIndex, kWildcard, kSlice, kFilter };
  Type type = Type::kWildcard;
  std::string name;
  std::int64_t index = 0;
  Slice slice;
  std::shared_ptr<const Expression> filter;
};

struct Segment {
  bool descendant = false;
  std::vector<Selector> selectors;
};

struct Path {
  bool from_root = true;  // $, else @
  bool singular = true;
  std::vector<Segment> segments;
};

enum class Comparison : std::uint8_t { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

enum class Function : std::uint8_t { kLength, kCount, kMatch, kSearch, kValue };

struct Expression {
  enum class Type : std::uint8_t { kOr, kAnd, kNot, kCompare, kPath, kLiteral, kFunction };
  Type type = Type::kLiteral;
  std::vector<Expression> operands;  // of kOr, kAnd, kNot, kCompare; arguments of kFunction
  Comparison comparison = Comparison::kEqual;
  Function function = Function::kLength;
  Path path;                                // of kPath
  std::shared_ptr<const Document> literal;  // of kLiteral: a document of that one value
  std::shared_ptr<const IRegexp> regexp;    // of match and search whose pattern is a literal that is one
  bool pattern_is_literal = false;
};

struct QueryTree {
  std::string text;
  Path path;
};

}  // namespace tokometer::json
