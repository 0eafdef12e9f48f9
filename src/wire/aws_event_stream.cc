#include "wire/aws_event_stream.h"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "wire/held_bytes.h"

namespace tokometer::wire::aws_event_stream {
namespace {

constexpr std::size_t kPreludeBytes = 12;
constexpr std::size_t kChecksumBytes = 4;
// What services send at most, by the specification: 24 MB of payload and 128 KiB of headers.
constexpr std::uint32_t kMaxHeadersBytes = 128U << 10U;
constexpr std::uint32_t kMaxTotalBytes = (24U << 20U) + kMaxHeadersBytes + kPreludeBytes + kChecksumBytes;

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8U | static_cast<unsigned char>(c);
  return value;
}

std::uint32_t read_u32(std::string_view bytes) { return static_cast<std::uint32_t>(big_endian(bytes.substr(0, 4))); }

std::uint32_t crc32_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

struct Prelude {
  std::uint32_t total = 0;
  std::uint32_t headers = 0;
};

Result<Prelude> read_prelude(std::string_view bytes) {
  if (crc32_of(bytes.substr(0, 8)) != read_u32(bytes.substr(8))) {
    return fail(ErrorCode::kCorrupt, "event stream: the checksum of a message's head is wrong");
  }
  const Prelude prelude{read_u32(bytes), read_u32(bytes.substr(4))};
  constexpr std::uint32_t kAround = kPreludeBytes + kChecksumBytes;
  if (prelude.total < kAround || prelude.headers > prelude.total - kAround || prelude.total > kMaxTotalBytes ||
      prelude.headers > kMaxHeadersBytes) {
    return fail(ErrorCode::kInvalid, "event stream: the lengths of a message cannot be");
  }
  return prelude;
}

// Takes `count` bytes off the front; nothing if there are fewer.
std::optional<std::string_view> take_front(std::string_view& bytes, std::size_t count) {
  if (bytes.size() < count) return std::nullopt;
  const std::string_view front = bytes.substr(0, count);
  bytes.remove_prefix(count);
  return front;
}

// How many bytes a value takes, by type; of kBytes and kString those of its length.
constexpr std::array<std::size_t, 10> kValueBytes = {0, 0, 1, 2, 4, 8, 2, 2, 8, 16};

// Takes a header off the front; nothing if it is malformed.
std::optional<Header> take_header(std::string_view& bytes) {
  const auto name_bytes = take_front(bytes, 1);
  if (!name_bytes || *name_bytes == std::string_view("\0", 1)) return std::nullopt;
  const auto name = take_front(bytes, big_endian(*name_bytes));
  if (!name) return std::nullopt;
  const auto type_byte = take_front(bytes, 1);
  if (!type_byte || big_endian(*type_byte) >= kValueBytes.size()) return std::nullopt;
  const auto type = static_cast<HeaderType>(big_endian(*type_byte));
  auto value = take_front(bytes, kValueBytes[static_cast<std::size_t>(type)]);
  if (value && (type == HeaderType::kBytes || type == HeaderType::kString)) {
    value = take_front(bytes, big_endian(*value));
  }
  if (!value) return std::nullopt;
  return Header{*name, type, *value};
}

Result<Message> read_message(std::string_view bytes, const Prelude& prelude) {
  const std::string_view covered = bytes.substr(0, bytes.size() - kChecksumBytes);
  if (crc32_of(covered) != read_u32(bytes.substr(covered.size()))) {
    return fail(ErrorCode::kCorrupt, "event stream: the checksum of a message is wrong");
  }
  const std::string_view headers = covered.substr(kPreludeBytes, prelude.headers);
  for (std::string_view rest = headers; !rest.empty();) {
    if (!take_header(rest)) return fail(ErrorCode::kInvalid, "event stream: a header is malformed");
  }
  return Message{.headers = headers, .payload = covered.substr(kPreludeBytes + prelude.headers), .truncated = false};
}

}  // namespace

std::int64_t Header::number() const {
  switch (type) {
    case HeaderType::kTrue:
      return 1;
    case HeaderType::kByte:
    case HeaderType::kShort:
    case HeaderType::kInteger:
    case HeaderType::kLong:
    case HeaderType::kTimestamp: {
      const auto unused_bits = 64 - 8 * value.size();
      return static_cast<std::int64_t>(big_endian(value) << unused_bits) >> unused_bits;
    }
    default:
      return 0;
  }
}

void Message::for_each_header(FunctionRef<void(const Header&)> visit) const {
  for (std::string_view rest = headers; !rest.empty();) {
    const auto header = take_header(rest);
    if (!header) return;
    visit(*header);
  }
}

std::string_view Message::header(std::string_view name) const {
  std::string_view value;
  for_each_header([&](const Header& header) {
    if (header.type == HeaderType::kString && header.name == name) value = header.value;
  });
  return value;
}

std::string_view Message::type() const {
  for (const std::string_view name : {":event-type", ":exception-type", ":error-code"}) {
    if (const std::string_view value = header(name); !value.empty()) return value;
  }
  return {};
}

Result<void> Decoder::feed(std::string_view chunk, FunctionRef<void(const Message&)> on_message) {
  if (failed_) return fail(*failed_);
  auto taken = take(chunk, on_message);
  if (!taken) {
    failed_ = taken.error();
    release(held_);
  }
  return taken;
}

Result<void> Decoder::take(std::string_view chunk, FunctionRef<void(const Message&)> on_message) {
  while (!chunk.empty()) {
    if (passed_over_ > 0) {
      const auto skipped = std::min<std::uint64_t>(passed_over_, chunk.size());
      chunk.remove_prefix(skipped);
      passed_over_ -= skipped;
      continue;
    }
    // A prelude first, whole: it says how much more belongs to the message.
    if (held_.empty() ? chunk.size() < kPreludeBytes : held_.size() < kPreludeBytes) {
      const std::size_t wanted = std::min(kPreludeBytes - held_.size(), chunk.size());
      held_ += chunk.substr(0, wanted);
      chunk.remove_prefix(wanted);
      if (held_.size() < kPreludeBytes) return {};
    }
    const auto prelude = read_prelude(held_.empty() ? chunk : std::string_view(held_));
    if (!prelude) return fail(prelude.error());
    if (prelude->total > limits_.max_message_bytes) {
      passed_over_ = prelude->total - held_.size();
      release(held_);
      on_message({.headers = {}, .payload = {}, .truncated = true});
      continue;
    }
    const std::size_t missing = prelude->total - held_.size();
    if (held_.empty() && chunk.size() >= missing) {
      const auto message = read_message(chunk.substr(0, missing), *prelude);
      if (!message) return fail(message.error());
      on_message(*message);
      chunk.remove_prefix(missing);
      continue;
    }
    const std::size_t wanted = std::min(missing, chunk.size());
    held_ += chunk.substr(0, wanted);
    chunk.remove_prefix(wanted);
    if (held_.size() < prelude->total) return {};
    const auto message = read_message(held_, *prelude);
    if (!message) return fail(message.error());
    on_message(*message);
    release(held_);
  }
  return {};
}

Result<void> Decoder::finish() const {
  if (failed_) return fail(*failed_);
  if (held_.empty() && passed_over_ == 0) return {};
  return fail(ErrorCode::kInvalid, "event stream: it ends within a message");
}

}  // namespace tokometer::wire::aws_event_stream
