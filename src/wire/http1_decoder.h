// HTTP/1.1 message heads: bytes in, heads out (RFC 9112, sections 2 to 6).
//
//   http1::RequestDecoder decoder(limits);
//   switch (decoder.read(input)) {           // takes from the front of `input`
//     case http1::Read::kMore: …             // took everything; give more
//     case http1::Read::kHead: use(decoder.head()); …   // what is left of `input` is content
//     case http1::Read::kRefused: answer(decoder.refusal()); …
//   }
//
// How the bytes are cut never changes what comes out. A head that lies in one
// piece is not copied: its views point into `input`; else into the decoder's
// buffer. Either way they hold until `next()` or until `input`'s bytes go away.
//
// Strict on purpose: whatever two implementations could read differently
// (bare LF, obs-fold, space before a colon, lengths that disagree, …) is
// refused with a reason, never guessed at.
//
// Not here: content and trailers (http1_content.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/http1_head.h"

namespace tokometer::wire::http1 {

enum class Read : std::uint8_t { kMore, kHead, kRefused };

// Gathers the lines of one head and takes its fields apart; what request and
// response have in common.
class HeadReader {
 public:
  explicit HeadReader(const Limits& limits) : limits_(limits) {}

  // Takes bytes from `input` until the empty line. Bytes of an unfinished head are kept.
  Read read(std::string_view& input);
  // Takes the field lines apart into `head`; false if one is invalid.
  bool read_fields(Head& head);
  // The first line, once it is whole, even if the head isn't or was refused.
  std::optional<std::string_view> first_line() const;
  void reset();
  bool empty() const { return buffer_.empty(); }

  bool refuse(int status, const char* code, const char* reason);
  const Refusal& refusal() const { return refusal_; }
  const Limits& limits() const { return limits_; }

  // Finds framing and persistence from the fields; false where they contradict.
  bool read_framing(Head& head);

  // Sums of what read_fields saw.
  std::size_t content_lengths() const { return content_lengths_; }
  std::size_t hosts() const { return hosts_; }

 private:
  bool read_field(std::string_view line, Field& field);
  bool read_content_length(std::string_view value, Framing& framing);

  Limits limits_;
  std::string buffer_;                    // an unfinished head
  std::string_view seen_;                 // all of the head that has come
  std::string_view raw_;                  // the finished one
  std::size_t scanned_ = 0;               // of buffer_: no line end before here
  std::vector<std::uint32_t> line_ends_;  // offsets of each LF
  std::vector<Field> fields_;
  std::vector<KnownField> known_;
  std::size_t content_lengths_ = 0;
  std::size_t transfer_encodings_ = 0;
  std::size_t hosts_ = 0;
  Refusal refusal_;
};

class RequestDecoder {
 public:
  explicit RequestDecoder(const Limits& limits) : reader_(limits) {}

  // One empty line before the request line is skipped (RFC 9112, 2.2).
  Read read(std::string_view& input);
  const RequestHead& head() const { return head_; }
  const Refusal& refusal() const { return reader_.refusal(); }
  // Method and target of a request that was refused for what follows its first line; views as for head().
  struct RequestLine {
    std::string_view method;
    std::string_view target;
  };
  std::optional<RequestLine> request_line() const;
  // Ready for the next head; views of the last one end.
  void next();
  // Whether no byte of the next head has come.
  bool empty() const { return reader_.empty() && leading_ == 0; }

 private:
  bool read_request_line(std::string_view line);
  bool read_target(std::string_view target);
  bool read_framing();
  bool read_host();

  HeadReader reader_;
  RequestHead head_;
  std::size_t leading_ = 0;  // bytes of an empty line before the request line
  bool line_checked_ = false;
};

class ResponseDecoder {
 public:
  explicit ResponseDecoder(const Limits& limits) : reader_(limits) {}

  // `head_request`: the answered request was a HEAD, so that no content follows.
  Read read(std::string_view& input, bool head_request);
  const ResponseHead& head() const { return head_; }
  const Refusal& refusal() const { return reader_.refusal(); }
  void next();
  bool empty() const { return reader_.empty(); }

 private:
  bool read_status_line(std::string_view line);
  bool read_framing(bool head_request);

  HeadReader reader_;
  ResponseHead head_;
};

}  // namespace tokometer::wire::http1
