#include "json/query.h"

#include <fmt/format.h>

#include <utility>

#include "json/query_parser.h"
#include "json/query_run.h"
#include "json/query_tree.h"

namespace tokometer::json {
namespace {

std::unexpected<Error> too_large() { return fail(ErrorCode::kTooLarge, "the query takes too many nodes or steps"); }

}  // namespace

Query::Query(std::unique_ptr<const QueryTree> tree) : tree_(std::move(tree)) {}
Query::Query(Query&&) noexcept = default;
Query& Query::operator=(Query&&) noexcept = default;
Query::~Query() = default;

Result<Query> Query::compile(std::string_view text, Limits limits) {
  auto tree = parse_query(text, limits);
  if (!tree) return fail(std::move(tree.error()));
  return Query(std::make_unique<const QueryTree>(std::move(*tree)));
}

const std::string& Query::text() const { return tree_->text; }

Result<std::vector<Node>> Query::run(Node root, RunLimits limits) const {
  QueryRun run(*tree_, root, limits, false);
  const auto items = run.run();
  if (run.exceeded()) return too_large();
  std::vector<Node> nodes;
  nodes.reserve(items.size());
  for (const auto& item : items) nodes.push_back(item.node);
  return nodes;
}

Result<std::vector<Query::Located>> Query::run_located(Node root, RunLimits limits) const {
  QueryRun run(*tree_, root, limits, true);
  const auto items = run.run();
  if (run.exceeded()) return too_large();
  std::vector<Located> nodes;
  nodes.reserve(items.size());
  for (const auto& item : items) nodes.push_back({.node = item.node, .path = run.path(item)});
  return nodes;
}

Node Query::first(Node root) const {
  const auto nodes = run(root);
  return nodes && !nodes->empty() ? nodes->front() : Node();
}

bool Query::is_singular() const { return tree_->path.singular; }

std::optional<std::vector<SimpleSegment>> Query::singular_segments() const {
  if (!is_singular()) return std::nullopt;
  return simple_segments();
}

std::optional<std::vector<SimpleSegment>> Query::simple_segments() const {
  std::vector<SimpleSegment> simple;
  for (const Segment& segment : tree_->path.segments) {
    if (segment.descendant || segment.selectors.size() != 1) return std::nullopt;
    const Selector& selector = segment.selectors.front();
    switch (selector.type) {
      case Selector::Type::kName:
        simple.emplace_back(selector.name);
        break;
      case Selector::Type::kIndex:
        simple.emplace_back(selector.index);
        break;
      case Selector::Type::kWildcard:
        simple.emplace_back(Wildcard());
        break;
      default:
        return std::nullopt;
    }
  }
  return simple;
}

// RFC 9535 section 2.7: single quotes, and the escapes that JSON has for control characters.
void append_normalized(std::string_view name, std::string& path) {
  constexpr std::string_view kEscaped = "'\\\b\f\n\r\t";
  constexpr std::string_view kLetters = "'\\bfnrt";
  path += "['";
  for (const char c : name) {
    const std::size_t letter = kEscaped.find(c);
    if (letter != std::string_view::npos) {
      path += '\\';
      path += kLetters[letter];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      path += fmt::format("\\u{:04x}", c);
    } else {
      path += c;
    }
  }
  path += "']";
}

void append_normalized(std::size_t index, std::string& path) { path += fmt::format("[{}]", index); }

}  // namespace tokometer::json
