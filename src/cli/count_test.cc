#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "cli/test_environment.h"
#include "tokenizer/small_vocabulary.h"

namespace tokometer::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

// Tables of the user's own, so that the tests hold in a build without a network: every byte is a token, and "hello".
class CountCommand : public testing::Test {
 protected:
  CountCommand() {
    test_.variables["TOKOMETER_CONFIG_DIR"] = test_.home().string();
    for (const char* name : {"o200k_base", "cl100k_base"}) {
      test_.write(std::string("tokenizers/") + name + ".tiktoken",
                  tokenizer::small_table({"he", "ll", "hell", "hello"}));
    }
  }
  std::string file(const std::string& content) { return test_.write("input", content).string(); }

  TestEnvironment test_;
};

TEST_F(CountCommand, CountsATextAndItsCost) {
  EXPECT_EQ(test_.run({"count", "--model", "gpt-5", file("hello hello")}), ExitCode::kOk) << test_.err();
  EXPECT_THAT(test_.out(), HasSubstr("exact"));
  EXPECT_THAT(test_.out(), HasSubstr("o200k_base"));
  EXPECT_EQ(test_.run({"count", "--model", "gpt-5", "--json", file("hello hello")}), ExitCode::kOk);
  EXPECT_THAT(test_.out(),
              HasSubstr(R"("kind":"text","model":"gpt-5","encoding":"o200k_base","bytes":11,"tokens":3,"exact":true)"));
  EXPECT_THAT(test_.out(), HasSubstr(R"("cost_usd":"0.00000375")"));
}

