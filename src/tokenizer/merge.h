// Byte pair encoding: the tokens of a piece of text.
//
// A piece starts as its bytes; of all neighbours that are a token together, the
// pair with the lowest rank is merged, of equal ones the leftmost, until none is
// left. Short pieces do this by looking through all pairs; long ones by a heap,
// so that n bytes take O(n log n).
//
//   Merger merger(vocabulary);
//   for (const std::string_view piece : pieces) count += merger.count(piece);
//
// A Merger keeps its working memory, some 30 bytes for each of a long piece's,
// from piece to piece; one for each thread.
//
// Not here: what a piece is (splitter.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace tokometer::tokenizer {

class Merger {
 public:
  struct Limits {
    std::size_t max_piece_bytes = std::size_t{4} << 20;
    // Up to this many bytes all pairs are looked through; the memory stays within the first cache.
    std::size_t short_piece_bytes = 96;
    // Counts of pieces seen before are kept, 32 bytes each: names come again and again.
    std::size_t remembered_pieces = 4096;
  };

  // The vocabulary must outlive the merger.
  explicit Merger(const Vocabulary& vocabulary) : Merger(vocabulary, Limits()) {}
  Merger(const Vocabulary& vocabulary, const Limits& limits) : vocabulary_(vocabulary), limits_(limits) {}

  // The tokens of `piece`, which is not empty. A piece of more than
  // max_piece_bytes is taken as several, so that it may come to a token more at each cut.
  std::size_t count(std::string_view piece) {
    if (vocabulary_.find(piece) != kNoToken) return 1;
    return piece.size() <= kRememberedBytes ? count_again(piece) : merge(piece);
  }
  // The same, appended to `tokens`.
  void encode(std::string_view piece, std::vector<Token>& tokens);

  // How many pairs were looked up so far: the measure of work that tests go by.
  std::uint64_t work() const { return work_; }

 private:
  static constexpr std::size_t kRememberedBytes = 27;
  struct Remembered {
    std::array<char, kRememberedBytes> piece{};
    std::uint8_t size = 0;
    std::uint32_t tokens = 0;
  };
  std::size_t count_again(std::string_view piece);

  // The parts of the last piece are left in parts_. Returns their number.
  std::size_t merge(std::string_view piece);
  std::size_t merge_short(std::string_view piece);
  std::size_t merge_long(std::string_view piece);
  Token look_up(std::string_view bytes) {
    ++work_;
    return vocabulary_.find(bytes);
  }

  struct Part {
    std::uint32_t start;
    Token rank;  // of the pair of this part and the next
  };
  struct Node {
    std::uint32_t previous;
    std::uint32_t next;
    Token rank;  // of the pair of this part and the next
  };

  const Vocabulary& vocabulary_;
  Limits limits_;
  std::vector<Part> parts_;
  std::vector<Node> nodes_;             // by the byte at which a part starts
  std::vector<std::uint64_t> heap_;     // rank << 32 | start
  std::vector<Remembered> remembered_;  // by hash; made when the second piece is merged
  std::uint64_t work_ = 0;
};

}  // namespace tokometer::tokenizer
