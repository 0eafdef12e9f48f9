// Cost of reading usage: whole exchanges, and single events of open streams.

#include <benchmark/benchmark.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "embedded/embedded.h"
#include "meter/exchange_meter.h"
#include "meter/token_counter.h"
#include "provider/registry.h"

namespace {

using tokometer::meter::ExchangeMeter;
using tokometer::provider::Endpoint;
using tokometer::provider::Registry;
using tokometer::provider::Spec;
using tokometer::wire::Field;

const Registry& registry() {
  static const std::shared_ptr<const Registry> specs = *Registry::load(tokometer::embedded::providers(), "");
  return *specs;
}

// As in the proxy, but that it waits for the tables: they are loaded once.
const tokometer::meter::Fallbacks& fallbacks() {
  using tokometer::meter::TokenCounter;
  namespace tokenizer = tokometer::tokenizer;
  static const TokenCounter counter(std::make_shared<const tokenizer::Library>(tokometer::embedded::rank_tables(), ""),
                                    *tokenizer::ModelTable::load(tokometer::embedded::tokenizers(), ""),
                                    TokenCounter::Wait::kForTables);
  static const tokometer::meter::Fallbacks all{.generic = registry().generic(), .counter = &counter};
  return all;
}

struct Place {
  const Spec* spec;
  const Endpoint* endpoint;
  std::string_view target;

  Place(std::string_view provider, std::string_view path)
      : spec(registry().by_name(provider)), endpoint(registry().endpoint(*spec, "POST", path)), target(path) {}
};

constexpr std::array kJson = {Field{"content-type", "application/json"}, Field{"x-request-id", "req_1"}};
constexpr std::array kEvents = {Field{"content-type", "text/event-stream"}};
constexpr std::string_view kRequest = R"({"model":"gpt-5","messages":[{"role":"user","content":"hello there"}]})";
constexpr std::string_view kUsage =
    R"({"prompt_tokens":1117,"completion_tokens":46,"total_tokens":1163,"prompt_tokens_details":{"cached_tokens":1024,)"
    R"("audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":32,"audio_tokens":0,)"
    R"("accepted_prediction_tokens":0,"rejected_prediction_tokens":0}})";

std::string chat_response(std::size_t content_bytes) {
  return R"({"id":"chatcmpl-1","object":"chat.completion","created":1795379871,"model":"gpt-5-2026-01-15","choices":)"
         R"([{"index":0,"message":{"role":"assistant","content":")" +
         std::string(content_bytes, 'x') + R"("},"finish_reason":"stop"}],"usage":)" + std::string(kUsage) + "}";
}

void read_exchange(const Place& place, std::string_view request, std::string_view response) {
  ExchangeMeter meter(place.spec, place.endpoint, place.target, {}, fallbacks());
  meter.request_head(kJson);
  meter.request_content(request);
  meter.request_end();
  meter.response_head(200, kJson);
  meter.response_content(response);
  meter.response_end(true);
  if (meter.finish().usage.input_tokens != 1117) std::abort();
}

// A plain exchange; the argument is the size of the answer's text.
void response_of(benchmark::State& state) {
  const Place place("openai", "/v1/chat/completions");
  const std::string response = chat_response(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) read_exchange(place, kRequest, response);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(response.size()));
}
BENCHMARK(response_of)->Arg(300)->Arg(100 * 1000);

// A long conversation is sent along; the argument is the number of its messages.
void request_of(benchmark::State& state) {
  const Place place("openai", "/v1/chat/completions");
  const std::string response = chat_response(300);
  std::string request = R"({"model":"gpt-5","messages":[)";
  for (int i = 0; i < state.range(0); ++i) {
    request += R"({"role":"user","content":"Some text with \"quotes\" and\nlines, some two hundred bytes of it, as )"
               R"(messages have in the real world, where they are long enough to be worth a reader's time."},)";
  }
  request.back() = ']';
  request += "}";
  for (auto _ : state) read_exchange(place, request, response);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(request.size()));
}
BENCHMARK(request_of)->Arg(500);

