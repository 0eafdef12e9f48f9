#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tokenizer/image_size.h"
#include "tokenizer/image_tokens.h"

namespace tokometer::tokenizer {
namespace {

using std::string_literals::operator""s;
using Kind = ImageRule::Kind;

TEST(ImageSize, ReadsEachFormat) {
  EXPECT_EQ(image_size("\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\x04\0\0\0\x02\x01"s), (ImageSize{1024, 513}));
  EXPECT_EQ(image_size("GIF89a\x40\x01\xC8\0"s), (ImageSize{320, 200}));
  EXPECT_EQ(image_size("\xFF\xD8\xFF\xE0\0\x04xx\xFF\xFF\xC2\0\x11\x08\x02\x01\x04\x00zz"s), (ImageSize{1024, 513}));
  EXPECT_EQ(image_size("RIFF\0\0\0\0WEBPVP8X\x0A\0\0\0\0\0\0\0\xFF\x03\0\0\x02\0"s), (ImageSize{1024, 513}));
  EXPECT_EQ(image_size("RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9D\x01\x2A\0\x04\x01\x02"s), (ImageSize{1024, 513}));
  EXPECT_EQ(image_size("RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2F\xFF\x03\x80\0\0\0\0\0\0"s), (ImageSize{1024, 513}));
}

TEST(ImageSize, SaysNothingOfWhatItDoesNotKnow) {
  const std::string png = "\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\x04\0\0\0\x02\x01"s;
  for (std::size_t size = 0; size < png.size(); ++size) EXPECT_FALSE(image_size(png.substr(0, size)));
  const std::string jpeg = "\xFF\xD8\xFF\xE0\0\x04xx\xFF\xC0\0\x11\x08\x02\x01\x04"s;
  for (std::size_t size = 0; size < jpeg.size(); ++size) EXPECT_FALSE(image_size(jpeg.substr(0, size)));
  EXPECT_FALSE(image_size("\xFF\xD8\xFF\xE0\0\0\xFF\xE0\0\0\xFF\xE0\0\0\0\0\0\0\0\0"s)) << "segments of no length";
  EXPECT_FALSE(image_size("GIF89a\0\0\0\0"s)) << "a size of 0";
  EXPECT_FALSE(image_size("BM1234567890"));
}

std::optional<std::int64_t> tokens(const ImageRule& rule, std::int64_t width, std::int64_t height) {
  return image_tokens(rule, ImageSize{width, height}, Detail::kHigh);
}

// The examples of OpenAI's documentation of image costs.
TEST(ImageTokens, CountsTiles) {
  const ImageRule rule{.name = "", .kind = Kind::kTiles, .base = 85, .per = 170, .max = 0, .source = ""};
  EXPECT_EQ(tokens(rule, 1024, 1024), 765);
  EXPECT_EQ(tokens(rule, 2048, 4096), 1105);
  EXPECT_EQ(tokens(rule, 512, 512), 255);
  EXPECT_EQ(image_tokens(rule, ImageSize{4096, 8192}, Detail::kLow), 85);
  EXPECT_EQ(image_tokens(rule, std::nullopt, Detail::kLow), 85);
  EXPECT_EQ(image_tokens(rule, std::nullopt, Detail::kHigh), std::nullopt);
}

TEST(ImageTokens, CountsPatches) {
  const ImageRule rule{.name = "", .kind = Kind::kPatches, .base = 0, .per = 1, .max = 1536, .source = ""};
  EXPECT_EQ(tokens(rule, 1024, 1024), 1024);
  EXPECT_EQ(tokens(rule, 1800, 2400), 1452);
  ImageRule mini = rule;
  mini.per = 1.62;
  EXPECT_EQ(tokens(mini, 1024, 1024), 1659);
}

TEST(ImageTokens, CountsPixelsTilesAndWhatIsFixed) {
  const ImageRule area{.name = "", .kind = Kind::kArea, .base = 0, .per = 750, .max = 1568, .source = ""};
  EXPECT_EQ(tokens(area, 200, 200), 54);
  EXPECT_EQ(tokens(area, 1000, 1000), 1334);
  EXPECT_EQ(tokens(area, 3136, 100), 105);
  const ImageRule grid{.name = "", .kind = Kind::kGrid, .base = 0, .per = 258, .max = 0, .source = ""};
  EXPECT_EQ(tokens(grid, 384, 384), 258);
  EXPECT_EQ(tokens(grid, 960, 540), 516);
  const ImageRule fixed{.name = "", .kind = Kind::kFixed, .base = 1120, .per = 0, .max = 0, .source = ""};
  EXPECT_EQ(image_tokens(fixed, std::nullopt, Detail::kHigh), 1120);
}

}  // namespace
}  // namespace tokometer::tokenizer
