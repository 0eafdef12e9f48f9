// every_cut.h for GoogleTest: a difference fails the test and names the cuts.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "wire/every_cut.h"

namespace tokometer::wire {

// Returns what `input` gives whole. `decode` takes Chunks and returns something that can be compared and printed.
template <typename Decode>
auto same_for_every_cut(std::string_view input, Decode decode) {
  int shown = 0;
  return compare_every_cut(input, decode, [&](const auto& cuts, const auto& expected, const auto& actual) {
    if (++shown > 3) return;
    EXPECT_EQ(actual, expected) << "cut at " << testing::PrintToString(cuts);
  });
}

}  // namespace tokometer::wire
