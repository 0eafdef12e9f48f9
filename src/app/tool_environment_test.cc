#include "app/tool_environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <set>
#include <string>

#include "base/files.h"
#include "client/tools.h"
#include "embedded/embedded.h"

namespace tokometer::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ToolEnvironmentTest : public ::testing::Test {
 protected:
  ToolEnvironmentTest() {
    std::string pattern = testing::TempDir() + "tool_XXXXXX";
    folder = mkdtemp(pattern.data());
    write("ca.pem", "OURS\n");
    write("roots.pem", "ROOTS");
  }
  ~ToolEnvironmentTest() override { std::filesystem::remove_all(folder); }

  std::string write(const std::string& name, const std::string& content) {
    std::ofstream(folder / name) << content;
    return (folder / name).string();
  }
  std::string content_of(const std::string& file) { return read_file(file).value_or("(not there)"); }
  TrustFiles trust() const { return {folder, folder / "ca.pem", {folder / "none.pem", folder / "roots.pem"}}; }

  std::map<std::string, std::string> fill(const client::ToolMode& mode, bool with_trust = true) {
    const TrustFiles files = trust();
    const ToolInputs inputs{.variable = [this](std::string_view name) -> std::optional<std::string> {
                              const auto found = variables.find(std::string(name));
                              return found == variables.end() ? std::nullopt : std::optional(found->second);
                            },
                            .proxy = "http://ctx-x:run@127.0.0.1:4141",
                            .address = "127.0.0.1:4141",
                            .base = "http://127.0.0.1:4141/c/x",
                            .trust = with_trust ? &files : nullptr};
    auto filled = fill_tool(mode, inputs, *registry);
    EXPECT_TRUE(filled.has_value()) << filled.error().message;
    last = filled.value_or(FilledTool());
    std::map<std::string, std::string> set;
    for (const auto& [name, value] : last.environment) EXPECT_TRUE(set.emplace(name, value).second) << name;
    return set;
  }

  std::filesystem::path folder;
  std::map<std::string, std::string> variables;
  FilledTool last;
  std::shared_ptr<const provider::Registry> registry = *provider::Registry::load(embedded::providers(), {});
  client::Tools tools = *client::Tools::load(embedded::tools(), {});
};

TEST_F(ToolEnvironmentTest, InterceptionSetsProxyAndTrust) {
  variables["NO_PROXY"] = "corp.example, .local";
  auto set = fill(tools.of("anything").intercept);
  for (const std::string name : {"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"}) {
    EXPECT_EQ(set[name], "http://ctx-x:run@127.0.0.1:4141") << name;
  }
  EXPECT_EQ(set["NO_PROXY"], "corp.example,.local,localhost,127.0.0.1,::1");
  EXPECT_EQ(set["no_proxy"], set["NO_PROXY"]);
  EXPECT_EQ(set["NODE_USE_ENV_PROXY"], "1");
  // What adds to a trust store names ours alone, what replaces it all of them.
  for (const std::string name : {"NODE_EXTRA_CA_CERTS", "DENO_CERT"}) {
    EXPECT_EQ(set[name], (folder / "ca.pem").string()) << name;
  }
  for (const std::string name : {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE",
                                 "GIT_SSL_CAINFO", "CODEX_CA_CERTIFICATE"}) {
    EXPECT_EQ(set[name], (folder / "ca-bundle.pem").string()) << name;
  }
  EXPECT_EQ(content_of(set["SSL_CERT_FILE"]), "ROOTS\nOURS\n");
  EXPECT_THAT(last.kept, IsEmpty());
}

TEST_F(ToolEnvironmentTest, TrustThatWasGivenStays) {
  variables["NODE_EXTRA_CA_CERTS"] = write("corp.pem", "CORP\n");
  variables["SSL_CERT_FILE"] = variables["NODE_EXTRA_CA_CERTS"];
  variables["REQUESTS_CA_BUNDLE"] = (folder / "gone.pem").string();
  auto set = fill(tools.of("anything").intercept);
  EXPECT_EQ(content_of(set["NODE_EXTRA_CA_CERTS"]), "CORP\nOURS\n");
  EXPECT_EQ(content_of(set["SSL_CERT_FILE"]), "CORP\nOURS\n");
  EXPECT_EQ(content_of(set["REQUESTS_CA_BUNDLE"]), "ROOTS\nOURS\n");
  // Run again within: nothing is added twice.
  variables = set;
  const auto again = fill(tools.of("anything").intercept);
  EXPECT_EQ(again.at("SSL_CERT_FILE"), set["SSL_CERT_FILE"]);
  EXPECT_EQ(again.at("NODE_EXTRA_CA_CERTS"), set["NODE_EXTRA_CA_CERTS"]);
}

TEST_F(ToolEnvironmentTest, BundlesFollowWhatTheyAreMadeOf) {
  const TrustFiles files = trust();
  const auto first = files.bundle("");
  ASSERT_TRUE(first.has_value() && first->has_value());
  write("roots.pem", "NEWER\n");
  write("ca.pem", "ROTATED\n");
  EXPECT_EQ(files.bundle("").value(), *first);
  EXPECT_EQ(content_of((*first)->string()), "NEWER\nROTATED\n");
  const auto mode = std::filesystem::status(**first).permissions();
  EXPECT_EQ(mode & std::filesystem::perms::mask, std::filesystem::perms(0644));
}

TEST_F(ToolEnvironmentTest, WithoutRootsNoTrustStoreIsReplaced) {
  std::filesystem::remove(folder / "roots.pem");
  auto set = fill(tools.of("anything").intercept);
  EXPECT_FALSE(set.contains("SSL_CERT_FILE"));
  EXPECT_EQ(set["NODE_EXTRA_CA_CERTS"], (folder / "ca.pem").string());
}

