#include "json/reader.h"

#include <fmt/format.h>

#include <array>

#include "base/check.h"
#include "json/text.h"

namespace tokometer::json {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string_view literal_text(Token literal) {
  return literal == Token::kTrue ? "true" : literal == Token::kFalse ? "false" : "null";
}

}  // namespace

std::string_view to_string(ReadErrorCode code) {
  constexpr std::array<std::string_view, 7> kTexts = {
      "no error",       "unexpected character", "control character in a string",
      "no such escape", "nested too deep",      "something after the end",
      "cut short"};
  return kTexts[static_cast<std::size_t>(code)];
}

std::string to_string(const ReadError& error) {
  return fmt::format("byte {}: {}", error.offset, to_string(error.code));
}

void Reader::feed(std::string_view bytes) {
  TOKOMETER_CHECK(at_ == end_ || state_ == State::kFailed);
  chunk_begin_ += static_cast<std::uint64_t>(end_ - begin_);
  begin_ = at_ = bytes.data();
  end_ = begin_ + bytes.size();
}

// What else there is was set before it is read.
void Reader::reset() {
  begin_ = at_ = end_ = nullptr;
  chunk_begin_ = 0;
  state_ = State::kStart;
  ignoring_ = false;
  escape_ = 0;
  matched_ = 0;
  depth_ = 0;
  error_ = {};
}

Token Reader::next() {
  Token token = next_token();
  while (ignoring_ && token > Token::kError) {
    if (token == Token::kBeginObject || token == Token::kBeginArray) {
      skip();
    } else if ((token != Token::kString && token != Token::kNumber) || piece_is_last_) {
      ignoring_ = false;
    }
    token = next_token();
  }
  return token;
}

Token Reader::next_token() {
  switch (state_) {
    case State::kString:
      return read_string();
    case State::kNumber:
      return read_number();
    case State::kLiteral:
      return read_literal();
    case State::kSkip:
      return read_skipped();
    case State::kByteOrderMark:
      return read_byte_order_mark();
    case State::kFailed:
      return Token::kError;
    default:
      return next_structural();
  }
}

// From between tokens: over white space, commas and colons to what starts the next token.
Token Reader::next_structural() {
  for (;; ++at_) {
    while (at_ != end_ && is_space(*at_)) ++at_;
    if (at_ == end_) return Token::kMore;
    const char c = *at_;
    switch (state_) {
      case State::kStart:
        if (c == kByteOrderMark[0] && position() == 0) return read_byte_order_mark();
        return begin_value(c);
      case State::kFirstElement:
        if (c == ']') return end_container(false);
        return begin_value(c);
      case State::kValue:
        return begin_value(c);
      case State::kFirstName:
        if (c == '}') return end_container(true);
        [[fallthrough]];
      case State::kName:
        if (c != '"') return fail(ReadErrorCode::kUnexpected);
        return begin_string(true);
      case State::kColon:
        if (c != ':') return fail(ReadErrorCode::kUnexpected);
        state_ = State::kValue;
        break;
      case State::kAfterValue: {
        const bool in_object = is_object_[depth_ - 1];
        if (c == (in_object ? '}' : ']')) return end_container(in_object);
        if (c != ',') return fail(ReadErrorCode::kUnexpected);
        state_ = in_object ? State::kName : State::kValue;
        break;
      }
      default:
        return fail(ReadErrorCode::kTrailing);
    }
  }
}

Token Reader::begin_value(char c) {
  token_begin_ = position();
  switch (c) {
    case '{':
      return begin_container(true);
    case '[':
      return begin_container(false);
    case '"':
      return begin_string(false);
    case 't':
      literal_ = Token::kTrue;
      break;
    case 'f':
      literal_ = Token::kFalse;
      break;
    case 'n':
      literal_ = Token::kNull;
      break;
    default:
      if (c != '-' && !is_digit(c)) return fail(ReadErrorCode::kUnexpected);
      state_ = State::kNumber;
      number_state_ = NumberState::kStart;
      return read_number();
  }
  state_ = State::kLiteral;
  matched_ = 0;
  return read_literal();
}

Token Reader::begin_container(bool object) {
  if (depth_ == kMaxDepth) return fail(ReadErrorCode::kTooDeep);
  ++at_;
  is_object_[depth_++] = object;
  state_ = object ? State::kFirstName : State::kFirstElement;
  return object ? Token::kBeginObject : Token::kBeginArray;
}

Token Reader::end_container(bool object) {
  token_begin_ = position();
  ++at_;
  --depth_;
  value_ended();
  return object ? Token::kEndObject : Token::kEndArray;
}

Token Reader::begin_string(bool is_name) {
  token_begin_ = position();
  ++at_;
  is_name_ = is_name;
  has_escape_ = false;
  state_ = State::kString;
  return read_string();
}

Token Reader::read_string() {
  const Token token = is_name_ ? Token::kName : Token::kString;
  const char* const from = at_;
  for (;;) {
    if (escape_ != 0 && !read_escape())
      return state_ == State::kFailed ? Token::kError : value_piece(token, from, false);
    at_ = find_string_stop(at_, end_);
    if (at_ == end_) return value_piece(token, from, false);
    if (*at_ == '"') {
      value_piece(token, from, true);
      ++at_;
      if (is_name_) {
        state_ = State::kColon;
      } else {
        value_ended();
      }
      return token;
    }
    if (*at_ != '\\') return fail(ReadErrorCode::kControl);
    ++at_;
    has_escape_ = true;
    escape_ = 1;
  }
}

