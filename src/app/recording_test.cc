#include "app/recording.h"

#include <gtest/gtest.h>

#include <fstream>
#include <utility>
#include <vector>

#include "app/capture.h"
#include "wire/base64.h"
#include "wire/content_coding.h"

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;
using wire::content_coding::Coding;

constexpr std::string_view kAnswer =
    R"({"id":"chatcmpl-1","object":"chat.completion","model":"gpt-4o-2024-08-06","choices":[{"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}})";

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

struct Entry {
  std::string url = "https://api.openai.com/v1/chat/completions?key=secret";
  std::string comment = R"("comment":"first",)";
  std::string started = "2026-01-02T03:04:05.678Z";
  std::string response_headers = R"({"name":"Content-Type","value":"application/json"})";
  std::string content = R"("text":")" + escaped(kAnswer) + "\"";
  std::string status = "200";

  std::string text() const {
    return R"({"startedDateTime":")" + started + R"(","time":1500.5,)" + comment +
           R"("request":{"method":"POST","url":")" + url +
           R"(","headers":[{"name":"User-Agent","value":"OpenAI/Python 1.99.0"}],"bodySize":-1,)"
           R"("postData":{"mimeType":"application/json","text":"{\"model\":\"gpt-4o\"}"}},)"
           R"("response":{"status":)" +
           status + R"(,"headers":[)" + response_headers + R"(],"content":{"mimeType":"application/json",)" + content +
           R"(}},"timings":{"blocked":-1,"dns":1,"connect":2,"ssl":2,"send":0.5,"wait":400,"receive":1100}})";
  }
};

class RecordingTest : public testing::Test {
 protected:
  RecordingTest() {
    auto rules = load_rules("/nonexistent");
    if (!rules) ADD_FAILURE() << rules.error().message;
    rules_ = *rules;
  }

  event::Event read(const Entry& entry) {
    RecordingReader reader(rules_);
    event::Event event;
    const auto events = reader.read_entry(entry.text(), "7", [&](event::Event&& one) { event = std::move(one); });
    if (!events) {
      ADD_FAILURE() << events.error().message;
    } else if (*events != 1) {
      ADD_FAILURE() << *events << " events";
    }
    return event;
  }

  std::string fault(const Entry& entry) {
    RecordingReader reader(rules_);
    const auto events = reader.read_entry(entry.text(), "7", [](event::Event&&) { ADD_FAILURE() << "an event"; });
    return events ? "" : events.error().message;
  }

  std::shared_ptr<const Rules> rules_;
};

