// What golden_test.cc does not show: limits, codings, conversations that are
// broken, and formats that no built-in spec uses.

#include "meter/exchange_meter.h"

#include <gmock/gmock.h>

#include <malloc.h>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "embedded/embedded.h"
#include "meter/estimate.h"
#include "provider/registry.h"
#include "wire/content_coding.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace tokometer::meter {
namespace {

using wire::content_coding::Coding;

// A registry of one spec called "x".
std::shared_ptr<const provider::Registry> registry_of(const std::string& text) {
  const embedded::File file{"x.json", text};
  auto registry = provider::Registry::load(std::span(&file, 1), "");
  EXPECT_TRUE(registry) << registry.error().message;
  return *registry;
}

constexpr const char* kSpec =
    R"({"name": "x", "endpoints": {"ask": {"operation": "chat", "path": "/ask/{model}", "format": "f"}},
  "formats": {"f": {
    "request": {"model": ["$.model", "path:model"], "user": "query:who", "session_id": "field:X-Session", "stream": "$.stream"},
    "response": {"model": "$.model", "id": ["field:x-id", "$.id"], "usage": "$.usage",
                 "usage_fields": ["X-In", "x-out"], "error_type": "$.error"},
    "stream": {"framings": ["ndjson", "sse"], "combine": "maximum",
               "events": {"*": {"usage": "$.usage", "finish_reason": "$.reason"}}},
    "usage": {"input_tokens": ["$.in", "$['x-in']"], "output_tokens": ["$.out", "$['x-out']"]}}}})";

class ExchangeMeterTest : public testing::Test {
 protected:
  ExchangeMeter meter(std::string_view target = "/ask/m", const Limits& limits = {}) const {
    const provider::Spec* spec = registry_->by_name("x");
    return {spec, registry_->endpoint(*spec, "POST", target), target, limits};
  }
  static Reading respond(ExchangeMeter& meter, std::vector<wire::Field> fields, std::string_view content,
                         int status = 200) {
    meter.response_head(status, fields);
    meter.response_content(content);
    meter.response_end(true);
    return meter.finish();
  }

  std::shared_ptr<const provider::Registry> registry_ = registry_of(kSpec);
};

constexpr wire::Field kJson = {"Content-Type", "application/json"};

TEST_F(ExchangeMeterTest, ReadsHeadsPathsAndQueries) {
  ExchangeMeter one = meter("/ask/org%2Fmodel?who=ann&x=1");
  one.request_head(std::vector<wire::Field>{{"x-session", "s"}});
  one.request_end();
  const Reading reading = respond(one, {kJson, {"X-ID", "r"}}, R"({"id": "other", "usage": {"in": 1}})");
  EXPECT_EQ(reading.request_model, "org/model");
  EXPECT_EQ(reading.user, "ann");
  EXPECT_EQ(reading.session_id, "s");
  EXPECT_EQ(reading.response_id, "r");
  EXPECT_TRUE(reading.complete);
}

TEST_F(ExchangeMeterTest, PrefersTheBetterSource) {
  ExchangeMeter one = meter("/ask/from-path");
  one.request_head({});
  one.request_content(R"({"model": "from-body"})");
  one.request_end();
  EXPECT_EQ(one.finish().request_model, "from-body");
}

TEST_F(ExchangeMeterTest, ReadsUsageFromFields) {
  ExchangeMeter one = meter();
  const Reading fields = respond(one, {kJson, {"x-in", "12"}, {"X-Out", "3"}}, R"({"id": "r"})");
  EXPECT_EQ(fields.usage.input_tokens, 12);
  EXPECT_EQ(fields.usage.output_tokens, 3);
  EXPECT_EQ(fields.usage.source, UsageSource::kReported);
  ExchangeMeter two = meter();
  const Reading both = respond(two, {kJson, {"x-in", "12"}, {"x-out", "3"}}, R"({"usage": {"in": 7}})");
  EXPECT_EQ(both.usage.input_tokens, 7) << "the content knows better";
  EXPECT_EQ(both.usage.output_tokens, 3);
}

TEST_F(ExchangeMeterTest, ReadsNdjsonStreams) {
  ExchangeMeter one = meter();
  const Reading reading = respond(
      one, {{"content-type", "application/x-ndjson"}, {"x-in", "1"}},
      "{\"usage\":{\"in\":5,\"out\":1}}\n{\"text\":\"x\"}\n{\"usage\":{\"in\":4,\"out\":9},\"reason\":\"stop\"}");
  EXPECT_TRUE(reading.stream);
  EXPECT_EQ(reading.usage.input_tokens, 5) << "the greater one";
  EXPECT_EQ(reading.usage.output_tokens, 9);
  EXPECT_EQ(reading.finish_reason, "stop");
}

TEST_F(ExchangeMeterTest, ReadsNothingWithoutASpec) {
  ExchangeMeter one(nullptr, nullptr, "/x");
  one.request_head(std::vector<wire::Field>{kJson});
  one.request_content("{}");
  one.request_end();
  const Reading reading = respond(one, {kJson}, R"({"usage": {"in": 1}})");
  EXPECT_EQ(reading.usage.source, UsageSource::kNone);
  EXPECT_EQ(reading.billing, provider::Billing::kAlways);
  EXPECT_TRUE(reading.complete);
}

