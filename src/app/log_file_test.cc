#include "app/log_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "app/stopped_clock_testing.h"

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;

class LogFileTest : public testing::Test {
 protected:
  LogFileTest() {
    std::string name = testing::TempDir() + "log_XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~LogFileTest() override { fs::remove_all(folder_); }
  static std::string read(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }

  fs::path folder_;
  StoppedClock clock_;
};

TEST_F(LogFileTest, LinesHaveTheirTimesAndNobodyElseReadsThem) {
  const fs::path path = log_file(folder_);
  const auto file = LogFile::open(path, clock_);
  ASSERT_TRUE(file) << file.error().message;
  (*file)->write("tokometer: started\n");
  EXPECT_EQ(read(path), "2026-01-02T03:04:05.000000Z tokometer: started\n");
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::status(path.parent_path()).permissions(), fs::perms::owner_all);
}

TEST_F(LogFileTest, NeverTakesMoreThanItsShare) {
  const fs::path path = folder_ / "x.log";
  const std::string line(70, 'x');
  {
    const auto file = LogFile::open(path, clock_, {.bytes = 300, .kept = 2});
    ASSERT_TRUE(file);
    for (int i = 0; i < 50; ++i) (*file)->write(line + std::to_string(i) + "\n");
  }
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    ++files;
    EXPECT_LE(entry.file_size(), 300U) << entry.path();
  }
  EXPECT_EQ(files, 3U);
  EXPECT_TRUE(read(path).ends_with("x49\n"));
  // A second start goes on where the first ended.
  const auto file = LogFile::open(path, clock_, {.bytes = 300, .kept = 2});
  ASSERT_TRUE(file);
  for (int i = 0; i < 3; ++i) (*file)->write(line + "y\n");
  EXPECT_LE(fs::file_size(path), 300U);
}

TEST_F(LogFileTest, ALineLongerThanTheLimitIsKeptAlone) {
  const fs::path path = folder_ / "x.log";
  const auto file = LogFile::open(path, clock_, {.bytes = 100, .kept = 1});
  ASSERT_TRUE(file);
  (*file)->write(std::string(500, 'x') + "\n");
  (*file)->write("short\n");
  EXPECT_TRUE(read(path).ends_with(" short\n"));
  EXPECT_FALSE(fs::exists(rotated(path, 2)));
}

TEST_F(LogFileTest, SaysWhyItCannotBeOpened) {
  std::ofstream(folder_ / "logs") << "a file where the folder should be";
  const auto file = LogFile::open(log_file(folder_), clock_);
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message.find("logs"), std::string::npos);
}

}  // namespace
}  // namespace tokometer::app