TEST_F(RecordingTest, MakesTheEventThatTheProxyWouldHaveMade) {
  const event::Event event = read({});
  EXPECT_EQ(event.provider, "openai");
  EXPECT_EQ(event.operation, "chat");
  EXPECT_EQ(event.method, "POST");
  EXPECT_EQ(event.host, "api.openai.com");
  EXPECT_EQ(event.path.find("secret"), std::string::npos) << event.path;
  EXPECT_EQ(event.source_id, "first");
  EXPECT_EQ(format_rfc3339(event.started_at), "2026-01-02T03:04:05.678000Z");
  EXPECT_EQ(event.duration_us, 1'500'500);
  EXPECT_EQ(event.time_to_first_byte_us, 403'500);
  EXPECT_EQ(event.status_code, 200);
  EXPECT_EQ(event.request_model, "gpt-4o");
  EXPECT_EQ(event.response_model, "gpt-4o-2024-08-06");
  EXPECT_EQ(event.response_id, "chatcmpl-1");
  EXPECT_EQ(event.usage.input_tokens, 11);
  EXPECT_EQ(event.usage.output_tokens, 7);
  EXPECT_EQ(event.request_bytes, 18);
  EXPECT_EQ(event.response_bytes, static_cast<std::int64_t>(kAnswer.size()));
  EXPECT_EQ(event.client, "openai-python");
  EXPECT_TRUE(event.cost_picodollars);
  EXPECT_TRUE(event.complete);
}

TEST_F(RecordingTest, IsNumberedWhereItHasNoComment) { EXPECT_EQ(read({.comment = ""}).source_id, "7"); }

TEST_F(RecordingTest, HasAnIdThatComesFromItsContentAndSortsByTime) {
  EXPECT_EQ(read({}).id, read({}).id);
  EXPECT_NE(read({}).id, read({.comment = R"("comment":"second",)"}).id);
  EXPECT_LT(read({}).id, read({.started = "2026-01-02T03:04:05.679Z"}).id);
  EXPECT_EQ(read({}).id.text().substr(14, 1), "7");
}

TEST_F(RecordingTest, IsTheSameEventWhereACaptureSaysSo) {
  const event::Event event =
      read({.url = "https://llm.internal/v1/chat/completions",
            .comment = R"("_provider":"openai","comment":"0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b",)"});
  EXPECT_EQ(event.id.text(), "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b");
  EXPECT_EQ(event.provider, "openai");
}

TEST_F(RecordingTest, TakesBase64AndIgnoresACodingThatWasUndone) {
  const Entry plain{.response_headers = R"({"name":"content-encoding","value":"br"})"};
  EXPECT_EQ(read(plain).usage.input_tokens, 11);

  Entry coded = plain;
  coded.response_headers = R"({"name":"content-encoding","value":"gzip"})";
  coded.content =
      R"("encoding":"base64","text":"eyJ1c2FnZSI6eyJwcm9tcHRfdG9rZW5zIjo1LCJjb21wbGV0aW9uX3Rva2VucyI6NiwidG90YWxfdG9rZW5zIjoxMX19")";
  EXPECT_EQ(read(coded).usage.input_tokens, 5);
  EXPECT_EQ(read(coded).usage.output_tokens, 6);
}

TEST_F(RecordingTest, IsIncompleteWhereNoAnswerCame) {
  const event::Event event = read({.content = R"("text":"")", .status = "0"});
  EXPECT_FALSE(event.complete);
  EXPECT_FALSE(event.time_to_first_byte_us);
  EXPECT_EQ(event.usage.source, meter::UsageSource::kNone);
}

TEST_F(RecordingTest, IsTruncatedWhereTheAnswerWasNotRecorded) {
  const event::Event event = read({.content = R"("size":5000)"});
  EXPECT_TRUE(event.truncated);
  EXPECT_FALSE(event.complete);
  EXPECT_FALSE(read({.content = R"("size":0,"text":"")"}).truncated) << "there was none";
}

TEST_F(RecordingTest, LeavesOutWhatIsNoCallToAProvider) {
  RecordingReader reader(rules_);
  for (const char* url : {"https://example.com/v1/chat/completions", "https://api.openai.com/favicon.ico"}) {
    const auto events = reader.read_entry(Entry{.url = url}.text(), "0", [](event::Event&&) {});
    ASSERT_TRUE(events) << events.error().message;
    EXPECT_EQ(*events, 0U) << url;
  }
}

TEST_F(RecordingTest, KnowsCallsThatWereMadeToTokometerItself) {
  EXPECT_EQ(read({.url = "http://127.0.0.1:4141/openai/v1/chat/completions"}).provider, "openai");
  EXPECT_EQ(read({.url = "http://localhost:4141/v1/chat/completions"}).provider, "openai");
}

// Their paths are OpenAI's, their prices are not.
TEST_F(RecordingTest, KnowsServersOfOnesOwn) {
  for (const char* host : {"localhost:8000", "127.0.0.1:8001", "[::1]:8000", "10.1.2.3", "192.168.0.9:8080",
                           "172.16.0.1:8000", "172.31.255.1", "[fd00::1]:8000", "gpu-box:8000", "llm.internal"}) {
    const event::Event event = read({.url = "http://" + std::string(host) + "/v1/chat/completions"});
    EXPECT_EQ(event.provider, "openai_compatible") << host;
    EXPECT_EQ(event.usage.input_tokens, 11) << host;
    EXPECT_FALSE(event.cost_picodollars) << host;
  }
  EXPECT_EQ(read({.url = "http://localhost:11434/v1/chat/completions"}).provider, "ollama");
  RecordingReader reader(rules_);
  for (const char* host : {"172.15.0.1", "172.32.0.1", "172.example.com", "11.1.2.3", "internal.example"}) {
    const Entry entry{.url = "http://" + std::string(host) + "/v1/chat/completions"};
    const auto events = reader.read_entry(entry.text(), "0", [](event::Event&&) {});
    ASSERT_TRUE(events) << events.error().message;
    EXPECT_EQ(*events, 0U) << host;
  }
}

constexpr std::string_view kCompleted =
    R"({"type":"response.completed","response":{"id":"resp_1","model":"gpt-5","status":"completed","usage":{"input_tokens":9,"output_tokens":2}}})";

std::string websocket_entry(const std::vector<std::string>& messages, std::string_view more = {}) {
  std::string list;
  for (const std::string& message : messages) list.append(list.empty() ? "" : ",").append(message);
  return R"({"startedDateTime":"1970-01-01T00:00:10Z","time":5000,)" + std::string(more) +
         R"("request":{"method":"GET","url":"wss://api.openai.com/v1/responses","headers":[]},"response":{"status":101,)"
         R"("headers":[],"content":{}},"timings":{"wait":1},"_webSocketMessages":[)" +
         list + "]}";
}

std::string message(std::string_view type, std::string_view time, int opcode, std::string_view data) {
  return R"({"type":")" + std::string(type) + R"(","time":)" + std::string(time) + R"(,"opcode":)" +
         std::to_string(opcode) + R"(,"data":")" + escaped(data) + "\"}";
}

