#include "meter/usage_merge.h"

#include <gtest/gtest.h>

namespace tokometer::meter {
namespace {

using provider::Combine;

TEST(Combined, SetTakesTheLaterOneAsAWhole) {
  EXPECT_EQ(combined(R"({"a":1,"b":2})", R"({"a":3})", Combine::kSet), R"({"a":3})");
}

TEST(Combined, MergeTakesMembers) {
  EXPECT_EQ(combined(R"({"a":1,"b":{"x":1,"y":2}})", R"({"b":{"y":3,"z":4},"c":"5"})", Combine::kMerge),
            R"({"a":1,"b":{"x":1,"y":3,"z":4},"c":"5"})");
  EXPECT_EQ(combined(R"({"a":[1],"b":1.50})", R"({"a":[2],"b":null})", Combine::kMerge), R"({"a":[2],"b":1.50})");
}

TEST(Combined, MergeCanLowerACount) {
  EXPECT_EQ(combined(R"({"input_tokens":1000})", R"({"input_tokens":100})", Combine::kMerge),
            R"({"input_tokens":100})");
}

TEST(Combined, AddAddsWholeNumbersAndJoinsArrays) {
  EXPECT_EQ(
      combined(R"({"a":1,"b":{"x":2},"c":[1],"d":"t"})", R"({"a":2,"b":{"x":3},"c":[2,3],"d":"u"})", Combine::kAdd),
      R"({"a":3,"b":{"x":5},"c":[1,2,3],"d":"u"})");
  EXPECT_EQ(combined(R"({"a":9223372036854775807})", R"({"a":1})", Combine::kAdd), R"({"a":1})");
}

TEST(Combined, MaximumKeepsTheGreaterNumber) {
  EXPECT_EQ(combined(R"({"a":5,"b":1})", R"({"a":3,"b":2})", Combine::kMaximum), R"({"a":5,"b":2})");
}

TEST(Combined, TakesTheOtherWhereOneIsEmpty) {
  EXPECT_EQ(combined(R"({"a":1})", "", Combine::kSet), R"({"a":1})");
  EXPECT_EQ(combined("", R"({"a":1})", Combine::kMerge), R"({"a":1})");
  EXPECT_EQ(combined("", "", Combine::kAdd), "");
}

TEST(Combined, TakesTheLaterOneWhereOneIsNoObject) {
  EXPECT_EQ(combined("{", R"({"a":1})", Combine::kAdd), R"({"a":1})");
  EXPECT_EQ(combined(R"({"a":1})", "7", Combine::kMerge), "7");
}

TEST(UsageSum, AddsMessages) {
  UsageSum sum;
  sum.begin(false);
  sum.add(R"({"in":10,"out":1})", Combine::kMerge);
  sum.add(R"({"out":5})", Combine::kMerge);
  sum.begin(false);
  sum.add(R"({"in":20,"out":1})", Combine::kMerge);
  EXPECT_EQ(sum.take(), R"({"in":30,"out":6})");
}

TEST(UsageSum, ReplacesAMessageThatBeginsAgain) {
  UsageSum sum;
  sum.begin(false);
  sum.add(R"({"in":10})", Combine::kMerge);
  sum.begin(true);
  sum.add(R"({"in":11})", Combine::kMerge);
  EXPECT_EQ(sum.take(), R"({"in":11})");
}

TEST(UsageSum, DoesNotGrowWithoutEnd) {
  UsageSum sum;
  const std::string part = "{\"list\":[" + std::string(40000, '1') + "]}";
  EXPECT_TRUE(sum.add(part, Combine::kAdd));
  EXPECT_FALSE(sum.add(part, Combine::kAdd));
  EXPECT_EQ(sum.take(), part);
  EXPECT_TRUE(sum.add(part, Combine::kMerge));
  EXPECT_TRUE(sum.begin(false));
  EXPECT_TRUE(sum.add(part, Combine::kMerge));
  EXPECT_FALSE(sum.begin(false));
  EXPECT_EQ(sum.take(), part);
}

TEST(UsageSum, KnowsTheLastStatementOfOneMessage) {
  UsageSum sum;
  EXPECT_EQ(sum.last(), "");
  sum.begin(false);
  sum.add(R"({"in":10})", Combine::kMerge);
  sum.begin(true);
  sum.add(R"({"in":11})", Combine::kMerge);
  sum.add(R"({"out":5})", Combine::kMerge);
  sum.take();
  EXPECT_EQ(sum.last(), R"({"out":5})");
  sum.add(R"({"out":5})", Combine::kAdd);
  EXPECT_EQ(sum.last(), "") << "a part of a sum";
  sum.add(R"({"out":6})", Combine::kMerge);
  sum.begin(false);
  sum.add(R"({"out":7})", Combine::kMerge);
  EXPECT_EQ(sum.last(), "") << "of two messages";
}

TEST(UsageSum, IsEmptyWithoutUsage) {
  UsageSum sum;
  sum.begin(false);
  EXPECT_EQ(sum.take(), "");
}

}  // namespace
}  // namespace tokometer::meter
