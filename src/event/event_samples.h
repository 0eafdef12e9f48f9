// Events for tests: made here once, so that every test of this module and of
// the store means the same by "an event with everything".
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "event/event.h"

namespace tokometer::event {

// Every field set to something that is not its default.
inline Event full_event() {
  Event event;
  event.id = *Uuid::parse("0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b");
  event.started_at = *parse_rfc3339("2026-11-22T20:37:51.123456Z");
  event.duration_us = 1'234'567;
  event.time_to_first_byte_us = 250'000;
  event.time_to_first_chunk_us = 250'010;
  event.provider = "anthropic";
  event.operation = "chat";
  event.method = "POST";
  event.host = "api.anthropic.com";
  event.path = "/v1/messages";
  event.request_model = "claude-sonnet-4-5";
  event.response_model = "claude-sonnet-4-5-20250929";
  event.response_id = "msg_01";
  event.stream = true;
  event.status_code = 200;
  event.error_type = "overloaded_error";
  event.finish_reason = "end_turn";
  meter::Usage& usage = event.usage;
  usage.source = meter::UsageSource::kReported;
  usage.step = meter::UsageStep::kAlternative;
  usage.estimated = meter::EstimatedCounts::kOutput;
  std::int64_t count = 100;
  for (meter::Count* member :
       {&usage.input_tokens, &usage.cache_read_input_tokens, &usage.cache_creation_input_tokens,
        &usage.cache_creation_1h_input_tokens, &usage.audio_input_tokens, &usage.cache_read_audio_input_tokens,
        &usage.image_input_tokens, &usage.tool_use_prompt_tokens, &usage.output_tokens, &usage.reasoning_output_tokens,
        &usage.audio_output_tokens, &usage.image_output_tokens, &usage.total_tokens, &usage.billed_input_tokens,
        &usage.billed_output_tokens}) {
    *member = count++;
  }
  usage.tool_calls = {{"web_search", 2}, {"code_execution", 1}};
  usage.service_tier = "standard";
  usage.provider_cost_usd = "0.0125";
  usage.details = R"({"input_tokens":100,"output_tokens":108})";
  event.cost_picodollars = 251'250'000;
  event.cost_details = R"({"input":"0.00015","output":"0.00010125"})";
  event.price_ref = "anthropic/claude-sonnet-4-5@2025-09-29";
  event.client = "claude-code";
  event.client_version = "2.1.197";
  event.session_id = "s-1";
  event.run = "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b";
  event.thread_id = "t-1";
  event.agent_id = "a-1";
  event.project = "demo";
  event.program = "backend";
  event.user = "ann";
  event.tags = {"nightly", "über"};
  event.request_bytes = 2'048;
  event.response_bytes = 4'096;
  event.truncated = true;
  event.complete = false;
  event.billable = false;
  event.replaces = "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2c";
  event.capture_ref = "2026/11/22/x";
  event.source_id = "entry 7";
  return event;
}

// Event number `index` of an endless row, a second apart: plausible, all different, always the same.
inline Event sample_event(std::uint64_t index) {
  std::minstd_rand random(static_cast<std::minstd_rand::result_type>(index + 1));
  random.discard(3);
  const auto up_to = [&](std::uint64_t limit) { return static_cast<std::int64_t>(random() % (limit + 1)); };
  Event event;
  event.started_at =
      *parse_rfc3339("2026-03-01T00:00:00Z") + std::chrono::seconds(index) + std::chrono::microseconds(up_to(999'999));
  event.id = imported_id(event.started_at, "sample " + std::to_string(index));
  event.duration_us = 1000 + up_to(5'000'000);
  event.time_to_first_byte_us = event.duration_us / 3;
  const bool anthropic = up_to(1) == 1;
  event.provider = anthropic ? "anthropic" : "openai";
  event.operation = "chat";
  event.method = "POST";
  event.host = anthropic ? "api.anthropic.com" : "api.openai.com";
  event.path = anthropic ? "/v1/messages" : "/v1/chat/completions";
  event.request_model = (anthropic ? "claude-" : "gpt-") + std::to_string(up_to(3));
  event.response_model = event.request_model;
  event.response_id = "resp_" + std::to_string(index);
  event.stream = up_to(1) == 1;
  event.status_code = up_to(19) == 0 ? 429 : 200;
  event.client = up_to(2) == 0 ? "curl" : "claude-code";
  event.client_version = "1.0";
  event.session_id = "session-" + std::to_string(index / 20);
  if (index / 20 % 3 != 0) event.run = "run-" + std::to_string(index / 20 % 3);
  event.project = up_to(3) == 0 ? "" : "project-" + std::to_string(up_to(2));
  event.request_bytes = up_to(100'000);
  event.response_bytes = up_to(100'000);
  if (event.status_code == 429) {
    event.error_type = "rate_limit_error";
    return event;
  }
  meter::Usage& usage = event.usage;
  usage.source = up_to(9) == 0 ? meter::UsageSource::kEstimated : meter::UsageSource::kReported;
  usage.step = usage.source == meter::UsageSource::kEstimated ? meter::UsageStep::kEstimate : meter::UsageStep::kSpec;
  usage.input_tokens = up_to(200'000);
  if (up_to(1) == 1) usage.cache_read_input_tokens = *usage.input_tokens / 2;
  if (anthropic) usage.cache_creation_input_tokens = *usage.input_tokens / 4;
  usage.output_tokens = up_to(8'000);
  if (up_to(2) == 0) usage.reasoning_output_tokens = *usage.output_tokens / 2;
  if (!anthropic) usage.total_tokens = *usage.input_tokens + *usage.output_tokens;
  usage.details = R"({"prompt_tokens":)" + std::to_string(*usage.input_tokens) + R"(,"completion_tokens":)" +
                  std::to_string(*usage.output_tokens) +
                  R"(,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":)"
                  R"({"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0}})";
  if (up_to(9) != 0) event.cost_picodollars = *usage.input_tokens * 3'000'000 + *usage.output_tokens * 15'000'001;
  event.price_ref = event.provider + "/" + event.request_model + "@2026-01-01";
  event.billable = up_to(19) != 0;
  return event;
}

}  // namespace tokometer::event
