// Query: JSONPath over documents, RFC 9535 in full.
//
//   auto query = Query::compile("$.choices[?@.index == 0].message");
//   if (!query) return fail(query.error());             // "offset 9: unknown function \"foo\""
//   auto nodes = query->run(document->root());
//   for (Node node : *nodes) ...
//
// All selectors, filters and the functions length, count, match, search and
// value, with the well-typedness checks of section 2.4.3. Regular expressions
// are I-Regexp (RFC 9485) and run in time linear in their input. Compiled
// queries are immutable: threads share them.
//
// Not here: answers without a document, in constant memory (query_set.h, extractor.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "json/document.h"

namespace tokometer::json {

struct QueryTree;  // query_tree.h

// The `*` of a child segment.
struct Wildcard {
  friend bool operator==(const Wildcard&, const Wildcard&) = default;
};
// A child segment with a single selector: a name, an index (negative: from the end) or a wildcard.
using SimpleSegment = std::variant<std::string, std::int64_t, Wildcard>;

class Query {
 public:
  // What compiling may take.
  struct Limits {
    std::size_t max_bytes = 65'536;  // of the query's text
    std::size_t max_nesting = 64;    // of filters, parentheses and functions
  };
  // What running may take. Past them run() fails with kTooLarge.
  struct RunLimits {
    std::size_t max_nodes = 1'000'000;   // of any node list on the way, the result included
    std::size_t max_steps = 10'000'000;  // nodes and filters looked at
  };
  struct Located {
    Node node;
    std::string path;  // its normalized path (section 2.7): "$['a'][0]"
  };

  // Reads the text of a query. kInvalid: "offset N: what is wrong".
  static Result<Query> compile(std::string_view text) { return compile(text, Limits()); }
  static Result<Query> compile(std::string_view text, Limits limits);

  Query(Query&&) noexcept;
  Query& operator=(Query&&) noexcept;
  ~Query();

  // The nodes of the document under `root` that the query selects, in the order that the RFC says, with
  // repetitions. Fails with kTooLarge only.
  Result<std::vector<Node>> run(Node root) const { return run(root, RunLimits()); }
  Result<std::vector<Node>> run(Node root, RunLimits limits) const;
  // The same with their normalized paths.
  Result<std::vector<Located>> run_located(Node root) const { return run_located(root, RunLimits()); }
  Result<std::vector<Located>> run_located(Node root, RunLimits limits) const;
  // The first node selected; the absent node if there is none, or a limit was reached.
  Node first(Node root) const;

  // Names and indices only: at most one node (section 2.3.5.1).
  bool is_singular() const;
  // The names and indices of a singular query.
  std::optional<std::vector<SimpleSegment>> singular_segments() const;
  // The same for a query that may also hold wildcards.
  std::optional<std::vector<SimpleSegment>> simple_segments() const;

  const std::string& text() const;

 private:
  explicit Query(std::unique_ptr<const QueryTree> tree);
  std::unique_ptr<const QueryTree> tree_;
};

// Appends one segment of a normalized path: ['it\'s'] or [3].
void append_normalized(std::string_view name, std::string& path);
void append_normalized(std::size_t index, std::string& path);

}  // namespace tokometer::json
