#include "wire/json_array.h"

#include <fmt/format.h>

#include "wire/find_byte.h"
#include "wire/held_bytes.h"

namespace tokometer::wire::json_array {
namespace {

constexpr bool is_whitespace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
constexpr bool ends_scalar(char c) { return is_whitespace(c) || c == ',' || c == ']' || c == '}'; }
constexpr bool starts_scalar(char c) { return (c >= '0' && c <= '9') || c == '-' || c == 't' || c == 'f' || c == 'n'; }

}  // namespace

Result<void> Decoder::feed(std::string_view chunk, FunctionRef<void(const Element&)> on_element) {
  if (state_ == State::kFailed) return failure();
  std::size_t begin = 0;  // of the running element, as far as it lies in this chunk
  std::size_t at = 0;
  while (at < chunk.size()) {
    if (is_within_element()) {
      at += skip_element(chunk.substr(at));
      if (!is_within_element()) complete(chunk.substr(begin, at - begin), on_element);
    } else if (is_whitespace(chunk[at])) {
      ++at;
    } else {
      begin = at;
      if (!between_elements(chunk[at])) {
        state_ = State::kFailed;
        offset_ += at;
        return failure();
      }
      ++at;
    }
  }
  if (is_within_element()) hold(chunk.substr(begin));
  offset_ += chunk.size();
  return {};
}

// Takes a byte that is no whitespace and lies outside of an element, or starts one.
bool Decoder::between_elements(char c) {
  switch (state_) {
    case State::kStart:
      if (c == '[') {
        in_array_ = true;
        state_ = State::kFirstElement;
        return true;
      }
      return c == '{' && start_element(c);
    case State::kFirstElement:
      if (c == ']') {
        state_ = State::kEnd;
        return true;
      }
      return start_element(c);
    case State::kElement:
      return start_element(c);
    case State::kAfterElement:
      if (c != ',' && c != ']') return false;
      state_ = c == ',' ? State::kElement : State::kEnd;
      return true;
    default:
      return false;
  }
}

bool Decoder::start_element(char c) {
  const bool bracket = c == '{' || c == '[';
  in_string_ = c == '"';
  depth_ = bracket ? 1 : 0;
  state_ = bracket || in_string_ ? State::kComposite : State::kScalar;
  return bracket || in_string_ || starts_scalar(c);
}

// How many bytes of `rest` belong to the running element. Leaves the element's state when it ends there.
std::size_t Decoder::skip_element(std::string_view rest) {
  if (state_ == State::kComposite) return skip_composite(rest);
  std::size_t at = 0;
  while (at < rest.size() && !ends_scalar(rest[at])) ++at;
  if (at < rest.size()) state_ = State::kAfterElement;
  return at;
}

std::size_t Decoder::skip_composite(std::string_view rest) {
  std::size_t at = 0;
  while (at < rest.size()) {
    if (in_string_) {
      at += skip_string(rest.substr(at));
    } else {
      const char c = rest[at++];
      in_string_ = c == '"';
      if (c == '{' || c == '[') ++depth_;
      if (c == '}' || c == ']') --depth_;
    }
    if (depth_ == 0 && !in_string_) {
      state_ = in_array_ ? State::kAfterElement : State::kEnd;
      break;
    }
  }
  return at;
}

// How many bytes of `rest` belong to the running string, its closing quote included.
std::size_t Decoder::skip_string(std::string_view rest) {
  const char* at = rest.data();
  const char* const end = at + rest.size();
  if (escaped_) {
    escaped_ = false;
    ++at;
  }
  while (true) {
    at = find_either(at, end, '"', '\\');
    if (at == end) return rest.size();
    if (*at++ == '"') {
      in_string_ = false;
      return static_cast<std::size_t>(at - rest.data());
    }
    if (at == end) {
      escaped_ = true;
      return rest.size();
    }
    ++at;
  }
}

void Decoder::complete(std::string_view tail, FunctionRef<void(const Element&)> on_element) {
  std::string_view text = tail;
  if (!held_.empty()) {
    hold(tail);
    text = held_;
  }
  const bool truncated = text.size() > limits_.max_element_bytes;
  if (truncated) ++truncated_elements_;
  on_element({text.substr(0, limits_.max_element_bytes), truncated});
  release(held_);
}

// One byte more than an element may have tells one that is too long.
void Decoder::hold(std::string_view part) { append_within(held_, part, std::size_t{limits_.max_element_bytes} + 1); }

Result<void> Decoder::finish() const {
  switch (state_) {
    case State::kStart:
    case State::kEnd:
      return {};
    case State::kFailed:
      return failure();
    default:
      return fail(ErrorCode::kInvalid, fmt::format("json array: not closed at its end, byte {}", offset_));
  }
}

Result<void> Decoder::failure() const {
  return fail(ErrorCode::kInvalid, fmt::format("json array: unexpected byte at offset {}", offset_));
}

}  // namespace tokometer::wire::json_array
