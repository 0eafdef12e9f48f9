#include "app/instance.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;

class InstanceTest : public testing::Test {
 protected:
  InstanceTest() {
    std::string name = testing::TempDir() + "instance_XXXXXX";
    folder_ = fs::path(mkdtemp(name.data())) / "data";
  }
  ~InstanceTest() override { fs::remove_all(folder_.parent_path()); }

  fs::path folder_;
};

TEST_F(InstanceTest, IsFoundWhileItRunsAndGoneAfterwards) {
  EXPECT_FALSE(find_instance(folder_));
  {
    const auto instance = Instance::claim(folder_);
    ASSERT_TRUE(instance) << instance.error().message;
    const auto running = find_instance(folder_);
    ASSERT_TRUE(running);
    EXPECT_EQ(running->pid, getpid());
    EXPECT_FALSE(running->status);
  }
  EXPECT_FALSE(find_instance(folder_));
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(InstanceTest, RefusesASecondOneAndNamesTheFirst) {
  const auto first = Instance::claim(folder_);
  ASSERT_TRUE(first);
  const auto second = Instance::claim(folder_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message,
            folder_.string() + ": in use by another tokometer (process " + std::to_string(getpid()) + ")");
  EXPECT_TRUE(find_instance(folder_)) << "the refusal must leave the first one's file";
}

TEST_F(InstanceTest, TakesNoNoticeOfAFileThatWasLeftBehind) {
  fs::create_directories(folder_);
  std::ofstream(folder_ / "tokometer.pid") << "1\n";
  EXPECT_FALSE(find_instance(folder_));
  EXPECT_TRUE(Instance::claim(folder_));
}

TEST_F(InstanceTest, PublishesItsStatusWhole) {
  const auto instance = Instance::claim(folder_);
  ASSERT_TRUE(instance);
  ASSERT_TRUE(instance->publish(
      {.listening = {"127.0.0.1:1", "unix:/x \"y\""}, .reloads = 2, .reload_ok = false, .message = "line\nbreak"}));
  const auto running = find_instance(folder_);
  ASSERT_TRUE(running && running->status);
  EXPECT_EQ(running->status->listening, (std::vector<std::string>{"127.0.0.1:1", "unix:/x \"y\""}));
  EXPECT_EQ(running->status->reloads, 2);
  EXPECT_FALSE(running->status->reload_ok);
  EXPECT_EQ(running->status->message, "line\nbreak");
}

TEST_F(InstanceTest, KeepsItsFilesFromOthers) {
  const auto instance = Instance::claim(folder_);
  ASSERT_TRUE(instance && instance->publish({}));
  for (const char* name : {"tokometer.pid", "status.json"}) {
    struct stat status{};
    ASSERT_EQ(stat((folder_ / name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << name;
  }
  struct stat status{};
  ASSERT_EQ(stat(folder_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST_F(InstanceTest, MovesWithItsLock) {
  auto first = Instance::claim(folder_);
  ASSERT_TRUE(first);
  {
    const Instance moved = std::move(*first);
    EXPECT_TRUE(find_instance(folder_));
  }
  EXPECT_FALSE(find_instance(folder_));
}

TEST_F(InstanceTest, SaysWhenTheFolderCannotBeMade) {
  std::ofstream(folder_.parent_path() / "file") << "";
  const auto instance = Instance::claim(folder_.parent_path() / "file" / "data");
  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace tokometer::app
