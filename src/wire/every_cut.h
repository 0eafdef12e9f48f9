// For tests of decoders: however an input is cut into chunks, the same must come out.
//
//   const std::string whole = same_for_every_cut(input, [](const Chunks& chunks) {  // every_cut_test.h
//     std::string transcript;
//     sse::Decoder decoder;
//     chunks.for_each([&](std::string_view chunk) { decoder.feed(chunk, …append to transcript…); });
//     return transcript;
//   });
//   EXPECT_EQ(whole, "…");
//
// Every chunk lies in a buffer of its own that is overwritten and freed when it
// has been fed, so a view kept for too long shows as a difference (or to ASan).
// For unit tests and fuzzers only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/function_ref.h"

namespace tokometer::wire {

// An input and where it is cut.
class Chunks {
 public:
  // `cuts` are ascending offsets; two that are equal make an empty chunk.
  Chunks(std::string_view input, std::vector<std::size_t> cuts) : input_(input), cuts_(std::move(cuts)) {}

  static Chunks whole(std::string_view input) { return {input, {}}; }
  static Chunks bytes(std::string_view input) {
    std::vector<std::size_t> cuts;
    for (std::size_t i = 1; i < input.size(); ++i) cuts.push_back(i);
    return {input, std::move(cuts)};
  }

  void for_each(FunctionRef<void(std::string_view)> feed) const {
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= cuts_.size(); ++i) {
      const std::size_t end = i < cuts_.size() ? cuts_[i] : input_.size();
      const std::size_t size = end - begin;
      const auto chunk = std::make_unique_for_overwrite<char[]>(size);
      std::copy_n(input_.data() + begin, size, chunk.get());
      feed(std::string_view(chunk.get(), size));
      std::fill_n(chunk.get(), size, '\x5A');
      begin = end;
    }
  }

  const std::vector<std::size_t>& cuts() const { return cuts_; }

 private:
  std::string_view input_;
  std::vector<std::size_t> cuts_;
};

// Decodes `input` whole, byte by byte, cut once at every place (at most 2,000 of
// them), and cut twice at every pair of places where it is short. Returns what
// the whole gave, and calls `on_difference` with the cuts that gave something else.
template <typename Decode, typename OnDifference>
auto compare_every_cut(std::string_view input, Decode decode, OnDifference on_difference) {
  constexpr std::size_t kMaxCuts = 2000;
  constexpr std::size_t kShort = 40;
  const auto expected = decode(Chunks::whole(input));
  const auto compare = [&](Chunks chunks) {
    const auto actual = decode(chunks);
    if (actual != expected) on_difference(chunks.cuts(), expected, actual);
  };
  compare(Chunks::bytes(input));
  const std::size_t step = 1 + input.size() / kMaxCuts;
  for (std::size_t i = 0; i <= input.size(); i += step) {
    compare(Chunks(input, {i}));
    if (input.size() > kShort) continue;
    for (std::size_t j = i; j <= input.size(); ++j) compare(Chunks(input, {i, j}));
  }
  return expected;
}

}  // namespace tokometer::wire
