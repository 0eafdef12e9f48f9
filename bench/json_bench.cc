// What it costs to read usage out of JSON as it passes.
//
// The bodies are made here, after the shapes that providers send; sizes are in the names.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "json/document.h"
#include "json/extractor.h"
#include "json/query.h"

namespace {

using tokometer::json::Document;
using tokometer::json::Extractor;
using tokometer::json::QuerySet;
using tokometer::json::Value;
using tokometer::json::WantedQuery;

constexpr std::string_view kUsage =
    R"("usage":{"prompt_tokens":1117,"completion_tokens":46,"total_tokens":1163,)"
    R"("prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},)"
    R"("completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0}})";

const QuerySet& usage_queries() {
  static const QuerySet set = [] {
    const WantedQuery queries[] = {{"$.id"}, {"$.model"}, {"$.usage"}, {"$.choices[0].finish_reason"}};
    return std::move(*QuerySet::compile(queries));
  }();
  return set;
}

// A chat completion around `content`, which is JSON text without its quotes.
std::string completion(std::string_view content) {
  std::string body =
      R"({"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion","created":1741569952,)";
  body += R"("model":"gpt-4.1-2025-04-14","choices":[{"index":0,"message":{"role":"assistant","content":")";
  body += content;
  body += R"(","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],)";
  body += kUsage;
  body += R"(,"service_tier":"default","system_fingerprint":"fp_44709d6fcb"})";
  return body;
}

std::string repeated(std::string_view text, std::size_t size) {
  std::string all;
  while (all.size() < size) all += text;
  return all;
}

// Prose: an escape every 80 bytes or so.
std::string prose(std::size_t size) {
  return repeated(R"(It was the best of times, it was the worst of times, and nobody counted them.\n)", size);
}

// Code: an escape every 12 bytes or so.
std::string code(std::size_t size) {
  return repeated(R"(if (name == \"x\") {\n\treturn value[\"y\"] + 1;\n}\n)", size);
}

// Log probabilities of every token, as `logprobs` asks for: many small objects.
std::string with_logprobs(std::size_t size) {
  std::string body = R"({"id":"chatcmpl-1","choices":[{"index":0,"message":{"content":"x"},"logprobs":{"content":[)";
  body += repeated(R"({"token":"Hello","logprob":-0.31725305,"bytes":[72,101,108,108,111],"top_logprobs":[]},)", size);
  body += R"({}]},"finish_reason":"stop"}],"model":"gpt-4.1",)";
  body += kUsage;
  return body + "}";
}

std::string embeddings(std::size_t size) {
  std::string body = R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[)";
  body += repeated("-0.0069292834,-0.005336422,0.01218944,", size);
  return body + R"(0]}],"model":"text-embedding-3-small","usage":{"prompt_tokens":5,"total_tokens":5}})";
}

constexpr std::string_view kChunk =
    R"({"id":"chatcmpl-123","object":"chat.completion.chunk","created":1694268190,"model":"gpt-4o-mini",)"
    R"("system_fingerprint":"fp_44709d6fcb","choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":null}]})";

// One document, in pieces of `piece` bytes.
void extract(benchmark::State& state, std::string_view body, std::size_t piece) {
  Extractor extractor(usage_queries());
  std::size_t told = 0;
  auto sink = [&](std::size_t, const Value& value) { told += value.text.size(); };
  for (auto _ : state) {
    for (std::size_t at = 0; at < body.size(); at += piece) {
      if (!extractor.feed(body.substr(at, piece), sink)) state.SkipWithError("no JSON");
    }
    if (!extractor.finish(sink)) state.SkipWithError("no JSON");
    extractor.reset();
  }
  benchmark::DoNotOptimize(told);
  state.SetBytesProcessed(static_cast<std::int64_t>(body.size()) * state.iterations());
}

constexpr std::size_t kWhole = 1 << 30;
constexpr std::size_t k100k = 100'000;

void extract_chunk_200(benchmark::State& state) { extract(state, kChunk, kWhole); }
void extract_small_1500(benchmark::State& state) { extract(state, completion(prose(750)), kWhole); }
void extract_100k_prose(benchmark::State& state) { extract(state, completion(prose(k100k)), kWhole); }
void extract_100k_code(benchmark::State& state) { extract(state, completion(code(k100k)), kWhole); }
void extract_100k_logprobs(benchmark::State& state) { extract(state, with_logprobs(k100k), kWhole); }
void extract_100k_embeddings(benchmark::State& state) { extract(state, embeddings(k100k), kWhole); }
void extract_100k_prose_in_16k(benchmark::State& state) { extract(state, completion(prose(k100k)), 16384); }
void extract_100k_logprobs_in_1400(benchmark::State& state) { extract(state, with_logprobs(k100k), 1400); }

void document_small_1500(benchmark::State& state) {
  const std::string body = completion(prose(750));
  for (auto _ : state) benchmark::DoNotOptimize(Document::parse(body));
  state.SetBytesProcessed(static_cast<std::int64_t>(body.size()) * state.iterations());
}
void document_100k_logprobs(benchmark::State& state) {
  const std::string body = with_logprobs(k100k);
  for (auto _ : state) benchmark::DoNotOptimize(Document::parse(body));
  state.SetBytesProcessed(static_cast<std::int64_t>(body.size()) * state.iterations());
}

BENCHMARK(extract_chunk_200);
BENCHMARK(extract_small_1500);
BENCHMARK(extract_100k_prose);
BENCHMARK(extract_100k_code);
BENCHMARK(extract_100k_logprobs);
BENCHMARK(extract_100k_embeddings);
BENCHMARK(extract_100k_prose_in_16k);
BENCHMARK(extract_100k_logprobs_in_1400);
BENCHMARK(document_small_1500);
BENCHMARK(document_100k_logprobs);

}  // namespace

BENCHMARK_MAIN();
