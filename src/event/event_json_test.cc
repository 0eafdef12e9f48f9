#include "event/event_json.h"

#include <gtest/gtest.h>

#include "event/event_samples.h"

namespace tokometer::event {
namespace {

TEST(EventJson, HasTheNamesAndFormsOfTheDesign) {
  EXPECT_EQ(to_json(full_event()),
            R"({"id":"0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b","started_at":"2026-11-22T20:37:51.123456Z",)"
            R"("duration_ms":1234.567,"time_to_first_byte_ms":250,"time_to_first_chunk_ms":250.01,)"
            R"("provider":"anthropic","operation":"chat","method":"POST","host":"api.anthropic.com",)"
            R"("path":"/v1/messages","request_model":"claude-sonnet-4-5",)"
            R"("response_model":"claude-sonnet-4-5-20250929","response_id":"msg_01","stream":true,"status_code":200,)"
            R"("error_type":"overloaded_error","finish_reason":"end_turn","input_tokens":100,)"
            R"("cache_read_input_tokens":101,"cache_creation_input_tokens":102,"cache_creation_1h_input_tokens":103,)"
            R"("output_tokens":108,"reasoning_output_tokens":109,"audio_input_tokens":104,)"
            R"("cache_read_audio_input_tokens":105,"audio_output_tokens":110,"image_input_tokens":106,)"
            R"("image_output_tokens":111,"billed_input_tokens":113,"billed_output_tokens":114,)"
            R"("tool_use_prompt_tokens":107,"total_tokens":112,"usage_source":"reported",)"
            R"("usage_details":{"input_tokens":100,"output_tokens":108},)"
            R"("tool_calls":{"web_search":2,"code_execution":1},"service_tier":"standard",)"
            R"("provider_cost_usd":"0.0125","cost_usd":"0.00025125",)"
            R"("cost_details":{"input":"0.00015","output":"0.00010125"},)"
            R"("price_ref":"anthropic/claude-sonnet-4-5@2025-09-29","client":"claude-code",)"
            R"("client_version":"2.1.197","session_id":"s-1","thread_id":"t-1","agent_id":"a-1","project":"demo",)"
            R"("program":"backend","user":"ann","tags":["nightly","über"],"request_bytes":2048,)"
            R"("response_bytes":4096,"truncated":true,"complete":false,"billable":false,)"
            R"("capture_ref":"2026/11/22/x","source_id":"entry 7","usage_step":"alternative",)"
            R"("run":"0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b",)"

            R"("usage_estimated":"output","replaces":"0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2c"})");
}

TEST(EventJson, ReadsBackWhatItWrites) {
  for (const Event& event : {full_event(), sample_event(1), sample_event(77)}) {
    const auto again = from_json(to_json(event));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(to_json(*again), to_json(event));
  }
}

TEST(EventJson, LeavesOutWhatIsNotKnown) {
  Event event;
  event.id.bytes[0] = 1;
  EXPECT_EQ(to_json(event),
            R"({"id":"01000000-0000-0000-0000-000000000000","started_at":"1970-01-01T00:00:00.000000Z",)"
            R"("duration_ms":0,"stream":false,"status_code":0,"usage_source":"none","request_bytes":0,)"
            R"("response_bytes":0,"truncated":false,"complete":true,"billable":true})");
  event.usage.input_tokens = 0;
  event.cost_picodollars = 0;
  EXPECT_NE(to_json(event).find(R"("input_tokens":0)"), std::string::npos);
  EXPECT_NE(to_json(event).find(R"("cost_usd":"0")"), std::string::npos);
}

TEST(EventJson, LeavesOutDetailsThatAreNoJson) {
  Event event = full_event();
  event.usage.details = R"({"input_tokens":)";
  EXPECT_EQ(to_json(event).find("usage_details"), std::string::npos);
}

TEST(EventJson, IsOneLineWhateverTheProviderPrinted) {
  Event event;
  event.usage.details = "{\n  \"input\": 1,\r\n\t\"note\": \"a b\\\" c\"\n}";
  const std::string json = to_json(event);
  EXPECT_EQ(json.find('\n'), std::string::npos);
  EXPECT_NE(json.find(R"("usage_details":{"input":1,"note":"a b\" c"})"), std::string::npos) << json;
}

TEST(EventJson, ShowsNegativeAndSmallDurations) {
  Event event = full_event();
  event.duration_us = -1;
  EXPECT_NE(to_json(event).find(R"("duration_ms":-0.001,)"), std::string::npos);
  event.duration_us = 7;
  EXPECT_NE(to_json(event).find(R"("duration_ms":0.007,)"), std::string::npos);
}

TEST(EventJson, NamesTheMemberThatIsWrong) {
  const std::string id = R"({"id":"0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b",)";
  for (const std::string_view wrong :
       {R"("stream":1)", R"("started_at":"yesterday")", R"("duration_ms":0.0001)", R"("status_code":99999999999)",
        R"("input_tokens":1.5)", R"("usage_source":"guessed")", R"("cost_usd":"0.0000000000001")", R"("cost_usd":1)",
        R"("tags":["a",1])", R"("tags":"a")", R"("tool_calls":{"x":"y"})", R"("host":1)"}) {
    const auto event = from_json(id + std::string(wrong) + "}");
    ASSERT_FALSE(event) << wrong;
    EXPECT_EQ(event.error().code, ErrorCode::kInvalid);
    const std::string_view name = wrong.substr(0, wrong.find(':'));
    EXPECT_NE(event.error().message.find(name), std::string::npos) << event.error().message;
  }
  EXPECT_FALSE(from_json("[]"));
  EXPECT_FALSE(from_json("{}")) << "no id";
  EXPECT_TRUE(from_json(id + R"("from_the_future":{},"input_tokens":null})"));
}

}  // namespace
}  // namespace tokometer::event
