#include "wire/websocket.h"

#include <algorithm>
#include <utility>

#include "wire/held_bytes.h"

namespace tokometer::wire::websocket {
namespace {

constexpr std::uint8_t kContinuation = 0x0;
constexpr std::uint8_t kTextFrame = 0x1;
constexpr std::uint8_t kBinaryFrame = 0x2;
constexpr std::uint8_t kCloseFrame = 0x8;
constexpr std::uint8_t kPingFrame = 0x9;
constexpr std::uint8_t kPongFrame = 0xa;
constexpr std::uint16_t kNoStatus = 1005;

std::uint8_t octet(char c) { return static_cast<std::uint8_t>(c); }

std::unexpected<Error> broken(std::string_view what) {
  return fail(ErrorCode::kInvalid, "websocket: " + std::string(what));
}

}  // namespace

std::uint16_t Message::close_code() const {
  if (data.size() < 2) return kNoStatus;
  return static_cast<std::uint16_t>(octet(data[0]) << 8U | octet(data[1]));
}

Decoder::Decoder(Sender sender, const permessage_deflate::Direction* deflate, const Limits& limits)
    : sender_(sender), limits_(limits) {
  if (deflate != nullptr) inflater_.emplace(*deflate, limits.deflate);
}

Result<void> Decoder::feed(std::string_view chunk, FunctionRef<void(const Message&)> on_message) {
  if (!failed_) {
    auto taken = take(chunk, on_message);
    if (taken) return {};
    failed_ = std::move(taken.error());
    std::string().swap(held_);
  }
  return fail(*failed_);
}

Result<void> Decoder::finish() const {
  if (failed_) return fail(*failed_);
  if (in_payload_ || head_size_ != 0) return broken("ends within a frame");
  if (open_) return broken("ends within a fragmented message");
  return {};
}

Result<void> Decoder::take(std::string_view chunk, FunctionRef<void(const Message&)> on_message) {
  while (!chunk.empty()) {
    if (!in_payload_) {
      const auto whole = take_head(chunk);
      if (!whole) return fail(whole.error());
      if (!*whole) return {};
      if (auto begun = begin_frame(); !begun) return begun;
    }
    const std::string_view payload = chunk.substr(0, left_);
    chunk.remove_prefix(payload.size());
    // A message that is all here needs no copy.
    const bool alone = payload.size() == length_ && frame_.fin && frame_.opcode != kContinuation && !is_control() &&
                       !frame_.compressed && sender_ == Sender::kServer && length_ <= limits_.max_message_bytes;
    if (alone) {
      const Kind kind = open_->kind;
      open_.reset();
      in_payload_ = false;
      left_ = 0;
      on_message({.kind = kind, .data = payload, .wire_bytes = length_, .truncated = false});
      continue;
    }
    if (auto taken = take_payload(payload); !taken) return taken;
    left_ -= payload.size();
    if (left_ != 0) return {};
    in_payload_ = false;
    if (auto ended = end_frame(on_message); !ended) return ended;
  }
  return {};
}

// Gathers a frame's head (5.2); whether it is whole.
Result<bool> Decoder::take_head(std::string_view& chunk) {
  while (head_size_ < head_wanted_) {
    const std::size_t part = std::min(head_wanted_ - head_size_, chunk.size());
    if (part == 0) return false;
    chunk.copy(head_.data() + head_size_, part);
    head_size_ += part;
    chunk.remove_prefix(part);
    if (head_size_ < head_wanted_ || head_wanted_ != 2) continue;
    const std::uint8_t length = octet(head_[1]) & 0x7fU;
    if (length == 126) head_wanted_ += 2;
    if (length == 127) head_wanted_ += 8;
    if ((octet(head_[1]) & 0x80U) != 0) head_wanted_ += 4;
  }
  auto read = read_head();
  head_size_ = 0;
  head_wanted_ = 2;
  if (!read) return fail(std::move(read.error()));
  return true;
}

Result<void> Decoder::read_head() {
  const std::uint8_t first = octet(head_[0]);
  const bool masked = (octet(head_[1]) & 0x80U) != 0;
  frame_.fin = (first & 0x80U) != 0;
  frame_.compressed = (first & 0x40U) != 0;
  frame_.opcode = first & 0x0fU;
  length_ = octet(head_[1]) & 0x7fU;
  std::size_t at = 2;
  if (length_ >= 126) {
    const std::size_t end = at + (length_ == 126 ? 2 : 8);
    const std::uint64_t least = length_ == 126 ? 126 : 0x10000;
    length_ = 0;
    for (; at < end; ++at) length_ = length_ << 8U | octet(head_[at]);
    if (length_ < least) return broken("a length is not in its shortest form (RFC 6455, 5.2)");
    if (length_ >> 63U != 0) return broken("a length has its highest bit set (RFC 6455, 5.2)");
  }
  if (masked) std::copy_n(head_.data() + at, 4, frame_.mask.data());
  if ((first & 0x30U) != 0) return broken("RSV2 or RSV3 is set (RFC 6455, 5.2)");
  if (masked != (sender_ == Sender::kClient)) {
    return broken(masked ? "a server's frame is masked (RFC 6455, 5.1)"
                         : "a client's frame is not masked (RFC 6455, 5.1)");
  }
  left_ = length_;
  return {};
}

Result<void> Decoder::begin_frame() {
  in_payload_ = true;
  switch (frame_.opcode) {
    case kCloseFrame:
    case kPingFrame:
    case kPongFrame:
      if (!frame_.fin) return broken("a control frame is fragmented (RFC 6455, 5.5)");
      if (length_ > kMaxControlBytes) return broken("a control frame is longer than 125 bytes (RFC 6455, 5.5)");
      if (frame_.compressed) return broken("RSV1 is set on a control frame (RFC 7692, 6.1)");
      return {};
    case kContinuation:
      if (!open_) return broken("a continuation of nothing (RFC 6455, 5.4)");
      if (frame_.compressed) return broken("RSV1 is set on a continuation (RFC 7692, 6.1)");
      break;
    case kTextFrame:
    case kBinaryFrame:
      if (open_) return broken("a message begins within another (RFC 6455, 5.4)");
      if (frame_.compressed && !inflater_) return broken("RSV1 is set without an extension (RFC 6455, 5.2)");
      open_.emplace();
      open_->kind = frame_.opcode == kTextFrame ? Kind::kText : Kind::kBinary;
      open_->compressed = frame_.compressed;
      break;
    default:
      return broken("an opcode that is reserved (RFC 6455, 5.2)");
  }
  open_->wire_bytes += length_;
  return {};
}

std::string_view Decoder::unmasked(std::string_view payload) {
  if (sender_ == Sender::kServer) return payload;
  unmasked_.resize(payload.size());
  const std::uint64_t from = length_ - left_;
  for (std::size_t i = 0; i < payload.size(); ++i) {
    unmasked_[i] = static_cast<char>(payload[i] ^ frame_.mask[(from + i) % 4]);  // 5.3
  }
  return unmasked_;
}

Result<void> Decoder::take_payload(std::string_view payload) {
  payload = unmasked(payload);
  if (is_control()) {
    control_ += payload;
  } else if (open_->compressed) {
    auto inflated = inflater_->feed(payload, [this](std::string_view piece) { keep(piece); });
    if (!inflated) return inflated;
  } else {
    keep(payload);
  }
  release(unmasked_);
  return {};
}

void Decoder::keep(std::string_view payload) {
  if (open_->truncated) return;
  if (payload.size() > limits_.max_message_bytes - held_.size()) {
    open_->truncated = true;
    std::string().swap(held_);
    return;
  }
  held_ += payload;
}

Result<void> Decoder::end_frame(FunctionRef<void(const Message&)> on_message) {
  if (is_control()) {
    const Kind kind = frame_.opcode == kCloseFrame  ? Kind::kClose
                      : frame_.opcode == kPingFrame ? Kind::kPing
                                                    : Kind::kPong;
    if (kind == Kind::kClose && control_.size() == 1) return broken("a close frame of one byte (RFC 6455, 5.5.1)");
    on_message({.kind = kind, .data = control_, .wire_bytes = length_, .truncated = false});
    control_.clear();
    return {};
  }
  if (!frame_.fin) return {};
  if (open_->compressed) {
    auto ended = inflater_->end_message([this](std::string_view piece) { keep(piece); });
    if (!ended) return ended;
  }
  const OpenMessage message = *std::exchange(open_, std::nullopt);
  on_message({.kind = message.kind, .data = held_, .wire_bytes = message.wire_bytes, .truncated = message.truncated});
  release(held_);
  return {};
}

}  // namespace tokometer::wire::websocket
