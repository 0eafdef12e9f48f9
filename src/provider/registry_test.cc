#include "provider/registry.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "json/document.h"
#include "provider/format.h"

namespace tokometer::provider {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::shared_ptr<const Registry> builtin() {
  auto registry = Registry::load(embedded::providers(), "");
  EXPECT_TRUE(registry) << registry.error().message;
  return *registry;
}

std::shared_ptr<const Registry> registry_of(std::string_view content) {
  const embedded::File file{"x.json", content};
  auto registry = Registry::load(std::span(&file, 1), "");
  EXPECT_TRUE(registry) << registry.error().message;
  return *registry;
}

std::string name_of(const Spec* spec) { return spec == nullptr ? "" : spec->name; }

TEST(Registry, FindsByName) {
  const auto registry = builtin();
  EXPECT_EQ(name_of(registry->by_name("gcp.gemini")), "gcp.gemini");
  EXPECT_EQ(registry->by_name("nobody"), nullptr);
  EXPECT_GE(registry->specs().size(), 4U);
}

TEST(Registry, FindsByHost) {
  const auto registry = builtin();
  EXPECT_EQ(name_of(registry->by_host("api.openai.com")), "openai");
  EXPECT_EQ(name_of(registry->by_host("API.OpenAI.com:443")), "openai");
  EXPECT_EQ(name_of(registry->by_host("api.openai.com.")), "openai");
  EXPECT_EQ(registry->by_host("evil-api.openai.com"), nullptr);
  EXPECT_EQ(registry->by_host("api.openai.com.evil.com"), nullptr);
  EXPECT_EQ(registry->by_host(""), nullptr);
  EXPECT_EQ(registry->by_host("[::1]:80"), nullptr);
  EXPECT_EQ(registry->by_host(std::string(300, 'a')), nullptr);
}

TEST(Registry, MatchesHostPatternsAtDots) {
  const auto registry =
      registry_of(R"({"name": "x", "hosts": ["*.azure.com", "runtime.*.aws.com", "us-*.google.com"]})");
  EXPECT_NE(registry->by_host("a.azure.com"), nullptr);
  EXPECT_NE(registry->by_host("a.b.azure.com"), nullptr);
  EXPECT_NE(registry->by_host("azure.com"), nullptr);
  EXPECT_EQ(registry->by_host("evilazure.com"), nullptr);
  EXPECT_NE(registry->by_host("runtime.us-east-1.aws.com"), nullptr);
  EXPECT_EQ(registry->by_host("runtime.a.b.aws.com"), nullptr);
  EXPECT_EQ(registry->by_host("runtime.aws.com"), nullptr);
  EXPECT_NE(registry->by_host("us-central1.google.com"), nullptr);
  EXPECT_EQ(registry->by_host("eu-central1.google.com"), nullptr);
}

TEST(Registry, TellsLocalServersByTheirPorts) {
  const auto registry = registry_of(R"({"name": "x", "hosts": ["localhost:1234"]})");
  EXPECT_NE(registry->by_host("localhost:1234"), nullptr);
  EXPECT_EQ(registry->by_host("localhost:1235"), nullptr);
  EXPECT_EQ(registry->by_host("localhost"), nullptr);
}

TEST(Registry, FindsByRoute) {
  const auto registry = builtin();
  const auto routed = registry->by_route("/anthropic/v1/messages?beta=true");
  ASSERT_TRUE(routed);
  EXPECT_EQ(name_of(routed->spec), "anthropic");
  EXPECT_EQ(routed->target, "/v1/messages?beta=true");
  EXPECT_EQ(registry->by_route("/gemini")->target, "/");
  EXPECT_FALSE(registry->by_route("/anthropics/v1"));
  EXPECT_FALSE(registry->by_route("/v1/messages"));
  EXPECT_FALSE(registry->by_route("anthropic/v1"));
  EXPECT_FALSE(registry->by_route(""));
}

TEST(Registry, TellsBarePathsApart) {
  const auto registry = builtin();
  EXPECT_EQ(name_of(registry->by_bare_path("POST", "/v1/chat/completions", {})), "openai");
  EXPECT_EQ(name_of(registry->by_bare_path("POST", "/v1/messages?beta=true", {})), "anthropic");
  EXPECT_EQ(name_of(registry->by_bare_path("POST", "/v1/messages/count_tokens", {})), "anthropic");
  EXPECT_EQ(name_of(registry->by_bare_path("POST", "/v1beta/models/x:generateContent?key=1", {})), "gcp.gemini");
  EXPECT_EQ(name_of(registry->by_bare_path("POST", "/v1/models/x:generateContent", {})), "gcp.gemini");
  EXPECT_EQ(name_of(registry->by_bare_path("GET", "/v1/models", {})), "openai");
  const wire::Field anthropic[] = {{"Anthropic-Version", "2023-06-01"}};
  EXPECT_EQ(name_of(registry->by_bare_path("GET", "/v1/models", anthropic)), "anthropic");
  const wire::Field google[] = {{"x-goog-api-key", "k"}};
  EXPECT_EQ(name_of(registry->by_bare_path("GET", "/v1/models", google)), "gcp.gemini");
  EXPECT_EQ(registry->by_bare_path("GET", "/", {}), nullptr);
  EXPECT_EQ(registry->by_bare_path("GET", "/favicon.ico", {}), nullptr);
}

std::string operation(const Registry& registry, std::string_view spec, std::string_view method, std::string_view target,
                      wire::Fields fields = {}) {
  const Endpoint* endpoint = registry.endpoint(*registry.by_name(spec), method, target, fields);
  return endpoint == nullptr ? "" : endpoint->operation;
}

TEST(Registry, FindsTheMostExactEndpoint) {
  const auto registry = builtin();
  EXPECT_EQ(operation(*registry, "anthropic", "POST", "/v1/messages?beta=true"), "chat");
  EXPECT_EQ(operation(*registry, "anthropic", "POST", "/v1/messages/count_tokens"), "count_tokens");
  EXPECT_EQ(operation(*registry, "anthropic", "GET", "/v1/messages"), "");
  EXPECT_EQ(operation(*registry, "openai", "POST", "/v1/responses"), "responses");
  EXPECT_EQ(operation(*registry, "openai", "POST", "/v1/responses/input_tokens"), "count_tokens");
  EXPECT_EQ(operation(*registry, "openai", "POST", "/v1/threads/t/runs"), "chat");
  EXPECT_EQ(operation(*registry, "openai", "POST", "/v1/threads/t/messages"), "threads");
  EXPECT_EQ(operation(*registry, "gcp.gemini", "POST", "/v1beta/models/m:countTokens"), "count_tokens");
  EXPECT_EQ(operation(*registry, "gcp.gemini", "POST", "/v1beta/openai/chat/completions"), "chat");
  EXPECT_EQ(operation(*registry, "gcp.gemini", "POST", "/upload/v1beta/files?upload_id=1"), "files");
  EXPECT_EQ(operation(*registry, "openai", "POST", "/nothing"), "");
}

TEST(Registry, LeavesOutThePathOfTheBaseUrl) {
  const auto registry = registry_of(
      R"({"name": "x", "base_url": "https://h.com/api/", "endpoints": {"e": {"operation": "chat", "path": "/v1/chat"}}})");
  EXPECT_EQ(operation(*registry, "x", "POST", "/v1/chat"), "chat");
  EXPECT_EQ(operation(*registry, "x", "POST", "/api/v1/chat?x=1"), "chat");
  EXPECT_EQ(operation(*registry, "x", "POST", "/apiv1/chat"), "");
}

TEST(Registry, TellsEndpointsApartByFields) {
  const auto registry = registry_of(R"({"name": "x", "endpoints": {
    "other": {"operation": "other", "path": "/"},
    "ask": {"operation": "chat", "path": "/", "fields": {"X-Target": "*.Ask"}}}})");
  const wire::Field ask[] = {{"x-target", "Service.Ask"}};
  const wire::Field tell[] = {{"x-target", "Service.Tell"}};
  EXPECT_EQ(operation(*registry, "x", "POST", "/", ask), "chat");
  EXPECT_EQ(operation(*registry, "x", "POST", "/", tell), "other");
  EXPECT_EQ(operation(*registry, "x", "POST", "/"), "other");
}