// What follows a backslash. False if the bytes are used up before its end, or after a mistake.
bool Reader::read_escape() {
  for (; escape_ != 0; ++at_) {
    if (at_ == end_) return false;
    const char c = *at_;
    if (escape_ > 1) {
      if (!is_hex(c)) return fail(ReadErrorCode::kEscape), false;
      escape_ = escape_ == 5 ? 0 : static_cast<std::uint8_t>(escape_ + 1);
    } else if (c == 'u') {
      escape_ = 2;
    } else if (c == 'n' || c == '"' || c == '\\' || c == '/' || c == 'b' || c == 'f' || c == 'r' || c == 't') {
      escape_ = 0;
    } else {
      return fail(ReadErrorCode::kEscape), false;
    }
  }
  return true;
}

Token Reader::read_number() {
  const char* const from = at_;
  for (; at_ != end_; ++at_) {
    const char c = *at_;
    switch (number_state_) {
      case NumberState::kStart:
        if (c == '-') {
          number_state_ = NumberState::kMinus;
          break;
        }
        [[fallthrough]];
      case NumberState::kMinus:
        if (!is_digit(c)) return fail(ReadErrorCode::kUnexpected);
        number_state_ = c == '0' ? NumberState::kZero : NumberState::kInteger;
        break;
      case NumberState::kInteger:
        if (is_digit(c)) break;
        [[fallthrough]];
      case NumberState::kZero:
        if (c == '.') {
          number_state_ = NumberState::kPoint;
        } else if (c == 'e' || c == 'E') {
          number_state_ = NumberState::kE;
        } else {
          return end_number(from);
        }
        break;
      case NumberState::kPoint:
        if (!is_digit(c)) return fail(ReadErrorCode::kUnexpected);
        number_state_ = NumberState::kFraction;
        break;
      case NumberState::kFraction:
        if (is_digit(c)) break;
        if (c != 'e' && c != 'E') return end_number(from);
        number_state_ = NumberState::kE;
        break;
      case NumberState::kE:
        if (c == '+' || c == '-') {
          number_state_ = NumberState::kESign;
          break;
        }
        [[fallthrough]];
      case NumberState::kESign:
        if (!is_digit(c)) return fail(ReadErrorCode::kUnexpected);
        number_state_ = NumberState::kExponent;
        break;
      case NumberState::kExponent:
        if (!is_digit(c)) return end_number(from);
        break;
    }
  }
  return value_piece(Token::kNumber, from, false);
}

Token Reader::end_number(const char* from) {
  value_ended();
  return value_piece(Token::kNumber, from, true);
}

Token Reader::read_literal() {
  const std::string_view text = literal_text(literal_);
  for (; matched_ != text.size(); ++at_, ++matched_) {
    if (at_ == end_) return Token::kMore;
    if (*at_ != text[matched_]) return fail(ReadErrorCode::kUnexpected);
  }
  value_ended();
  return literal_;
}

Token Reader::read_byte_order_mark() {
  state_ = State::kByteOrderMark;
  for (; matched_ != kByteOrderMark.size(); ++at_, ++matched_) {
    if (at_ == end_) return Token::kMore;
    if (*at_ != kByteOrderMark[matched_]) return fail(ReadErrorCode::kUnexpected);
  }
  state_ = State::kValue;
  return next_structural();
}

void Reader::skip() {
  TOKOMETER_CHECK(state_ == State::kFirstName || state_ == State::kFirstElement);
  state_ = State::kSkip;
  skip_ = {.depth = 1};
}

Token Reader::read_skipped() {
  at_ = skip_container(at_, end_, skip_);
  if (at_ == end_) return Token::kMore;
  const bool object = is_object_[depth_ - 1];
  if (*at_ != (object ? '}' : ']')) return fail(ReadErrorCode::kUnexpected);
  return end_container(object);
}

// The piece since `from`. A piece that is neither the last nor holds anything is none.
Token Reader::value_piece(Token token, const char* from, bool last) {
  piece_ = {from, static_cast<std::size_t>(at_ - from)};
  piece_is_last_ = last;
  return piece_.empty() && !last ? Token::kMore : token;
}

Token Reader::finish() {
  TOKOMETER_CHECK(at_ == end_ || state_ == State::kFailed);
  if (state_ == State::kFailed) return Token::kError;
  if (state_ == State::kEnd) return Token::kMore;
  const bool number_is_whole = number_state_ == NumberState::kZero || number_state_ == NumberState::kInteger ||
                               number_state_ == NumberState::kFraction || number_state_ == NumberState::kExponent;
  if (state_ != State::kNumber || depth_ != 0 || !number_is_whole) return fail(ReadErrorCode::kCutShort);
  return end_number(at_);
}

Token Reader::fail(ReadErrorCode code) {
  error_ = {code, position()};
  state_ = State::kFailed;
  return Token::kError;
}

}  // namespace tokometer::json
