#include "app/spec_draft.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "app/recording.h"
#include "app/rules.h"
#include "embedded/embedded.h"
#include "json/document.h"
#include "json/writer.h"
#include "provider/spec_file.h"
#include "wire/base64.h"

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

struct HarSample {
  std::string url = "https://api.acme.ai/v3/ask?key=REDACTED";
  std::string request = R"({"engine": "acme-1", "stream": false, "prompt": "x"})";
  std::string type = "application/json";
  std::string response;
  std::string method = "POST";
  int status = 200;

  std::string text() const {
    std::string out;
    json::Writer writer(out);
    writer.begin_object().member("startedDateTime", "2026-01-02T03:00:00Z").member("time", 5);
    writer.name("request").begin_object().member("method", method).member("url", url);
    writer.name("headers").raw(R"([{"name": "X-Acme-Key", "value": "REDACTED"}])");
    writer.name("postData").begin_object().member("mimeType", "application/json").member("text", request);
    writer.end_object().end_object();
    writer.name("response").begin_object().member("status", status);
    writer.name("headers").raw(
        R"([{"name": "x-ratelimit-left", "value": "3"}, {"name": "x-request-id", "value": "q"}])");
    writer.name("content").begin_object().member("mimeType", type);
    if (json::is_valid_utf8(response)) {
      writer.member("text", response);
    } else {
      writer.member("text", wire::base64::encode(response)).member("encoding", "base64");
    }
    writer.end_object().end_object();
    writer.name("timings").begin_object().member("wait", 5).end_object().end_object();
    return out;
  }
};

class SpecDraftTest : public testing::Test {
 protected:
  std::shared_ptr<const provider::Registry> registry_ = *provider::Registry::load(embedded::providers(), fs::path());

  SpecDraft draft(const std::vector<HarSample>& samples) {
    SpecDrafter drafter("acme", registry_);
    for (const HarSample& sample : samples) drafter.add(sample.text());
    auto draft = drafter.finish();
    EXPECT_TRUE(draft) << draft.error().message;
    return draft ? std::move(*draft) : SpecDraft();
  }

  // What the spec reads of a sample; it must be sound and name the sample's host.
  static event::Event read(const SpecDraft& draft, const HarSample& sample) {
    // Only what a draft may refer to: loading all of them would take most of the test's time.
    static const auto referred = [] {
      std::vector<embedded::File> files;
      for (const embedded::File& file : embedded::providers()) {
        for (const char* name : {"openai_compatible", "anthropic", "gcp.gemini", "cohere", "ollama", "aws.bedrock"}) {
          if (file.name == std::string(name) + ".json") files.push_back(file);
        }
      }
      return files;
    }();
    static const auto rules = *load_rules("");
    const provider::SpecText text{"acme.json", draft.json};
    auto registry = provider::Registry::load_texts(referred, std::span(&text, 1));
    EXPECT_TRUE(registry) << registry.error().message << "\n" << draft.json;
    event::Event event;
    if (!registry) return event;
    RecordingReader reader(
        std::make_shared<const Rules>(Rules{std::move(*registry), rules->prices, rules->clients, nullptr}));
    const auto events = reader.read_entry(sample.text(), "0", [&](event::Event&& read) { event = std::move(read); });
    EXPECT_TRUE(events && *events != 0) << draft.json;
    return event;
  }

  static std::string doubt(const SpecDraft& draft, std::string_view what) {
    const auto found = std::ranges::find(draft.notes, what, &SpecDraft::Note::what);
    return found == draft.notes.end() ? "no such note" : found->doubt;
  }
};

TEST_F(SpecDraftTest, LearnsAWholeResponse) {
  const HarSample sample{.response =
                             R"({"answer": "y", "request_id": "r-1", "stop_reason": "done", "model_id": "acme-1b",
      "billing": {"tokens_in": 40, "tokens_out": 5, "cached_tokens": 30, "total_tokens": 45}})"};
  const SpecDraft drafted = draft({sample});
  const event::Event event = read(drafted, sample);
  EXPECT_EQ(event.provider, "acme");
  EXPECT_EQ(event.request_model, "acme-1");
  EXPECT_EQ(event.response_model, "acme-1b");
  EXPECT_EQ(event.response_id, "r-1");
  EXPECT_EQ(event.finish_reason, "done");
  EXPECT_EQ(event.usage.input_tokens, 40);
  EXPECT_EQ(event.usage.cache_read_input_tokens, 30);
  EXPECT_EQ(event.usage.output_tokens, 5);
  EXPECT_EQ(doubt(drafted, "input_tokens"), "");  // 40 + 5 = 45
  EXPECT_THAT(doubt(drafted, "endpoint"), HasSubstr("the path does not say"));
  EXPECT_THAT(doubt(drafted, "limit"), HasSubstr("by hand"));
  for (const char* part : {R"("x-acme-key")", R"("query": ["key"])", R"("x-request-id")"}) {
    EXPECT_THAT(drafted.json, HasSubstr(part));
  }
}

