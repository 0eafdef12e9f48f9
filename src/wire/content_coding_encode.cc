#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <limits>
#include <utility>

#include "base/check.h"
#include "wire/content_coding.h"

namespace tokometer::wire::content_coding {
namespace {

constexpr int kZlibLevel = 6;
constexpr int kBrotliQuality = 5;
constexpr int kZstdLevel = 3;

std::string encode_zlib(std::string_view content, int window_bits) {
  constexpr int kMemoryLevel = 8;  // zlib's default
  z_stream stream{};
  TOKOMETER_CHECK(deflateInit2(&stream, kZlibLevel, Z_DEFLATED, window_bits, kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string coded(deflateBound(&stream, static_cast<uLong>(content.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(coded.data());
  stream.avail_out = static_cast<uInt>(coded.size());
  TOKOMETER_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  coded.resize(stream.total_out);
  deflateEnd(&stream);
  return coded;
}

std::string encode_brotli(std::string_view content) {
  std::size_t size = BrotliEncoderMaxCompressedSize(content.size());
  std::string coded(size, '\0');
  TOKOMETER_CHECK(BrotliEncoderCompress(kBrotliQuality, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, content.size(),
                                        reinterpret_cast<const std::uint8_t*>(content.data()), &size,
                                        reinterpret_cast<std::uint8_t*>(coded.data())) == BROTLI_TRUE);
  coded.resize(size);
  return coded;
}

std::string encode_zstd(std::string_view content) {
  std::string coded(ZSTD_compressBound(content.size()), '\0');
  const std::size_t size = ZSTD_compress(coded.data(), coded.size(), content.data(), content.size(), kZstdLevel);
  TOKOMETER_CHECK(!ZSTD_isError(size));
  coded.resize(size);
  return coded;
}

}  // namespace

std::string encode(Coding coding, std::string_view content) {
  constexpr int kZlibWindow = 15;
  constexpr int kGzipWindow = 15 + 16;
  TOKOMETER_CHECK(content.size() <= std::numeric_limits<std::int32_t>::max());
  switch (coding) {
    case Coding::kIdentity:
      return std::string(content);
    case Coding::kGzip:
      return encode_zlib(content, kGzipWindow);
    case Coding::kDeflate:
      return encode_zlib(content, kZlibWindow);
    case Coding::kBrotli:
      return encode_brotli(content);
    case Coding::kZstd:
      return encode_zstd(content);
  }
  std::unreachable();
}

}  // namespace tokometer::wire::content_coding
