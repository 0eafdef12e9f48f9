// The Reader says the same of a text whole and byte by byte, and takes exactly what Document takes.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "json/document.h"
#include "json/reader.h"
#include "json/text.h"

namespace {

using tokometer::json::Document;
using tokometer::json::Reader;
using tokometer::json::ReadError;
using tokometer::json::Token;

struct Transcript {
  std::string tokens;  // those that are whole
  ReadError error;

  friend bool operator==(const Transcript&, const Transcript&) = default;
};

Transcript read(std::string_view text, std::size_t piece, bool skip_arrays) {
  Transcript transcript;
  Reader reader;
  std::string token_text;
  const auto take = [&](Token token) {
    if (token == Token::kName || token == Token::kString || token == Token::kNumber) {
      token_text += reader.piece();
      if (!reader.piece_is_last()) return;
    }
    transcript.tokens += static_cast<char>('a' + static_cast<char>(token));
    transcript.tokens += token_text + std::to_string(reader.token_begin());
    token_text.clear();
    if (skip_arrays && token == Token::kBeginArray) reader.skip();
  };
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const std::string_view part = text.substr(at, piece);
    const std::vector<char> copy(part.begin(), part.end());
    reader.feed({copy.data(), copy.size()});
    Token token = Token::kMore;
    while ((token = reader.next()) > Token::kError) take(token);
    if (token == Token::kError) break;
  }
  reader.feed({});
  for (Token token; (token = reader.finish()) > Token::kError;) take(token);
  transcript.error = reader.error();
  return transcript;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Transcript whole = read(text, size + 1, false);
  TOKOMETER_CHECK(read(text, 1, false) == whole);
  TOKOMETER_CHECK(read(text, 7, false) == whole);
  TOKOMETER_CHECK(read(text, 1, true) == read(text, size + 1, true));
  const bool right = whole.error == ReadError() && tokometer::json::is_valid_utf8(text);
  const Document::Limits limits{.max_bytes = size, .max_depth = Reader::kMaxDepth};
  TOKOMETER_CHECK(Document::parse(std::string(text), limits).has_value() == right);
  return 0;
}
