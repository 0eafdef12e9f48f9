// The tokens of an encoding, to be found by their bytes.
//
// Two forms are read:
// - packed, as the build embeds it (tools/rank_tables.py): a byte with the
//   length of each token, in the order of ranks, then all tokens' bytes,
//   compressed together with brotli (RFC 7932). The ranks are 0, 1, 2, …
// - text, as published by OpenAI and Meta: a line "BASE64 RANK" for each token,
//   ranks ascending.
//
// In both every single byte has to be a token, so that any text can be encoded.
//
//   const auto vocabulary = Vocabulary::unpack(content);
//   vocabulary->find(" the");  // 290 in o200k_base
//
// Immutable once made. An o200k_base takes 10 MiB.
//
// Not here: where tables come from (library.h), special tokens (tokenizer.h).
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tokometer::tokenizer {

// A token's id, which is also its rank: the lower, the earlier it is merged.
using Token = std::uint32_t;
inline constexpr Token kNoToken = ~Token{0};

class Vocabulary {
 public:
  struct Limits {
    std::size_t max_tokens = std::size_t{1} << 19;
    std::size_t max_bytes = std::size_t{16} << 20;  // of all tokens together: what a Slot has bits for
    std::size_t max_token_bytes = 255;              // the same
  };

  // `extra` are tokens besides those of the table, with ranks from `extra_from` on.
  // kCorrupt or kTooLarge for a table that is none.
  static Result<Vocabulary> unpack(std::string_view packed, std::span<const std::string> extra = {},
                                   Token extra_from = 0);
  static Result<Vocabulary> parse(std::string_view text);

  // The token that these bytes are; kNoToken if they are none. No bytes are no token.
  Token find(std::string_view bytes) const {
    if (bytes.size() == 2) return pairs_[pair_index(bytes[0], bytes[1])];
    if (bytes.empty() || bytes.size() > longest_) return kNoToken;
    return bytes.size() <= kInline ? find_short(bytes) : find_long(bytes);
  }

  // Announces that find() will be called, so that what it reads is near by then.
  void prefetch(std::string_view bytes) const {
    if (bytes.size() > longest_) return;
    const std::uint64_t key = bytes.size() <= kInline ? short_key(bytes) : long_key(bytes);
    __builtin_prefetch(&slots_[slot_of(key, bytes.size())]);
  }

  Token pair(char first, char second) const { return pairs_[pair_index(first, second)]; }

  // What the token stands for; empty if there is no such token.
  std::string_view bytes_of(Token token) const {
    if (token >= spans_.size()) return {};
    return std::string_view(text_).substr(spans_[token].offset, spans_[token].size);
  }
  // One more than the highest token.
  std::size_t size() const { return spans_.size(); }

  // A hash of bytes, of which there must be some.
  static std::uint64_t hash(std::string_view bytes) {
    return (bytes.size() <= kInline ? short_key(bytes) : long_key(bytes)) * kSpread;
  }
  // Of the longest token, in bytes.
  std::size_t longest() const { return longest_; }

 private:
  static constexpr std::size_t kInline = 8;
  static constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15U;

  struct Span {
    std::uint32_t offset;
    std::uint32_t size;
  };
  // Of a token of up to 8 bytes the key is those bytes, else a hash of them.
  struct Slot {
    std::uint64_t key = 0;
    Token token = kNoToken;
    std::uint32_t place = 0;  // in text_: offset << 8 | size; 0: empty

    std::size_t size() const { return place & 0xFFU; }
    std::size_t offset() const { return place >> 8U; }
  };

  Vocabulary() = default;
  Result<void> add(std::string_view bytes, Token token);
  Result<void> index();

  static std::size_t pair_index(char first, char second) {
    return static_cast<std::size_t>(static_cast<unsigned char>(first)) << 8U | static_cast<unsigned char>(second);
  }
  // One key for each text of a size. Overlapping loads: a copy of a size that is not known is a call.
  static std::uint64_t short_key(std::string_view bytes) {
    const char* const data = bytes.data();
    const std::size_t size = bytes.size();
    if (size >= 4) {
      std::uint32_t head = 0;
      std::uint32_t tail = 0;
      std::memcpy(&head, data, sizeof head);
      std::memcpy(&tail, data + size - sizeof tail, sizeof tail);
      return head | std::uint64_t{tail} << 32U;
    }
    const auto byte = [&](std::size_t i) { return static_cast<std::uint64_t>(static_cast<unsigned char>(data[i])); };
    return byte(0) | byte(size / 2) << 8U | byte(size - 1) << 16U;
  }
  static std::uint64_t long_key(std::string_view bytes);
  std::size_t slot_of(std::uint64_t key, std::size_t size) const {
    return static_cast<std::size_t>(((key ^ (std::uint64_t{size} << 59U)) * kSpread) >> shift_);
  }
  Token find_short(std::string_view bytes) const {
    const std::uint64_t key = short_key(bytes);
    for (std::size_t i = slot_of(key, bytes.size());; i = (i + 1) & mask_) {
      const Slot& slot = slots_[i];
      if (slot.key == key && slot.size() == bytes.size()) return slot.token;
      if (slot.place == 0) return kNoToken;
    }
  }
  Token find_long(std::string_view bytes) const;

  std::string text_;         // of all tokens
  std::vector<Span> spans_;  // by token; of size 0 where there is none
  std::size_t longest_ = 0;
  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
  unsigned shift_ = 0;
  std::vector<Token> pairs_;  // of two bytes, by both
};

}  // namespace tokometer::tokenizer