TEST_F(RecordingTest, AWebSocketIsOneEventOfEachTurn) {
  RecordingReader reader(rules_);
  std::vector<event::Event> events;
  const auto keep = [&](event::Event&& event) { events.push_back(std::move(event)); };
  const std::string entry =
      websocket_entry({message("send", "11.5", 1, R"({"type":"response.create","model":"gpt-5"})"),
                       message("receive", "11.75", 1, R"({"type":"response.created","response":{"id":"resp_1"}})"),
                       message("receive", "12", 2, wire::base64::encode(kCompleted)),
                       message("send", "13", 1, R"({"type":"response.create","model":"gpt-5-mini"})"),
                       message("receive", "14", 8, wire::base64::encode("\x03\xf0"))},
                      R"("comment":"c",)");
  ASSERT_EQ(*reader.read_entry(entry, "7", keep), 2U);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].usage.input_tokens, 9);
  EXPECT_EQ(events[0].source_id, "c");
  EXPECT_EQ(events[0].status_code, 101);
  EXPECT_EQ(format_rfc3339(events[0].started_at), "1970-01-01T00:00:11.500000Z");
  EXPECT_EQ(events[0].time_to_first_byte_us, 250'000);
  EXPECT_EQ(events[0].duration_us, 500'000);
  EXPECT_EQ(events[0].response_bytes, std::int64_t(kCompleted.size() + 54));
  EXPECT_TRUE(events[0].complete);
  EXPECT_EQ(events[1].request_model, "gpt-5-mini");
  EXPECT_EQ(events[1].error_type, "websocket_close_1008");
  EXPECT_FALSE(events[1].complete);
  EXPECT_NE(events[0].id, events[1].id);

  const std::vector<event::Event> first = std::exchange(events, {});
  ASSERT_EQ(*reader.read_entry(entry, "7", keep), 2U);
  EXPECT_EQ(events[0].id, first[0].id);
  EXPECT_EQ(events[1].id, first[1].id);
}

TEST_F(RecordingTest, AResponseThatIsRepeatedOnAWebSocketCountsOnce) {
  RecordingReader reader(rules_);
  std::vector<event::Event> events;
  const auto keep = [&](event::Event&& event) { events.push_back(std::move(event)); };
  ASSERT_EQ(*reader.read_entry(
                websocket_entry({message("receive", "11", 1, kCompleted), message("receive", "12", 1, kCompleted)}),
                "7", keep),
            2U);
  EXPECT_TRUE(events[0].billable);
  EXPECT_TRUE(events[0].cost_picodollars);
  EXPECT_FALSE(events[1].billable);
  EXPECT_FALSE(events[1].cost_picodollars);
}

TEST_F(RecordingTest, OwnCapturesNameTheEventOfEachTurn) {
  RecordingReader reader(rules_);
  event::Event event;
  const std::string id = "01900000-0000-7000-8000-000000000001";
  const auto read =
      reader.read_entry(websocket_entry({message("receive", "11", 1, kCompleted)}, "\"_turns\":[\"" + id + "\"],"), "7",
                        [&](event::Event&& one) { event = std::move(one); });
  ASSERT_EQ(*read, 1U);
  EXPECT_EQ(event.id.text(), id);
}

TEST_F(RecordingTest, AWebSocketWithoutATurnIsOneEventThatBillsNothing) {
  RecordingReader reader(rules_);
  event::Event event;
  const auto read = reader.read_entry(websocket_entry({}), "7", [&](event::Event&& one) { event = std::move(one); });
  ASSERT_EQ(*read, 1U);
  EXPECT_FALSE(event.billable);
  EXPECT_EQ(event.duration_us, 5'000'000);
}

TEST_F(RecordingTest, SaysWhatIsWrongWithAnEntry) {
  EXPECT_EQ(fault({.url = "nowhere"}), "request.method or request.url is missing or no URL");
  EXPECT_EQ(fault({.url = "https://user:pw@api.openai.com/v1/chat/completions"}),
            "request.method or request.url is missing or no URL");
  EXPECT_EQ(fault({.started = "yesterday"}), "startedDateTime is missing or no RFC 3339 time");
  EXPECT_EQ(fault({.content = R"("encoding":"base64","text":"*")"}), "a body is not base64 as it says");
}

class RecordingFileTest : public RecordingTest {
 protected:
  RecordingFileTest() {
    std::string name = testing::TempDir() + "recording_XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~RecordingFileTest() override { fs::remove_all(folder_); }

  fs::path write(const std::string& content) {
    std::ofstream(folder_ / "x.har", std::ios::binary) << content;
    return folder_ / "x.har";
  }

  fs::path folder_;
};

std::string har(std::initializer_list<std::string> entries) {
  std::string text = R"({"log":{"version":"1.2","entries":[)";
  for (const std::string& entry : entries) text += (text.ends_with('[') ? "" : ",") + entry;
  return text + "]}}";
}

TEST_F(RecordingFileTest, ReadsPlainAndCompressedFilesAlike) {
  const std::string text = har({Entry{}.text(), Entry{.url = "https://example.com/"}.text(),
                                Entry{.started = "x"}.text(), Entry{.comment = ""}.text()});
  for (const auto coding : {Coding::kIdentity, Coding::kGzip, Coding::kZstd}) {
    RecordingReader reader(rules_);
    std::vector<std::string> ids;
    const auto tally = reader.read_file(write(wire::content_coding::encode(coding, text)),
                                        [&](event::Event&& event) { ids.push_back(event.source_id); });
    ASSERT_TRUE(tally) << tally.error().message;
    EXPECT_EQ(ids, (std::vector<std::string>{"first", "3"}));
    EXPECT_EQ(tally->entries, 4U);
    EXPECT_EQ(tally->events, 2U);
    EXPECT_EQ(tally->foreign, 1U);
    EXPECT_EQ(tally->broken, 1U);
    EXPECT_EQ(tally->faults, std::vector<std::string>{"entry 2: startedDateTime is missing or no RFC 3339 time"});
  }
}

// A capture of a call to an origin that no spec names, and its event, are the same call.
TEST_F(RecordingFileTest, ReadsOurOwnCaptures) {
  event::Event live = read({});
  live.host = "llm.internal:8443";
  const std::vector<wire::Field> request{{"Content-Type", "application/json"}};
  const std::vector<wire::Field> response{{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}};
  CaptureBudget budget(1 << 20);
  Capture capture(rules_->providers->by_name("openai"), request, true, 1 << 20, budget);
  capture.request_content(R"({"model":"gpt-4o"})");
  capture.response_head(200, response);
  capture.response_content(wire::content_coding::encode(Coding::kGzip, kAnswer));

  RecordingReader reader(rules_);
  std::vector<event::Event> events;
  const auto tally = reader.read_file(write(capture.har(live)), [&](event::Event&& event) { events.push_back(event); });
  ASSERT_TRUE(tally) << tally.error().message;
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].id, live.id);
  EXPECT_EQ(events[0].provider, "openai");
  EXPECT_EQ(events[0].started_at, live.started_at);
  EXPECT_EQ(events[0].usage.input_tokens, 11);
  EXPECT_EQ(events[0].cost_picodollars, live.cost_picodollars);
}

TEST_F(RecordingFileTest, NamesTheFileInFailures) {
  RecordingReader reader(rules_);
  const auto nothing = [](event::Event&&) {};
  const auto missing = reader.read_file(folder_ / "none", nothing);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, (folder_ / "none").string() + ": no such file or directory");

  const auto cut = reader.read_file(write(har({Entry{}.text()}).substr(0, 100)), nothing);
  ASSERT_FALSE(cut);
  EXPECT_TRUE(cut.error().message.starts_with((folder_ / "x.har").string() + ": ")) << cut.error().message;

  const auto folder = reader.read_file(folder_, nothing);
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().message, folder_.string() + ": is a directory");

  const std::string coded = wire::content_coding::encode(Coding::kGzip, har({Entry{}.text()}));
  EXPECT_FALSE(reader.read_file(write(coded.substr(0, coded.size() / 2)), nothing));
}

}  // namespace
}  // namespace tokometer::app
