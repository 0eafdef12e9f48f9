// Speed of the body decoders on what LLM providers stream: bytes a second in.
//
// The argument of the SSE benchmarks is the size of the chunks that the body
// comes in: one read's worth, one TCP segment's worth (cutting nearly every
// event), or 0 for one event a chunk.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "wire/content_coding.h"
#include "wire/json_array.h"
#include "wire/ndjson.h"
#include "wire/sse.h"

namespace {

namespace wire = tokometer::wire;

constexpr int kEvents = 2000;

std::string openai_json(int number) {
  return R"({"id":"chatcmpl-BXyZ0123456789abcdefghijklmno","object":"chat.completion.chunk","created":1795379871,)"
         R"("model":"gpt-5-2026-01-15","service_tier":"default","system_fingerprint":"fp_0123456789","choices":)"
         R"([{"index":0,"delta":{"content":" token)" +
         std::to_string(number) + R"("},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"x7Gq2"})";
}

std::vector<std::string> openai_events() {
  std::vector<std::string> events;
  for (int i = 0; i < kEvents; ++i) events.push_back("data: " + openai_json(i) + "\n\n");
  return events;
}

std::vector<std::string> anthropic_events() {
  std::vector<std::string> events;
  for (int i = 0; i < kEvents; ++i) {
    events.push_back(
        "event: content_block_delta\n"
        R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" token)" +
        std::to_string(i) + "\"}}\n\n");
  }
  return events;
}

std::vector<std::string> crlf_events() {
  std::vector<std::string> events;
  for (int i = 0; i < kEvents; ++i) events.push_back("data: " + openai_json(i) + "\r\n\r\n");
  return events;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += part;
  return all;
}

std::vector<std::string_view> cut(const std::vector<std::string>& events, const std::string& body, std::size_t size) {
  std::vector<std::string_view> chunks;
  if (size == 0) {
    for (const std::string& event : events) chunks.emplace_back(event);
  } else {
    for (std::size_t at = 0; at < body.size(); at += size) chunks.push_back(std::string_view(body).substr(at, size));
  }
  return chunks;
}

void sse(benchmark::State& state, const std::vector<std::string>& events) {
  const std::string body = joined(events);
  const auto chunks = cut(events, body, static_cast<std::size_t>(state.range(0)));
  std::size_t decoded = 0;
  for (auto _ : state) {
    wire::sse::Decoder decoder;
    for (const std::string_view chunk : chunks) {
      decoder.feed(chunk, [&](const wire::sse::Event& event) { decoded += event.data.size(); });
    }
  }
  benchmark::DoNotOptimize(decoded);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(body.size()));
}
BENCHMARK_CAPTURE(sse, openai, openai_events())->Arg(16384)->Arg(1400)->Arg(0);
BENCHMARK_CAPTURE(sse, openai_crlf, crlf_events())->Arg(16384);
BENCHMARK_CAPTURE(sse, anthropic, anthropic_events())->Arg(16384)->Arg(1400)->Arg(0);

void ndjson(benchmark::State& state) {
  std::string body;
  for (int i = 0; i < kEvents; ++i) body += openai_json(i) + "\n";
  std::size_t decoded = 0;
  for (auto _ : state) {
    wire::ndjson::Decoder decoder;
    decoder.feed(body, [&](const wire::ndjson::Line& line) { decoded += line.text.size(); });
  }
  benchmark::DoNotOptimize(decoded);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(ndjson);

void json_array(benchmark::State& state) {
  std::string body = "[" + openai_json(0);
  for (int i = 1; i < kEvents; ++i) body += "\n,\r\n" + openai_json(i);
  body += "]";
  std::size_t decoded = 0;
  for (auto _ : state) {
    wire::json_array::Decoder decoder;
    const auto fed =
        decoder.feed(body, [&](const wire::json_array::Element& element) { decoded += element.text.size(); });
    if (!fed) state.SkipWithError("the body is no array");
  }
  benchmark::DoNotOptimize(decoded);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(json_array);

// Bytes a second of what comes out.
void content_coding(benchmark::State& state, wire::content_coding::Coding coding) {
  const std::string body = joined(openai_events());
  const std::string coded = wire::content_coding::encode(coding, body);
  std::size_t decoded = 0;
  for (auto _ : state) {
    auto decoder = wire::content_coding::Decoder::open(wire::content_coding::to_string(coding));
    const auto fed = decoder->feed(coded, [&](std::string_view content) { decoded += content.size(); });
    if (!fed) state.SkipWithError("the body does not decode");
  }
  benchmark::DoNotOptimize(decoded);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(body.size()));
}
BENCHMARK_CAPTURE(content_coding, gzip, wire::content_coding::Coding::kGzip);
BENCHMARK_CAPTURE(content_coding, br, wire::content_coding::Coding::kBrotli);
BENCHMARK_CAPTURE(content_coding, zstd, wire::content_coding::Coding::kZstd);

}  // namespace

BENCHMARK_MAIN();
