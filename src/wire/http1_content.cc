#include "wire/http1_content.h"

#include <algorithm>

#include "wire/http1_chars.h"

namespace tokometer::wire::http1 {

void ContentDecoder::start(Framing framing) {
  framing_ = framing;
  left_ = framing.length;
  chunk_ = Chunk::kSizeStart;
  all_extension_bytes_ = 0;
  trailer_bytes_ = 0;
  trailers_.clear();
}

Fields ContentDecoder::trailers() {
  trailer_fields_.clear();
  for (std::string_view rest = trailers_; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    trailer_fields_.push_back({line.substr(0, colon), trim(line.substr(colon + 1))});
  }
  return trailer_fields_;
}

ContentDecoder::Step ContentDecoder::read(std::string_view bytes, std::vector<std::string_view>& content) {
  switch (framing_.kind) {
    case Framing::Kind::kNone:
      return {.taken = 0, .state = State::kEnd};
    case Framing::Kind::kUntilClose:
      if (!bytes.empty()) content.push_back(bytes);
      return {.taken = bytes.size(), .state = State::kMore};
    case Framing::Kind::kLength: {
      const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
      if (taken > 0) content.push_back(bytes.substr(0, taken));
      left_ -= taken;
      return {.taken = taken, .state = left_ == 0 ? State::kEnd : State::kMore};
    }
    case Framing::Kind::kChunked:
      return read_chunked(bytes, content);
  }
  return {};
}

ContentDecoder::Step ContentDecoder::read_chunked(std::string_view bytes, std::vector<std::string_view>& content) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (chunk_ == Chunk::kData) {
      const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at));
      content.push_back(bytes.substr(at, taken));
      at += taken;
      left_ -= taken;
      if (left_ == 0) chunk_ = Chunk::kDataCr;
      continue;
    }
    const bool last = chunk_ == Chunk::kEndLf;
    if (!step(bytes[at])) return {.taken = at, .state = State::kRefused};
    ++at;
    if (last) return {.taken = at, .state = State::kEnd};
  }
  return {.taken = at, .state = State::kMore};
}

// RFC 9112, 7.1. Line ends are CRLF and nothing else; no whitespace around a
// size: these are where implementations differ, and so where smuggling lives.
bool ContentDecoder::step(char c) {
  switch (chunk_) {
    case Chunk::kSizeStart:
      left_ = 0;
      digits_ = 0;
      extension_bytes_ = 0;
      chunk_ = Chunk::kSize;
      [[fallthrough]];
    case Chunk::kSize:
      if (const int digit = hex_value(c); digit >= 0) {
        if (++digits_ > 15) return refuse("chunk_size", "chunk size: too large");
        left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
        return true;
      }
      if (digits_ == 0) return refuse("chunk_size", "chunk size: not hex");
      if (c == '\r') {
        chunk_ = Chunk::kSizeLf;
      } else if (c == ';') {
        chunk_ = Chunk::kExtension;
      } else {
        return refuse("chunk_size", "chunk size: not hex");
      }
      return true;
    case Chunk::kExtension:
      if (c == '\r') {
        chunk_ = Chunk::kSizeLf;
        return true;
      }
      ++all_extension_bytes_;
      if (++extension_bytes_ > limits_.chunk_extension_bytes || all_extension_bytes_ > limits_.all_extension_bytes) {
        return refuse("chunk_extension", "chunk extension: too long");
      }
      return is_text_char(c) || refuse("chunk_extension", "chunk extension: control character");
    case Chunk::kSizeLf:
      if (c != '\n') return refuse("chunk_line", "chunk size: carriage return without line feed");
      chunk_ = left_ == 0 ? Chunk::kTrailerStart : Chunk::kData;
      return true;
    case Chunk::kDataCr:
      if (c != '\r') return refuse("chunk_data", "chunk: longer than its size");
      chunk_ = Chunk::kDataLf;
      return true;
    case Chunk::kDataLf:
      if (c != '\n') return refuse("chunk_data", "chunk: not ended by a line feed");
      chunk_ = Chunk::kSizeStart;
      return true;
    case Chunk::kTrailerStart:
      if (c == '\r') {
        chunk_ = Chunk::kEndLf;
        return true;
      }
      if (!is_token_char(c)) return refuse("trailer", "trailer: bad name");
      chunk_ = Chunk::kTrailerName;
      [[fallthrough]];
    case Chunk::kTrailerName:
    case Chunk::kTrailerValue:
      if (++trailer_bytes_ > limits_.trailer_bytes) return refuse("trailer", "trailer: too large");
      trailers_ += c == '\r' ? '\n' : c;
      if (chunk_ == Chunk::kTrailerName) {
        if (c == ':') {
          chunk_ = Chunk::kTrailerValue;
          return true;
        }
        return is_token_char(c) || refuse("trailer", "trailer: bad name");
      }
      if (c == '\r') {
        chunk_ = Chunk::kTrailerLf;
        return true;
      }
      return is_text_char(c) || refuse("trailer", "trailer: control character");
    case Chunk::kTrailerLf:
      if (c != '\n') return refuse("trailer", "trailer: carriage return without line feed");
      chunk_ = Chunk::kTrailerStart;
      return true;
    case Chunk::kEndLf:
      return c == '\n' || refuse("trailer", "trailer: carriage return without line feed");
    case Chunk::kData:
      break;  // read_chunked's
  }
  return true;
}

bool ContentDecoder::refuse(const char* code, const char* reason) {
  refusal_ = {.status = 400, .code = code, .reason = reason};
  return false;
}

}  // namespace tokometer::wire::http1
