#include "provider/merged.h"

#include <gtest/gtest.h>

namespace tokometer::provider {
namespace {

class MergedTest : public testing::Test {
 protected:
  Merged of(const char* file, const char* text) {
    documents_.push_back(std::move(*json::Document::parse(text)));
    return Merged::of(file, documents_.back().root());
  }
  std::vector<json::Document> documents_;
};

TEST_F(MergedTest, MergesObjectsMemberByMember) {
  Merged merged = of("a.json", R"({"a": 1, "o": {"x": 1, "y": [1]}})");
  merged.overlay(of("b.json", R"({"o": {"y": [2], "z": null}, "b": "t"})"));
  EXPECT_EQ(merged.text(), R"({"a":1,"o":{"x":1,"y":[2],"z":null},"b":"t"})");
}

TEST_F(MergedTest, ReplacesWhatIsNoObject) {
  Merged merged = of("a.json", R"({"a": {"x": 1}, "b": 1})");
  merged.overlay(of("b.json", R"({"a": 2, "b": {"y": 1}})"));
  EXPECT_EQ(merged.text(), R"({"a":2,"b":{"y":1}})");
}

TEST_F(MergedTest, KnowsWhereEachPartStands) {
  Merged merged = of("a.json", "{\n\"a\": 1,\n\"b\": 2}");
  merged.overlay(of("b.json", "{\n\n\n\"b\": 3}"));
  EXPECT_EQ(merged.find("a")->where(), "a.json:2");
  EXPECT_EQ(merged.find("b")->where(), "b.json:4");
  EXPECT_EQ(merged.find("c"), nullptr);
}

TEST_F(MergedTest, LosesMembers) {
  Merged merged = of("a.json", R"({"a": 1, "b": 2})");
  merged.remove("a");
  merged.remove("c");
  EXPECT_EQ(merged.text(), R"({"b":2})");
}

}  // namespace
}  // namespace tokometer::provider
