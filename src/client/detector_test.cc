#include "client/detector.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

namespace tokometer::client {
namespace {

std::shared_ptr<const Detector> builtin() {
  auto detector = Detector::load(embedded::clients(), "");
  EXPECT_TRUE(detector) << (detector ? "" : detector.error().message);
  return detector ? *detector : nullptr;
}

// "NAME VERSION SESSION" of what `fields` tell.
std::string told_by(const Detector& detector, std::vector<wire::Field> fields) {
  const Client client = detector.detect(fields);
  std::string text(client.name);
  if (!client.version.empty()) text.append(" ").append(client.version);
  if (!client.session_id.empty()) text.append(" in ").append(client.session_id);
  return text;
}

struct Case {
  const char* expected;
  std::vector<wire::Field> fields;
};

TEST(Detector, KnowsClientsByTheFieldsThatTheySend) {
  const auto detector = builtin();
  ASSERT_TRUE(detector);
  const Case cases[] = {
      {"claude-code 2.0.62 in 7c0a",
       {{"Accept", "application/json"},
        {"User-Agent", "claude-cli/2.0.62 (external, claude-vscode, agent-sdk/0.1.62)"},
        {"X-App", "cli"},
        {"X-Stainless-Lang", "js"},
        {"X-Stainless-Package-Version", "0.70.0"},
        {"X-Claude-Code-Session-Id", "7c0a"}}},
      {"codex 0.58.0 in 019a9544",
       {{"session_id", "019a9544"},
        {"originator", "codex_cli_rs"},
        {"user-agent", "codex_cli_rs/0.58.0 (Windows 10.0.26200; x86_64) WindowsTerminal"}}},
      {"codex 0.38.0 in 8f1f", {{"originator", "codex_vscode"}, {"version", "0.38.0"}, {"conversation_id", "8f1f"}}},
      {"gemini-cli 0.9.1",
       {{"User-Agent", "GeminiCLI/v0.9.1/gemini-2.5-pro (linux; x64)"},
        {"x-goog-api-client", "google-genai-sdk/1.16.0 gl-node/v22.17.0"}}},
      {"gemini-cli 0.61.0",
       {{"User-Agent", "GeminiCLI-tui/0.61.0/gemini-3.1-pro-preview (linux; x64; terminal)"},
        {"x-goog-api-client", "google-genai-sdk/1.30.0 gl-node/v20.20.2"}}},
      {"gemini-cli", {{"User-Agent", "GeminiCLI-a2a-server/0.61.0/gemini-3.1-pro-preview (linux; x64; terminal)"}}},
      {"opencode 1.18.33 in ses_2",
       {{"User-Agent", "opencode/1.18.33 ai-sdk/provider-utils/4.0.46 runtime/bun/1.3.14"},
        {"x-session-affinity", "ses_2"},
        {"x-session-id", "ses_2"}}},
      {"opencode 1.18.31 in ses_1",
       {{"User-Agent", "opencode/1.18.31 ai-sdk/provider-utils/4.0.40 runtime/bun/1.3.14"},
        {"x-opencode-session", "ses_1"}}},
      {"cursor 1.4.5", {{"User-Agent", "Mozilla/5.0 (Macintosh) AppleWebKit/537.36 Cursor/1.4.5 Safari/537.36"}}},
      {"cursor 2.1.0", {{"user-agent", "connect-es/1.6.1"}, {"x-cursor-client-version", "2.1.0"}}},
      {"kiro 0.7.45",
       {{"x-amz-user-agent", "aws-sdk-js/1.0.27 KiroIDE-0.7.45-66c23a8c"},
        {"user-agent", "aws-sdk-js/1.0.27 ua/2.1 os/linux lang/js m/E KiroIDE-0.7.45-66c23a8c"}}},
      {"copilot-cli 1.0.61",
       {{"user-agent", "copilot/1.0.61 (linux v24.16.0) term/unknown"},
        {"copilot-integration-id", "copilot-developer-cli"}}},
      {"copilot-cli",  // with a key of its user's own
       {{"user-agent", "OpenAI/JS 5.20.1"}, {"x-interaction-type", "conversation-user"}, {"x-initiator", "user"}}},
      {"copilot-vscode 0.35.0 in vs1",
       {{"User-Agent", "GitHubCopilotChat/0.35.0"},
        {"Copilot-Integration-Id", "vscode-chat"},
        {"VScode-SessionId", "vs1"}}},
      {"cline 3.0.38", {{"HTTP-Referer", "https://cline.bot"}, {"X-Title", "Cline"}, {"User-Agent", "Cline/3.0.38"}}},
      {"roo-code 3.25.0", {{"User-Agent", "RooCode/3.25.0"}, {"X-Title", "Roo Code"}}},
      {"aider", {{"HTTP-Referer", "https://aider.chat"}, {"X-Title", "Aider"}, {"user-agent", "litellm/1.74.0"}}},
      {"zed 0.219.4+stable.119.abc123", {{"User-Agent", "Zed/0.219.4+stable.119.abc123 (macos; aarch64)"}}},
      {"vercel-ai 5.0.1",
       {{"user-agent", "ai/5.0.1 ai-sdk/openai/2.0.4 ai-sdk/provider-utils/3.0.1 runtime/node.js/22"}}},
      {"vercel-ai 4.0.27",
       {{"User-Agent", "ai-sdk/openai-compatible/2.0.47 ai-sdk/provider-utils/4.0.27 runtime/node.js/24"}}},
      {"langchain-python", {{"user-agent", "langchain-partner-python-azure-openai"}, {"x-stainless-lang", "python"}}},
      {"langchain-python",
       {{"user-agent", "cohere/5.20.1"},
        {"x-client-name", "langchain:partner"},
        {"x-fern-sdk-name", "cohere"},
        {"x-fern-language", "Python"},
        {"x-fern-sdk-version", "5.20.1"}}},
      {"litellm 1.74.0.post1", {{"user-agent", "litellm/1.74.0.post1"}}},
      {"pydantic-ai 1.37.0", {{"user-agent", "pydantic-ai/1.37.0"}, {"x-stainless-package-version", "2.14.0"}}},
      {"google-adk 1.0.0",
       {{"x-goog-api-client", "google-genai-sdk/1.36.0 gl-python/3.12.11 google-adk/1.0.0 gl-python/3.12.11"}}},
      {"openai-python 1.54.3",
       {{"user-agent", "OpenAI/Python 1.54.3"}, {"x-stainless-lang", "python"}, {"x-stainless-async", "false"}}},
      {"openai-python 1.14.3", {{"user-agent", "AsyncAzureOpenAI/Python 1.14.3"}}},
      {"openai-python 1.0.0-beta.3", {{"user-agent", "OpenAI/Python 1.0.0-beta.3"}}},
      {"openai-js 4.77.0", {{"user-agent", "OpenAI/JS 4.77.0"}, {"x-stainless-lang", "js"}}},
      {"openai-go 1.12.0", {{"user-agent", "OpenAI/Go 1.12.0"}}},
      {"anthropic-python 0.49.0", {{"user-agent", "Anthropic/Python 0.49.0"}}},
      {"anthropic-python 0.66.0", {{"user-agent", "AsyncAnthropic/Python 0.66.0"}}},
      {"anthropic-js 0.33.0", {{"user-agent", "Anthropic/JS 0.33.0"}}},
      {"google-genai-python 1.41.0",
       {{"user-agent", "google-genai-sdk/1.41.0 gl-python/3.13.3"},
        {"x-goog-api-client", "google-genai-sdk/1.41.0 gl-python/3.13.3"}}},
      {"google-genai-js 1.9.0", {{"x-goog-api-client", "google-genai-sdk/1.9.0 gl-node/v22.17.0"}}},
      {"google-generativeai-python 0.8.3", {{"x-goog-api-client", "genai-py/0.8.3 gl-python/3.12 grpc/1.66"}}},
      {"mistral-python 1.9.10", {{"user-agent", "mistral-client-python/1.9.10"}}},
      {"mistral-js 1.7.2", {{"user-agent", "mistral-client-typescript/1.7.2"}}},
      {"cohere-python 5.20.1",
       {{"user-agent", "cohere/5.20.1"},
        {"x-fern-language", "Python"},
        {"x-fern-sdk-name", "cohere"},
        {"x-fern-sdk-version", "5.20.1"}}},
      {"groq-python 0.10.0", {{"user-agent", "AsyncGroq/Python 0.10.0"}}},
      {"boto3 1.37.4", {{"user-agent", "Boto3/1.37.4 md/Botocore#1.37.4 ua/2.1 os/macos#23.6.0"}}},
      {"curl 8.5.0", {{"User-Agent", "curl/8.5.0"}}},
      {"wget 1.21.3", {{"User-Agent", "Wget/1.21.3"}}},
      {"python-requests 2.31.0", {{"User-Agent", "python-requests/2.31.0"}}},
      {"python-httpx 0.28.1", {{"user-agent", "python-httpx/0.28.1"}}},
      {"python-aiohttp 3.9.1", {{"User-Agent", "Python/3.11 aiohttp/3.9.1"}}},
      {"node-fetch", {{"user-agent", "node"}}},
      {"node-fetch", {{"user-agent", "undici"}}},
      {"go-http 1.1", {{"User-Agent", "Go-http-client/1.1"}}},
      {"java-http 17.0.9", {{"User-Agent", "Java-http-client/17.0.9"}}},
      {"ruby-faraday 2.14.3", {{"User-Agent", "Faraday v2.14.3"}}},
  };
  for (const Case& expected : cases) {
    EXPECT_EQ(told_by(*detector, expected.fields), expected.expected);
  }
}

TEST(Detector, AnUnknownClientIsItsFirstProduct) {
  const auto detector = builtin();
  ASSERT_TRUE(detector);
  EXPECT_EQ(told_by(*detector, {{"User-Agent", "my-agent/3.1 (linux)"}}), "my-agent 3.1");
  EXPECT_EQ(told_by(*detector, {{"User-Agent", "my-agent"}}), "my-agent");
  EXPECT_EQ(told_by(*detector, {{"User-Agent", "my-agent 3.1"}}), "my-agent");
  EXPECT_EQ(told_by(*detector, {{"User-Agent", "my-agent/"}}), "my-agent");
  EXPECT_EQ(told_by(*detector, {{"User-Agent", ""}}), "");
  EXPECT_EQ(told_by(*detector, {}), "");
}

TEST(Detector, ReadsProductsOnlyAsWholeWords) {
  const auto detector = builtin();
  ASSERT_TRUE(detector);
  EXPECT_EQ(told_by(*detector, {{"User-Agent", "mycurl/1"}}), "mycurl 1");
  EXPECT_EQ(told_by(*detector, {{"User-Agent", "curlish/1"}}), "curlish 1");
  EXPECT_EQ(told_by(*detector, {{"User-Agent", "x/1 my-Zed/2"}}), "x 1");
}

TEST(Detector, TakesTheFirstOfFieldsSentTwice) {
  const auto detector = builtin();
  ASSERT_TRUE(detector);
  EXPECT_EQ(told_by(*detector, {{"User-Agent", "curl/8"}, {"user-agent", "Wget/1"}}), "curl 8");
}

class UserClients : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  Result<std::shared_ptr<const Detector>> load(std::string_view content) {
    std::ofstream(folder_ / "mine.json") << content;
    return Detector::load(embedded::clients(), folder_);
  }

