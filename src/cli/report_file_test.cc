#include "cli/report_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "base/files.h"

namespace tokometer::cli {
namespace {

namespace fs = std::filesystem;

class ReportFileTest : public ::testing::Test {
 protected:
  ReportFileTest() {
    std::string pattern = testing::TempDir() + "report_XXXXXX";
    folder = mkdtemp(pattern.data());
  }
  ~ReportFileTest() override { fs::remove_all(folder); }

  fs::path folder;
};

TEST_F(ReportFileTest, IsItsOwnersAlone) {
  const fs::path path = folder / "sums.json";
  const auto file = ReportFile::open(path);
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_TRUE(file->write("{}\n"));
  EXPECT_EQ(read_file(path).value(), "{}\n");
  EXPECT_EQ(fs::status(path).permissions() & fs::perms::mask, fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(ReportFileTest, TakesThePlaceOfWhatWasThereWhenItIsWritten) {
  const fs::path path = folder / "sums.json";
  std::ofstream(path) << "of the run before, and longer";
  const auto file = ReportFile::open(path);
  ASSERT_TRUE(file);
  EXPECT_EQ(read_file(path).value(), "of the run before, and longer");
  ASSERT_TRUE(file->write("new"));
  EXPECT_EQ(read_file(path).value(), "new");
}

TEST_F(ReportFileTest, SaysAtOnceThatItCannotBeWritten) {
  const auto file = ReportFile::open(folder / "none" / "sums.json");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::kIo);
  EXPECT_NE(file.error().message.find("sums.json: "), std::string::npos) << file.error().message;
}

TEST_F(ReportFileTest, ComesAfterWhatWasSaidOnStandardError) {
  const fs::path said = folder / "said.txt";
  std::ofstream(said) << "Session\n";
  const int errors = dup(STDERR_FILENO);
  const int log = open(said.c_str(), O_WRONLY);
  lseek(log, 0, SEEK_END);
  dup2(log, STDERR_FILENO);
  close(log);
  {
    const auto file = ReportFile::open("/dev/stderr");
    EXPECT_TRUE(file && file->write("{}\n"));
  }
  dup2(errors, STDERR_FILENO);
  close(errors);
  EXPECT_EQ(read_file(said).value(), "Session\n{}\n");
}

TEST_F(ReportFileTest, SaysThatTheDiskIsFull) {
  const auto file = ReportFile::open("/dev/full");
  if (!file) GTEST_SKIP() << file.error().message;
  EXPECT_EQ(file->write("{}").error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace tokometer::cli