TEST_F(SpecDraftTest, LearnsAStreamOfNamedEvents) {
  const HarSample sample{
      .request = R"({"model": "acme-1", "stream": true})",
      .type = "text/event-stream",
      .response =
          "event: begin\ndata: {\"id\":\"a\",\"model\":\"acme-1b\",\"usage\":{\"input_tokens\":9}}\n\n"
          "event: delta\ndata: {\"text\":\"x\"}\n\n"
          "event: end\ndata: {\"finish_reason\":\"stop\",\"usage\":{\"output_tokens\":4}}\n\n"
          "data: [DONE]\n\n"};
  const SpecDraft drafted = draft({sample});
  const event::Event event = read(drafted, sample);
  EXPECT_TRUE(event.stream);
  EXPECT_EQ(event.response_id, "a");
  EXPECT_EQ(event.response_model, "acme-1b");
  EXPECT_EQ(event.finish_reason, "stop");
  EXPECT_EQ(event.usage.input_tokens, 9);
  EXPECT_EQ(event.usage.output_tokens, 4);
  EXPECT_THAT(doubt(drafted, "usage of events"), HasSubstr("several types"));
}

TEST_F(SpecDraftTest, LearnsTypesThatStandInTheEvents) {
  const HarSample sample{.type = "application/x-ndjson",
                         .response =
                             "{\"kind\":\"piece\",\"text\":\"x\"}\n{\"kind\":\"end\",\"tally\":{\"prompt_tokens\":7,"
                             "\"completion_tokens\":2}}\n"};
  const event::Event event = read(draft({sample}), sample);
  EXPECT_EQ(event.usage.input_tokens, 7);
  EXPECT_EQ(event.usage.output_tokens, 2);
}

TEST_F(SpecDraftTest, TellsCumulativeCountsFromPieces) {
  HarSample sample{.type = "text/event-stream",
                   .response =
                       "data: {\"t\":{\"input_tokens\":7,\"output_tokens\":1}}\n\n"
                       "data: {\"t\":{\"input_tokens\":7,\"output_tokens\":6}}\n\n"};
  EXPECT_EQ(read(draft({sample}), sample).usage.output_tokens, 6);
  sample.response =
      "data: {\"t\":{\"input_tokens\":7,\"output_tokens\":6}}\n\n"
      "data: {\"t\":{\"input_tokens\":1,\"output_tokens\":1}}\n\n";
  const SpecDraft drafted = draft({sample});
  EXPECT_EQ(read(drafted, sample).usage.output_tokens, 7);
  EXPECT_THAT(doubt(drafted, "usage of events"), HasSubstr("added up"));
}

TEST_F(SpecDraftTest, LearnsAnArrayAndAModelInThePath) {
  const HarSample sample{
      .url = "https://api.acme.ai/v1/models/acme-2:generate",
      .request = R"({"contents": []})",
      .response = R"([{"n": 1}, {"meta": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}}])"};
  const SpecDraft drafted = draft({sample});
  const event::Event event = read(drafted, sample);
  EXPECT_EQ(event.request_model, "acme-2");
  EXPECT_EQ(event.usage.input_tokens, 3);
  EXPECT_EQ(event.operation, "chat");
  EXPECT_THAT(drafted.json, HasSubstr("/v1/models/{model}:generate"));
}

TEST_F(SpecDraftTest, KnowsFormatsThatAreKnown) {
  const HarSample chat{.url = "https://api.acme.ai/llm/v1/chat/completions",
                       .request = R"({"model": "m", "messages": []})",
                       .response = R"({"id": "c", "model": "m", "choices": [{"finish_reason": "stop"}],
                                       "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}})"};
  const HarSample messages{.url = "https://api.acme.ai/claude/messages",
                           .request = R"({"model": "c", "messages": []})",
                           .response = R"({"id": "m1", "model": "c", "stop_reason": "end_turn",
                                           "usage": {"input_tokens": 3, "cache_read_input_tokens": 90, "output_tokens": 2}})"};
  const SpecDraft drafted = draft({chat, messages});
  EXPECT_THAT(drafted.json, HasSubstr(R"("extends": "openai_compatible")"));
  EXPECT_THAT(drafted.json, HasSubstr(R"("prefixes": ["/llm/v1"])"));
  EXPECT_THAT(drafted.json, HasSubstr(R"("format": "anthropic/messages")"));
  EXPECT_EQ(read(drafted, chat).usage.output_tokens, 2);
  EXPECT_EQ(read(drafted, messages).usage.input_tokens, 93);
}

TEST_F(SpecDraftTest, MakesOneFormatOfAStreamAndAWholeResponse) {
  const HarSample whole{.response = R"({"use": {"tokens_in": 4, "tokens_out": 5}})"};
  const HarSample stream{.type = "text/event-stream",
                         .response = "data: {\"use\":{\"tokens_in\":6,\"tokens_out\":7}}\n\n"};
  const SpecDraft drafted = draft({whole, stream});
  EXPECT_EQ(read(drafted, whole).usage.input_tokens, 4);
  EXPECT_EQ(read(drafted, stream).usage.input_tokens, 6);
}

