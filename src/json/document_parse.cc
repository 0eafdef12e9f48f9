#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "json/document.h"
#include "json/document_data.h"
#include "json/reader.h"
#include "json/text.h"

namespace tokometer::json {
namespace {

// Builds the slots of one text from the Reader's tokens. Children wait in `pending_` until their container
// ends and they can be laid side by side.
class Builder {
 public:
  Builder(DocumentData& data, std::size_t max_depth) : data_(data), max_depth_(std::min(max_depth, Reader::kMaxDepth)) {
    reader_.feed(data.text);
  }

  // ReadErrorCode::kNone if all is well.
  ReadError build() {
    for (;;) {
      Token token = reader_.next();
      if (token == Token::kMore) token = reader_.finish();
      if (token == Token::kMore) break;
      if (token == Token::kError) return reader_.error();
      if (!take(token)) return {.code = ReadErrorCode::kTooDeep, .offset = reader_.token_begin()};
    }
    data_.slots.push_back(pending_.front());
    std::ranges::sort(data_.duplicates);
    return {};
  }

 private:
  bool take(Token token) {
    switch (token) {
      case Token::kName:
        // Strings come in one piece, as the text does; one that is not whole is about to be cut short.
        if (!reader_.piece_is_last()) break;
        name_ = string();
        name_offset_ = offset();
        break;
      case Token::kBeginObject:
      case Token::kBeginArray:
        if (reader_.depth() > max_depth_) return false;
        open_.push_back(pending_.size());
        push(token == Token::kBeginObject ? Kind::kObject : Kind::kArray);
        break;
      case Token::kEndObject:
      case Token::kEndArray:
        close(token == Token::kEndObject);
        break;
      case Token::kString:
        if (!reader_.piece_is_last()) break;
        push(Kind::kString);
        pending_.back().string = string();
        break;
      case Token::kNumber:
        // A number that ends with the text comes in two pieces.
        if (reader_.piece_is_last()) push(Kind::kNumber);
        break;
      case Token::kTrue:
      case Token::kFalse:
        push(Kind::kBool);
        break;
      default:
        push(Kind::kNull);
    }
    return true;
  }

  std::uint32_t offset() const { return static_cast<std::uint32_t>(reader_.token_begin()); }

  void push(Kind kind) {
    Slot slot;
    slot.kind = kind;
    slot.begin = offset();
    slot.size = static_cast<std::uint32_t>(reader_.position()) - slot.begin;
    slot.name = name_;
    slot.name_offset = name_offset_;
    pending_.push_back(slot);
    name_ = {};
    name_offset_ = 0;
  }

  StringRef string() {
    const std::string_view raw = reader_.piece();
    StringRef ref;
    if (!reader_.has_escape()) {
      ref.begin = offset() + 1;
      ref.size = static_cast<std::uint32_t>(raw.size()) & 0x7fffffff;
      return ref;
    }
    ref.begin = static_cast<std::uint32_t>(data_.decoded.size());
    append_unescaped(raw, data_.decoded);
    ref.size = static_cast<std::uint32_t>(data_.decoded.size() - ref.begin) & 0x7fffffff;
    ref.is_decoded = 1;
    return ref;
  }

  void close(bool object) {
    const std::size_t first_child = open_.back() + 1;
    Slot& container = pending_[open_.back()];
    open_.pop_back();
    if (object) drop_overruled(first_child);
    container.size = static_cast<std::uint32_t>(reader_.position()) - container.begin;
    container.string.begin = static_cast<std::uint32_t>(data_.slots.size());
    container.string.size = static_cast<std::uint32_t>(pending_.size() - first_child) & 0x7fffffff;
    const auto children = pending_.begin() + static_cast<std::ptrdiff_t>(first_child);
    data_.slots.insert(data_.slots.end(), children, pending_.end());
    pending_.erase(children, pending_.end());
  }

  // Removes members that a later one of the same name overrules.
  void drop_overruled(std::size_t first_child) {
    const std::size_t count = pending_.size() - first_child;
    order_.resize(count);
    std::iota(order_.begin(), order_.end(), first_child);
    const auto name = [this](std::size_t slot) { return data_.string(pending_[slot].name); };
    std::ranges::sort(order_,
                      [&](std::size_t a, std::size_t b) { return name(a) != name(b) ? name(a) < name(b) : a < b; });
    bool found = false;
    for (std::size_t i = 1; i < count; ++i) {
      if (name(order_[i - 1]) != name(order_[i])) continue;
      found = true;
      data_.duplicates.push_back(pending_[order_[i]].name_offset);
      pending_[order_[i - 1]].size = 0;  // no value is empty: the mark of one to drop
    }
    if (!found) return;
    const auto children = pending_.begin() + static_cast<std::ptrdiff_t>(first_child);
    pending_.erase(std::remove_if(children, pending_.end(), [](const Slot& slot) { return slot.size == 0; }),
                   pending_.end());
  }

  DocumentData& data_;
  std::size_t max_depth_;
  Reader reader_;
  std::vector<Slot> pending_;
  std::vector<std::size_t> open_;   // containers, by their place in pending_
  std::vector<std::size_t> order_;  // of drop_overruled, kept for its memory
  StringRef name_;
  std::uint32_t name_offset_ = 0;
};

}  // namespace

Result<Document> Document::parse(std::string text, Limits limits) {
  if (text.size() > std::min<std::size_t>(limits.max_bytes, std::numeric_limits<std::int32_t>::max())) {
    return fail(ErrorCode::kTooLarge, fmt::format("longer than {} bytes", limits.max_bytes));
  }
  auto data = std::make_unique<DocumentData>();
  data->text = std::move(text);
  const auto mistake = [&](ErrorCode code, std::size_t offset, std::string_view what) {
    const Location where = json::location(data->text, offset);
    return fail(code, fmt::format("{}:{}: {}", where.line, where.column, what));
  };
  if (const std::size_t valid = valid_utf8_prefix(data->text); valid != data->text.size()) {
    return mistake(ErrorCode::kInvalid, valid, "not UTF-8");
  }
  if (const ReadError error = Builder(*data, limits.max_depth).build(); error.code != ReadErrorCode::kNone) {
    const auto code = error.code == ReadErrorCode::kTooDeep ? ErrorCode::kTooLarge : ErrorCode::kInvalid;
    return mistake(code, error.offset, to_string(error.code));
  }
  data->slots.shrink_to_fit();
  return Document(std::move(data));
}

}  // namespace tokometer::json
