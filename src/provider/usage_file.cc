// The key `usage` of a format: how counts follow from the provider's usage object.

#include <algorithm>

#include "provider/format_file.h"

namespace tokometer::provider {
namespace {

class UsageCompiler {
 public:
  explicit UsageCompiler(Mistakes& mistakes) : mistakes_(mistakes) {}

  UsageRules compile(const Merged& value) {
    ObjectReader reader(value, mistakes_);
    for (std::size_t i = 0; i < kCountNames; ++i) {
      const Merged* count = reader.any(count_names()[i]);
      if (count != nullptr) rules_.counts.emplace_back(static_cast<CountName>(i), expression(*count, count->node));
    }
    if (const Merged* tools = reader.object("tool_calls")) {
      for (const MergedMember& tool : tools->members) {
        if (tool.value.node.is_null()) continue;
        rules_.tool_calls.emplace_back(tool.name, expression(tool.value, tool.value.node));
      }
    }
    if (const Merged* cost = reader.object("cost_usd")) compile_cost(*cost);
    reader.finish();
    if (simple_.size() > kMaxSimpleCounts) mistakes_.add(value, "more than 64 queries");
    auto set = json::QuerySet::compile(simple_);
    if (set) {
      rules_.simple = std::move(*set);
    } else {
      mistakes_.add(value, set.error().message);
    }
    return std::move(rules_);
  }

 private:
  // `at` is where mistakes are reported: expressions in an array stand on the lines of their key.
  Expression expression(const Merged& at, json::Node node) {
    if (const auto path = node.string()) return leaf(at, *path);
    if (node.is_array()) return operands(at, Expression::Kind::kFirst, node);
    if (node.is_object() && node.size() == 1) {
      if (const json::Node sum = node["sum"]; sum.is_array()) return operands(at, Expression::Kind::kSum, sum);
      if (const json::Node difference = node["difference"]; difference.is_array() && difference.size() == 2) {
        return operands(at, Expression::Kind::kDifference, difference);
      }
      if (const json::Node at_least = node["at_least"]; at_least.is_array() && at_least.size() == 2) {
        return operands(at, Expression::Kind::kAtLeast, at_least);
      }
    }
    mistakes_.add(at,
                  "a count is a query, an array of alternatives, {\"sum\": [...]}, {\"difference\": [a, b]} or "
                  "{\"at_least\": [a, b]}");
    return {};
  }

  Expression operands(const Merged& at, Expression::Kind kind, json::Node nodes) {
    Expression expression{.kind = kind, .index = 0, .operands = {}};
    if (nodes.size() == 0) mistakes_.add(at, "an empty array says nothing");
    for (const json::Node node : nodes.elements()) expression.operands.push_back(this->expression(at, node));
    return expression;
  }

  Expression leaf(const Merged& at, std::string_view path) {
    auto query = json::Query::compile(path);
    if (!query) {
      mistakes_.add(at, query.error().message);
      return {};
    }
    json::WantedQuery wanted{.text = std::string(path), .want = json::Want::kValue, .max_bytes = kMaxTextBytes};
    if (json::QuerySet::compile(std::span(&wanted, 1))) {
      simple_.push_back(std::move(wanted));
      return {
          .kind = Expression::Kind::kSimple, .index = static_cast<std::uint16_t>(simple_.size() - 1), .operands = {}};
    }
    rules_.full.push_back(std::move(*query));
    return {
        .kind = Expression::Kind::kFull, .index = static_cast<std::uint16_t>(rules_.full.size() - 1), .operands = {}};
  }

  void compile_cost(const Merged& value) {
    ObjectReader reader(value, mistakes_);
    const Merged* from = reader.any("from");
    if (from == nullptr) {
      mistakes_.add(value, "\"cost_usd\" needs \"from\"");
    } else {
      const json::Node node = from->node;
      if (!node.is_array()) add_cost(*from, node);
      for (const json::Node alternative : node.elements()) add_cost(*from, alternative);
    }
    const auto scale = reader.integer("scale").value_or(0);
    if (scale < 0 || scale > 18) mistakes_.add(value, "\"scale\" must be from 0 to 18");
    rules_.cost_scale = static_cast<int>(std::clamp<std::int64_t>(scale, 0, 18));
    reader.finish();
  }

  // A query, or {"sum": [...]} of queries.
  void add_cost(const Merged& at, json::Node node) {
    auto& queries = rules_.cost_usd.emplace_back();
    const auto add = [&](json::Node text) {
      const auto path = text.string();
      auto query = path ? json::Query::compile(*path)
                        : fail(ErrorCode::kInvalid, R"(a cost is a query or {"sum": [...]} of queries)");
      if (query) {
        queries.push_back(std::move(*query));
      } else {
        mistakes_.add(at, query.error().message);
      }
    };
    const json::Node sum = node.is_object() && node.size() == 1 ? node["sum"] : json::Node();
    if (!sum.is_array() || sum.size() == 0) return add(node);
    for (const json::Node operand : sum.elements()) add(operand);
  }

  Mistakes& mistakes_;
  UsageRules rules_;
  std::vector<json::WantedQuery> simple_;
};

}  // namespace

const std::array<std::string_view, kCountNames>& count_names() {
  static constexpr std::array<std::string_view, kCountNames> kNames = {
      "input_tokens",
      "cache_read_input_tokens",
      "cache_creation_input_tokens",
      "cache_creation_1h_input_tokens",
      "audio_input_tokens",
      "cache_read_audio_input_tokens",
      "image_input_tokens",
      "tool_use_prompt_tokens",
      "output_tokens",
      "reasoning_output_tokens",
      "audio_output_tokens",
      "image_output_tokens",
      "total_tokens",
      "billed_input_tokens",
      "billed_output_tokens",
  };
  return kNames;
}

UsageRules compile_usage(const Merged& value, Mistakes& mistakes) { return UsageCompiler(mistakes).compile(value); }

}  // namespace tokometer::provider
