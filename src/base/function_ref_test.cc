#include "base/function_ref.h"

#include <gtest/gtest.h>

#include <string>

namespace tokometer {
namespace {

int twice(FunctionRef<int(int)> call) { return call(call(1)); }

TEST(FunctionRef, CallsTheCallableItself) {
  int calls = 0;
  EXPECT_EQ(twice([&](int value) {
              ++calls;
              return value + 10;
            }),
            21);
  EXPECT_EQ(calls, 2);
}

TEST(FunctionRef, TakesConstAndMutableObjects) {
  const auto constant = [](int value) { return value * 3; };
  auto counting = [sum = 0](int value) mutable { return sum += value; };
  EXPECT_EQ(twice(constant), 9);
  EXPECT_EQ(twice(counting), 2);
  EXPECT_EQ(counting(0), 2) << "the object was called, not a copy";
}

TEST(FunctionRef, PassesReferencesThrough) {
  std::string text;
  const auto add = [](std::string& out) { out += "x"; };
  const FunctionRef<void(std::string&)> append = add;
  append(text);
  EXPECT_EQ(text, "x");
}

}  // namespace
}  // namespace tokometer