TEST_F(SpecDraftTest, LearnsFromTheRecordingThatStatesTheMost) {
  const HarSample first{.response = R"({"token_usage": {"in_tokens": 4, "out_tokens": 5}})"};
  const HarSample cached{.response = R"({"token_usage": {"in_tokens": 40, "out_tokens": 5, "cached_tokens": 30}})"};
  const HarSample other{.response = R"({"use": {"prompt_tokens": 4, "completion_tokens": 5, "total_tokens": 9,
                                        "cached_tokens": 1}})"};
  for (const auto& samples : {std::vector{first, cached, other}, std::vector{cached, first}}) {
    const SpecDraft drafted = draft(samples);
    EXPECT_EQ(read(drafted, first).usage.input_tokens, 4);
    EXPECT_EQ(read(drafted, cached).usage.cache_read_input_tokens, 30);
    EXPECT_EQ(read(drafted, other).usage.source, meter::UsageSource::kNone);
    EXPECT_EQ(std::ranges::count(drafted.notes, std::string("input_tokens"), &SpecDraft::Note::what), 1);
    EXPECT_EQ(std::ranges::count(drafted.notes, std::string("endpoint"), &SpecDraft::Note::what), 1);
  }
}

TEST_F(SpecDraftTest, PassesOverWhatTeachesNothing) {
  SpecDrafter drafter("acme", registry_);
  drafter.add("{}");
  drafter.add("no JSON");
  drafter.add(HarSample{.response = R"({"a": 1})", .method = "GET"}.text());
  drafter.add(HarSample{.response = R"({"error": "x"})", .status = 500}.text());
  drafter.add(HarSample{.type = "text/html", .response = "<html>"}.text());
  EXPECT_EQ(drafter.passed_over(), 5U);
  const auto draft = drafter.finish();
  ASSERT_FALSE(draft);
  EXPECT_THAT(draft.error().message, HasSubstr("no exchange to learn from"));
}

// A recording may hold anything: cut anywhere it teaches less, or nothing, and what it teaches is a sound spec.
TEST_F(SpecDraftTest, TakesAResponseThatIsCutAnywhere) {
  const HarSample whole{.type = "text/event-stream",
                        .response =
                            "event: a\ndata: {\"id\":\"x\",\"usage\":{\"input_tokens\":9}}\n\n"
                            "event: b\ndata: {\"usage\":{\"output_tokens\":4}}\n\n"};
  for (std::size_t length = 0; length < whole.response.size(); ++length) {
    HarSample cut = whole;
    cut.response.resize(length);
    SpecDrafter drafter("acme", registry_);
    drafter.add(cut.text());
    if (const auto draft = drafter.finish()) read(*draft, cut);
  }
}

// Every golden exchange whose usage is stated, as if its provider were unknown: how much a draft reads as our own
// spec does. What it may not do is to make a spec that is unsound.
TEST_F(SpecDraftTest, ReadsWhatGoldenExchangesUsed) {
  std::size_t all = 0;
  std::size_t alike = 0;
  for (const auto& at : fs::recursive_directory_iterator(fs::path(TOKOMETER_SOURCE_DIR) / "tests" / "golden")) {
    if (at.path().filename() != "expect.json") continue;
    const auto text = [&](const char* name) {
      std::ifstream stream(at.path().parent_path() / name, std::ios::binary);
      return std::string(std::istreambuf_iterator<char>(stream), {});
    };
    const auto expect = json::Document::parse(text("expect.json"));
    const std::string request = text("request");
    const std::string response = text("response");
    if (expect->root()["usage"]["source"].string() != "reported" || !request.starts_with("POST ")) continue;
    const std::string target = request.substr(5, request.find(' ', 5) - 5);
    const auto body = [](const std::string& message) { return message.substr(message.find("\n\n") + 2); };
    const std::string head = response.substr(0, response.find("\n\n") + 1);
    const auto typed = head.find("content-type: ");
    const HarSample sample{
        .url = "https://api.acme.ai" + target,
        .request = body(request),
        .type = typed == std::string::npos ? "" : head.substr(typed + 14, head.find('\n', typed) - typed - 14),
        .response = body(response)};
    SpecDrafter drafter("acme", registry_);
    drafter.add(sample.text());
    const auto draft = drafter.finish();
    if (!draft) continue;
    ++all;
    const event::Event event = read(*draft, sample);
    const auto same = [&](const char* name, const meter::Count& have) {
      return expect->root()["usage"][name].int64() == have;
    };
    alike += same("input_tokens", event.usage.input_tokens) && same("output_tokens", event.usage.output_tokens) ? 1 : 0;
  }
  std::cout << alike << " of " << all << " golden exchanges are read alike by a draft\n";
  EXPECT_GE(all, 150U);
  EXPECT_GE(alike * 10, all * 8);
}

}  // namespace
}  // namespace tokometer::app
