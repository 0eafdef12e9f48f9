#include "json/extractor.h"

#include <limits>

#include "json/number.h"
#include "json/text.h"

namespace tokometer::json {
namespace {

// Buffers that grew beyond this are given back on reset().
constexpr std::size_t kKeptBuffer = 16 * 1024;

void empty(std::string& buffer) {
  buffer.clear();
  if (buffer.capacity() > kKeptBuffer) buffer.shrink_to_fit();
}

}  // namespace

std::optional<std::int64_t> Value::int64() const { return kind == Kind::kNumber ? to_int64(text) : std::nullopt; }

std::optional<bool> Value::boolean() const {
  if (kind != Kind::kBool || text.empty()) return std::nullopt;
  return text == "true";
}

Extractor::Extractor(const QuerySet& set) : set_(&set) {}

void Extractor::reset() {
  reader_.reset();
  frame_count_ = 0;
  capture_count_ = 0;
  in_scalar_ = false;
  in_name_ = false;
  empty(saved_);
  empty(decoded_);
}

bool Extractor::feed(std::string_view bytes, Sink sink) {
  reader_.feed(bytes);
  for (;;) {
    const Token token = reader_.next();
    if (token == Token::kError) return false;
    if (token == Token::kMore) break;
    handle(token, sink);
  }
  if (capture_count_ != 0) save();
  return true;
}

bool Extractor::finish(Sink sink) {
  reader_.feed({});  // the last bytes are gone by now: what is still needed of them was saved
  for (;;) {
    const Token token = reader_.finish();
    if (token <= Token::kError) return token == Token::kMore;
    handle(token, sink);
  }
}

void Extractor::handle(Token token, Sink sink) {
  switch (token) {
    case Token::kName:
      return name_piece();
    case Token::kBeginObject:
    case Token::kBeginArray:
      return begin_container(token == Token::kBeginArray);
    case Token::kEndObject:
      return end_container(Kind::kObject, sink);
    case Token::kEndArray:
      return end_container(Kind::kArray, sink);
    case Token::kString:
      return scalar_piece(Kind::kString, sink);
    case Token::kNumber:
      return scalar_piece(Kind::kNumber, sink);
    case Token::kTrue:
      return literal(Kind::kBool, "true", sink);
    case Token::kFalse:
      return literal(Kind::kBool, "false", sink);
    case Token::kNull:
      return literal(Kind::kNull, "null", sink);
    case Token::kMore:
    case Token::kError:
      return;
  }
}

// The node of the value that begins, whose container is on the path.
QuerySet::NodeId Extractor::value_node() {
  if (frame_count_ == 0) return QuerySet::root();
  Frame& frame = frames_[frame_count_ - 1U];
  if (!frame.is_array) return next_;
  const QuerySet::NodeId node = set_->child(frame.node, frame.index);
  if (frame.index != std::numeric_limits<std::uint32_t>::max()) ++frame.index;
  return node;
}

void Extractor::begin_container(bool is_array) {
  const std::size_t depth = reader_.depth() - 1;
  if (!is_on_path(depth)) return;
  const QuerySet::NodeId id = value_node();
  if (id != QuerySet::kNone) {
    const QuerySet::Node& node = set_->node(id);
    begin_capture(id, reader_.token_begin(), depth);
    if (is_array ? node.has_indices : node.has_names) {
      frames_[frame_count_++] = {.node = id, .is_array = is_array, .index = 0};
      return;
    }
  }
  if (!must_be_strict()) reader_.skip();
}

void Extractor::end_container(Kind kind, Sink sink) {
  if (is_on_path(reader_.depth() + 1)) --frame_count_;
  end_capture(kind, reader_.position(), sink);
}

// Names are compared as they stand, unless they came in pieces or hold escapes. What is longer than any name
// in the set could be, all of it escaped, is not collected further and so is none of them.
void Extractor::name_piece() {
  if (!is_on_path(reader_.depth())) return;
  const QuerySet::NodeId parent = frames_[frame_count_ - 1U].node;
  const std::string_view piece = reader_.piece();
  if (!in_name_ && reader_.piece_is_last() && !reader_.has_escape()) {
    return member(set_->child(parent, piece));
  }
  if (!in_name_) name_.clear();
  in_name_ = !reader_.piece_is_last();
  const std::size_t most = 6 * set_->longest_name() + 1;
  name_ += piece.substr(0, most - name_.size());
  if (in_name_) return;
  if (reader_.has_escape() && name_.size() < most) {
    std::string unescaped;
    append_unescaped(name_, unescaped);
    name_.swap(unescaped);
  }
  member(set_->child(parent, name_));
}

// The member whose value comes next is `node`.
void Extractor::member(QuerySet::NodeId node) {
  next_ = node;
  if (node == QuerySet::kNone && !must_be_strict()) reader_.ignore_value();
}

void Extractor::scalar_piece(Kind kind, Sink sink) {
  const std::size_t depth = reader_.depth();
  if (!is_on_path(depth)) return;
  const bool is_string = kind == Kind::kString;
  if (!in_scalar_) {
    const QuerySet::NodeId node = value_node();
    if (node != QuerySet::kNone) begin_capture(node, reader_.token_begin() + (is_string ? 1 : 0), depth);
  }
  in_scalar_ = !reader_.piece_is_last();
  if (!in_scalar_) end_capture(kind, reader_.position() - (is_string ? 1 : 0), sink);
}

void Extractor::literal(Kind kind, std::string_view text, Sink sink) {
  if (!is_on_path(reader_.depth())) return;
  const QuerySet::NodeId node = value_node();
  if (node == QuerySet::kNone) return;
  Value value;
  value.kind = kind;
  value.text = text;
  value.raw_size = text.size();
  deliver(set_->node(node), value, sink);
}

void Extractor::begin_capture(QuerySet::NodeId id, std::uint64_t begin, std::size_t depth) {
  const QuerySet::Node& node = set_->node(id);
  if (node.ends_begin == node.ends_end) return;
  captures_[capture_count_++] = {
      .begin = begin, .node = id, .depth = static_cast<std::uint16_t>(depth), .keep = node.captures};
}

// Tells of the value that ends at `end`, if it was asked for.
void Extractor::end_capture(Kind kind, std::uint64_t end, Sink sink) {
  if (capture_count_ == 0 || captures_[capture_count_ - 1U].depth != reader_.depth()) return;
  const Capture capture = captures_[--capture_count_];
  const QuerySet::Node& node = set_->node(capture.node);
  const std::uint64_t size = end - capture.begin;
  Value value;
  value.kind = kind;
  value.raw_size = size + (kind == Kind::kString ? 2 : 0);
  if (!capture.keep || value.raw_size > node.capture_bytes) return deliver(node, value, sink);

  const std::uint64_t chunk_begin = reader_.chunk_begin();
  const std::size_t saved_size = saved_.size();
  std::string_view raw;
  if (capture.begin >= chunk_begin) {
    raw = reader_.chunk().substr(capture.begin - chunk_begin, size);
  } else {
    saved_ += reader_.chunk().substr(0, end - chunk_begin);
    raw = std::string_view(saved_).substr(capture.begin - saved_begin_, size);
  }
  value.text = raw;
  if (kind == Kind::kString && reader_.has_escape()) {
    decoded_.clear();
    value.lossy = !append_unescaped(raw, decoded_);
    value.text = decoded_;
  } else if (!is_valid_utf8(raw)) {
    decoded_.clear();
    append_valid_utf8(raw, decoded_);
    value.lossy = true;
    value.text = decoded_;
  }
  deliver(node, value, sink);
  saved_.resize(saved_size);  // the chunk's bytes are saved once, at its end, where an outer value needs them
}

// A container's text is handed on verbatim, so that all inside it must be right: it is not skipped.
bool Extractor::must_be_strict() const {
  for (std::size_t i = 0; i < capture_count_; ++i) {
    if (set_->node(captures_[i].node).captures) return true;
  }
  return false;
}

void Extractor::deliver(const QuerySet::Node& node, Value value, Sink sink) {
  for (const std::uint16_t position : set_->ends(node)) {
    const WantedQuery& query = set_->query(position);
    Value told = value;
    told.truncated = query.want == Want::kValue && value.raw_size > query.max_bytes;
    if (told.truncated || query.want == Want::kPresence) {
      told.text = {};
      told.lossy = false;
    }
    sink(position, told);
  }
}

// Keeps what open captures need of a chunk whose end was reached.
void Extractor::save() {
  const std::uint64_t end = reader_.position();
  const Capture* outermost = nullptr;
  for (std::size_t i = 0; i < capture_count_; ++i) {
    Capture& capture = captures_[i];
    if (end - capture.begin > set_->node(capture.node).capture_bytes) capture.keep = false;
    if (capture.keep && outermost == nullptr) outermost = &capture;
  }
  if (outermost == nullptr) return empty(saved_);
  const std::uint64_t chunk_begin = reader_.chunk_begin();
  if (outermost->begin >= chunk_begin) {
    saved_ = reader_.chunk().substr(outermost->begin - chunk_begin);
  } else {
    saved_.erase(0, outermost->begin - saved_begin_);
    saved_ += reader_.chunk();
  }
  saved_begin_ = outermost->begin;
}

std::optional<ReadError> extract(const QuerySet& set, std::string_view document, Sink sink) {
  Extractor extractor(set);
  if (extractor.feed(document, sink) && extractor.finish(sink)) return std::nullopt;
  return extractor.error();
}

}  // namespace tokometer::json
