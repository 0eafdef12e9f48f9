#include "json/query_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "json/number.h"
#include "json/text.h"

namespace tokometer::json {

std::vector<QueryRun::Item> QueryRun::run() {
  if (!root_) return {};
  return follow(tree_.path, root_);
}

std::string QueryRun::path(const Item& item) const {
  std::vector<const Step*> way;
  for (std::size_t step = item.step; step != 0; step = steps_[step].parent) way.push_back(&steps_[step]);
  std::string out = "$";
  for (auto step = way.rbegin(); step != way.rend(); ++step) {
    if ((*step)->is_member) {
      append_normalized((*step)->name, out);
    } else {
      append_normalized((*step)->index, out);
    }
  }
  return out;
}

QueryRun::Items QueryRun::follow(const Path& path, Node current) {
  Items items = {{.node = path.from_root ? root_ : current}};
  for (const Segment& segment : path.segments) {
    Items next;
    for (const Item& item : items) select(segment, item, next);
    items = std::move(next);
    if (exceeded_) break;
  }
  return items;
}

Node QueryRun::follow_singular(const Path& path, Node current) {
  Node node = path.from_root ? root_ : current;
  for (const Segment& segment : path.segments) {
    if (!go_on()) return {};
    const Selector& selector = segment.selectors.front();
    if (selector.type == Selector::Type::kName) {
      node = node[selector.name];
    } else {
      const auto size = static_cast<std::int64_t>(node.is_array() ? node.size() : 0);
      const std::int64_t index = selector.index < 0 ? selector.index + size : selector.index;
      node = index >= 0 && index < size ? node[static_cast<std::size_t>(index)] : Node();
    }
    if (!node) return {};
  }
  return node;
}

// Section 2.5: for a descendant segment, the node itself and then what is below it, in the document's order.
void QueryRun::select(const Segment& segment, const Item& item, Items& out) {
  if (!go_on()) return;
  for (const Selector& selector : segment.selectors) apply(selector, item, out);
  if (!segment.descendant) return;
  for_each_child(item, [&](const Item& below) { select(segment, below, out); });
}

void QueryRun::apply(const Selector& selector, const Item& item, Items& out) {
  switch (selector.type) {
    case Selector::Type::kName: {
      const Node node = item.node[selector.name];
      if (node) push(child(item, Member{selector.name, node}), out);
      return;
    }
    case Selector::Type::kIndex: {
      if (!item.node.is_array()) return;
      const auto size = static_cast<std::int64_t>(item.node.size());
      const std::int64_t index = selector.index < 0 ? selector.index + size : selector.index;
      if (index >= 0 && index < size) push(child(item, static_cast<std::size_t>(index)), out);
      return;
    }
    case Selector::Type::kWildcard:
      return for_each_child(item, [&](const Item& below) { push(below, out); });
    case Selector::Type::kSlice:
      return apply_slice(selector.slice, item, out);
    case Selector::Type::kFilter:
      return for_each_child(item, [&](const Item& below) {
        if (go_on() && test(*selector.filter, below.node)) push(below, out);
      });
  }
}

// Section 2.3.4.2.2.
void QueryRun::apply_slice(const Slice& slice, const Item& item, Items& out) {
  if (!item.node.is_array() || slice.step == 0) return;
  const auto size = static_cast<std::int64_t>(item.node.size());
  const bool forward = slice.step > 0;
  const auto normalize = [size](std::int64_t index) { return index >= 0 ? index : size + index; };
  const std::int64_t start = normalize(slice.start.value_or(forward ? 0 : size - 1));
  const std::int64_t end = slice.end ? normalize(*slice.end) : (forward ? size : -1);
  if (forward) {
    const std::int64_t upper = std::clamp<std::int64_t>(end, 0, size);
    for (std::int64_t i = std::clamp<std::int64_t>(start, 0, size); i < upper && !exceeded_; i += slice.step) {
      push(child(item, static_cast<std::size_t>(i)), out);
    }
  } else {
    const std::int64_t lower = std::clamp<std::int64_t>(end, -1, size - 1);
    for (std::int64_t i = std::clamp<std::int64_t>(start, -1, size - 1); i > lower && !exceeded_; i += slice.step) {
      push(child(item, static_cast<std::size_t>(i)), out);
    }
  }
}

template <typename Visit>
void QueryRun::for_each_child(const Item& item, Visit visit) {
  if (item.node.is_array()) {
    for (std::size_t i = 0; i < item.node.size() && !exceeded_; ++i) visit(child(item, i));
  } else {
    for (const Member member : item.node.members()) {
      if (exceeded_) return;
      visit(child(item, member));
    }
  }
}

QueryRun::Item QueryRun::child(const Item& parent, const Member& member) {
  if (!keep_paths_) return {.node = member.value};
  steps_.push_back({.parent = parent.step, .name = member.name, .is_member = true});
  return {.node = member.value, .step = steps_.size() - 1};
}

QueryRun::Item QueryRun::child(const Item& parent, std::size_t index) {
  if (!keep_paths_) return {.node = parent.node[index]};
  steps_.push_back({.parent = parent.step, .name = {}, .index = index});
  return {.node = parent.node[index], .step = steps_.size() - 1};
}

void QueryRun::push(const Item& item, Items& out) {
  if (!go_on()) return;
  if (out.size() == limits_.max_nodes) {
    exceeded_ = true;
    return;
  }
  out.push_back(item);
}

bool QueryRun::go_on() {
  if (++steps_taken_ > limits_.max_steps) exceeded_ = true;
  return !exceeded_;
}

bool QueryRun::test(const Expression& expression, Node current) {
  const auto holds = [&](const Expression& operand) { return test(operand, current); };
  switch (expression.type) {
    case Expression::Type::kOr:
      return std::ranges::any_of(expression.operands, holds);
    case Expression::Type::kAnd:
      return std::ranges::all_of(expression.operands, holds);
    case Expression::Type::kNot:
      return !holds(expression.operands.front());
    case Expression::Type::kCompare:
      return compare(expression, current);
    case Expression::Type::kPath:
      if (expression.path.singular) return static_cast<bool>(follow_singular(expression.path, current));
      return !follow(expression.path, current).empty();
    case Expression::Type::kFunction:
      return matches(expression, current);
    case Expression::Type::kLiteral:
      return false;
  }
  return false;
}

// Section 2.3.5.2.2. Nothing equals Nothing; only numbers, and only strings, have an order.
bool QueryRun::compare(const Expression& expression, Node current) {
  const Operand left = value(expression.operands[0], current);
  const Operand right = value(expression.operands[1], current);
  const auto number = [](const Operand& operand) -> std::optional<std::string> {
    if (operand.count) return fmt::format("{}", *operand.count);
    if (operand.node.is_number()) return std::string(*operand.node.number());
    return std::nullopt;
  };
  bool equal_values = false;
  bool less = false;
  bool greater = false;
  if (left.count || right.count) {
    const auto a = number(left);
    const auto b = number(right);
    const int order = a && b ? compare_numbers(*a, *b) : 0;
    equal_values = a && b && order == 0;
    less = order < 0;
    greater = order > 0;
  } else {
    equal_values = equal(left.node, right.node);
    int order = 0;
    if (left.node.is_number() && right.node.is_number()) {
      order = compare_numbers(*left.node.number(), *right.node.number());
    } else if (left.node.is_string() && right.node.is_string()) {
      // The order of UTF-8's bytes is that of its code points.
      order = left.node.string()->compare(*right.node.string());
    }
    less = order < 0;
    greater = order > 0;
  }
  switch (expression.comparison) {
    case Comparison::kEqual:
      return equal_values;
    case Comparison::kNotEqual:
      return !equal_values;
    case Comparison::kLess:
      return less;
    case Comparison::kLessOrEqual:
      return less || equal_values;
    case Comparison::kGreater:
      return greater;
    case Comparison::kGreaterOrEqual:
      return greater || equal_values;
  }
  return false;
}

QueryRun::Operand QueryRun::value(const Expression& expression, Node current) {
  if (expression.type == Expression::Type::kLiteral) return {.node = expression.literal->root(), .count = {}};
  if (expression.type == Expression::Type::kPath) {
    return {.node = follow_singular(expression.path, current), .count = {}};
  }
  const Expression& argument = expression.operands.front();
  switch (expression.function) {
    case Function::kLength:
      return length(value(argument, current));
    case Function::kCount:
      return {.node = {}, .count = static_cast<std::int64_t>(follow(argument.path, current).size())};
    case Function::kValue: {
      const Items items = follow(argument.path, current);
      return {.node = items.size() == 1 ? items.front().node : Node(), .count = {}};
    }
    case Function::kMatch:
    case Function::kSearch:
      return {};
  }
  return {};
}

// Section 2.4.4.
QueryRun::Operand QueryRun::length(const Operand& operand) {
  if (const auto string = operand.node.string()) {
    return {.node = {}, .count = static_cast<std::int64_t>(count_code_points(*string))};
  }
  if (!operand.node.is_array() && !operand.node.is_object()) return {};
  return {.node = {}, .count = static_cast<std::int64_t>(operand.node.size())};
}

// Sections 2.4.6 and 2.4.7.
bool QueryRun::matches(const Expression& call, Node current) {
  const auto text = value(call.operands[0], current).node.string();
  if (!text) return false;
  const IRegexp* regexp = call.regexp.get();
  if (!call.pattern_is_literal) {
    const auto pattern = value(call.operands[1], current).node.string();
    if (!pattern) return false;
    if (!last_regexp_ || last_pattern_ != *pattern) {
      last_pattern_ = *pattern;
      last_regexp_ = IRegexp::compile(*pattern);
    }
    regexp = last_regexp_ ? &*last_regexp_ : nullptr;
  }
  if (regexp == nullptr) return false;
  return call.function == Function::kMatch ? regexp->matches(*text) : regexp->found_in(*text);
}

}  // namespace tokometer::json
