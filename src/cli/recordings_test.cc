// `tokometer meter`, `import` and `providers`, over recordings made here.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cli/test_environment.h"
#include "json/writer.h"

namespace tokometer::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kHar = R"({"log":{"version":"1.2","entries":[
  {"startedDateTime":"2026-01-02T03:00:00Z","time":1500,"comment":"a chat",
   "request":{"method":"POST","url":"https://api.openai.com/v1/chat/completions",
     "headers":[{"name":"User-Agent","value":"OpenAI/Python 2.1.0"}],
     "postData":{"mimeType":"application/json","text":"{\"model\":\"gpt-4o\"}"}},
   "response":{"status":200,"headers":[{"name":"Content-Type","value":"application/json"}],
     "content":{"mimeType":"application/json",
       "text":"{\"id\":\"chatcmpl-1\",\"model\":\"gpt-4o-2024-08-06\",\"choices\":[],\"usage\":{\"prompt_tokens\":21,\"completion_tokens\":4,\"total_tokens\":25}}"}},
   "timings":{"send":0,"wait":500,"receive":1000}},
  {"startedDateTime":"2026-01-02T03:00:01Z","time":1,
   "request":{"method":"GET","url":"https://example.com/","headers":[]},
   "response":{"status":200,"headers":[],"content":{"mimeType":"text/html","text":"hello"}},
   "timings":{"send":0,"wait":1,"receive":0}}]}})";

class RecordingsCommandTest : public testing::Test {
 protected:
  TestEnvironment test_;
  const std::string har_ = test_.write("calls.har", std::string(kHar)).string();
};

TEST_F(RecordingsCommandTest, MeterShowsEachCallUnderOneHeading) {
  EXPECT_EQ(test_.run({"meter", har_}), ExitCode::kOk) << test_.err();
  EXPECT_THAT(test_.out(), AllOf(StartsWith("time "), HasSubstr("gpt-4o-2024-08-06"), HasSubstr("openai-python")));
  EXPECT_THAT(test_.err(), HasSubstr("1 of 2 entries are no calls to a known provider"));
  EXPECT_EQ(test_.run({"meter", har_, "--json"}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), AllOf(HasSubstr(R"("source_id":"a chat")"), HasSubstr(R"("input_tokens":21)")));
}

TEST_F(RecordingsCommandTest, MeterSaysOnlyWhatIsWrongWithAFile) {
  const std::string text = test_.write("notes.txt", "no recording\n").string();
  EXPECT_EQ(test_.run({"meter", text}), ExitCode::kFailed);
  EXPECT_THAT(test_.out(), IsEmpty());
  EXPECT_THAT(test_.err(), HasSubstr("notes.txt: not a sound HAR 1.2 file: byte 1"));
  EXPECT_EQ(test_.run({"meter", har_ + ".not"}), ExitCode::kFailed);
  EXPECT_EQ(test_.run({"meter"}), ExitCode::kWrongUse);
}

