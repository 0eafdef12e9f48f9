#include "json/mistakes.h"

#include <gtest/gtest.h>

namespace tokometer::json {
namespace {

TEST(Mistakes, SaysFileAndLineOfWhatIsNoJson) {
  Mistakes mistakes("a.json");
  EXPECT_FALSE(mistakes.parse("{\n  \"x\": }"));
  ASSERT_EQ(mistakes.all().size(), 1u);
  EXPECT_EQ(mistakes.all().front().where, "a.json:2");
  EXPECT_FALSE(mistakes.all().front().what.empty());
}

TEST(Mistakes, GathersEveryMistakeWithItsLine) {
  Mistakes mistakes("a.json");
  const auto document =
      mistakes.parse("{\n\"name\": 1,\n\"list\": [\"a\", 2],\n\"odd\": 0,\n\"odd\": 1,\n\"empty\": \"\"}");
  ASSERT_TRUE(document);
  for (const Member member : document->root().members()) {
    if (member.name == "name" || member.name == "empty") {
      EXPECT_EQ(mistakes.text(member), "");
    } else if (member.name == "list") {
      EXPECT_EQ(mistakes.texts(member), std::vector<std::string>{"a"});
      EXPECT_TRUE(mistakes.array(member));
      EXPECT_FALSE(mistakes.object(member));
    } else {
      mistakes.unknown(member);
    }
  }
  mistakes.missing(document->root(), "id");
  std::vector<std::string> lines;
  for (const Mistake& mistake : mistakes.all()) lines.push_back(mistake.where + ": " + mistake.what);
  EXPECT_NE(std::find(lines.begin(), lines.end(), "a.json:5: \"odd\" is given twice"), lines.end());
  EXPECT_NE(std::find(lines.begin(), lines.end(), "a.json:2: \"name\" must be text that is not empty"), lines.end());
  EXPECT_NE(std::find(lines.begin(), lines.end(), "a.json:3: \"list\" must be an object"), lines.end());
  EXPECT_NE(std::find(lines.begin(), lines.end(), "a.json:1: \"id\" is missing"), lines.end());
  EXPECT_EQ(mistakes.first().message, lines.front());
}

}  // namespace
}  // namespace tokometer::json