TEST(Registry, TellsEndpointsApartByWhatThePathCaptures) {
  const auto registry = builtin();
  for (const std::string_view model :
       {"amazon.titan-embed-text-v2:0", "cohere.embed-english-v3", "us.cohere.embed-v4%3A0",
        "arn%3Aaws%3Abedrock%3Aus-east-1%3A%3Afoundation-model%2Famazon.titan-embed-text-v1"}) {
    EXPECT_EQ(operation(*registry, "aws.bedrock", "POST", "/model/" + std::string(model) + "/invoke"), "embeddings");
  }
  EXPECT_EQ(operation(*registry, "aws.bedrock", "POST", "/model/amazon.titan-text-lite-v1/invoke"), "chat");
}

class UserFolder : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("tokometer-providers-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  void write(const char* name, std::string_view text) const { std::ofstream(folder_ / name) << text; }

  fs::path folder_;
};

TEST_F(UserFolder, OverridesAndAddsSpecs) {
  write("mine.json",
        R"({"name": "local", "extends": "openai_compatible", "route": "local", "base_url": "http://127.0.0.1:8000"})");
  write("openai.json", R"({"name": "openai", "hosts": ["my-openai.example"]})");
  write("notes.txt", "no spec");
  const auto registry = Registry::load(embedded::providers(), folder_);
  ASSERT_TRUE(registry) << registry.error().message;
  EXPECT_EQ(name_of((*registry)->by_route("/local/v1/chat/completions")->spec), "local");
  EXPECT_EQ(operation(**registry, "local", "POST", "/v1/chat/completions"), "chat");
  EXPECT_EQ(name_of((*registry)->by_host("my-openai.example")), "openai");
  EXPECT_EQ((*registry)->by_host("api.openai.com"), nullptr);
}

TEST_F(UserFolder, IsNamedInMistakes) {
  write("bad.json", "{\"name\": \"x\",\n\"rout\": \"x\"}");
  const auto registry = Registry::load(embedded::providers(), folder_);
  ASSERT_FALSE(registry);
  EXPECT_EQ(registry.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(registry.error().message, HasSubstr("bad.json:2: unknown key \"rout\", did you mean \"route\"?"));
}

TEST_F(UserFolder, MayBeMissing) { EXPECT_TRUE(Registry::load(embedded::providers(), folder_ / "none")); }

TEST(ErrorBody, LooksLikeTheProviders) {
  const auto registry = builtin();
  const auto parse = [](const std::string& text) {
    auto document = json::Document::parse(text);
    EXPECT_TRUE(document) << text;
    return std::move(*document);
  };
  const std::string message = "origin \"x\" refused\n\xff";
  const auto openai = parse(error_body(registry->by_name("openai"), 502, message));
  EXPECT_EQ(openai.root()["error"]["type"].string(), "api_error");
  EXPECT_THAT(std::string(*openai.root()["error"]["message"].string()), HasSubstr("origin \"x\" refused\n"));
  const auto anthropic = parse(error_body(registry->by_name("anthropic"), 502, "m"));
  EXPECT_EQ(anthropic.root()["type"].string(), "error");
  EXPECT_EQ(anthropic.root()["error"]["type"].string(), "api_error");
  const auto too_large = parse(error_body(registry->by_name("anthropic"), 413, "m"));
  EXPECT_EQ(too_large.root()["error"]["type"].string(), "request_too_large");
  const auto gemini = parse(error_body(registry->by_name("gcp.gemini"), 504, "{type}"));
  EXPECT_EQ(gemini.root()["error"]["status"].string(), "DEADLINE_EXCEEDED");
  EXPECT_EQ(gemini.root()["error"]["code"].int64(), 504);
  EXPECT_EQ(gemini.root()["error"]["message"].string(), "{type}");
  const auto unknown = parse(error_body(nullptr, 400, "m"));
  EXPECT_EQ(unknown.root()["error"]["message"].string(), "m");
}

// What a server that does not know the field does with it is its own affair: only those are asked that are known to
// take it and to say nothing unasked (docs/metering.md names them).
TEST(Registry, AsksForUsageWhereItIsKnownToBeTaken) {
  const auto registry = builtin();
  std::set<std::string> asked;
  for (const auto& spec : registry->specs()) {
    for (const Endpoint& endpoint : spec->endpoints) {
      const Format* const format = endpoint.format.get();
      if (format != nullptr && format->stream && format->stream->usage_on_request) asked.insert(spec->name);
    }
  }
  EXPECT_THAT(asked,
              testing::ElementsAre("alibaba_cloud", "azure.ai.openai", "cerebras", "cloudflare", "crusoe", "fireworks",
                                   "gcp.code_assist", "gcp.gemini", "gcp.vertex_ai", "huggingface", "ibm.watsonx.ai",
                                   "litellm", "llama.cpp", "lm_studio", "nvidia", "ollama", "openai",
                                   "openai_compatible", "snowflake", "together", "vllm", "writer", "x_ai"));
}

TEST(WildcardMatches, StandsForAnyRun) {
  EXPECT_TRUE(wildcard_matches("*", ""));
  EXPECT_TRUE(wildcard_matches("a*c", "abbc"));
  EXPECT_TRUE(wildcard_matches("*.Ask", "x.y.Ask"));
  EXPECT_FALSE(wildcard_matches("a*c", "abb"));
  EXPECT_FALSE(wildcard_matches("", "a"));
  EXPECT_TRUE(wildcard_matches("a*b*c", "a__b__b_c"));
}

}  // namespace
}  // namespace tokometer::provider
