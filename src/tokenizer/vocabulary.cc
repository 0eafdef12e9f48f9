#include "tokenizer/vocabulary.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "wire/base64.h"
#include "wire/content_coding.h"

namespace tokometer::tokenizer {
namespace {

constexpr Vocabulary::Limits kVocabularyLimits;

Result<std::string> decompressed(std::string_view packed) {
  namespace coding = wire::content_coding;
  auto decoder = coding::Decoder::open("br", {.max_output_bytes = kVocabularyLimits.max_bytes});
  if (!decoder) return fail(std::move(decoder.error()));
  std::string bytes;
  auto fed = decoder->feed(packed, [&](std::string_view content) { bytes += content; });
  if (fed) fed = decoder->finish();
  if (!fed) return fail(ErrorCode::kCorrupt, "table of tokens: " + fed.error().message);
  return bytes;
}

}  // namespace

std::uint64_t Vocabulary::long_key(std::string_view bytes) {
  constexpr std::uint64_t kFactor = 0xD6E8FEB86659FD93U;
  std::uint64_t hash = bytes.size() * kFactor;
  std::uint64_t word = 0;
  std::size_t at = 0;
  for (; at + sizeof word <= bytes.size(); at += sizeof word) {
    std::memcpy(&word, bytes.data() + at, sizeof word);
    hash = std::rotl((hash ^ word) * kFactor, 29);
  }
  // The last eight bytes, some of them once more.
  std::memcpy(&word, bytes.data() + bytes.size() - sizeof word, sizeof word);
  return (hash ^ word) * kFactor;
}

Token Vocabulary::find_long(std::string_view bytes) const {
  const std::uint64_t key = long_key(bytes);
  for (std::size_t i = slot_of(key, bytes.size());; i = (i + 1) & mask_) {
    const Slot& slot = slots_[i];
    if (slot.key == key && slot.size() == bytes.size() &&
        std::memcmp(text_.data() + slot.offset(), bytes.data(), bytes.size()) == 0) {
      return slot.token;
    }
    if (slot.place == 0) return kNoToken;
  }
}

Result<void> Vocabulary::add(std::string_view bytes, Token token) {
  if (token >= kVocabularyLimits.max_tokens) return fail(ErrorCode::kTooLarge, "table of tokens: too many tokens");
  if (bytes.empty()) return fail(ErrorCode::kCorrupt, "table of tokens: a token without bytes");
  if (bytes.size() > kVocabularyLimits.max_token_bytes)
    return fail(ErrorCode::kTooLarge, "table of tokens: a token is too long");
  if (text_.size() + bytes.size() > kVocabularyLimits.max_bytes) {
    return fail(ErrorCode::kTooLarge, "table of tokens: too many bytes");
  }
  if (spans_.size() <= token) spans_.resize(std::size_t{token} + 1);
  if (spans_[token].size != 0) return fail(ErrorCode::kCorrupt, fmt::format("table of tokens: rank {} twice", token));
  spans_[token] = {static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(bytes.size())};
  text_ += bytes;
  return {};
}

Result<void> Vocabulary::index() {
  // At most half full: most searches end at their first slot.
  const std::size_t slots = std::bit_ceil(spans_.size() * 2 + 2);
  slots_.resize(slots);
  mask_ = slots - 1;
  shift_ = static_cast<unsigned>(64 - std::countr_zero(slots));
  pairs_.assign(std::size_t{1} << 16U, kNoToken);
  for (Token token = 0; token < spans_.size(); ++token) {
    const std::string_view bytes = bytes_of(token);
    if (bytes.empty()) continue;
    longest_ = std::max(longest_, bytes.size());
    const std::uint64_t key = bytes.size() <= kInline ? short_key(bytes) : long_key(bytes);
    std::size_t i = slot_of(key, bytes.size());
    while (slots_[i].place != 0) i = (i + 1) & mask_;
    slots_[i] = {key, token, spans_[token].offset << 8U | spans_[token].size};
    if (bytes.size() == 2) pairs_[pair_index(bytes[0], bytes[1])] = token;
  }
  for (int byte = 0; byte < 256; ++byte) {
    const char one = static_cast<char>(byte);
    if (find({&one, 1}) == kNoToken) {
      return fail(ErrorCode::kCorrupt, fmt::format("table of tokens: no token for byte {}", byte));
    }
  }
  return {};
}

Result<Vocabulary> Vocabulary::unpack(std::string_view packed, std::span<const std::string> extra, Token extra_from) {
  const auto bytes = decompressed(packed);
  if (!bytes) return fail(bytes.error());
  // The count comes first, as text; then the lengths, then the tokens.
  const std::string_view whole = *bytes;
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), count);
  const auto head = static_cast<std::size_t>(end - whole.data()) + 1;
  if (error != std::errc() || head > whole.size() || count > whole.size() - head) {
    return fail(ErrorCode::kCorrupt, "table of tokens: cut short");
  }
  const std::string_view lengths = whole.substr(head, count);
  std::string_view text = whole.substr(head + count);
  Vocabulary vocabulary;
  vocabulary.spans_.reserve(count + extra.size());
  vocabulary.text_.reserve(text.size());
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t size = static_cast<unsigned char>(lengths[i]);
    if (size > text.size()) return fail(ErrorCode::kCorrupt, "table of tokens: cut short");
    if (auto added = vocabulary.add(text.substr(0, size), static_cast<Token>(i)); !added) return fail(added.error());
    text.remove_prefix(size);
  }
  if (!text.empty()) return fail(ErrorCode::kCorrupt, "table of tokens: bytes behind the last token");
  for (const std::string& one : extra) {
    if (auto added = vocabulary.add(one, extra_from++); !added) return fail(added.error());
  }
  if (auto indexed = vocabulary.index(); !indexed) return fail(indexed.error());
  return vocabulary;
}

Result<Vocabulary> Vocabulary::parse(std::string_view text) {
  Vocabulary vocabulary;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = text.find('\n');
    const std::string_view words = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (words.empty()) continue;
    const std::size_t space = std::min(words.find(' '), words.size() - 1);
    const std::string_view number = words.substr(space + 1);
    Token rank = 0;
    const auto [last, error] = std::from_chars(number.data(), number.data() + number.size(), rank);
    const auto token = wire::base64::decode(words.substr(0, space));
    if (error != std::errc() || last != number.data() + number.size() || !token) {
      return fail(ErrorCode::kCorrupt, fmt::format("table of tokens: line {} is not \"BASE64 RANK\"", line));
    }
    if (auto added = vocabulary.add(*token, rank); !added) return fail(added.error());
  }
  if (auto indexed = vocabulary.index(); !indexed) return fail(indexed.error());
  return vocabulary;
}

}  // namespace tokometer::tokenizer