// One more event of a stream that is open.
void event_of(benchmark::State& state, const Place& place, std::string_view event) {
  ExchangeMeter meter(place.spec, place.endpoint, place.target, {}, fallbacks());
  meter.request_head(kJson);
  meter.request_end();
  meter.response_head(200, kEvents);
  meter.response_content(event);
  for (auto _ : state) meter.response_content(event);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(event.size()));
}

void openai_chat_event(benchmark::State& state) {
  event_of(
      state, {"openai", "/v1/chat/completions"},
      R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1795379871,"model":"gpt-5-2026-01-15",)"
      R"("service_tier":"default","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"content":" word"},)"
      R"("logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"x7Gq2"})"
      "\n\n");
}
BENCHMARK(openai_chat_event);

void anthropic_event(benchmark::State& state) {
  event_of(state, {"anthropic", "/v1/messages"},
           "event: content_block_delta\n"
           R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" word and more"}})"
           "\n\n");
}
BENCHMARK(anthropic_event);

void gemini_event(benchmark::State& state) {
  event_of(
      state, {"gcp.gemini", "/v1beta/models/gemini-2.5-flash:streamGenerateContent"},
      R"(data: {"candidates": [{"content": {"parts": [{"text": "some words that a chunk holds"}],"role": "model"},)"
      R"("index": 0}],"usageMetadata": {"promptTokenCount": 8,"candidatesTokenCount": 20,"totalTokenCount": 28,)"
      R"("promptTokensDetails": [{"modality": "TEXT","tokenCount": 8}]},"modelVersion": "gemini-2.5-flash"})"
      "\r\n\r\n");
}
BENCHMARK(gemini_event);

// A conversation of a megabyte, answered by a stream of a megabyte; the argument says whether the stream tells its
// usage. If not, it is estimated when it has ended.
void megabytes(benchmark::State& state) {
  const Place place("openai", "/v1/chat/completions");
  constexpr std::size_t kSize = 1'000'000;
  std::string request = R"({"model":"gpt-4o","stream":true,"messages":[)";
  while (request.size() < kSize) {
    request += R"({"role":"user","content":"Some text with \"quotes\" and\nlines, some two hundred bytes of it, as )"
               R"(messages have in the real world, where they are long enough to be worth a reader's time."},)";
  }
  request.back() = ']';
  request += "}";
  std::string response;
  while (response.size() < kSize) {
    response += R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1795379871,"model":"gpt-4o",)"
                R"("choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}],"usage":null})"
                "\n\n";
  }
  if (state.range(0) != 0) response += "data: {\"choices\":[],\"usage\":" + std::string(kUsage) + "}\n\n";
  response += "data: [DONE]\n\n";
  for (auto _ : state) {
    ExchangeMeter meter(place.spec, place.endpoint, place.target, {}, fallbacks());
    meter.request_head(kJson);
    for (std::size_t at = 0; at < request.size(); at += 65536)
      meter.request_content(std::string_view(request).substr(at, 65536));
    meter.request_end();
    meter.response_head(200, kEvents);
    for (std::size_t at = 0; at < response.size(); at += 4096)
      meter.response_content(std::string_view(response).substr(at, 4096));
    meter.response_end(true);
    if (!meter.finish().usage.input_tokens) std::abort();
  }
}
BENCHMARK(megabytes)->ArgName("says_its_usage")->Arg(1)->Arg(0)->Unit(benchmark::kMicrosecond);

void find_endpoint(benchmark::State& state) {
  for (auto _ : state) {
    const auto routed = registry().by_route("/openai/v1/chat/completions");
    benchmark::DoNotOptimize(registry().endpoint(*routed->spec, "POST", routed->target, kJson));
  }
}
BENCHMARK(find_endpoint);

void load_specs(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Registry::load(tokometer::embedded::providers(), ""));
}
BENCHMARK(load_specs);

}  // namespace

BENCHMARK_MAIN();
