#include "wire/content_coding_stage.h"

#include <brotli/decode.h>
#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/check.h"

namespace tokometer::wire::content_coding {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{16} << 10U;

// gzip and deflate. zlib checks gzip's header, checksum and length itself.
class ZlibStage final : public Stage {
 public:
  ZlibStage(Coding coding, const Limits& limits) : Stage(coding, limits), gzip_(coding == Coding::kGzip) {}
  ~ZlibStage() override { inflateEnd(&stream_); }
  ZlibStage(const ZlibStage&) = delete;
  ZlibStage& operator=(const ZlibStage&) = delete;

 private:
  static constexpr int kMaxWindowBits = 15;
  static constexpr int kExpectGzip = 16;  // added to the window bits

  Result<std::size_t> decode(std::string_view& input, std::span<char> output) override {
    if (!started_ && !start(input)) return 0;
    if (ended_) {
      if (input.empty()) return 0;
      // RFC 1952, 2.2: a gzip file is a series of members. Nothing may follow deflate's end.
      if (!gzip_) return invalid("bytes after the end");
      TOKOMETER_CHECK(inflateReset(&stream_) == Z_OK);
      ended_ = false;
    }
    stream_.avail_out = static_cast<uInt>(output.size());
    stream_.next_out = reinterpret_cast<Bytef*>(output.data());
    int result = Z_OK;
    if (first_byte_held_) {
      first_byte_held_ = false;
      result = inflate_from(std::string_view(&first_byte_, 1));
    }
    if (result == Z_OK) {
      result = inflate_from(input);
      input.remove_prefix(input.size() - stream_.avail_in);
    }
    // Z_BUF_ERROR: nothing to do for want of input.
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return invalid("corrupt");
    ended_ = result == Z_STREAM_END;
    return output.size() - stream_.avail_out;
  }

  bool is_whole() const override { return ended_; }

  int inflate_from(std::string_view input) {
    stream_.avail_in = static_cast<uInt>(input.size());
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    return inflate(&stream_, Z_NO_FLUSH);
  }

  // Deflate is zlib's format by RFC 9110, 8.4.1.2, but some servers send it raw:
  // the first two bytes tell, the first alone can't. Returns false while they are not there.
  bool start(std::string_view& input) {
    int window_bits = gzip_ ? kMaxWindowBits + kExpectGzip : kMaxWindowBits;
    if (!gzip_) {
      if (!first_byte_held_) {
        first_byte_ = input.front();
        first_byte_held_ = true;
        input.remove_prefix(1);
      }
      if (input.empty()) return false;
      const auto cmf = static_cast<unsigned char>(first_byte_);
      const auto flg = static_cast<unsigned char>(input.front());
      const bool zlib = (cmf & 0x0fU) == 8 && (cmf >> 4U) <= 7 && (cmf * 256U + flg) % 31 == 0;  // RFC 1950, 2.2
      if (!zlib) window_bits = -kMaxWindowBits;
    }
    TOKOMETER_CHECK(inflateInit2(&stream_, window_bits) == Z_OK);
    started_ = true;
    return true;
  }

  z_stream stream_{};
  bool gzip_;
  bool started_ = false;
  bool ended_ = false;
  bool first_byte_held_ = false;
  char first_byte_ = 0;
};

class BrotliStage final : public Stage {
 public:
  explicit BrotliStage(const Limits& limits) : Stage(Coding::kBrotli, limits) {}
  ~BrotliStage() override { BrotliDecoderDestroyInstance(state_); }
  BrotliStage(const BrotliStage&) = delete;
  BrotliStage& operator=(const BrotliStage&) = delete;

 private:
  Result<std::size_t> decode(std::string_view& input, std::span<char> output) override {
    if (state_ == nullptr) {
      state_ = BrotliDecoderCreateInstance(nullptr, nullptr, nullptr);
      TOKOMETER_CHECK(state_ != nullptr);
    }
    if (ended_) {
      if (input.empty()) return 0;
      return invalid("bytes after the end");
    }
    std::size_t available_in = input.size();
    const auto* next_in = reinterpret_cast<const std::uint8_t*>(input.data());
    std::size_t available_out = output.size();
    auto* next_out = reinterpret_cast<std::uint8_t*>(output.data());
    const auto result =
        BrotliDecoderDecompressStream(state_, &available_in, &next_in, &available_out, &next_out, nullptr);
    if (result == BROTLI_DECODER_RESULT_ERROR) return invalid("corrupt");
    ended_ = result == BROTLI_DECODER_RESULT_SUCCESS;
    input.remove_prefix(input.size() - available_in);
    return output.size() - available_out;
  }

