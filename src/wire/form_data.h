// multipart/form-data: decodes a form into its plain fields, passing over files.
//
// RFC 7578 on the framing of RFC 2046, 5.1. Bytes in, fields out: no I/O. How the
// body is cut into chunks never changes which fields come out.
//
//   auto decoder = form_data::Decoder::open("multipart/form-data; boundary=x");
//   if (decoder) decoder->feed(chunk, [&](const form_data::Field& field) { use(field); });
//
// Files (parts with a file name) are passed over at the speed of memory and are
// not kept. Lines end in CRLF, as the RFC has it; what comes before the first
// boundary and after the last is ignored.
//
// Not here: the transfer encodings of mail, which RFC 7578 (4.7) forbids.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/function_ref.h"

namespace tokometer::wire::form_data {

struct Limits {
  // Of one field's value. A longer one is cut there and marked.
  std::uint32_t max_value_bytes = 4096;
  // Of the fields at the head of a part. A part with a longer head is passed over.
  std::uint32_t max_head_bytes = 4096;
};

// The views are valid during the callback only.
struct Field {
  std::string_view name;
  std::string_view value;
  bool truncated = false;  // the limit was reached: the rest is missing
};

class Decoder {
 public:
  // Nothing if `content_type` is no multipart/form-data or names no boundary.
  static std::optional<Decoder> open(std::string_view content_type, const Limits& limits = {});

  // Calls `on_field` for each field that `chunk` completes. `on_field` must not call the decoder.
  void feed(std::string_view chunk, FunctionRef<void(const Field&)> on_field);

  // The boundary that closes the form has been seen.
  bool complete() const { return state_ == State::kEnd; }

 private:
  enum class State : std::uint8_t {
    kSkip,           // before the first boundary, or in a file
    kAfterBoundary,  // on the rest of the boundary's line
    kHead,
    kValue,
    kEnd,
  };

  explicit Decoder(std::string delimiter, const Limits& limits);
  std::size_t take_content(std::string_view rest, FunctionRef<void(const Field&)> on_field);
  void take_boundary_line(char c);
  void take_head(char c);
  void open_part();
  void keep(std::string_view bytes);

  std::string delimiter_;  // CRLF, "--" and the boundary
  std::string text_;       // the head, or the value
  std::string name_;
  Limits limits_;
  std::size_t matched_;  // how much of the delimiter the last bytes are
  State state_ = State::kSkip;
  bool truncated_ = false;
};

}  // namespace tokometer::wire::form_data
