// QuerySet: queries compiled together, to be answered by an Extractor (extractor.h).
//
//   auto set = QuerySet::compile({{{"$.model"}, {"$.usage", Want::kValue, 4096}}});
//
// Queries are RFC 9535 text restricted to what can be answered in one pass
// without memory: child segments with one selector each, a name, an index from 0
// or a wildcard (`$.choices[*].delta.content`). The sink is told the position of
// the query in the list given to compile. Sets are immutable: threads share them.
//
// Not here: everything else of RFC 9535 (query.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tokometer::json {

enum class Want : std::uint8_t {
  kValue,    // the value itself
  kPresence  // that it is there, its kind and its size; costs no memory
};

struct WantedQuery {
  std::string text;
  Want want = Want::kValue;
  // A longer value (as it stands in the document) is reported as truncated, without its text.
  std::uint32_t max_bytes = 64 * 1024;
};

class QuerySet {
 public:
  static constexpr std::size_t kMaxSegments = 16;

  struct Limits {
    std::size_t max_queries = 256;
    std::size_t max_nodes = 4096;  // wildcards beside names multiply the nodes
  };

  // Compiles `queries`. kInvalid with the offset for text that is no query, kUnsupported for what
  // the Extractor cannot answer, kTooLarge past the limits. The empty list is fine and answers nothing.
  static Result<QuerySet> compile(std::span<const WantedQuery> queries) { return compile(queries, Limits()); }
  static Result<QuerySet> compile(std::span<const WantedQuery> queries, Limits limits);

  // How many queries there are.
  std::size_t size() const { return queries_.size(); }

  // --- What the Extractor walks: a tree of nodes, one per path that some query goes through.

  using NodeId = std::uint16_t;
  static constexpr NodeId kNone = 0xffff;  // no query goes this way

  struct Node {
    std::uint32_t names_begin = 0, names_end = 0;      // in names_
    std::uint32_t indices_begin = 0, indices_end = 0;  // in indices_
    std::uint32_t ends_begin = 0, ends_end = 0;        // in ends_: queries that end here
    std::uint32_t capture_bytes = 0;                   // the largest max_bytes among them
    NodeId any = kNone;                                // the wildcard's child, for every other name or index
    bool captures = false;                             // some query that ends here wants the value
    bool has_names = false;                            // leads into objects
    bool has_indices = false;                          // leads into arrays
    std::uint64_t name_filter = 0;                     // one bit per filter_bit() of its names
  };

  static constexpr NodeId root() { return 0; }
  const Node& node(NodeId id) const { return nodes_[id]; }
  NodeId child(NodeId parent, std::string_view name) const;
  NodeId child(NodeId parent, std::uint32_t index) const;
  std::span<const std::uint16_t> ends(const Node& node) const {
    return std::span(ends_).subspan(node.ends_begin, node.ends_end - node.ends_begin);
  }
  const WantedQuery& query(std::size_t position) const { return queries_[position]; }
  // Bytes of the longest member name that any query knows.
  std::size_t longest_name() const { return longest_name_; }

 private:
  struct NameEdge {
    std::string name;
    NodeId child;
  };
  struct IndexEdge {
    std::uint32_t index;
    NodeId child;
  };
  class Builder;

  std::vector<WantedQuery> queries_;
  std::vector<Node> nodes_;
  std::vector<NameEdge> names_;
  std::vector<IndexEdge> indices_;
  std::vector<std::uint16_t> ends_;
  std::size_t longest_name_ = 0;
};

}  // namespace tokometer::json
