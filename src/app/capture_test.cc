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
using ::testing::AllOf;
using ::testing::HasSubstr;

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
    const std::array<wire::Field, 7> request{{{"Authorization", "Bearer sk-SECRET"},
                                              {"X-Vendor-Secret", "vendor-SECRET"},
                                              {"Helicone-Auth", "helicone-SECRET"},
                                              {"Ocp-Apim-Subscription-Key", "subscription-SECRET"},
                                              {"x-amz-security-TOKEN", "amz-SECRET"},
                                              {"Sec-WebSocket-Protocol", "realtime, openai-insecure-api-key.ws-SECRET"},
                                              {"Content-Type", "application/json"}}};
    const std::array<wire::Field, 3> response{{{"Set-Cookie", "cookie-SECRET"},
                                               {"Location", "https://cdn.example/x?sig=signed-SECRET&page=1"},
                                               {"content-encoding", "gzip"}}};
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
  EXPECT_THAT(har, Not(HasSubstr("SECRET")));
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

TEST_F(CaptureStoreTest, DecodedBodiesThatSwellAreCutAndMarked) {
  const std::string content(100'000, 'x');
  const std::string coded = wire::content_coding::encode(wire::content_coding::Coding::kZstd, content);
  const std::array<wire::Field, 1> fields{{{"content-encoding", "zstd"}}};
  ASSERT_LT(coded.size(), 1000U);
  const auto har_of = [&](std::size_t max_bytes, CaptureBudget& budget) {
    Capture capture(nullptr, {}, false, max_bytes, budget);
    capture.response_head(200, fields);
    capture.response_content(coded);
    return capture.har(event_);
  };
  CaptureBudget ample(1'000'000);
  EXPECT_THAT(har_of(200'000, ample), AllOf(HasSubstr(content), Not(HasSubstr("cut off"))));
  EXPECT_THAT(har_of(1000, ample), HasSubstr("cut off at the capture limit"));
  EXPECT_LT(har_of(1000, ample).size(), 3000U);
  CaptureBudget tight(2000);
  EXPECT_THAT(har_of(200'000, tight), HasSubstr("cut off at the capture limit"));
  EXPECT_LT(har_of(200'000, tight).size(), 4000U);
  EXPECT_TRUE(tight.take(2000)) << "what was decoded is given back";
}

TEST_F(CaptureStoreTest, WhatAllHoldInMemoryIsBounded) {
  std::string names[2];
  {
    CaptureStore store(folder_, {.memory_bytes = 8}, system_clock(), log_);
    auto first = store.open(nullptr, {});
    auto second = store.open(nullptr, {});
    first->request_content("12345");
    second->request_content("abcde");
    second->request_content("f");  // would fit, but after a gap
    first->response_content("xyz");
    names[0] = store.close(std::move(first), event_);
    event_.id = ids_.make(event_.started_at);
    names[1] = store.close(std::move(second), event_);
    while (store.stats().written < 2) std::this_thread::yield();
    auto third = store.open(nullptr, {});
    third->request_content("12345678");
    event_.id = ids_.make(event_.started_at);
    EXPECT_THAT(third->har(event_), HasSubstr(R"("text":"12345678"})")) << "what is written is free again";
  }
  EXPECT_THAT(read(names[0]), AllOf(HasSubstr(R"("text":"12345"})"), HasSubstr(R"("text":"xyz"})")));
  EXPECT_THAT(read(names[1]), Not(HasSubstr("abcde")));
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
