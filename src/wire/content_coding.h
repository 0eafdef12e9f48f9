// Content codings: decodes a body as it passes, and encodes whole ones.
//
// RFC 9110, 8.4: gzip (RFC 1952), deflate (RFC 1950; raw RFC 1951, which some
// servers send, is told by its first bytes), br (RFC 7932), zstd (RFC 8878),
// identity, and several of them one upon the other ("gzip, br"). No I/O.
//
//   auto decoder = content_coding::Decoder::open(field_value);
//   if (!decoder) return decoder.error();  // kUnsupported
//   auto fed = decoder->feed(bytes, [&](std::string_view content) { use(content); });
//   auto ended = decoder->finish();
//
// What a piece of input allows to be decoded is handed on at once, so a coded
// stream is read as it passes. The libraries' contexts, some tens of KiB, are
// made when the first byte comes.
//
// Not here: transfer codings (http1_decoder.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/function_ref.h"

namespace tokometer::wire::content_coding {

enum class Coding { kIdentity, kGzip, kDeflate, kBrotli, kZstd };

// "identity", "gzip", "deflate", "br", "zstd".
std::string_view to_string(Coding coding);

// A guard against bodies made to swell.
struct Limits {
  // Of everything that one stage puts out.
  std::uint64_t max_output_bytes = std::uint64_t{256} << 20U;
  // Of output to input of one stage, from `ratio_free_bytes` of output on.
  std::uint32_t max_ratio = 500;
  std::uint64_t ratio_free_bytes = std::uint64_t{1} << 20U;
  // Of the window that a zstd frame may ask for (RFC 9659 says 8 MiB).
  std::uint32_t max_zstd_window_log = 23;
  // Of codings one upon the other.
  std::uint32_t max_codings = 3;
};

using Sink = FunctionRef<void(std::string_view content)>;

class Stage;  // content_coding_stage.h

class Decoder {
 public:
  // `field_value` is that of Content-Encoding; several fields are joined by
  // commas. Empty means identity. Fails with kUnsupported for a coding that is
  // not known, kTooLarge for more than `max_codings`.
  static Result<Decoder> open(std::string_view field_value, const Limits& limits = {});

  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;
  ~Decoder();

  // Whether content is handed on as it came.
  bool is_identity() const { return stages_.empty(); }

  // Decodes `bytes`; calls `sink` with each piece of content, valid during that
  // call only. Fails with kInvalid (bytes that break the coding) or kTooLarge
  // (a limit). What had been decoded before was handed on; after a failure
  // every call fails the same way.
  Result<void> feed(std::string_view bytes, Sink sink);

  // Fails with kInvalid when the coded body is cut short. A body without any
  // byte is no failure.
  Result<void> finish();

 private:
  explicit Decoder(std::vector<std::unique_ptr<Stage>> stages);
  Result<void> feed_stage(std::size_t index, std::string_view bytes, Sink sink);

  std::vector<std::unique_ptr<Stage>> stages_;  // in the order of decoding
  Error failure_;
  bool failed_ = false;
};

// `content`, of less than 2 GiB, in `coding` at a level that favours speed.
std::string encode(Coding coding, std::string_view content);

}  // namespace tokometer::wire::content_coding