TEST_F(ExchangeMeterTest, LeavesOpaqueContentAlone) {
  ExchangeMeter one = meter();
  const Reading reading = respond(one, {{"content-type", "audio/mpeg"}}, "ID3\x04 \"usage\": {\"in\": 1}");
  EXPECT_EQ(reading.usage.source, UsageSource::kNone);
  EXPECT_EQ(reading.faults_of(Fault::kSyntax), 0U);
}

TEST_F(ExchangeMeterTest, ReadsJsonWhateverItsTypeSays) {
  for (const char* type : {"text/plain", "application/vnd.x", "", "nonsense"}) {
    ExchangeMeter one = meter();
    EXPECT_EQ(respond(one, {{"content-type", type}}, R"( {"usage": {"in": 1}})").usage.input_tokens, 1) << type;
  }
}

TEST_F(ExchangeMeterTest, FindsTheTypeOfEventsInSeveralPlaces) {
  const auto registry =
      registry_of(R"({"name": "x", "endpoints": {"e": {"path": "/e", "format": "f"}}, "formats": {"f": {
      "response": {}, "stream": {"framings": ["ndjson"], "type": ["$.type", "$.event_type"],
      "events": {"end": {"usage": "$.u"}, "old-end": {"usage": "$.v"}}}, "usage": {"input_tokens": "$.i"}}}})");
  const provider::Spec* spec = registry->by_name("x");
  const auto read = [&](std::string_view line) {
    ExchangeMeter one(spec, registry->endpoint(*spec, "POST", "/e"), "/e");
    return respond(one, {{"content-type", "application/x-ndjson"}}, line).usage.input_tokens;
  };
  EXPECT_EQ(read(R"({"u": {"i": 1}, "type": "end"})"), 1);
  EXPECT_EQ(read(R"({"v": {"i": 2}, "event_type": "old-end"})"), 2);
  EXPECT_EQ(read(R"({"v": {"i": 2}, "u": {"i": 3}, "event_type": "old-end", "type": "end"})"), 3);
  EXPECT_EQ(read(R"({"u": {"i": 3}, "event_type": "other"})"), std::nullopt);
}

TEST_F(ExchangeMeterTest, StopsAtItsLimits) {
  const Limits limits{.max_request_bytes = 20, .max_response_bytes = 30};
  ExchangeMeter one = meter("/ask/m", limits);
  one.request_head({});
  one.request_content(R"({"pad": "xxxxxxxxxxxxxxxxxxxxxxxxxxx", "model": "late"})");
  one.request_end();
  const Reading reading = respond(one, {kJson}, R"({"pad": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "usage": {"in": 1}})");
  EXPECT_EQ(reading.request_model, "m");
  EXPECT_EQ(reading.usage.source, UsageSource::kNone);
  EXPECT_TRUE(reading.truncated);
  EXPECT_EQ(reading.faults_of(Fault::kTooLarge), 2U);
}

TEST_F(ExchangeMeterTest, CutsLongEventsOfAStreamOnly) {
  const Limits limits{.max_response_bytes = 10, .max_event_bytes = 40};
  ExchangeMeter one = meter("/ask/m", limits);
  const std::string stream = "data: {\"usage\":{\"in\":1,\"out\":2}}\n\ndata: {\"usage\":{\"in\":9},\"pad\":\"" +
                             std::string(60, 'x') + "\"}\n\ndata: {\"reason\":\"stop\"}\n\n";
  const Reading reading = respond(one, {{"content-type", "text/event-stream"}}, stream);
  EXPECT_EQ(reading.usage.input_tokens, 1);
  EXPECT_EQ(reading.finish_reason, "stop");
  EXPECT_TRUE(reading.truncated);
  EXPECT_EQ(reading.faults_of(Fault::kTooLarge), 1U);
}

TEST_F(ExchangeMeterTest, CountsCodingsThatItCannotUndo) {
  for (const auto& [coding, content] : std::vector<std::pair<std::string, std::string>>{
           {"snappy", "x"},
           {"gzip", "no gzip"},
           {"gzip", wire::content_coding::encode(Coding::kGzip, "{}").substr(0, 12)}}) {
    ExchangeMeter one = meter();
    const Reading reading = respond(one, {kJson, {"content-encoding", coding}}, content);
    EXPECT_EQ(reading.faults_of(Fault::kContentCoding), 1U) << coding;
    EXPECT_EQ(reading.usage.source, UsageSource::kNone);
  }
}

TEST_F(ExchangeMeterTest, ReadsCodedRequests) {
  ExchangeMeter one = meter();
  one.request_head(std::vector<wire::Field>{{"content-encoding", "zstd"}});
  one.request_content(wire::content_coding::encode(Coding::kZstd, R"({"model": "coded", "stream": true})"));
  one.request_end();
  const Reading reading = one.finish();
  EXPECT_EQ(reading.request_model, "coded");
  EXPECT_TRUE(reading.stream);
  EXPECT_FALSE(reading.complete);
}

