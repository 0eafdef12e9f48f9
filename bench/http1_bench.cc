// What HTTP/1.1 costs without any I/O: heads, chunks and a whole exchange's codec work.

#include <benchmark/benchmark.h>

#include <string>
#include <string_view>
#include <vector>

#include "proxy/head_rewrite.h"
#include "wire/http1_content.h"
#include "wire/http1_decoder.h"

namespace tokometer {
namespace {

namespace http1 = wire::http1;

// As the openai SDK for Python sends it.
constexpr std::string_view kRequest =
    "POST /openai/v1/chat/completions HTTP/1.1\r\n"
    "Host: localhost:4141\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Connection: keep-alive\r\n"
    "Accept: application/json\r\n"
    "Content-Type: application/json\r\n"
    "User-Agent: OpenAI/Python 1.99.0\r\n"
    "X-Stainless-Lang: python\r\n"
    "X-Stainless-Package-Version: 1.99.0\r\n"
    "X-Stainless-OS: Linux\r\n"
    "X-Stainless-Arch: x64\r\n"
    "X-Stainless-Runtime: CPython\r\n"
    "X-Stainless-Runtime-Version: 3.11.2\r\n"
    "Authorization: Bearer 0123456789012345678901234567890123456789\r\n"
    "X-Stainless-Async: false\r\n"
    "x-stainless-retry-count: 0\r\n"
    "x-stainless-read-timeout: 600\r\n"
    "Content-Length: 412\r\n\r\n";

constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\n"
    "Date: Sun, 22 Nov 2026 20:00:00 GMT\r\n"
    "Content-Type: text/event-stream; charset=utf-8\r\n"
    "Transfer-Encoding: chunked\r\n"
    "Connection: keep-alive\r\n"
    "access-control-expose-headers: X-Request-ID\r\n"
    "openai-organization: org-0123456789\r\n"
    "openai-processing-ms: 212\r\n"
    "openai-version: 2020-10-01\r\n"
    "x-ratelimit-limit-requests: 10000\r\n"
    "x-ratelimit-limit-tokens: 2000000\r\n"
    "x-ratelimit-remaining-requests: 9999\r\n"
    "x-ratelimit-remaining-tokens: 1999000\r\n"
    "x-request-id: req_0123456789abcdef0123456789abcdef\r\n"
    "strict-transport-security: max-age=31536000; includeSubDomains; preload\r\n\r\n";

void read_request_head(benchmark::State& state) {
  http1::RequestDecoder decoder{http1::Limits{}};
  for (auto _ : state) {
    std::string_view input = kRequest;
    benchmark::DoNotOptimize(decoder.read(input));
    decoder.next();
  }
}
BENCHMARK(read_request_head);

void read_response_head(benchmark::State& state) {
  http1::ResponseDecoder decoder{http1::Limits{}};
  for (auto _ : state) {
    std::string_view input = kResponse;
    benchmark::DoNotOptimize(decoder.read(input, false));
    decoder.next();
  }
}
BENCHMARK(read_response_head);

void read_and_rewrite_both_heads(benchmark::State& state) {
  http1::RequestDecoder requests{http1::Limits{}};
  http1::ResponseDecoder responses{http1::Limits{}};
  std::string out;
  for (auto _ : state) {
    std::string_view input = kRequest;
    if (requests.read(input) != http1::Read::kHead) state.SkipWithError("request refused");
    out.clear();
    proxy::write_request_head(out, requests.head(), "/v1/chat/completions", "api.openai.com");
    requests.next();
    input = kResponse;
    if (responses.read(input, false) != http1::Read::kHead) state.SkipWithError("response refused");
    out.clear();
    proxy::write_response_head(out, responses.head(), {});
    responses.next();
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(read_and_rewrite_both_heads);

// A burst: many chunks of a stream in one read.
void read_chunks(benchmark::State& state) {
  std::string bytes;
  for (int i = 0; i < 200; ++i) bytes += "c8\r\n" + std::string(200, 'x') + "\r\n";
  http1::ContentDecoder decoder{http1::Limits{}};
  std::vector<std::string_view> pieces;
  for (auto _ : state) {
    decoder.start({.kind = http1::Framing::Kind::kChunked});
    pieces.clear();
    benchmark::DoNotOptimize(decoder.read(bytes, pieces));
  }
  state.SetItemsProcessed(state.iterations() * 200);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(read_chunks);

}  // namespace
}  // namespace tokometer

BENCHMARK_MAIN();
