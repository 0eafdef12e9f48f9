// The one list of an event's fields: their numbers in the binary form, their
// names in the JSON form, and where they live in an Event.
//
//   for_each_field(event, [](const Field& field, auto& member) { … });
//
// The visitor is called in ascending order of the numbers. A number is never
// used again for something else; a new field takes the next free one and is
// described in docs/journal-format.md.
//
// Not here: how a field is written (codec.cc, event_json.cc).
#pragma once

#include <cstdint>
#include <string_view>

#include "event/event.h"

namespace tokometer::event {

// How the JSON form shows a member, where its type does not say it.
enum class Form {
  kPlain,         // as its type
  kMilliseconds,  // microseconds, shown as milliseconds with decimals
  kUsd,           // picodollars, shown as a decimal string in dollars
  kJson,          // text that is JSON itself
  kName,          // text that many events share: stores keep it once
};

struct Field {
  std::uint32_t number = 0;
  std::string_view name;
  Form form = Form::kPlain;
};

// Calls `visit(field, member)` for every field of `event`, an Event or a const Event.
template <typename AnyEvent, typename Visitor>
constexpr void for_each_field(AnyEvent& event, Visitor&& visit) {
  auto& usage = event.usage;
  visit(Field{1, "id"}, event.id);
  visit(Field{2, "started_at"}, event.started_at);
  visit(Field{3, "duration_ms", Form::kMilliseconds}, event.duration_us);
  visit(Field{4, "time_to_first_byte_ms", Form::kMilliseconds}, event.time_to_first_byte_us);
  visit(Field{5, "time_to_first_chunk_ms", Form::kMilliseconds}, event.time_to_first_chunk_us);
  visit(Field{6, "provider", Form::kName}, event.provider);
  visit(Field{7, "operation", Form::kName}, event.operation);
  visit(Field{8, "method", Form::kName}, event.method);
  visit(Field{9, "host", Form::kName}, event.host);
  visit(Field{10, "path", Form::kName}, event.path);
  visit(Field{11, "request_model", Form::kName}, event.request_model);
  visit(Field{12, "response_model", Form::kName}, event.response_model);
  visit(Field{13, "response_id"}, event.response_id);
  visit(Field{14, "stream"}, event.stream);
  visit(Field{15, "status_code"}, event.status_code);
  visit(Field{16, "error_type", Form::kName}, event.error_type);
  visit(Field{17, "finish_reason", Form::kName}, event.finish_reason);
  visit(Field{18, "input_tokens"}, usage.input_tokens);
  visit(Field{19, "cache_read_input_tokens"}, usage.cache_read_input_tokens);
  visit(Field{20, "cache_creation_input_tokens"}, usage.cache_creation_input_tokens);
  visit(Field{21, "cache_creation_1h_input_tokens"}, usage.cache_creation_1h_input_tokens);
  visit(Field{22, "output_tokens"}, usage.output_tokens);
  visit(Field{23, "reasoning_output_tokens"}, usage.reasoning_output_tokens);
  visit(Field{24, "audio_input_tokens"}, usage.audio_input_tokens);
  visit(Field{25, "cache_read_audio_input_tokens"}, usage.cache_read_audio_input_tokens);
  visit(Field{26, "audio_output_tokens"}, usage.audio_output_tokens);
  visit(Field{27, "image_input_tokens"}, usage.image_input_tokens);
  visit(Field{28, "image_output_tokens"}, usage.image_output_tokens);
  visit(Field{29, "billed_input_tokens"}, usage.billed_input_tokens);
  visit(Field{30, "billed_output_tokens"}, usage.billed_output_tokens);
  visit(Field{31, "tool_use_prompt_tokens"}, usage.tool_use_prompt_tokens);
  visit(Field{32, "total_tokens"}, usage.total_tokens);
  visit(Field{33, "usage_source"}, usage.source);
  visit(Field{34, "usage_details", Form::kJson}, usage.details);
  visit(Field{35, "tool_calls"}, usage.tool_calls);
  visit(Field{36, "service_tier", Form::kName}, usage.service_tier);
  visit(Field{37, "provider_cost_usd"}, usage.provider_cost_usd);
  visit(Field{38, "cost_usd", Form::kUsd}, event.cost_picodollars);
  visit(Field{39, "cost_details", Form::kJson}, event.cost_details);
  visit(Field{40, "price_ref", Form::kName}, event.price_ref);
  visit(Field{41, "client", Form::kName}, event.client);
  visit(Field{42, "client_version", Form::kName}, event.client_version);
  visit(Field{43, "session_id", Form::kName}, event.session_id);
  visit(Field{44, "thread_id", Form::kName}, event.thread_id);
  visit(Field{45, "agent_id", Form::kName}, event.agent_id);
  visit(Field{46, "project", Form::kName}, event.project);
  visit(Field{47, "program", Form::kName}, event.program);
  visit(Field{48, "user", Form::kName}, event.user);
  visit(Field{49, "tags", Form::kName}, event.tags);
  visit(Field{50, "request_bytes"}, event.request_bytes);
  visit(Field{51, "response_bytes"}, event.response_bytes);
  visit(Field{52, "truncated"}, event.truncated);
  visit(Field{53, "complete"}, event.complete);
  visit(Field{54, "billable"}, event.billable);
  visit(Field{55, "capture_ref"}, event.capture_ref);
  visit(Field{56, "source_id"}, event.source_id);
  visit(Field{57, "usage_step"}, usage.step);
  visit(Field{58, "run", Form::kName}, event.run);
  visit(Field{59, "usage_estimated"}, usage.estimated);
  visit(Field{60, "replaces"}, event.replaces);
}

}  // namespace tokometer::event
