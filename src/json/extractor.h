// Extractor: answers a QuerySet over JSON bytes as they pass.
//
//   Extractor extractor(set);  // one a stream; the set is shared
//   auto sink = [&](std::size_t query, const Value& value) { ... };
//   for (chunk : chunks) extractor.feed(chunk, sink);
//   if (!extractor.finish(sink)) count(extractor.error());
//   extractor.reset();         // the next document, without allocation
//
// No document is built. What no query asks for is passed over at the speed of
// memory and only checked for closed strings and brackets; everything on the
// way to an answer, and every answer, is held to RFC 8259 in full. How the
// bytes are cut never changes what the sink is told. State is some 700 bytes
// and the values that are being captured, each at most its query's max_bytes.
//
// Order and repetition: the sink is called when a value ends, so `$.usage.total`
// comes before `$.usage`. A name that occurs twice in an object, and a wildcard,
// call it more than once; for names the last call is the one to keep.
//
// Not here: framing (one document at a time: SSE data, NDJSON lines and array
// elements are cut apart in wire/), filters and descendants (query.h).
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "json/kind.h"
#include "json/query_set.h"
#include "json/reader.h"

namespace tokometer::json {

// An answer. Views live until the sink returns.
struct Value {
  Kind kind = Kind::kNull;
  // A string, decoded; a number, "true", "false" or "null" verbatim; an object or an array verbatim. Always
  // valid UTF-8. Empty where `truncated`, and for queries that want presence only.
  std::string_view text;
  // Bytes of the value as it stands in the document (quotes included), also where `text` is empty.
  std::uint64_t raw_size = 0;
  // The value is longer than its query's max_bytes.
  bool truncated = false;
  // `text` holds U+FFFD where the document had invalid UTF-8 or a lone surrogate.
  bool lossy = false;

  // The number if it is whole and fits ("12", "12.0", "1.2e1"); more in number.h.
  std::optional<std::int64_t> int64() const;
  // The boolean, nullopt for any other kind.
  std::optional<bool> boolean() const;
};

// Whom to tell: a reference to a callable, which must outlive the call it is passed to.
class Sink {
 public:
  template <typename F>
    requires(!std::same_as<std::remove_cvref_t<F>, Sink> && std::invocable<F&, std::size_t, const Value&>)
  // NOLINTNEXTLINE(google-explicit-constructor,bugprone-forwarding-reference-overload): stands for the callable
  Sink(F&& callable)
      : object_(const_cast<void*>(static_cast<const void*>(&callable))),
        call_([](void* object, std::size_t query, const Value& value) {
          (*static_cast<std::remove_reference_t<F>*>(object))(query, value);
        }) {}

  void operator()(std::size_t query, const Value& value) const { call_(object_, query, value); }

 private:
  void* object_;
  void (*call_)(void*, std::size_t, const Value&);
};

class Extractor {
 public:
  // `set` must outlive the extractor and stay where it is.
  explicit Extractor(const QuerySet& set);

  // Reads the next bytes and tells `sink` of every value that ends in them. False after a mistake in the
  // document: error() says which, what was told before stays told, and further bytes are ignored.
  bool feed(std::string_view bytes, Sink sink);

  // Says that the document ends here. False if it was wrong or cut short.
  bool finish(Sink sink);

  // The document's value has ended: only white space may follow.
  bool complete() const { return reader_.complete(); }

  // What is wrong, and at which byte; meaningful after false.
  ReadError error() const { return reader_.error(); }

  // Starts over with a new document. Keeps small buffers.
  void reset();

 private:
  // An open container that queries lead into.
  struct Frame {
    QuerySet::NodeId node;
    bool is_array;
    std::uint32_t index;  // of the element that comes next
  };
  // A value that some query asks for, while it is being read.
  struct Capture {
    std::uint64_t begin;  // offset of its first byte, for strings of the one after the quote
    QuerySet::NodeId node;
    std::uint16_t depth;  // containers around it
    bool keep;            // its bytes are wanted, and it is not too long yet
  };

  void handle(Token token, Sink sink);
  bool is_on_path(std::size_t depth) const { return depth == frame_count_; }
  QuerySet::NodeId value_node();
  void begin_container(bool is_array);
  void end_container(Kind kind, Sink sink);
  void name_piece();
  void member(QuerySet::NodeId node);
  void scalar_piece(Kind kind, Sink sink);
  void literal(Kind kind, std::string_view text, Sink sink);
  void begin_capture(QuerySet::NodeId node, std::uint64_t begin, std::size_t depth);
  void end_capture(Kind kind, std::uint64_t end, Sink sink);
  bool must_be_strict() const;
  void deliver(const QuerySet::Node& node, Value value, Sink sink);
  void save();

  const QuerySet* set_;
  Reader reader_;
  std::array<Frame, QuerySet::kMaxSegments + 1> frames_;
  std::array<Capture, QuerySet::kMaxSegments + 1> captures_;
  std::uint8_t frame_count_ = 0;
  std::uint8_t capture_count_ = 0;
  bool in_scalar_ = false;         // a scalar's first piece was seen, its last was not
  bool in_name_ = false;           // the same for a member's name
  QuerySet::NodeId next_ = 0;      // of the member whose name was read last
  std::string name_;               // a member's name that came in pieces, as it stands
  std::string saved_;              // bytes of open captures that came in earlier chunks
  std::uint64_t saved_begin_ = 0;  // offset of its first byte
  std::string decoded_;            // a string whose escapes were resolved
};

// Answers `set` over a document that is there as a whole. Nullopt if it is right, else the mistake.
std::optional<ReadError> extract(const QuerySet& set, std::string_view document, Sink sink);

}  // namespace tokometer::json