TEST_F(ToolEnvironmentTest, ACertificateThatIsNotThereIsAnError) {
  std::filesystem::remove(folder / "ca.pem");
  EXPECT_EQ(trust().bundle("").error().code, ErrorCode::kNotFound);
}

TEST_F(ToolEnvironmentTest, BaseUrlsLeadThroughUs) {
  auto set = fill(tools.of("anything").base_url, false);
  EXPECT_EQ(set["OPENAI_BASE_URL"], "http://127.0.0.1:4141/c/x/openai/v1");
  EXPECT_EQ(set["ANTHROPIC_BASE_URL"], "http://127.0.0.1:4141/c/x/anthropic");
  EXPECT_EQ(set["GOOGLE_GEMINI_BASE_URL"], "http://127.0.0.1:4141/c/x/gemini");
  EXPECT_FALSE(set.contains("HTTPS_PROXY"));
  EXPECT_FALSE(set.contains("OPENROUTER_BASE_URL"));
}

TEST_F(ToolEnvironmentTest, BaseUrlsOfTheUsersKeepTheirMeaning) {
  variables = {{"OPENAI_BASE_URL", "https://openrouter.ai/api/v1"},
               {"ANTHROPIC_BASE_URL", "http://127.0.0.1:4141/anthropic"},
               {"GOOGLE_GEMINI_BASE_URL", "https://gateway.corp.example"},
               {"OPENROUTER_BASE_URL", "https://openrouter.ai/api/v1"},
               {"OPENAI_API_BASE", "not a URL"},
               {"OPENCODE_CONFIG_CONTENT", "{}"}};
  auto set = fill(tools.of("opencode").base_url, false);
  EXPECT_EQ(set["OPENAI_BASE_URL"], "http://127.0.0.1:4141/c/x/openrouter/api/v1");
  EXPECT_EQ(set["OPENROUTER_BASE_URL"], "http://127.0.0.1:4141/c/x/openrouter/api/v1");
  EXPECT_EQ(set["ANTHROPIC_BASE_URL"], "http://127.0.0.1:4141/c/x/anthropic");
  EXPECT_FALSE(set.contains("GOOGLE_GEMINI_BASE_URL"));
  EXPECT_THAT(last.kept, ElementsAre("GOOGLE_GEMINI_BASE_URL", "OPENAI_API_BASE", "OPENCODE_CONFIG_CONTENT"));
}

TEST_F(ToolEnvironmentTest, BaseUrlsOfTheRunAroundGetTheInnerContext) {
  variables = {{"OPENAI_BASE_URL", "http://127.0.0.1:4141/c/b3V0ZXI/openai/v1"},
               {"ANTHROPIC_BASE_URL", "http://127.0.0.1:4141/c/b3V0ZXI"}};
  auto set = fill(tools.of("anything").base_url, false);
  EXPECT_EQ(set["OPENAI_BASE_URL"], "http://127.0.0.1:4141/c/x/openai/v1");
  EXPECT_EQ(set["ANTHROPIC_BASE_URL"], "http://127.0.0.1:4141/c/x");
  const std::string base = "http://127.0.0.1:4141/c/x";
  EXPECT_EQ(with_base(R"({"a":"http://h:1/c/b_-9/v1","b":"http://h:1/c/b","c":"http://h:2/c/b"})", "h:1", base),
            R"({"a":")" + base + R"(/v1","b":")" + base + R"(","c":"http://h:2/c/b"})");
}

TEST_F(ToolEnvironmentTest, AToolsOwnArgumentsAndVariables) {
  auto set = fill(tools.of("codex").base_url, false);
  EXPECT_THAT(last.arguments, ElementsAre("-c", R"(openai_base_url="http://127.0.0.1:4141/c/x/openai/v1")"));
  EXPECT_FALSE(set.contains("OPENAI_BASE_URL"));
  set = fill(tools.of("opencode").base_url, false);
  EXPECT_TRUE(set["OPENCODE_CONFIG_CONTENT"].contains(R"("baseURL":"http://127.0.0.1:4141/c/x/anthropic/v1")"));
}

TEST_F(ToolEnvironmentTest, EveryRouteThatAToolNamesIsAProviders) {
  std::set<std::string_view> routes;
  for (const auto& spec : registry->specs()) {
    if (!spec->base_url.empty()) routes.insert(spec->route);
  }
  const auto check = [&](std::string_view text) {
    client::read_template(
        text, [](std::string_view) {},
        [&](std::string_view name) {
          const bool is_known = !name.starts_with("base:") || routes.contains(name.substr(5));
          EXPECT_TRUE(is_known) << name;
        });
  };
  for (const client::Tool& tool : tools.all()) {
    for (const client::ToolMode* mode : {&tool.intercept, &tool.base_url}) {
      for (const auto& [name, value] : mode->environment) check(value.value_or(""));
      for (const std::string& argument : mode->arguments) check(argument);
    }
  }
}

TEST(NoProxyList, KeepsTheUsersHostsAndAddsThisMachine) {
  EXPECT_EQ(no_proxy_list(""), "localhost,127.0.0.1,::1");
  EXPECT_EQ(no_proxy_list("a b,,localhost"), "a,b,localhost,127.0.0.1,::1");
  EXPECT_EQ(no_proxy_list("*"), "localhost,127.0.0.1,::1") << "else nothing would come through";
}

}  // namespace
}  // namespace tokometer::app
