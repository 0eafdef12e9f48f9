#include "tokenizer/merge.h"

#include <algorithm>
#include <cstring>
#include <functional>

namespace tokometer::tokenizer {
void Merger::encode(std::string_view piece, std::vector<Token>& tokens) {
  while (!piece.empty()) {
    const std::string_view part = piece.substr(0, limits_.max_piece_bytes);
    piece.remove_prefix(part.size());
    if (const Token whole = vocabulary_.find(part); whole != kNoToken) {
      tokens.push_back(whole);
      continue;
    }
    const std::size_t count = merge(part);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t start = parts_[i].start;
      const std::size_t end = i + 1 < count ? parts_[i + 1].start : part.size();
      tokens.push_back(vocabulary_.find(part.substr(start, end - start)));
    }
  }
}

std::size_t Merger::count_again(std::string_view piece) {
  if (remembered_.empty()) {
    if (work_ > 0) remembered_.resize(limits_.remembered_pieces);
    return merge(piece);
  }
  Remembered& place = remembered_[static_cast<std::size_t>(Vocabulary::hash(piece) >> 32U) % remembered_.size()];
  if (place.size == piece.size() && std::memcmp(place.piece.data(), piece.data(), piece.size()) == 0) {
    return place.tokens;
  }
  const std::size_t tokens = merge(piece);
  piece.copy(place.piece.data(), piece.size());
  place.size = static_cast<std::uint8_t>(piece.size());
  place.tokens = static_cast<std::uint32_t>(tokens);
  return tokens;
}

std::size_t Merger::merge(std::string_view piece) {
  if (piece.size() <= limits_.short_piece_bytes) return merge_short(piece);
  if (piece.size() <= limits_.max_piece_bytes) return merge_long(piece);
  return merge_long(piece.substr(0, limits_.max_piece_bytes)) + count(piece.substr(limits_.max_piece_bytes));
}

std::size_t Merger::merge_short(std::string_view piece) {
  const std::size_t size = piece.size();
  parts_.resize(size);
  for (std::size_t i = 0; i + 1 < size; ++i) {
    parts_[i] = {static_cast<std::uint32_t>(i), vocabulary_.pair(piece[i], piece[i + 1])};
  }
  parts_[size - 1] = {static_cast<std::uint32_t>(size - 1), kNoToken};
  work_ += size;

  std::size_t count = size;
  // What the part at `i` and the next are together.
  const auto pair_rank = [&](std::size_t i) {
    if (i + 1 >= count) return kNoToken;
    const std::size_t end = i + 2 < count ? parts_[i + 2].start : size;
    return look_up(piece.substr(parts_[i].start, end - parts_[i].start));
  };
  while (count > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < count; ++i) {
      if (parts_[i].rank < parts_[best].rank) best = i;
    }
    if (parts_[best].rank == kNoToken) break;
    parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(best) + 1);
    --count;
    parts_[best].rank = pair_rank(best);
    if (best > 0) parts_[best - 1].rank = pair_rank(best - 1);
  }
  return count;
}

std::size_t Merger::merge_long(std::string_view piece) {
  const auto size = static_cast<std::uint32_t>(piece.size());
  nodes_.resize(size);
  heap_.clear();
  const auto push = [&](std::uint32_t start, Token rank) {
    nodes_[start].rank = rank;
    if (rank != kNoToken) heap_.push_back(std::uint64_t{rank} << 32U | start);
  };
  for (std::uint32_t i = 0; i < size; ++i) {
    nodes_[i] = {i - 1, i + 1, kNoToken};
    if (i + 1 < size) push(i, vocabulary_.pair(piece[i], piece[i + 1]));
  }
  work_ += size;
  std::ranges::make_heap(heap_, std::greater());

  const auto end_of = [&](std::uint32_t start) { return nodes_[start].next; };
  const auto renew = [&](std::uint32_t start) {
    Token rank = kNoToken;
    if (const std::uint32_t next = end_of(start); next < size) {
      rank = look_up(piece.substr(start, end_of(next) - start));
    }
    push(start, rank);
    if (rank != kNoToken) std::ranges::push_heap(heap_, std::greater());
  };
  std::size_t count = size;
  while (!heap_.empty()) {
    const std::uint64_t top = heap_.front();
    std::ranges::pop_heap(heap_, std::greater());
    heap_.pop_back();
    const auto start = static_cast<std::uint32_t>(top);
    // An entry is old when its part has been merged away or has another neighbour by now.
    if (nodes_[start].rank != static_cast<Token>(top >> 32U)) continue;
    const std::uint32_t merged = nodes_[start].next;
    nodes_[start].next = nodes_[merged].next;
    if (nodes_[start].next < size) nodes_[nodes_[start].next].previous = start;
    nodes_[merged].rank = kNoToken;
    --count;
    renew(start);
    if (start > 0) renew(nodes_[start].previous);
  }

  parts_.clear();
  for (std::uint32_t start = 0; start < size; start = nodes_[start].next) parts_.push_back({start, nodes_[start].rank});
  return count;
}

}  // namespace tokometer::tokenizer
