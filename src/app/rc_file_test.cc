#include "app/rc_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLines = "eval \"$(tokometer shell-init bash)\"\n";

class RcFile : public testing::Test {
 protected:
  RcFile() {
    std::string name = testing::TempDir() + "rc_XXXXXX";
    folder_ = mkdtemp(name.data());
    file_ = folder_ / ".bashrc";
  }
  ~RcFile() override { fs::remove_all(folder_); }
  void write(std::string_view content) const { std::ofstream(file_, std::ios::binary) << content; }
  std::string read() const {
    std::ifstream stream(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }

  fs::path folder_;
  fs::path file_;
};

TEST_F(RcFile, IsWhatItWasByteForByte) {
  for (const std::string_view content : {"", "\n", "alias a=b\n", "alias a=b", "a\n\n\n", "a\r\nb\r\n", "a\r\nb", "a\r",
                                         "a\n# >>> conda >>>\n# <<< conda <<<\n", "\xff\xfe not text \n"}) {
    write(content);
    EXPECT_EQ(install_block(file_, kLines), BlockChange::kAdded);
    EXPECT_NE(read().find(kLines), std::string::npos);
    EXPECT_EQ(uninstall_block(file_), BlockChange::kRemoved);
    EXPECT_EQ(read(), content);
  }
}

TEST_F(RcFile, TwiceIsAsOnce) {
  write("alias a=b\n");
  ASSERT_TRUE(install_block(file_, kLines));
  const std::string once = read();
  EXPECT_EQ(install_block(file_, kLines), BlockChange::kNone);
  EXPECT_EQ(read(), once);
  ASSERT_TRUE(uninstall_block(file_));
  EXPECT_EQ(uninstall_block(file_), BlockChange::kNone);
  EXPECT_EQ(read(), "alias a=b\n");
}

TEST_F(RcFile, AnOlderBlockIsReplacedWhereItStands) {
  write("a\n");
  ASSERT_TRUE(install_block(file_, "old\n"));
  std::ofstream(file_, std::ios::binary | std::ios::app) << "after\n";
  EXPECT_EQ(install_block(file_, "new\n"), BlockChange::kReplaced);
  EXPECT_EQ(read(), "a\n\n# >>> tokometer >>>\nnew\n# <<< tokometer <<<\nafter\n");
  EXPECT_EQ(uninstall_block(file_), BlockChange::kRemoved);
  EXPECT_EQ(read(), "a\nafter\n");
}

TEST_F(RcFile, AFileMadeForTheBlockGoesWithIt) {
  file_ = folder_ / "deep" / "config.fish";
  EXPECT_EQ(install_block(file_, "old\n"), BlockChange::kAdded);
  EXPECT_EQ(install_block(file_, kLines), BlockChange::kReplaced);
  EXPECT_EQ(install_block(file_, kLines), BlockChange::kNone);
  EXPECT_EQ(uninstall_block(file_), BlockChange::kRemoved);
  EXPECT_FALSE(fs::exists(file_));
  // But not with what the user wrote into it since.
  ASSERT_TRUE(install_block(file_, kLines));
  std::ofstream(file_, std::ios::binary | std::ios::app) << "mine\n";
  EXPECT_EQ(uninstall_block(file_), BlockChange::kRemoved);
  EXPECT_EQ(read(), "mine\n");
}

TEST_F(RcFile, LinksStayLinksAndModesStay) {
  fs::create_directory(folder_ / "dotfiles");
  const fs::path real = folder_ / "dotfiles" / "bashrc";
  std::ofstream(real) << "x\n";
  fs::permissions(real, fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("dotfiles/bashrc", file_);
  ASSERT_TRUE(install_block(file_, kLines));
  EXPECT_TRUE(fs::is_symlink(file_));
  EXPECT_FALSE(fs::is_symlink(real));
  EXPECT_NE(read().find(kLines), std::string::npos);
  EXPECT_EQ(fs::status(real).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  ASSERT_TRUE(uninstall_block(file_));
  EXPECT_TRUE(fs::is_symlink(file_));
  EXPECT_EQ(read(), "x\n");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "dotfiles"), {}), 1);
}

TEST_F(RcFile, LinksInACircleAreSaid) {
  fs::create_symlink(".bashrc", file_);
  EXPECT_FALSE(install_block(file_, kLines));
}

TEST_F(RcFile, EndsThatAnEditorChangedAreFound) {
  write("a\r\n\r\n# >>> tokometer >>>\r\nx\r\n# <<< tokometer <<<\r\nb\r\n");
  EXPECT_EQ(uninstall_block(file_), BlockChange::kRemoved);
  EXPECT_EQ(read(), "a\r\nb\r\n");
}

TEST_F(RcFile, ABlockWithoutAnEndIsLeftAndSaid) {
  const std::string broken = "a\n# >>> tokometer >>>\nb\n";
  write(broken);
  for (const auto& outcome : {install_block(file_, kLines), uninstall_block(file_)}) {
    ASSERT_FALSE(outcome);
    EXPECT_NE(outcome.error().message.find(".bashrc:2: "), std::string::npos) << outcome.error().message;
  }
  EXPECT_EQ(read(), broken);
}

TEST_F(RcFile, ADryRunChangesNothing) {
  write("a\n");
  EXPECT_EQ(install_block(file_, kLines, true), BlockChange::kAdded);
  EXPECT_EQ(install_block(folder_ / "none", kLines, true), BlockChange::kAdded);
  EXPECT_EQ(read(), "a\n");
  EXPECT_FALSE(fs::exists(folder_ / "none"));
}

}  // namespace
}  // namespace tokometer::app
