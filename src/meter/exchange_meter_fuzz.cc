// Fuzzes the meter: a request and a response of any bytes, whole and byte by
// byte, must give the same reading (unless their coding is corrupt: how much of
// it can be decoded depends on the cut).
//
// The first byte chooses the endpoint, the second the content type and coding;
// what is before the first NUL is the request's content, the rest the response's.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "embedded/embedded.h"
#include "meter/estimate.h"
#include "meter/exchange_meter.h"
#include "provider/registry.h"

namespace {

using tokometer::meter::ExchangeMeter;
using tokometer::meter::Fault;
using tokometer::meter::LengthCounter;
using tokometer::meter::Reading;
using tokometer::provider::Registry;
using tokometer::wire::Field;

struct Target {
  std::string_view provider;
  std::string_view target;
  std::string_view method = "POST";
};
constexpr std::array kTargets = {
    Target{"openai", "/v1/chat/completions"},
    Target{"openai", "/v1/responses"},
    Target{"openai", "/v1/threads/t/runs"},
    Target{"anthropic", "/v1/messages"},
    Target{"gcp.gemini", "/v1beta/models/m:streamGenerateContent"},
    Target{"gcp.gemini", "/v1beta/interactions"},
    Target{"nobody", "/v1/unknown"},
    Target{"anthropic", "/v1/messages/batches/b/results", "GET"},
    Target{"gcp.gemini", "/v1beta/batches/b", "GET"},
    Target{"openai", "/v1/files/f/content", "GET"},
};
constexpr std::array<std::string_view, 4> kTypes = {"application/json", "text/event-stream", "application/x-ndjson",
                                                    ""};
constexpr std::array<std::string_view, 5> kCodings = {"", "gzip", "deflate", "br", "zstd"};

Reading read(const Registry& registry, const Target& target, std::string_view type, std::string_view coding,
             std::string_view request, std::string_view response, std::size_t piece) {
  const auto* spec = registry.by_name(target.provider);
  static const LengthCounter counter;
  const auto* endpoint = spec == nullptr ? nullptr : registry.endpoint(*spec, target.method, target.target);
  // Little is kept, so that the middle of most inputs is dropped.
  ExchangeMeter meter(spec, endpoint, target.target, {.sample_bytes = 256},
                      {.generic = registry.generic(), .counter = &counter});
  std::string calls;
  meter.each_call([&](Reading&& call) { calls += call.response_id + call.usage.details + '\n'; });
  meter.request_head({});
  for (std::size_t i = 0; i < request.size(); i += piece) meter.request_content(request.substr(i, piece));
  meter.request_end();
  const std::array<Field, 2> fields = {Field{"content-type", type}, Field{"content-encoding", coding}};
  meter.response_head(200, fields);
  for (std::size_t i = 0; i < response.size(); i += piece) meter.response_content(response.substr(i, piece));
  // A response that breaks off is estimated where one that ends is not.
  meter.response_end(!response.ends_with('~'));
  Reading reading = meter.finish();
  reading.user += calls;  // to be compared with the rest
  return reading;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto registry = *Registry::load(tokometer::embedded::providers(), "");
  if (size < 2) return 0;
  const Target& target = kTargets[data[0] % kTargets.size()];
  const auto type = kTypes[data[1] % kTypes.size()];
  const auto coding = kCodings[data[1] / kTypes.size() % kCodings.size()];
  const std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto end = rest.find('\0');
  const auto request = rest.substr(0, end);
  const auto response = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  const Reading whole = read(*registry, target, type, coding, request, response, rest.size() + 1);
  const Reading bytes = read(*registry, target, type, coding, request, response, 1);
  if (whole.faults_of(Fault::kContentCoding) + bytes.faults_of(Fault::kContentCoding) != 0) return 0;
  TOKOMETER_CHECK(whole.usage.input_tokens == bytes.usage.input_tokens);
  TOKOMETER_CHECK(whole.usage.output_tokens == bytes.usage.output_tokens);
  TOKOMETER_CHECK(whole.usage.details == bytes.usage.details);
  TOKOMETER_CHECK(whole.usage.source == bytes.usage.source && whole.usage.step == bytes.usage.step);
  TOKOMETER_CHECK(whole.usage.tool_calls == bytes.usage.tool_calls);
  TOKOMETER_CHECK(whole.request_model == bytes.request_model);
  TOKOMETER_CHECK(whole.response_model == bytes.response_model);
  TOKOMETER_CHECK(whole.response_id == bytes.response_id);
  TOKOMETER_CHECK(whole.user == bytes.user);
  TOKOMETER_CHECK(whole.error_type == bytes.error_type);
  TOKOMETER_CHECK(whole.finish_reason == bytes.finish_reason);
  TOKOMETER_CHECK(whole.stream == bytes.stream);
  TOKOMETER_CHECK(whole.faults == bytes.faults);
  return 0;
}
