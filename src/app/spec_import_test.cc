#include "app/spec_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>

#include "embedded/embedded.h"
#include "meter/exchange_meter.h"
#include "provider/spec_file.h"

namespace tokometer::app {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

// As Tokentap has it, with a provider of each kind.
constexpr const char* kTokentap = R"({"version": "1", "capture_mode": "capture_all", "providers": {
  "openai": {"name": "OpenAI", "domains": ["api.openai.com"], "request": {"model_path": "$.model"},
             "response": {"json": {"input_tokens_path": "$.usage.prompt_tokens", "output_tokens_path": "$.u"}}},
  "Acme AI": {"name": "Acme", "domains": ["api.acme.ai"], "api_patterns": ["/v1/ask"],
    "request": {"model_path": "$.engine", "messages_path": "$.messages[*]", "stream_param_path": "$.stream"},
    "response": {
      "json": {"input_tokens_path": "$.usage.in", "input_tokens_path_alt": ["$.usage.prompt", "$.meta.in"],
               "output_tokens_path": "$.usage.out", "cache_read_tokens_path": "$.usage.cached",
               "model_path": "$.engine", "stop_reason_path": "$.stop", "stop_reason_path_alt": ["$.why"]},
      "sse": {"event_types": ["start", "end"], "done_marker": "[DONE]", "format": "sse_or_json_lines",
              "input_tokens_event": "start", "input_tokens_path": "$.message.in",
              "output_tokens_event": "end", "output_tokens_path": "$.out", "model_event": "start",
              "model_path": "$.message.engine"}},
    "metadata": {"tags": ["llm"], "cost_per_input_token": 0.000001}},
  "unknown": {"name": "Unknown", "domains": ["*"], "request": {"model_path": "$.model"}, "response": {"json": {}}}}})";

class SpecImportTest : public testing::Test {
 protected:
  std::shared_ptr<const provider::Registry> registry_ =
      *provider::Registry::load(embedded::providers(), std::filesystem::path());

  SpecImport import(std::string_view text) {
    auto import = import_specs(text, *registry_);
    EXPECT_TRUE(import) << import.error().message;
    return import ? std::move(*import) : SpecImport();
  }

  std::shared_ptr<const provider::Registry> loaded(const ImportedSpec& spec) {
    const provider::SpecText text{"import.json", spec.json};
    auto registry = provider::Registry::load_texts(embedded::providers(), std::span(&text, 1));
    EXPECT_TRUE(registry) << registry.error().message << spec.json;
    return registry ? *registry : registry_;
  }

  static meter::Reading read(const provider::Registry& registry, std::string_view name, std::string_view type,
                             std::string_view body) {
    const provider::Spec* spec = registry.by_name(name);
    meter::ExchangeMeter meter(spec, registry.endpoint(*spec, "POST", "/v1/ask"), "/v1/ask");
    meter.request_head({});
    meter.request_content(R"({"engine": "a-1", "stream": true})");
    meter.request_end();
    const wire::Field field{"content-type", type};
    meter.response_head(200, std::span(&field, 1));
    meter.response_content(body);
    meter.response_end(true);
    return meter.finish();
  }
};

TEST_F(SpecImportTest, TakesTokentapsOwnProvidersOver) {
  const SpecImport made = import(kTokentap);
  EXPECT_THAT(made.left_out, ElementsAre(StartsWith("openai: api.openai.com is built in"), StartsWith("unknown: "),
                                         StartsWith("capture_mode: ")));
  ASSERT_EQ(made.specs.size(), 1U);
  EXPECT_EQ(made.specs[0].name, "acme_ai");
  EXPECT_THAT(made.specs[0].notes, Contains(HasSubstr("is not said")));
  const auto registry = loaded(made.specs[0]);
  EXPECT_EQ(registry->by_host("api.acme.ai")->title, "Acme");
  EXPECT_EQ(registry->by_host("evil-api.acme.ai"), nullptr);  // Tokentap's match has no dot boundary

  const auto whole = read(*registry, "acme_ai", "application/json",
                          R"({"engine": "a-1b", "why": "end", "usage": {"prompt": 9, "out": 3, "cached": 2}})");
  EXPECT_EQ(whole.request_model, "a-1");
  EXPECT_EQ(whole.response_model, "a-1b");
  EXPECT_EQ(whole.finish_reason, "end");
  EXPECT_EQ(whole.usage.input_tokens, 9);
  EXPECT_EQ(whole.usage.cache_read_input_tokens, 2);
  EXPECT_EQ(whole.usage.output_tokens, 3);

  const auto stream =
      read(*registry, "acme_ai", "text/event-stream",
           "data: {\"type\":\"start\",\"message\":{\"in\":5,\"engine\":\"a-1b\"}}\n\n"
           "data: {\"type\":\"end\",\"out\":1}\n\ndata: {\"type\":\"end\",\"out\":7}\n\ndata: [DONE]\n\n");
  EXPECT_EQ(stream.response_model, "a-1b");
  EXPECT_EQ(stream.usage.input_tokens, 5);
  EXPECT_EQ(stream.usage.output_tokens, 7);
}