TEST_F(RecordingsCommandTest, ImportStoresACallOnce) {
  EXPECT_EQ(test_.run({"import", har_}), ExitCode::kOk) << test_.err();
  EXPECT_EQ(test_.out(), "1 call imported, 0 there already\n");
  EXPECT_EQ(test_.run({"import", har_}), ExitCode::kOk);
  EXPECT_EQ(test_.out(), "0 calls imported, 1 there already\n");
  EXPECT_EQ(test_.run({"report", "model", "--json"}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr(R"("calls":1,"errors":0,"input_tokens":21)"));
}

// A background response, its stream and its poll, and a batch's results, in files that are imported one by one.
class ImportRepeatsTest : public testing::Test {
 protected:
  struct Call {
    std::string_view time;
    std::string_view method;
    std::string_view path;
    std::string_view request;
    std::string_view type;
    std::string_view answer;
  };

  // The names of files with these calls, as words of a command.
  std::string har(std::string_view name, const std::vector<Call>& calls) {
    std::string entries;
    for (const Call& call : calls) {
      entries += fmt::format(
          R"({}{{"startedDateTime":"2026-01-02T03:{}:00Z","time":9,"request":{{"method":"{}",)"
          R"("url":"https://api.openai.com/v1{}","headers":[],"postData":{{"text":{}}}}},"response":{{"status":200,)"
          R"("headers":[{{"name":"content-type","value":"{}"}}],"content":{{"text":{}}}}}}})",
          entries.empty() ? "" : ",", call.time, call.method, call.path, quoted(call.request), call.type,
          quoted(call.answer));
    }
    return test_.write(std::string(name), fmt::format(R"({{"log":{{"version":"1.2","entries":[{}]}}}})", entries))
        .string();
  }

  static std::string quoted(std::string_view text) {
    std::string out;
    json::Writer(out).string(text);
    return out;
  }

  // The sums after each of `files` was imported by a run of its own.
  std::string imported(const std::vector<std::string>& files) {
    for (const std::string& file : files) EXPECT_EQ(test_.run({"import", file}), ExitCode::kOk) << test_.err();
    EXPECT_EQ(test_.run({"report", "model", "--json"}), ExitCode::kOk);
    return test_.out();
  }

  static constexpr std::string_view kDone = R"({"id":"resp_1","model":"gpt-5","status":"completed",)"
                                            R"("usage":{"input_tokens":1000,"output_tokens":200,"total_tokens":1200}})";
  static constexpr std::string_view kBroken =
      "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\","
      "\"model\":\"gpt-5\",\"status\":\"queued\"}}\n\n"
      "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"hello\"}\n\n";
  static constexpr Call kPost{"00", "POST", "/responses", R"({"model":"gpt-5","input":"x"})", "application/json",
                              kDone};
  static constexpr Call kStream{"01",   "POST", "/responses", R"({"model":"gpt-5","stream":true})", "text/event-stream",
                                kBroken};
  static constexpr Call kPoll{"05", "GET", "/responses/resp_1", "", "application/json", kDone};
  static constexpr std::string_view kOnce = R"("calls":1,"errors":0,"input_tokens":1000)";

  TestEnvironment test_;
};

TEST_F(ImportRepeatsTest, APollOfAnEarlierFileCountsOnce) {
  EXPECT_THAT(imported({har("post.har", {kPost}), har("poll.har", {kPoll})}), HasSubstr(kOnce));
}

TEST_F(ImportRepeatsTest, APollBeforeItsCallCountsOnce) {
  EXPECT_THAT(imported({har("poll.har", {kPoll}), har("post.har", {kPost})}), HasSubstr(kOnce));
}

TEST_F(ImportRepeatsTest, APollBeforeItsCallInOneFileCountsOnce) {
  EXPECT_THAT(imported({har("both.har", {kPoll, kPost})}), HasSubstr(kOnce));
}

TEST_F(ImportRepeatsTest, AThirdRunKnowsThatAPollCounted) {
  Call again = kPost;
  again.time = "02";
  EXPECT_THAT(imported({har("poll.har", {kPoll}), har("post.har", {kPost}), har("again.har", {again})}),
              HasSubstr(kOnce));
}

TEST_F(ImportRepeatsTest, ExactUsageOfALaterFileTakesThePlaceOfAnEstimate) {
  const std::string stream = har("stream.har", {kStream});
  EXPECT_THAT(imported({stream}), HasSubstr(R"("estimated_calls":1)"));
  EXPECT_THAT(imported({har("poll.har", {kPoll}), stream}),
              AllOf(HasSubstr(kOnce), Not(HasSubstr(R"("estimated_calls":1)"))));
}

TEST_F(ImportRepeatsTest, AnEstimateBehindItsPollCountsNotAgain) {
  EXPECT_THAT(imported({har("poll.har", {kPoll}), har("stream.har", {kStream})}), HasSubstr(kOnce));
}

TEST_F(ImportRepeatsTest, ResultsOfABatchThatAreFetchedTwiceCountOnce) {
  constexpr std::string_view kResults =
      R"({"id":"b1","response":{"status_code":200,"body":{"id":"c1","model":"gpt-5","usage":{"prompt_tokens":500,"completion_tokens":20}}}})"
      "\n"
      R"({"id":"b2","response":{"status_code":200,"body":{"id":"c2","model":"gpt-5","usage":{"prompt_tokens":500,"completion_tokens":20}}}})"
      "\n";
  Call fetch{"00", "GET", "/files/f1/content", "", "application/octet-stream", kResults};
  const std::string first = har("first.har", {fetch});
  fetch.time = "09";
  EXPECT_THAT(imported({first, har("second.har", {fetch}), first}),
              HasSubstr(R"("calls":2,"errors":0,"input_tokens":1000)"));
}

TEST_F(RecordingsCommandTest, ImportKeepsWhatResponsesSaidOfQuotas) {
  const auto har = [this](std::string_view time, std::string_view key, int remaining) {
    return test_
        .write("limited.har", fmt::format(R"({{"log":{{"version":"1.2","entries":[{{"startedDateTime":"{}","time":1500,
   "request":{{"method":"POST","url":"https://api.openai.com/v1/chat/completions",
     "headers":[{{"name":"Authorization","value":"{}"}}],
     "postData":{{"mimeType":"application/json","text":"{{\"model\":\"gpt-4o\"}}"}}}},
   "response":{{"status":200,"headers":[{{"name":"x-ratelimit-limit-requests","value":"100"}},
     {{"name":"x-ratelimit-remaining-requests","value":"{}"}}],
     "content":{{"mimeType":"application/json","text":"{{}}"}}}},
   "timings":{{"send":0,"wait":500,"receive":1000}}}}]}}}})",
                                          time, key, remaining))
        .string();
  };
  EXPECT_EQ(test_.run({"import", har("2026-01-02T03:00:00Z", "Bearer sk-1", 40)}), ExitCode::kOk) << test_.err();
  EXPECT_EQ(test_.run({"import", har("2026-01-02T02:00:00Z", "Bearer sk-1", 90)}), ExitCode::kOk) << test_.err();
  EXPECT_EQ(test_.run({"import", har("2026-01-02T04:00:00Z", "REDACTED", 7)}), ExitCode::kOk) << test_.err();
  EXPECT_EQ(test_.run({"limits", "--all", "--json"}), ExitCode::kOk) << test_.err();
  EXPECT_THAT(test_.out(), AllOf(StartsWith(R"({"provider":"openai","account":")"), HasSubstr(R"("remaining":40)"),
                                 HasSubstr(R"("model":"gpt-4o","quota":"requests")"),
                                 HasSubstr(R"("seen_at":"2026-01-02T03:00:00.500000Z")")));
  EXPECT_THAT(test_.out(), Not(HasSubstr(R"("account":"",)")));
  EXPECT_EQ(std::ranges::count(test_.out(), '\n'), 1) << test_.out();
}

