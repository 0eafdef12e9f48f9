#include "json/query_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <variant>

#include "json/query.h"

namespace tokometer::json {
namespace {

using Segments = std::vector<SimpleSegment>;

// Names that cannot be among those of a node have a bit that the node's filter lacks.
std::uint64_t filter_bit(std::string_view name) {
  const unsigned first = name.empty() ? 0 : static_cast<unsigned char>(name.front());
  return std::uint64_t{1} << ((first + 8 * name.size()) % 64);
}

}  // namespace

// Makes one node of all queries that agree on the way to it, so that the Extractor is in one node at a time:
// a wildcard's queries go into the children of the names and indices beside it as well.
class QuerySet::Builder {
 public:
  Builder(QuerySet& set, std::vector<Segments> segments, Limits limits)
      : set_(set), segments_(std::move(segments)), limits_(limits) {}

  Result<void> build() {
    std::vector<std::uint16_t> all(segments_.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
    if (!node(all, 0)) return fail(ErrorCode::kTooLarge, fmt::format("more than {} query nodes", limits_.max_nodes));
    return {};
  }

 private:
  using Queries = std::vector<std::uint16_t>;

  // The node where `queries` are after `depth` segments; nothing if there are too many nodes.
  std::optional<NodeId> node(const Queries& queries, std::size_t depth) {
    if (set_.nodes_.size() >= std::min<std::size_t>(limits_.max_nodes, kNone)) return std::nullopt;
    const auto id = static_cast<NodeId>(set_.nodes_.size());
    set_.nodes_.emplace_back();
    Node made;
    std::map<std::string, Queries> names;
    std::map<std::uint32_t, Queries> indices;
    Queries anywhere;
    made.ends_begin = static_cast<std::uint32_t>(set_.ends_.size());
    for (const std::uint16_t query : queries) {
      if (segments_[query].size() == depth) {
        end_here(query, made);
      } else if (std::holds_alternative<Wildcard>(segments_[query][depth])) {
        anywhere.push_back(query);
      }
    }
    made.ends_end = static_cast<std::uint32_t>(set_.ends_.size());
    for (const std::uint16_t query : queries) {
      if (segments_[query].size() == depth) continue;
      const SimpleSegment& segment = segments_[query][depth];
      if (const auto* name = std::get_if<std::string>(&segment)) {
        names.try_emplace(*name, anywhere).first->second.push_back(query);
      } else if (const auto* index = std::get_if<std::int64_t>(&segment)) {
        indices.try_emplace(static_cast<std::uint32_t>(*index), anywhere).first->second.push_back(query);
      }
    }

    std::vector<NameEdge> name_edges;
    for (const auto& [name, group] : names) {
      const auto child = node(group, depth + 1);
      if (!child) return std::nullopt;
      name_edges.push_back({name, *child});
      made.name_filter |= filter_bit(name);
      set_.longest_name_ = std::max(set_.longest_name_, name.size());
    }
    std::vector<IndexEdge> index_edges;
    for (const auto& [index, group] : indices) {
      const auto child = node(group, depth + 1);
      if (!child) return std::nullopt;
      index_edges.push_back({index, *child});
    }
    if (!anywhere.empty()) {
      const auto child = node(anywhere, depth + 1);
      if (!child) return std::nullopt;
      made.any = *child;
    }
    made.has_names = !names.empty() || made.any != kNone;
    made.has_indices = !indices.empty() || made.any != kNone;
    made.names_begin = static_cast<std::uint32_t>(set_.names_.size());
    std::ranges::move(name_edges, std::back_inserter(set_.names_));
    made.names_end = static_cast<std::uint32_t>(set_.names_.size());
    made.indices_begin = static_cast<std::uint32_t>(set_.indices_.size());
    std::ranges::move(index_edges, std::back_inserter(set_.indices_));
    made.indices_end = static_cast<std::uint32_t>(set_.indices_.size());
    set_.nodes_[id] = made;
    return id;
  }

  void end_here(std::uint16_t query, Node& made) {
    set_.ends_.push_back(query);
    const WantedQuery& wanted = set_.queries_[query];
    if (wanted.want != Want::kValue) return;
    made.captures = true;
    made.capture_bytes = std::max(made.capture_bytes, wanted.max_bytes);
  }

  QuerySet& set_;
  std::vector<Segments> segments_;
  Limits limits_;
};

Result<QuerySet> QuerySet::compile(std::span<const WantedQuery> queries, Limits limits) {
  if (queries.size() > std::min<std::size_t>(limits.max_queries, kNone)) {
    return fail(ErrorCode::kTooLarge, fmt::format("more than {} queries", limits.max_queries));
  }
  std::vector<Segments> all;
  for (const WantedQuery& wanted : queries) {
    const auto query = Query::compile(wanted.text);
    if (!query) return fail(query.error().code, fmt::format("query {}: {}", wanted.text, query.error().message));
    auto segments = query->simple_segments();
    if (!segments) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("query {}: only names, indices and wildcards can be read from a stream", wanted.text));
    }
    if (segments->size() > kMaxSegments) {
      return fail(ErrorCode::kTooLarge, fmt::format("query {}: more than {} segments", wanted.text, kMaxSegments));
    }
    for (const SimpleSegment& segment : *segments) {
      const auto* index = std::get_if<std::int64_t>(&segment);
      if (index != nullptr && (*index < 0 || *index >= std::numeric_limits<std::uint32_t>::max())) {
        return fail(ErrorCode::kUnsupported,
                    fmt::format("query {}: index {} cannot be read from a stream", wanted.text, *index));
      }
    }
    all.push_back(std::move(*segments));
  }
  QuerySet set;
  set.queries_.assign(queries.begin(), queries.end());
  if (auto built = Builder(set, std::move(all), limits).build(); !built) return fail(std::move(built.error()));
  return set;
}

QuerySet::NodeId QuerySet::child(NodeId parent, std::string_view name) const {
  const Node& from = nodes_[parent];
  if ((from.name_filter & filter_bit(name)) == 0) return from.any;
  for (std::uint32_t i = from.names_begin; i != from.names_end; ++i) {
    if (names_[i].name == name) return names_[i].child;
  }
  return from.any;
}

QuerySet::NodeId QuerySet::child(NodeId parent, std::uint32_t index) const {
  const Node& from = nodes_[parent];
  for (std::uint32_t i = from.indices_begin; i != from.indices_end; ++i) {
    if (indices_[i].index == index) return indices_[i].child;
  }
  return from.any;
}

}  // namespace tokometer::json