  bool is_whole() const override { return ended_; }

  BrotliDecoderState* state_ = nullptr;
  bool ended_ = false;
};

class ZstdStage final : public Stage {
 public:
  explicit ZstdStage(const Limits& limits) : Stage(Coding::kZstd, limits) {}
  ~ZstdStage() override { ZSTD_freeDStream(stream_); }
  ZstdStage(const ZstdStage&) = delete;
  ZstdStage& operator=(const ZstdStage&) = delete;

 private:
  Result<std::size_t> decode(std::string_view& input, std::span<char> output) override {
    if (stream_ == nullptr) {
      stream_ = ZSTD_createDStream();
      TOKOMETER_CHECK(stream_ != nullptr);
      const auto window_log = static_cast<int>(limits().max_zstd_window_log);
      TOKOMETER_CHECK(!ZSTD_isError(ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, window_log)));
    }
    // A frame that lies before it whole is read by libzstd in another way, which takes empty blocks otherwise; and
    // where a frame's head is none, it looks whether what it was given last is one of a format before RFC 8878. The
    // head byte by byte keeps it from both, so that it never matters how the bytes are cut.
    ZSTD_inBuffer in{input.data(), head_bytes_ < kHeadBytes ? std::min<std::size_t>(input.size(), 1) : input.size(), 0};
    ZSTD_outBuffer out{output.data(), output.size(), 0};
    const std::size_t result = ZSTD_decompressStream(stream_, &out, &in);
    if (ZSTD_isError(result)) return invalid("corrupt, or its window is too large");
    // A call that does nothing after a frame's end asks for the next frame: that is no cut.
    if (in.pos != 0 || out.pos != 0) between_frames_ = result == 0;
    head_bytes_ = between_frames_ ? 0 : std::min(head_bytes_ + in.pos, kHeadBytes);
    input.remove_prefix(in.pos);
    return out.pos;
  }

  bool is_whole() const override { return between_frames_; }

  static constexpr std::size_t kHeadBytes = 5;  // by which it is known: magic number and descriptor

  ZSTD_DStream* stream_ = nullptr;
  std::size_t head_bytes_ = 0;  // read of this frame, as far as they count
  bool between_frames_ = true;
};

}  // namespace

std::unique_ptr<Stage> Stage::make(Coding coding, const Limits& limits) {
  switch (coding) {
    case Coding::kGzip:
    case Coding::kDeflate:
      return std::make_unique<ZlibStage>(coding, limits);
    case Coding::kBrotli:
      return std::make_unique<BrotliStage>(limits);
    case Coding::kZstd:
      return std::make_unique<ZstdStage>(limits);
    case Coding::kIdentity:
      break;
  }
  TOKOMETER_CHECK(coding != Coding::kIdentity);
  std::unreachable();
}

Result<void> Stage::feed(std::string_view bytes, FunctionRef<Result<void>(std::string_view)> sink) {
  std::array<char, kPieceBytes> piece;
  std::size_t written = 0;
  do {
    std::string_view part = bytes.substr(0, std::numeric_limits<std::int32_t>::max());  // zlib counts in 32 bits
    const std::size_t offered = part.size();
    const auto decoded = decode(part, piece);
    if (!decoded) return fail(decoded.error());
    written = *decoded;
    input_bytes_ += offered - part.size();
    output_bytes_ += written;
    bytes.remove_prefix(offered - part.size());
    if (auto within = within_limits(); !within) return within;
    if (written == 0) continue;
    if (auto taken = sink(std::string_view(piece.data(), written)); !taken) return taken;
  } while (!bytes.empty() || written == piece.size());
  return {};
}

Result<void> Stage::within_limits() const {
  if (output_bytes_ > limits_.max_output_bytes) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("{}: decodes to more than {} bytes", to_string(coding_), limits_.max_output_bytes));
  }
  if (output_bytes_ > limits_.ratio_free_bytes && output_bytes_ / limits_.max_ratio > input_bytes_) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("{}: decodes to more than {} times its size", to_string(coding_), limits_.max_ratio));
  }
  return {};
}

Result<void> Stage::finish() const {
  if (input_bytes_ == 0 || is_whole()) return {};
  return fail(ErrorCode::kInvalid, fmt::format("{}: cut short after {} bytes", to_string(coding_), input_bytes_));
}

Result<std::size_t> Stage::invalid(std::string_view what) const {
  return fail(ErrorCode::kInvalid, fmt::format("{}: {} after byte {}", to_string(coding_), what, input_bytes_));
}

}  // namespace tokometer::wire::content_coding
