// Runs a query's tree over a document (RFC 9535 section 2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "json/document.h"
#include "json/query.h"
#include "json/query_tree.h"

namespace tokometer::json {

class QueryRun {
 public:
  // `keep_paths`: path() will be asked. All arguments must outlive the run.
  QueryRun(const QueryTree& tree, Node root, const Query::RunLimits& limits, bool keep_paths)
      : tree_(tree), root_(root), limits_(limits), keep_paths_(keep_paths) {}

  // A node and how it was reached: an index into steps_, 0 for the root.
  struct Item {
    Node node;
    std::size_t step = 0;
  };

  // The nodes selected; not all of them if exceeded().
  std::vector<Item> run();
  bool exceeded() const { return exceeded_; }
  std::string path(const Item& item) const;

 private:
  struct Step {
    std::size_t parent = 0;
    std::string_view name;  // of the member; else of the element:
    std::size_t index = 0;
    bool is_member = false;
  };
  // What a comparison or a function works on (ValueType): a node of some document, a count, or Nothing.
  struct Operand {
    Node node;
    std::optional<std::int64_t> count;
  };
  using Items = std::vector<Item>;

  Items follow(const Path& path, Node current);
  Node follow_singular(const Path& path, Node current);
  void select(const Segment& segment, const Item& item, Items& out);
  void apply(const Selector& selector, const Item& item, Items& out);
  void apply_slice(const Slice& slice, const Item& item, Items& out);
  template <typename Visit>
  void for_each_child(const Item& item, Visit visit);
  Item child(const Item& parent, const Member& member);
  Item child(const Item& parent, std::size_t index);
  void push(const Item& item, Items& out);
  bool go_on();

  bool test(const Expression& expression, Node current);
  bool compare(const Expression& expression, Node current);
  Operand value(const Expression& expression, Node current);
  Operand length(const Operand& operand);
  bool matches(const Expression& call, Node current);

  const QueryTree& tree_;
  Node root_;
  const Query::RunLimits& limits_;
  bool keep_paths_;
  bool exceeded_ = false;
  std::size_t steps_taken_ = 0;
  std::vector<Step> steps_ = {Step()};
  std::string last_pattern_;  // the pattern from the document that was compiled last
  std::optional<IRegexp> last_regexp_;
};

}  // namespace tokometer::json