TEST_F(RecordingsCommandTest, ProvidersAreShownByNameAndRoute) {
  EXPECT_EQ(test_.run({"providers", "show", "gcp.gemini"}), ExitCode::kOk);
  const std::string by_name = test_.out();
  EXPECT_THAT(by_name, HasSubstr("generativelanguage.googleapis.com"));
  EXPECT_EQ(test_.run({"providers", "show", "gemini"}), ExitCode::kOk);
  EXPECT_EQ(test_.out(), by_name);
  EXPECT_EQ(test_.run({"providers", "show", "nobody"}), ExitCode::kFailed);
  EXPECT_EQ(test_.run({"providers", "list"}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), AllOf(HasSubstr("anthropic"), HasSubstr("/gemini")));
}

TEST_F(RecordingsCommandTest, ProvidersCheckNamesFileAndLine) {
  const std::string file = test_.write("mine.json", "{\n  \"name\": \"mine\",\n  \"hots\": [\"x\"]\n}\n").string();
  EXPECT_EQ(test_.run({"providers", "check", file}), ExitCode::kFailed);
  EXPECT_THAT(test_.out() + test_.err(), AllOf(HasSubstr("mine.json:3"), HasSubstr("hots")));
}

TEST_F(RecordingsCommandTest, ProvidersTestReadsBySpecsOfTheUser) {
  test_.write(".config/tokometer/providers/openai.json", R"({"name":"openai","hosts":["nowhere.invalid"]})");
  EXPECT_EQ(test_.run({"providers", "test", har_}), ExitCode::kOk) << test_.err();
  EXPECT_THAT(test_.out(), Not(HasSubstr("gpt-4o")));
  EXPECT_THAT(test_.err(), HasSubstr("2 of 2 entries"));
}

