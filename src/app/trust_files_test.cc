#include "app/trust_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <thread>
#include <utility>

#include "base/files.h"

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;

class TrustFilesTest : public testing::Test {
 protected:
  TrustFilesTest() {
    put(folder / "roots.crt", pem("roots"));
    put(folder / "own.crt", pem("own"));
    put(folder / "ca/ca.pem", pem("first"));
  }
  ~TrustFilesTest() override { fs::remove_all(folder); }
  static std::string pem(std::string_view name) { return "BEGIN " + std::string(name) + " END\n"; }
  static void put(const fs::path& file, const std::string& content) {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << content;
  }

  fs::path folder = [] {
    std::string pattern = fs::temp_directory_path() / "tokometer-trust-XXXXXX";
    return fs::path(::mkdtemp(pattern.data()));
  }();
  TrustFiles files{folder, folder / "ca/ca.pem", {folder / "roots.crt"}};
};

TEST_F(TrustFilesTest, HoldOursBesideWhatIsTrustedAnyway) {
  const auto bundle = files.bundle({});
  ASSERT_TRUE(bundle && *bundle);
  EXPECT_EQ(*read_file(**bundle), pem("roots") + pem("first"));
  const auto extra = files.extra(folder / "own.crt");
  ASSERT_TRUE(extra);
  EXPECT_EQ(*read_file(*extra), pem("own") + pem("first"));
}

TEST_F(TrustFilesTest, AreRenewedWhereTheyAre) {
  const fs::path roots = **files.bundle({});
  const fs::path bundle = **files.bundle(folder / "own.crt");
  const fs::path extra = *files.extra(folder / "own.crt");
  put(folder / "other.pem", pem("first"));
  put(folder / "ca-bundle-old.pem", pem("older") + pem("roots"));
  put(folder / "ca-bundle-foreign.pem", pem("roots"));
  put(folder / "ca/ca.pem", pem("second"));
  EXPECT_EQ(files.renew({pem("first"), pem("older")}).value(), 4U);
  EXPECT_EQ(*read_file(roots), pem("roots") + pem("second"));
  EXPECT_EQ(*read_file(bundle), pem("own") + pem("second"));
  EXPECT_EQ(*read_file(extra), pem("own") + pem("second"));
  EXPECT_EQ(*read_file(folder / "ca-bundle-old.pem"), pem("roots") + pem("second"));
  EXPECT_EQ(*read_file(folder / "ca-bundle-foreign.pem"), pem("roots")) << "it never had ours";
  EXPECT_EQ(*read_file(folder / "other.pem"), pem("first")) << "not a file of this kind";
  EXPECT_EQ(files.renew({pem("first"), pem("older")}).value(), 0U);
}

TEST_F(TrustFilesTest, AreRenewedWhereTheyHaveOneTwice) {
  put(folder / "ca-bundle-both.pem", pem("first") + pem("roots") + pem("first"));
  put(folder / "ca/ca.pem", pem("second"));
  EXPECT_EQ(files.renew({pem("first")}).value(), 1U);
  EXPECT_EQ(*read_file(folder / "ca-bundle-both.pem"), pem("roots") + pem("second"));
}

// The renewal of a rotation may come just before a file is written of what was trusted until then.
TEST_F(TrustFilesTest, AreOfWhatIsTrustedWhenTheyAreThere) {
  std::string ours = pem("first");
  for (int i = 0; i < 50; ++i) {
    fs::remove(folder / "ca-bundle.pem");
    std::jthread run([&] { EXPECT_TRUE(files.bundle({})); });
    const std::string before = std::exchange(ours, pem(std::to_string(i)));
    ASSERT_TRUE(replace_file(folder / "ca/ca.pem", ours));
    ASSERT_TRUE(files.renew({before}));
    run.join();
    ASSERT_EQ(read_file(folder / "ca-bundle.pem").value(), pem("roots") + ours) << i;
  }
}

}  // namespace
}  // namespace tokometer::app
