#include "store/cover.h"

#include <chrono>

namespace tokometer::store {
namespace {

UtcTime bucket_start(UtcTime time, std::chrono::microseconds span) {
  const auto past = time.time_since_epoch() % span;
  return time - (past.count() < 0 ? past + span : past);
}

void add_pieces(UtcTime from, UtcTime to, std::span<const std::int64_t> spans, std::vector<Piece>& pieces) {
  if (from >= to) return;
  if (spans.empty()) {
    pieces.push_back({0, from, to});
    return;
  }
  const std::chrono::microseconds span = std::chrono::seconds(spans.front());
  const UtcTime last = bucket_start(to, span);
  const UtcTime first = bucket_start(from, span) == from ? from : bucket_start(from, span) + span;
  if (first >= last) return add_pieces(from, to, spans.subspan(1), pieces);
  add_pieces(from, first, spans.subspan(1), pieces);
  pieces.push_back({spans.front(), first, last});
  add_pieces(last, to, spans.subspan(1), pieces);
}

}  // namespace

std::vector<Piece> cover(UtcTime from, UtcTime to, std::span<const std::int64_t> spans) {
  std::vector<Piece> pieces;
  add_pieces(from, to, spans, pieces);
  return pieces;
}

}  // namespace tokometer::store
