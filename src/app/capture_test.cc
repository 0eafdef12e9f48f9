#include "app/capture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <fstream>
#include <iterator>

#include "json/document.h"
#include "wire/content_coding.h"

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class CaptureStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    event_.started_at = *parse_rfc3339("2026-11-22T20:37:51Z");
    event_.id = ids_.make(event_.started_at);
    event_.method = "POST";
    event_.host = "api.openai.com";
    event_.path = "/v1/chat/completions";
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string read(const std::string& name) {
    std::ifstream file(folder_ / name, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    std::string out;
    auto decoder = wire::content_coding::Decoder::open("zstd");
    EXPECT_TRUE(decoder->feed(bytes, [&](std::string_view piece) { out += piece; }));
    return out;
  }

  fs::path folder_ = fs::path(::testing::TempDir()) / "captures";
  Log log_{LogLevel::kOff};
  UuidMaker ids_;
  event::Event event_;
};

TEST_F(CaptureStoreTest, KeepsAnExchangeWithoutItsSecrets) {
  std::string name;
  {
    CaptureStore store(folder_, {}, system_clock(), log_);
    provider::Spec spec;
    spec.secret_fields = {"x-vendor-secret"};
    const std::array<wire::Field, 7> request{{{"Authorization", "Bearer sk-1"},
                                              {"X-Vendor-Secret", "s-2"},
                                              {"Helicone-Auth", "s-4"},
                                              {"Ocp-Apim-Subscription-Key", "s-5"},
                                              {"x-amz-security-TOKEN", "s-6"},
                                              {"Sec-WebSocket-Protocol", "realtime, openai-insecure-api-key.s-7"},
                                              {"Content-Type", "application/json"}}};
    const std::array<wire::Field, 2> response{{{"Set-Cookie", "c-3"}, {"content-encoding", "gzip"}}};
    auto capture = store.open(&spec, request);
    capture->request_content("{\"model\":");
    capture->request_content("\"x\"}");
    capture->response_head(200, response);
    capture->response_content(wire::content_coding::encode(wire::content_coding::Coding::kGzip, "{\"ok\":true}"));
    name = store.close(std::move(capture), event_);
  }
  EXPECT_EQ(name, "2026-11-22/" + event_.id.text() + ".har.zst");
  struct stat info{};
  ASSERT_EQ(::stat((folder_ / name).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  const std::string har = read(name);
  EXPECT_TRUE(json::Document::parse(har));
  EXPECT_THAT(har, HasSubstr(R"("text":"{\"model\":\"x\"}")"));
  EXPECT_THAT(har, HasSubstr(R"("text":"{\"ok\":true}")"));
  for (const char* secret : {"sk-1", "s-2", "c-3", "s-4", "s-5", "s-6", "s-7"})
    EXPECT_THAT(har, Not(HasSubstr(secret)));
}

TEST_F(CaptureStoreTest, BytesThatAreNoTextAreBase64) {
  std::string name;
  {
    CaptureStore store(folder_, {}, system_clock(), log_);
    auto capture = store.open(nullptr, {});
    capture->response_head(200, {});
    capture->response_content("\xff\xfe");
    name = store.close(std::move(capture), event_);
  }
  EXPECT_THAT(read(name), HasSubstr(R"("text":"//4=","encoding":"base64")"));
}

TEST_F(CaptureStoreTest, LongBodiesAreCutAndMarked) {
  std::string name;
  {
    CaptureStore store(folder_, {.exchange_bytes = 4}, system_clock(), log_);
    auto capture = store.open(nullptr, {});
    capture->response_head(200, {});
    capture->response_content("abc");
    capture->response_content("def");
    name = store.close(std::move(capture), event_);
  }
  EXPECT_THAT(read(name), HasSubstr(R"("text":"abcd","comment":"cut off at the capture limit")"));
}

TEST_F(CaptureStoreTest, TheOldestGoWhenTheFolderIsFull) {
  std::string first;
  std::string last;
  {
    CaptureStore store(folder_, {.total_bytes = 4000}, system_clock(), log_);
    for (int i = 0; i < 40; ++i) {
      event_.id = ids_.make(event_.started_at);
      auto capture = store.open(nullptr, {});
      last = store.close(std::move(capture), event_);
      if (i == 0) first = last;
    }
  }
  EXPECT_FALSE(fs::exists(folder_ / first));
  EXPECT_TRUE(fs::exists(folder_ / last));
}

TEST_F(CaptureStoreTest, AFolderThatCannotBeMadeIsCountedAndHarmless) {
  std::ofstream(folder_).put('x');  // a file where the folder should be
  CaptureStore store(folder_, {}, system_clock(), log_);
  store.close(store.open(nullptr, {}), event_);
  while (store.stats().dropped == 0) std::this_thread::yield();
  EXPECT_EQ(store.stats().written, 0U);
}

}  // namespace
}  // namespace tokometer::app
