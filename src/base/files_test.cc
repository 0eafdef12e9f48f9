#include "base/files.h"

#include <gtest/gtest.h>

#include <fstream>

namespace tokometer {
namespace {

class Files : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const char* name, std::string_view content) {
    const auto path = folder_ / name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  const std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / "tokometer_files_test";
};

TEST_F(Files, ReadsWholeFiles) {
  EXPECT_EQ(read_file(write("a.json", std::string_view("a\0b\r\n", 5))), std::string("a\0b\r\n", 5));
  EXPECT_EQ(read_file(write("empty", "")), "");
}

TEST_F(Files, SaysWhatIsWrong) {
  const auto missing = read_file(folder_ / "none");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message.find("none: "), std::string::npos);
  const auto large = read_file(write("large", "12345"), 4);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(read_file(folder_).error().code, ErrorCode::kIo);
}

TEST_F(Files, ReplacesAFileWithTheModeThatIsAsked) {
  const auto file = write("kept", "old");
  EXPECT_TRUE(replace_file(file, "new", 0600));
  EXPECT_EQ(read_file(file), "new");
  EXPECT_EQ(std::filesystem::status(file).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_FALSE(replace_file(folder_ / "none" / "x", "new", 0600));
}

TEST_F(Files, MakesAFileOnlyOnce) {
  const auto file = folder_ / "made";
  EXPECT_EQ(make_file(file, "first"), true);
  EXPECT_EQ(make_file(file, "second"), false);
  EXPECT_EQ(read_file(file), "first");
  EXPECT_EQ(std::filesystem::status(file).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(make_file(folder_ / "none" / "x", "").error().code, ErrorCode::kIo);
}

TEST_F(Files, ListsByName) {
  write("b.json", "");
  write("a.json", "");
  write("c.txt", "");
  EXPECT_EQ(files_in(folder_, ".json"), (std::vector{folder_ / "a.json", folder_ / "b.json"}));
  EXPECT_EQ(files_in(folder_ / "none", ".json"), std::vector<std::filesystem::path>());
  EXPECT_EQ(files_in("", ".json"), std::vector<std::filesystem::path>());
  EXPECT_FALSE(files_in(folder_ / "a.json", ".json"));
}

}  // namespace
}  // namespace tokometer