TEST_F(ExchangeMeterTest, ReadsForms) {
  const auto registry = *provider::Registry::load(embedded::providers(), "");
  const provider::Spec* spec = registry->by_name("openai");
  const std::string form = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n" +
                           std::string(2000, 'x') +
                           "\r\n--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ngpt-4o-transcribe\r\n"
                           "--b\r\nContent-Disposition: form-data; name=\"stream\"\r\n\r\ntrue\r\n--b--\r\n";
  const auto read = [&](const Limits& limits) {
    ExchangeMeter one(spec, registry->endpoint(*spec, "POST", "/v1/audio/transcriptions"), "/v1/audio/transcriptions",
                      limits);
    one.request_head(std::vector<wire::Field>{{"content-type", "multipart/form-data; boundary=b"}});
    for (std::size_t i = 0; i < form.size(); i += 100) one.request_content(std::string_view(form).substr(i, 100));
    one.request_end();
    return one.finish();
  };
  EXPECT_EQ(read({}).request_model, "gpt-4o-transcribe");
  EXPECT_TRUE(read({}).stream);
  EXPECT_EQ(read({.max_request_bytes = 1000}).request_model, "");
  EXPECT_EQ(read({.max_request_bytes = 1000}).faults_of(Fault::kTooLarge), 1U);
}

TEST_F(ExchangeMeterTest, CountsBrokenFraming) {
  const auto registry =
      registry_of(R"({"name": "x", "endpoints": {"e": {"path": "/e", "format": "f"}}, "formats": {"f": {
      "response": {}, "stream": {"framings": ["json_array"], "events": {"*": {"usage": "$.u"}}},
      "usage": {"input_tokens": "$.i"}}}})");
  const provider::Spec* spec = registry->by_name("x");
  ExchangeMeter one(spec, registry->endpoint(*spec, "POST", "/e"), "/e");
  const Reading reading = respond(one, {kJson}, R"([{"u":{"i":1}} {"u":{"i":2}}])");
  EXPECT_EQ(reading.faults_of(Fault::kFraming), 1U);
  EXPECT_EQ(reading.usage.input_tokens, 1);
}

TEST_F(ExchangeMeterTest, KeepsTheUsageOfAStreamThatBreaksOff) {
  ExchangeMeter one = meter();
  one.response_head(200, std::vector<wire::Field>{{"content-type", "text/event-stream"}});
  one.response_content("data: {\"usage\":{\"in\":5}}\n\ndata: {\"usage\":{\"in\":9}");
  one.response_end(false);
  const Reading reading = one.finish();
  EXPECT_EQ(reading.usage.input_tokens, 5);
  EXPECT_FALSE(reading.complete);
  EXPECT_EQ(reading.faults_of(Fault::kMissingUsage), 0U);
}

TEST_F(ExchangeMeterTest, MissesUsageOnlyOfWhatSucceeded) {
  ExchangeMeter failed = meter();
  EXPECT_EQ(respond(failed, {kJson}, R"({"error": "busy"})", 503).faults_of(Fault::kMissingUsage), 0U);
  ExchangeMeter empty = meter();
  EXPECT_EQ(respond(empty, {kJson}, "", 204).faults_of(Fault::kMissingUsage), 0U);
  ExchangeMeter silent = meter();
  EXPECT_EQ(respond(silent, {kJson}, "{}").faults_of(Fault::kMissingUsage), 1U);
}

#ifdef __GLIBC__
TEST(ExchangeMeterMemory, AStreamTakesLessThanFourKilobytes) {
  const auto registry = *provider::Registry::load(embedded::providers(), "");
  const provider::Spec* spec = registry->by_name("openai");
  const provider::Endpoint* endpoint = registry->endpoint(*spec, "POST", "/v1/chat/completions");
  const std::string event =
      "data: "
      "{\"id\":\"chatcmpl-1\",\"model\":\"gpt-4o-mini\",\"choices\":[{\"delta\":{\"content\":\"x\"}}],\"usage\":null}"
      "\n\n";
  constexpr std::size_t kStreams = 500;
  const LengthCounter counter;
  const Fallbacks fallbacks{.generic = registry->generic(), .counter = &counter};
  std::vector<std::unique_ptr<ExchangeMeter>> streams;
  streams.reserve(kStreams);
  const std::size_t before = mallinfo2().uordblks;
  for (std::size_t i = 0; i < kStreams; ++i) {
    ExchangeMeter& one = *streams.emplace_back(
        std::make_unique<ExchangeMeter>(spec, endpoint, "/v1/chat/completions", Limits(), fallbacks));
    one.request_head(std::vector<wire::Field>{kJson});
    one.request_content(R"({"model": "gpt-4o-mini", "stream": true})");
    one.request_end();
    one.response_head(200, std::vector<wire::Field>{{"content-type", "text/event-stream"}});
    one.response_content(event);
    one.response_content(event);
  }
  const std::size_t after = mallinfo2().uordblks;
  if (after <= before) GTEST_SKIP() << "the allocator does not tell, as under sanitizers";
  EXPECT_LT((after - before) / kStreams, 4096U);
}
#endif

}  // namespace
}  // namespace tokometer::meter
