// Document: a small immutable JSON tree, for configuration, specs, usage objects and API requests.
//
//   auto document = Document::parse(text);
//   if (!document) return fail(document.error());      // "3:14: unexpected character"
//   if (auto host = document->root()["server"]["host"].string()) use(*host);
//   for (auto [name, value] : document->root().members()) ...
//
// RFC 8259 in full, strings must be valid UTF-8 (a lone surrogate escape becomes
// U+FFFD). Members keep their order; of members with the same name the last one
// counts, in its own place, and duplicates() tells of the others. Numbers keep
// their text. Every node knows its place, so that mistakes can be reported as
// FILE:LINE. The text is kept, nodes take 32 bytes each, and strings without
// escapes are views of the text.
//
// Not here: JSON that is too long to hold (extractor.h), queries (query.h), writing (writer.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "json/kind.h"

namespace tokometer::json {

// Both from 1; columns count code points.
struct Location {
  std::size_t line = 1;
  std::size_t column = 1;

  friend bool operator==(const Location&, const Location&) = default;
};

struct DocumentData;
struct Member;

// A value in a Document: two words, to be passed by value. Lives as long as its document, wherever that is
// moved, as do all views that it gives.
//
// The absent node stands for what is not there: it is false, its accessors give nullopt and its children are
// absent, so that paths can be followed without checking each step.
class Node {
 public:
  Node() = default;

  explicit operator bool() const { return data_ != nullptr; }

  // kNull for the absent node.
  Kind kind() const;
  bool is_null() const { return data_ != nullptr && kind() == Kind::kNull; }
  bool is_object() const { return kind() == Kind::kObject; }
  bool is_array() const { return kind() == Kind::kArray; }
  bool is_string() const { return kind() == Kind::kString; }
  bool is_number() const { return kind() == Kind::kNumber; }
  bool is_bool() const { return kind() == Kind::kBool; }

  // Nullopt where the value is of another kind, or not exactly such a number (number.h).
  std::optional<bool> boolean() const;
  std::optional<std::string_view> string() const;
  std::optional<std::string_view> number() const;  // verbatim
  std::optional<std::int64_t> int64() const;
  std::optional<std::int64_t> scaled(int scale) const;
  std::optional<double> to_double() const;

  // Members of an object, elements of an array; 0 for anything else.
  std::size_t size() const;
  // The member called `name`, the element at `index`; absent if there is none, or this is no such container.
  Node operator[](std::string_view name) const;
  Node operator[](std::size_t index) const;

  class Elements;
  class Members;
  // for (Node element : node.elements()); empty unless this is an array.
  Elements elements() const;
  // for (auto [name, value] : node.members()); empty unless this is an object.
  Members members() const;

  // The value as it stands in the text.
  std::string_view raw() const;
  // Where it starts in the text.
  std::size_t offset() const;
  Location location() const;

  // The same node of the same document.
  friend bool operator==(const Node&, const Node&) = default;

 private:
  friend class Document;
  friend struct Member;
  Node(const DocumentData* data, std::uint32_t slot) : data_(data), slot_(slot) {}

  const DocumentData* data_ = nullptr;
  std::uint32_t slot_ = 0;
};

struct Member {
  std::string_view name;
  Node value;

  // Where the name stands, for messages about it.
  Location name_location() const;
};

class Document {
 public:
  struct Limits {
    std::size_t max_bytes = std::size_t{64} * 1024 * 1024;
    std::size_t max_depth = 128;  // at most Reader::kMaxDepth
  };

  // Reads one whole JSON text. kInvalid with "LINE:COLUMN: what is wrong", or kTooLarge.
  static Result<Document> parse(std::string text) { return parse(std::move(text), Limits()); }
  static Result<Document> parse(std::string text, Limits limits);

  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();

  Node root() const;

  // Members that were overruled by a later one of the same name in the same object.
  struct Duplicate {
    std::string name;
    Location location;  // of the later name
  };
  std::vector<Duplicate> duplicates() const;

  std::string_view text() const;
  // Line and column of the byte at `offset`.
  Location location(std::size_t offset) const;

 private:
  explicit Document(std::unique_ptr<const DocumentData> data);
  std::unique_ptr<const DocumentData> data_;
};

// Line and column of the byte at `offset` of any text.
Location location(std::string_view text, std::size_t offset);

// Whether two values are equal as RFC 9535 2.3.5.2.2 has it: numbers by value, objects whatever their order.
bool equal(Node a, Node b);

class Node::Elements {
 public:
  class Iterator {
   public:
    using value_type = Node;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(Node parent, std::size_t index) : parent_(parent), index_(index) {}
    Node operator*() const { return parent_[index_]; }
    Iterator& operator++() { return ++index_, *this; }
    Iterator operator++(int) { return {parent_, index_++}; }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    Node parent_;
    std::size_t index_ = 0;
  };

  explicit Elements(Node parent) : parent_(parent) {}
  Iterator begin() const { return {parent_, 0}; }
  Iterator end() const { return {parent_, parent_.is_array() ? parent_.size() : 0}; }

 private:
  Node parent_;
};

class Node::Members {
 public:
  class Iterator {
   public:
    using value_type = Member;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(Node parent, std::size_t index) : parent_(parent), index_(index) {}
    Member operator*() const { return Members::at(parent_, index_); }
    Iterator& operator++() { return ++index_, *this; }
    Iterator operator++(int) { return {parent_, index_++}; }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    Node parent_;
    std::size_t index_ = 0;
  };

  explicit Members(Node parent) : parent_(parent) {}
  Iterator begin() const { return {parent_, 0}; }
  Iterator end() const { return {parent_, parent_.is_object() ? parent_.size() : 0}; }

 private:
  static Member at(Node parent, std::size_t index);
  Node parent_;
};

inline Node::Elements Node::elements() const { return Elements(*this); }
inline Node::Members Node::members() const { return Members(*this); }

}  // namespace tokometer::json