TEST_F(SpecImportTest, TakesBaseUrlsOfLiteLlmOver) {
  const SpecImport made = import(R"({
      "publicai": {"base_url": "https://api.publicai.co/v1", "api_key_env": "PUBLICAI_API_KEY"},
      "groq": {"base_url": "https://api.groq.com/openai/v1"},
      "odd": {"base_url": "ftp://x"}})");
  EXPECT_EQ(made.kind, "LiteLLM's providers.json");
  ASSERT_EQ(made.specs.size(), 1U);
  const auto registry = loaded(made.specs[0]);
  const provider::Spec* spec = registry->by_host("api.publicai.co");
  ASSERT_NE(spec, nullptr);
  EXPECT_EQ(spec->base_url, "https://api.publicai.co");
  EXPECT_EQ(registry->endpoint(*spec, "POST", "/v1/chat/completions")->operation, "chat");
  EXPECT_EQ(registry->endpoint(*spec, "POST", "/v1/responses")->operation, "responses");
  EXPECT_THAT(made.left_out, ElementsAre(StartsWith("groq: api.groq.com is built in as groq"), StartsWith("odd: ")));
}

TEST_F(SpecImportTest, LeavesOutAddressesThatNoClientSends) {
  const SpecImport made = import(R"({
      "up": {"base_url": "https://a.example/../x"}, "here": {"base_url": "https://b.example/./x"},
      "empty": {"base_url": "https://c.example//x"}, "braces": {"base_url": "https://d.example/{...}"},
      "query": {"base_url": "https://e.example?x"}, "coded": {"base_url": "https://f.example/%2e%2e/x"},
      "host": {"base_url": "https://g .example/v1"}, "dots": {"base_url": "https://..example/v1"},
      "../../Evil": {"base_url": "https://h.example/v1.0/openai/"}, "...": {"base_url": "https://i.example"}})");
  ASSERT_EQ(made.specs.size(), 1U);
  EXPECT_EQ(made.specs[0].name, "evil");
  EXPECT_THAT(made.specs[0].json, HasSubstr(R"("prefixes": ["/v1.0/openai"])"));
  loaded(made.specs[0]);
  EXPECT_THAT(made.left_out, SizeIs(9));
  EXPECT_THAT(made.left_out, Contains("up: its base URL is none that can be used"));

  const SpecImport taps = import(R"({"providers": {"-x": {"domains": ["a b", "x.example/..", "*", "x.example"],
      "response": {"json": {"input_tokens_path": "$.i"}}}}})");
  ASSERT_EQ(taps.specs.size(), 1U);
  EXPECT_EQ(taps.specs[0].name, "x");
  EXPECT_EQ(loaded(taps.specs[0])->by_host("x.example")->hosts.size(), 2U);
}

TEST_F(SpecImportTest, TakesAModelListOver) {
  const SpecImport made = import(R"({"model_list": [
      {"model_name": "a", "litellm_params": {"model": "openai/a", "api_base": "http://10.0.0.5:8000/v1"}},
      {"model_name": "b", "litellm_params": {"model": "openai/b", "api_base": "http://10.0.0.5:8000/v1"}},
      {"model_name": "c", "litellm_params": {"model": "newai/c", "api_base": "https://newai.example/api"}},
      {"model_name": "d", "litellm_params": {"model": "mystery/d"}},
      {"model_name": "e", "litellm_params": {"model": "xai/grok"}}]})");
  ASSERT_EQ(made.specs.size(), 2U);
  EXPECT_EQ(made.specs[0].name, "10.0.0.5");
  EXPECT_EQ(made.specs[1].name, "newai");
  for (const ImportedSpec& spec : made.specs) loaded(spec);
  EXPECT_THAT(made.left_out,
              ElementsAre(AllOf(StartsWith("mystery: "), HasSubstr("does not say where")), "xai: built in as x_ai"));
}

TEST_F(SpecImportTest, KnowsTheLineOfTheListThatAMistakeIsAbout) {
  const SpecImport made = import(
      "{\"providers\": {\n\"acme\": {\"domains\": [\"api.acme.ai\"],\n"
      "\"response\": {\"json\": {\n\"input_tokens_path\": \"$..[\"}}}}}");
  ASSERT_EQ(made.specs.size(), 1U);
  EXPECT_EQ(made.specs[0].line, 2U);
  EXPECT_EQ(made.specs[0].line_of("query \"$..[\": no query"), 4U);
  EXPECT_EQ(made.specs[0].line_of("unknown key \"elsewhere\""), 2U);
  EXPECT_EQ(made.specs[0].line_of("something"), 2U);
}

TEST_F(SpecImportTest, NamesWhatAListOfModelsCannotSay) {
  const SpecImport made = import(R"({"sample_spec": {"litellm_provider": "one of …"},
      "xai/grok-4": {"litellm_provider": "xai"}, "novita/x": {"litellm_provider": "novita"},
      "vertex_ai/claude": {"litellm_provider": "vertex_ai-anthropic_models"}})");
  EXPECT_THAT(made.specs, IsEmpty());
  EXPECT_THAT(made.left_out, ElementsAre(StartsWith("novita: this list does not say where it is"),
                                         "vertex_ai-anthropic_models: built in as gcp.vertex_ai",
                                         "xai: built in as x_ai", HasSubstr("tokometer prices update --from")));
}

TEST_F(SpecImportTest, RefusesWhatItDoesNotKnow) {
  for (const char* text : {"", "a: yaml", "[]", "{}", R"({"x": {"y": 1}})"}) {
    EXPECT_FALSE(import_specs(text, *registry_)) << text;
  }
}

TEST_F(SpecImportTest, TakesAListThatIsCutAnywhere) {
  const std::string_view whole = kTokentap;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(import_specs(whole.substr(0, length), *registry_));
  }
}

}  // namespace
}  // namespace tokometer::app