  const std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / "tokometer_detector_test";
};

TEST_F(UserClients, GoByPriorityAndReplaceOursByName) {
  const auto detector = load(R"({"clients": [
      {"name": "house-bot", "priority": 400, "rules": [{"field": "X-House", "present": true,
       "version_field": "x-house-version"}], "session_fields": ["x-missing", "x-house-session"]},
      {"name": "curl", "priority": 10, "rules": [{"field": "user-agent", "starts_with": "qurl"}]}]})");
  ASSERT_TRUE(detector) << detector.error().message;
  EXPECT_EQ(
      told_by(**detector,
              {{"user-agent", "claude-cli/1"}, {"x-house", ""}, {"x-house-version", "7"}, {"x-house-session", "s"}}),
      "house-bot 7 in s");
  EXPECT_EQ(told_by(**detector, {{"user-agent", "QURL/8"}}), "curl");
  EXPECT_EQ(told_by(**detector, {{"user-agent", "curl/8"}}), "curl 8");  // no rule holds: its product's name
  EXPECT_EQ((*detector)->names().front(), "house-bot");
}

TEST_F(UserClients, AWrongFileIsRefusedWithItsPlace) {
  const auto message = [this](std::string_view content) {
    const auto detector = load(content);
    return detector ? std::string("loaded") : detector.error().message.substr(folder_.string().size() + 1);
  };
  EXPECT_EQ(message("{}"), "mine.json:1: \"clients\" is missing");
  EXPECT_EQ(message("{\"clients\": [], \"clints\": []}"), "mine.json:1: unknown key \"clints\"");
  EXPECT_EQ(message(R"({"clients": [{"name": "x", "priority": 1, "rules": []}]})"),
            "mine.json:1: \"rules\" is missing");
  EXPECT_EQ(message(R"({"clients": [{"priority": 1, "rules": [{"field": "f", "present": true}]}]})"),
            "mine.json:1: \"name\" is missing");
  EXPECT_EQ(message(R"({"clients": [{"name": "x", "rules": [{"field": "f", "present": true}]}]})"),
            "mine.json:1: \"priority\" is missing");
  const auto rule = [&](std::string_view text) {
    return message(R"({"clients": [{"name": "x", "priority": 1, "rules": [)" + std::string(text) + "]}]}");
  };
  constexpr std::string_view kKinds = R"(mine.json:1: needs one of "products", "equals", "starts_with" and "present")";
  EXPECT_EQ(rule(R"({"field": "f"})"), kKinds);
  EXPECT_EQ(rule(R"({"field": "f", "equals": "a", "present": true})"), kKinds);
  EXPECT_EQ(rule(R"({"field": "f", "present": true, "and": [{"field": "g"}]})"), kKinds);
  EXPECT_EQ(rule(R"({"equals": "a"})"), "mine.json:1: \"field\" is missing");
  EXPECT_EQ(rule(R"({"field": "f", "matches": ".*"})"), "mine.json:1: unknown key \"matches\"");
  EXPECT_EQ(rule(R"({"field": "f", "products": ["a"], "separator": "ab"})"),
            "mine.json:1: \"separator\" must be one character");
  EXPECT_EQ(rule(R"({"field": "f", "present": false})"), "mine.json:1: \"present\" can only be true");
}

TEST_F(UserClients, NoMoreFieldsThanThereIsRoomFor) {
  std::string rules;
  for (int i = 0; i < 80; ++i) {
    rules += (i == 0 ? "" : ",") + std::string(R"({"field": "x-)") + std::to_string(i) + R"(", "present": true})";
  }
  const auto detector = load(R"({"clients": [{"name": "x", "priority": 1, "rules": [)" + rules + "]}]}");
  ASSERT_FALSE(detector);
  EXPECT_EQ(detector.error().code, ErrorCode::kTooLarge);
  const auto long_name = load(R"({"clients": [{"name": "x", "priority": 1, "rules": [{"field": ")" +
                              std::string(128, 'x') + R"(", "present": true}]}]})");
  ASSERT_FALSE(long_name);
  EXPECT_EQ(long_name.error().code, ErrorCode::kTooLarge);
}

TEST(Detector, NamesAreUnique) {
  const auto detector = builtin();
  ASSERT_TRUE(detector);
  const auto names = detector->names();
  EXPECT_EQ(std::set(names.begin(), names.end()).size(), names.size());
  EXPECT_GE(names.size(), 50u);
}

}  // namespace
}  // namespace tokometer::client