TEST_F(CountCommand, CountsWithoutAModelByTheDefault) {
  EXPECT_EQ(test_.run({"count", "--json", file("hello")}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr(R"("encoding":"o200k_base","bytes":5,"tokens":1,"exact":true})"));
}

TEST_F(CountCommand, SaysHowFarAnEstimateMayBeOff) {
  EXPECT_EQ(test_.run({"count", "-m", "claude-sonnet-4-5", file(std::string(100, '!'))}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("114"));
  EXPECT_THAT(test_.out(), HasSubstr("±8%"));
  EXPECT_EQ(test_.run({"count", "-m", "claude-sonnet-4-5", "--encoding", "cl100k_base", "--json", file("!!")}),
            ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr(R"("encoding":"cl100k_base","bytes":2,"tokens":2,"exact":true)"))
      << "the encoding's own count";
}

TEST_F(CountCommand, ShowsNothingOfANameThatATerminalObeys) {
  const std::string file = test_.write("a\x1b[2Jb.txt", "hello").string();
  EXPECT_EQ(test_.run({"count", file}), ExitCode::kOk) << test_.err();
  EXPECT_THAT(test_.out(), testing::Not(testing::HasSubstr("\x1b")));
  EXPECT_EQ(test_.run({"count", file + ".none"}), ExitCode::kFailed);
  EXPECT_THAT(test_.err(), testing::Not(testing::HasSubstr("\x1b")));
}

TEST_F(CountCommand, ReadsARequest) {
  const std::string body = R"({"model":"gpt-4o","messages":[{"role":"user","content":"hello"}]})";
  EXPECT_EQ(test_.run({"count", file(body)}), ExitCode::kOk) << test_.err();
  EXPECT_THAT(test_.out(), HasSubstr("gpt-4o"));
  EXPECT_THAT(test_.out(), HasSubstr("input: 1 in texts, 7 in the frame of 1 message\n"));
  EXPECT_EQ(test_.run({"count", "--text", "--json", file(body)}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr(R"("kind":"text")"));
  EXPECT_EQ(test_.run({"count", "--json", file("{ no request")}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr(R"("kind":"text")"));
  EXPECT_EQ(test_.run({"count", "--json", file(R"({"name":"x"})")}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr(R"("kind":"text","encoding":"o200k_base","bytes":12)"));
}

TEST_F(CountCommand, SumsSeveralFiles) {
  const std::string one = file("hello");
  EXPECT_EQ(test_.run({"count", one, one}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("total"));
  EXPECT_EQ(test_.run({"count", one, (test_.home() / "missing").string()}), ExitCode::kFailed);
  EXPECT_THAT(test_.err(), HasSubstr("missing: "));
  EXPECT_THAT(test_.out(), HasSubstr("input"));
}

TEST_F(CountCommand, DoesNotCallExactWhatItHadToCut) {
  const std::string without_break(std::size_t{9} << 19, '\xC3');  // 4.5 MiB of bytes, two of each character
  std::string text = without_break;
  for (std::size_t i = 1; i < text.size(); i += 2) text[i] = '\xA9';
  EXPECT_EQ(test_.run({"count", "--json", file(text)}), ExitCode::kOk) << test_.err();
  EXPECT_THAT(test_.out(), HasSubstr(R"("exact":false)"));
  EXPECT_EQ(test_.err(), "");
  EXPECT_EQ(test_.run({"count", "--json", file(R"({"input":")" + text + R"(","model":"gpt-4o"})")}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr(R"("kind":"request")"));
  EXPECT_THAT(test_.out(), HasSubstr(R"("exact":false)"));
  text[3'000'000] = ' ';
  text[3'000'001] = 'x';
  text[3'000'002] = ' ';
  text[3'000'003] = 'x';
  EXPECT_EQ(test_.run({"count", "--json", file(text)}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr(R"("exact":true)"));
}

TEST_F(CountCommand, DoesNotCallExactWhatIsNoText) {
  EXPECT_EQ(test_.run({"count", file("\x89PNG\r\n\x1a\n")}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("estimate"));
  EXPECT_THAT(test_.err(), HasSubstr("input: is no text (not UTF-8)"));
  EXPECT_EQ(test_.run({"count", "--json", file("cut short: \xE4\xB8")}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr(R"("exact":false)"));
  std::string long_text;  // whose characters the parts that are read cut
  while (long_text.size() < 600'000) long_text += "\xE4\xB8\xAD ";
  EXPECT_EQ(test_.run({"count", "--json", file("x" + long_text)}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr(R"("exact":true)"));
}

TEST_F(CountCommand, DoesNotCallExactWhatItCannotReadAsARequest) {
  const std::string request = R"({"model":"gpt-4o","messages":[{"role":"user","content":"hello"}]})";
  std::string deep = R"({"messages":)";
  for (int i = 0; i < 200; ++i) deep += '[';
  for (int i = 0; i < 200; ++i) deep += ']';
  for (const std::string& body : {request + "\n" + request, deep + "}", request.substr(0, 40)}) {
    EXPECT_EQ(test_.run({"count", "--json", file(body)}), ExitCode::kOk) << body;
    EXPECT_THAT(test_.out(), HasSubstr(R"("kind":"text")"));
    EXPECT_THAT(test_.out(), HasSubstr(R"("exact":false)")) << body;
    EXPECT_THAT(test_.err(), HasSubstr("begins like a request, but is no JSON document ("));
    EXPECT_EQ(test_.run({"count", "--text", "--json", file(body)}), ExitCode::kOk);
    EXPECT_THAT(test_.out(), HasSubstr(R"("exact":true)"));
    EXPECT_EQ(test_.err(), "");
  }
  EXPECT_EQ(test_.run({"count", file(R"({"model":"gpt-4o","messages":"hello"})")}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("estimate"));
  EXPECT_THAT(test_.out(), HasSubstr("not counted: what has another shape"));
  EXPECT_EQ(test_.run({"count", "--json", file("\xEF\xBB\xBF" + request)}), ExitCode::kOk) << "a byte order mark";
  EXPECT_THAT(test_.out(), HasSubstr(R"("kind":"request")"));
}

TEST_F(CountCommand, CountsNothingAsNothing) {
  EXPECT_EQ(test_.run({"count", "--json", file("")}), ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr(R"("bytes":0,"tokens":0)"));
}

TEST_F(CountCommand, SaysWhatIsMissing) {
  EXPECT_EQ(test_.run({"count", "-e", "llama3", file("hello")}), ExitCode::kFailed);
  EXPECT_THAT(test_.err(), HasSubstr("llama3: this binary has no table of its tokens; put llama3.tiktoken"));
  EXPECT_EQ(test_.run({"count", "-e", "nonsense", file("hello")}), ExitCode::kWrongUse);
  EXPECT_EQ(test_.run({"count"}), ExitCode::kWrongUse);
  EXPECT_EQ(test_.run({"count", test_.home().string()}), ExitCode::kFailed) << "a folder";
  test_.write("tokenizers/mine.json", R"({"familys":[]})");
  EXPECT_EQ(test_.run({"count", file("hello")}), ExitCode::kFailed);
  EXPECT_THAT(test_.err(), HasSubstr("mine.json:1: unknown key \"familys\""));
}

TEST_F(CountCommand, TakesThePriceOfTheProviderThatIsNamed) {
  // One without prices.
  EXPECT_EQ(test_.run({"count", "--json", "-m", "gpt-5", "--provider", "lm_studio", file("hello")}), ExitCode::kOk)
      << test_.err();
  EXPECT_THAT(test_.out(), Not(HasSubstr("cost_usd")));
  EXPECT_EQ(test_.run({"count", "-m", "gpt-5", "--provider", "anthropc", file("hello")}), ExitCode::kWrongUse);
  EXPECT_THAT(test_.err(), HasSubstr(R"(there is no "anthropc", did you mean "anthropic"?; known are)"));
  EXPECT_THAT(test_.err(), HasSubstr(", lm_studio, "));
  EXPECT_EQ(test_.run({"count", "--json", "-m", "gpt-5", "--provider", "azure.ai.openai", file("hello")}),
            ExitCode::kOk);
  EXPECT_THAT(test_.out(), HasSubstr("cost_usd"));
}

}  // namespace
}  // namespace tokometer::cli
