#include "event/assemble.h"

#include <chrono>
#include <string>
#include <utility>

#include "client/context_fields.h"
#include "provider/secrets.h"

namespace tokometer::event {
namespace {

constexpr std::size_t kMaxValueBytes = 256;

// What a context says goes into the event as it is: its values were cut when it was read.
void apply_context(Event& event, client::CallContext&& context) {
  event.project = std::move(context.project);
  event.program = std::move(context.program);
  event.session_id = std::move(context.session);
  event.agent_id = std::move(context.agent);
  event.user = std::move(context.user);
  event.run = std::move(context.run);
  event.tags = std::move(context.tags);
}

std::int64_t microseconds(SteadyTime from, SteadyTime to) {
  return std::chrono::duration_cast<std::chrono::microseconds>(to - from).count();
}

// Whether the event bills what `reading` says. What is not done bills later; what another event counts already bills
// nothing, unless only now its provider says what it used: then this event takes the place of that one.
bool bills(Event& event, const meter::Reading& reading, meter::RepeatFilter& repeats) {
  if (reading.pending || reading.billing == provider::Billing::kNever) return false;
  const bool may_repeat = reading.billing == provider::Billing::kOncePerResponse;
  const std::string& id = reading.response_id;
  // Of recordings, a call may come behind the poll that counted it.
  if (!may_repeat && repeats.knows_by_poll(event.provider, id)) return false;
  const bool is_whole = reading.complete || !reading.finish_reason.empty();
  if (reading.usage.source == meter::UsageSource::kReported && is_whole) {
    using By = meter::RepeatFilter::By;
    const bool first = repeats.first(event.provider, id, may_repeat ? By::kPoll : By::kCall);
    if (!may_repeat) return true;
    const auto replaced = first ? repeats.take_provisional(event.provider, id) : std::nullopt;
    if (replaced) event.replaces = replaced->text();
    return first;
  }
  if (may_repeat && repeats.knows(event.provider, id)) return false;
  repeats.note_provisional(event.provider, id, event.id);
  return true;
}

void fill(std::string& target, std::string&& value) {
  if (target.empty()) target = std::move(value);
}

}  // namespace

void describe_request(Event& event, const RequestFacts& request, const client::Detector& detector) {
  event.provider = request.spec != nullptr ? request.spec->name : "unknown";
  if (request.endpoint != nullptr) event.operation = request.endpoint->operation;
  event.method = request.method;
  event.host = request.host;
  event.path = provider::redacted_target(request.spec, request.target);
  client::CallContext context;
  if (request.context != nullptr) context = *request.context;
  if (!request.project.empty()) context.project = request.project.substr(0, kMaxValueBytes);
  client::read_context_fields(request.fields, context);
  apply_context(event, std::move(context));

  const client::Client client = detector.detect(request.fields);
  event.client = client.name.substr(0, kMaxValueBytes);
  event.client_version = client.version.substr(0, kMaxValueBytes);
  if (event.session_id.empty()) event.session_id = client.session_id.substr(0, kMaxValueBytes);
}

Event part_of(const Event& exchange, std::int64_t number) {
  Event part;
  part.started_at = exchange.started_at + std::chrono::microseconds(number);
  part.provider = exchange.provider;
  part.operation = exchange.operation;
  part.method = exchange.method;
  part.host = exchange.host;
  part.path = exchange.path;
  part.status_code = exchange.status_code;
  part.client = exchange.client;
  part.client_version = exchange.client_version;
  part.session_id = exchange.session_id;
  part.agent_id = exchange.agent_id;
  part.project = exchange.project;
  part.program = exchange.program;
  part.user = exchange.user;
  part.run = exchange.run;
  part.tags = exchange.tags;
  return part;
}

void apply_reading(Event& event, meter::Reading&& reading, meter::RepeatFilter& repeats,
                   const pricing::Catalog& catalog) {
  event.billable = bills(event, reading, repeats);
  event.request_model = std::move(reading.request_model);
  event.response_model = std::move(reading.response_model);
  event.response_id = std::move(reading.response_id);
  event.stream = reading.stream;
  event.thread_id = std::move(reading.thread_id);
  fill(event.session_id, std::move(reading.session_id));
  fill(event.user, std::move(reading.user));
  fill(event.error_type, std::move(reading.error_type));
  event.finish_reason = std::move(reading.finish_reason);
  event.truncated = reading.truncated;
  event.complete = event.complete && reading.complete;
  event.usage = std::move(reading.usage);
  apply_prices(event, catalog);
}

void apply_prices(Event& event, const pricing::Catalog& catalog) {
  event.cost_picodollars.reset();
  event.cost_details.clear();
  event.price_ref.clear();
  if (!event.billable) return;
  const auto cost_of = [&](std::string_view model) {
    return catalog.cost({event.provider, model, event.host, event.started_at}, event.usage);
  };
  // Some providers answer with a name that no price list has, or with one that says less than what was asked for:
  // Bedrock's inference profiles have prices of their own.
  auto cost = cost_of(event.response_model);
  if (!cost || !cost->computed) {
    auto asked = cost_of(event.request_model);
    if (asked && (!cost || asked->computed)) cost = std::move(asked);
  }
  if (!cost) return;
  event.cost_picodollars = cost->total;
  event.cost_details = cost->details_json();
  event.price_ref = cost->price_ref;
}

Event turn_event(const Event& connection, SteadyTime opened, const meter::Turn& turn) {
  Event event = connection;
  event.started_at += std::chrono::microseconds(microseconds(opened, turn.started));
  event.duration_us = microseconds(turn.started, turn.ended);
  event.time_to_first_byte_us.reset();
  event.time_to_first_chunk_us.reset();
  if (turn.first_byte) event.time_to_first_byte_us = microseconds(turn.started, *turn.first_byte);
  if (turn.first_chunk) event.time_to_first_chunk_us = microseconds(turn.started, *turn.first_chunk);
  if (!turn.operation.empty()) event.operation = turn.operation;
  event.request_bytes = static_cast<std::int64_t>(turn.request_bytes);
  event.response_bytes = static_cast<std::int64_t>(turn.response_bytes);
  return event;
}

}  // namespace tokometer::event
