// Reader: JSON bytes in, tokens out, in constant memory (RFC 8259).
//
//   Reader reader;
//   for (chunk : chunks) {
//     reader.feed(chunk);
//     for (Token token; (token = reader.next()) > Token::kError;) use(token, reader.piece());
//   }
//   for (Token token; (token = reader.finish()) > Token::kError;) use(token, reader.piece());
//
// Strings and numbers come as they stand in the text, without quotes and with
// their escapes, in one piece unless a chunk ends within them: then in several,
// and only the last is `piece_is_last`. How the bytes are cut changes the pieces
// and nothing else. A leading byte order mark is passed over (section 8.1).
//
// Held to the grammar in full, save two things: whether strings are valid UTF-8
// is for who takes their value (text.h), and what is inside a container that was
// skipped is only read for strings and brackets.
//
// Not here: decoding (text.h, number.h), trees (document.h), answers to queries
// without a tree (extractor.h).
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "json/scan.h"

namespace tokometer::json {

enum class Token : std::uint8_t {
  kMore,   // all bytes are used up: feed or finish
  kError,  // error() says what is wrong; so it stays until reset()
  kBeginObject,
  kEndObject,
  kBeginArray,
  kEndArray,
  kName,  // of a member; its value comes next
  kString,
  kNumber,
  kTrue,
  kFalse,
  kNull
};

enum class ReadErrorCode : std::uint8_t {
  kNone,
  kUnexpected,  // a byte that the grammar does not allow there
  kControl,     // a control character inside a string
  kEscape,      // an escape that JSON does not have
  kTooDeep,     // more nested containers than Reader::kMaxDepth
  kTrailing,    // something after the end of the value
  kCutShort     // the end before the value's end
};

struct ReadError {
  ReadErrorCode code = ReadErrorCode::kNone;
  std::uint64_t offset = 0;  // of the first byte that is wrong

  friend bool operator==(const ReadError&, const ReadError&) = default;
};

// "unexpected character", and with the place: "byte 17: unexpected character".
std::string_view to_string(ReadErrorCode code);
std::string to_string(const ReadError& error);

class Reader {
 public:
  static constexpr std::size_t kMaxDepth = 512;

  // Gives the next bytes; the ones before must be used up (next() said kMore). They must stay until
  // next() says kMore again.
  void feed(std::string_view bytes);

  // The next token, kMore or kError.
  Token next();

  // Right after kBeginObject or kBeginArray: pass over the container, so that the next token is its end.
  void skip();

  // Right after the last piece of kName: pass over the member's value, whatever it is, so that the next token
  // is the next name or the end of the object. Scalars are still held to the grammar.
  void ignore_value() { ignoring_ = true; }

  // Says that the text ends here. The last token of a number at the top (which only the end ends), kMore
  // if the text was whole, kError if it was not.
  Token finish();

  // The text of kName, kString and kNumber, or part of it; lives as long as the bytes fed.
  std::string_view piece() const { return piece_; }
  bool piece_is_last() const { return piece_is_last_; }
  // Some piece of this token held a backslash.
  bool has_escape() const { return has_escape_; }

  // Offset in the text of the token's first byte (the quote, for strings), and of the byte after what was
  // read so far: after a token's last piece, of the byte behind the token.
  std::uint64_t token_begin() const { return token_begin_; }
  std::uint64_t position() const { return chunk_begin_ + static_cast<std::uint64_t>(at_ - begin_); }

  // Containers that are open.
  std::size_t depth() const { return depth_; }
  bool complete() const { return state_ == State::kEnd; }
  const ReadError& error() const { return error_; }

  // The bytes being read and their place in the text.
  std::string_view chunk() const { return {begin_, static_cast<std::size_t>(end_ - begin_)}; }
  std::uint64_t chunk_begin() const { return chunk_begin_; }

  // Starts over with a new text.
  void reset();

 private:
  enum class State : std::uint8_t {
    kStart,  // a byte order mark or a value
    kByteOrderMark,
    kValue,         // a value must come
    kFirstElement,  // a value or ]
    kFirstName,     // a name or }
    kName,          // a name must come
    kColon,
    kAfterValue,  // , or the end of the container
    kString,      // inside a string; name_ says whose
    kNumber,
    kLiteral,
    kSkip,
    kEnd,  // the value has ended
    kFailed
  };
  // Where in a number: RFC 8259 section 6.
  enum class NumberState : std::uint8_t { kStart, kMinus, kZero, kInteger, kPoint, kFraction, kE, kESign, kExponent };

  Token next_token();
  Token next_structural();
  Token begin_value(char c);
  Token begin_string(bool is_name);
  Token read_byte_order_mark();
  Token begin_container(bool object);
  Token end_container(bool object);
  Token read_string();
  bool read_escape();
  Token read_number();
  Token read_literal();
  Token read_skipped();
  Token value_piece(Token token, const char* from, bool last);
  Token end_number(const char* from);
  Token fail(ReadErrorCode code);
  void value_ended() { state_ = depth_ == 0 ? State::kEnd : State::kAfterValue; }

  const char* begin_ = nullptr;  // the chunk
  const char* at_ = nullptr;     // what is read next
  const char* end_ = nullptr;
  std::uint64_t chunk_begin_ = 0;
  std::uint64_t token_begin_ = 0;
  std::string_view piece_;
  State state_ = State::kStart;
  NumberState number_state_ = NumberState::kStart;
  bool ignoring_ = false;  // the value of the member whose name was read last
  bool piece_is_last_ = false;
  bool has_escape_ = false;
  bool is_name_ = false;      // the string being read is a member's name
  std::uint8_t escape_ = 0;   // 1 after a backslash, 2 to 5 before the hex digits of \u
  std::uint8_t matched_ = 0;  // bytes of a literal or of the byte order mark seen so far
  Token literal_ = Token::kNull;
  SkipState skip_;
  std::uint32_t depth_ = 0;
  std::bitset<kMaxDepth> is_object_;  // of each open container
  ReadError error_;
};

}  // namespace tokometer::json
