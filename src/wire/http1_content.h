// HTTP/1.1 content: finds it in the wire bytes of a message (RFC 9112, 6 and 7).
//
//   http1::ContentDecoder decoder(limits);
//   decoder.start(head.framing);
//   auto step = decoder.read(bytes, pieces);    // `pieces` gets views into `bytes`
//   pass_on(bytes.substr(0, step.taken));       // framing as received, now validated
//
// One call goes through everything that `bytes` hold of the message, however
// many chunks that is. Nothing is copied or allocated but `pieces` itself.
//
// Not here: heads (http1_decoder.h), content codings (content_coding.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/http1_head.h"

namespace tokometer::wire::http1 {

class ContentDecoder {
 public:
  enum class State : std::uint8_t { kMore, kEnd, kRefused };
  struct Step {
    std::size_t taken = 0;  // wire bytes of this message at the front of the input
    State state = State::kMore;
  };

  explicit ContentDecoder(const Limits& limits) : limits_(limits) {}

  void start(Framing framing);
  // Appends to `content` the runs of content in `bytes`. After kEnd, what
  // follows `taken` belongs to the next message. After kRefused, `taken` ends
  // before the fault, and no more calls are allowed until start().
  Step read(std::string_view bytes, std::vector<std::string_view>& content);
  // The trailer section, once the content has ended; views live until start().
  Fields trailers();
  // Whether the end of the connection is the end of this content.
  bool ends_with_connection() const { return framing_.kind == Framing::Kind::kUntilClose; }
  const Refusal& refusal() const { return refusal_; }

 private:
  enum class Chunk : std::uint8_t {
    kSizeStart,
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailerName,
    kTrailerValue,
    kTrailerLf,
    kEndLf,
  };

  Step read_chunked(std::string_view bytes, std::vector<std::string_view>& content);
  bool step(char c);
  bool refuse(const char* code, const char* reason);

  Limits limits_;
  Framing framing_;
  std::uint64_t left_ = 0;  // of the length, or of the chunk
  Chunk chunk_ = Chunk::kSizeStart;
  unsigned digits_ = 0;
  std::size_t extension_bytes_ = 0;
  std::size_t all_extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::string trailers_;  // its lines, each ended by a line feed
  std::vector<Field> trailer_fields_;
  Refusal refusal_;
};

}  // namespace tokometer::wire::http1