constexpr std::string_view kAcmeHar = R"({"log":{"version":"1.2","entries":[
  {"startedDateTime":"2026-01-02T03:00:00Z","time":15,
   "request":{"method":"POST","url":"https://api.acme.ai/v3/ask","headers":[],
     "postData":{"mimeType":"application/json","text":"{\"engine\":\"acme-1\"}"}},
   "response":{"status":200,"headers":[],
     "content":{"mimeType":"application/json","text":"{\"id\":\"a\",\"use\":{\"tokens_in\":4,\"tokens_out\":2,\"cached_tokens\":1}}"}},
   "timings":{"send":0,"wait":5,"receive":10}}]}})";

class ProviderFilesTest : public testing::Test {
 protected:
  TestEnvironment test_;
  const std::string har_ = test_.write("acme.har", std::string(kAcmeHar)).string();
};

TEST_F(ProviderFilesTest, NewWritesASpecAndSaysWhatItFound) {
  EXPECT_EQ(test_.run({"providers", "new", "acme", har_}), ExitCode::kOk) << test_.err();
  EXPECT_THAT(test_.out(), AllOf(StartsWith("{\n  \"name\": \"acme\""), HasSubstr("$.tokens_in")));
  EXPECT_THAT(test_.err(), AllOf(HasSubstr("$.use.tokens_in"), HasSubstr("taken to contain what was cached"),
                                 HasSubstr("read back: chat acme-1, 4 in, 2 out")));

  const std::string file = (std::filesystem::path(har_).parent_path() / "acme.json").string();
  EXPECT_EQ(test_.run({"providers", "new", "acme", har_, "-o", file}), ExitCode::kOk) << test_.err();
  EXPECT_THAT(test_.out(), HasSubstr("read back"));
  EXPECT_EQ(test_.run({"providers", "check", file}), ExitCode::kOk) << test_.out();
  EXPECT_EQ(test_.run({"providers", "new", "acme", har_, "-o", file}), ExitCode::kFailed);
  EXPECT_THAT(test_.err(), HasSubstr("--force replaces it"));
  EXPECT_EQ(test_.run({"providers", "new", "acme", har_, "-o", file, "--force"}), ExitCode::kOk);

  EXPECT_EQ(test_.run({"providers", "test", har_, "--spec", file}), ExitCode::kOk) << test_.err();
  EXPECT_THAT(test_.out(), AllOf(HasSubstr("acme-1"), HasSubstr("reported")));
  EXPECT_EQ(test_.run({"providers", "test", har_, "--spec", file, "--json"}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr(R"("input_tokens":4)"));
}

TEST_F(ProviderFilesTest, NewRefusesWhatItCannotDo) {
  EXPECT_EQ(test_.run({"providers", "new", "Acme AI", har_}), ExitCode::kWrongUse);
  EXPECT_EQ(test_.run({"providers", "new", "openai", har_}), ExitCode::kFailed);
  EXPECT_THAT(test_.err(), HasSubstr("there is a provider \"openai\" already"));
  EXPECT_EQ(test_.run({"providers", "new", "acme", har_ + ".not"}), ExitCode::kFailed);
  EXPECT_EQ(test_.run({"providers", "new", "acme"}), ExitCode::kWrongUse);
}

TEST_F(ProviderFilesTest, ImportWritesSpecsAndNeverOverThem) {
  const std::string list = test_
                               .write("list.json", R"({"publicai": {"base_url": "https://api.publicai.co/v1"},
                                   "groq": {"base_url": "https://api.groq.com/openai/v1"}})")
                               .string();
  EXPECT_EQ(test_.run({"providers", "import", list}), ExitCode::kOk) << test_.err();
  EXPECT_THAT(test_.out(),
              AllOf(HasSubstr("publicai.json"), HasSubstr("left out: groq"), HasSubstr("1 written, 1 left out")));
  EXPECT_EQ(test_.run({"providers", "show", "publicai"}), ExitCode::kOk) << test_.err();
  EXPECT_THAT(test_.out(), HasSubstr("/v1/chat/completions"));
  EXPECT_EQ(test_.run({"providers", "import", list}), ExitCode::kFailed);
  EXPECT_THAT(test_.err(), HasSubstr("is there already; --force replaces it"));
  EXPECT_EQ(test_.run({"providers", "import", list, "--force"}), ExitCode::kOk);
  EXPECT_EQ(test_.run({"providers", "import", har_}), ExitCode::kFailed);
  EXPECT_THAT(test_.err(), HasSubstr("neither Tokentap's providers.json nor one of LiteLLM's lists"));
}

}  // namespace
}  // namespace tokometer::cli
