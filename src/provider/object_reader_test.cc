#include "provider/object_reader.h"

#include <gmock/gmock.h>

namespace tokometer::provider {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ObjectReaderTest : public testing::Test {
 protected:
  const Merged& of(const char* text) {
    document_ = std::move(*json::Document::parse(text));
    merged_ = Merged::of("x.json", document_->root());
    return merged_;
  }
  std::optional<json::Document> document_;
  Merged merged_;
  Mistakes mistakes_;
};

TEST_F(ObjectReaderTest, ReadsEachKind) {
  ObjectReader reader(
      of(R"({"s": "t", "b": true, "i": 7, "a": ["x"], "o": {}, "c": "two", "n": ["A-B"], "null": null})"), mistakes_);
  EXPECT_EQ(reader.string("s"), "t");
  EXPECT_EQ(reader.boolean("b"), true);
  EXPECT_EQ(reader.integer("i"), 7);
  EXPECT_THAT(reader.strings("a"), ElementsAre("x"));
  EXPECT_NE(reader.object("o"), nullptr);
  EXPECT_EQ(reader.choice("c", {"one", "two"}), 1U);
  EXPECT_THAT(reader.names("n"), ElementsAre("a-b"));
  EXPECT_EQ(reader.string("null"), std::nullopt) << "null is as if it were not there";
  EXPECT_EQ(reader.string("absent"), std::nullopt);
  reader.finish();
  EXPECT_THAT(mistakes_.messages(), IsEmpty());
}

TEST_F(ObjectReaderTest, GathersEveryMistake) {
  ObjectReader reader(
      of("{\"s\": 1,\n\"b\": 1,\n\"i\": 1.5,\n\"a\": \"x\",\n\"o\": [],\n\"c\": \"three\",\n\"strang\": 1}"),
      mistakes_);
  reader.string("s");
  reader.boolean("b");
  reader.integer("i");
  reader.strings("a");
  reader.object("o");
  reader.choice("c", {"one", "two"});
  reader.string("strange");
  reader.finish();
  EXPECT_THAT(mistakes_.messages(),
              ElementsAre("x.json:1: \"s\" must be a string", "x.json:2: \"b\" must be true or false",
                          "x.json:3: \"i\" must be a whole number", "x.json:4: an array of strings must stand here",
                          "x.json:5: \"o\" must be an object", "x.json:6: \"c\" must be one of \"one\" \"two\"",
                          "x.json:7: unknown key \"strang\", did you mean \"strange\"?"));
}

TEST_F(ObjectReaderTest, RefusesWhatIsNoObject) {
  ObjectReader reader(of("[1]"), mistakes_);
  EXPECT_EQ(reader.string("s"), std::nullopt);
  EXPECT_THAT(mistakes_.messages(), ElementsAre("x.json:1: an object must stand here"));
}

TEST_F(ObjectReaderTest, TakesALoneStringWhereItMay) {
  EXPECT_THAT(read_strings(of("\"x\""), true, mistakes_), ElementsAre("x"));
  EXPECT_THAT(mistakes_.messages(), IsEmpty());
  EXPECT_THAT(read_strings(of("[1]"), true, mistakes_), IsEmpty());
  EXPECT_EQ(mistakes_.messages().size(), 1U);
}

}  // namespace
}  // namespace tokometer::provider
