#include "event/assemble.h"

#include <string>
#include <utility>

namespace tokometer::event {
namespace {

constexpr std::size_t kMaxValueBytes = 256;
constexpr std::size_t kMaxTags = 32;
constexpr std::string_view kPrefix = "x-tokometer-";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

void add_tags(std::vector<std::string>& tags, std::string_view list) {
  while (!list.empty() && tags.size() < kMaxTags) {
    const auto comma = list.find(',');
    const std::string_view tag = trimmed(list.substr(0, comma));
    if (!tag.empty()) tags.emplace_back(tag.substr(0, kMaxValueBytes));
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
}

void read_context(Event& event, wire::Fields fields) {
  for (const wire::Field& field : fields) {
    if (!wire::istarts_with(field.name, kPrefix)) continue;
    const std::string_view what = field.name.substr(kPrefix.size());
    const std::string_view value = field.value.substr(0, kMaxValueBytes);
    if (wire::iequals(what, "project")) {
      event.project = value;
    } else if (wire::iequals(what, "program")) {
      event.program = value;
    } else if (wire::iequals(what, "session")) {
      event.session_id = value;
    } else if (wire::iequals(what, "agent")) {
      event.agent_id = value;
    } else if (wire::iequals(what, "user")) {
      event.user = value;
    } else if (wire::iequals(what, "tags")) {
      add_tags(event.tags, field.value);
    }
  }
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
  event.project = request.project.substr(0, kMaxValueBytes);
  read_context(event, request.fields);

  const client::Client client = detector.detect(request.fields);
  event.client = client.name.substr(0, kMaxValueBytes);
  event.client_version = client.version.substr(0, kMaxValueBytes);
  if (event.session_id.empty()) event.session_id = client.session_id.substr(0, kMaxValueBytes);
}

void apply_reading(Event& event, meter::Reading&& reading, const pricing::Catalog& catalog) {
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
  if (reading.billing == provider::Billing::kNever) event.billable = false;
  if (!event.billable) return;

  // Some providers answer with a name that no price list has; what was asked for is then the better guess.
  auto cost = catalog.cost(event.provider, event.response_model, event.started_at, event.usage);
  if (!cost) cost = catalog.cost(event.provider, event.request_model, event.started_at, event.usage);
  if (!cost) return;
  event.cost_picodollars = cost->total;
  event.cost_details = cost->details_json();
  event.price_ref = cost->price_ref;
}

}  // namespace tokometer::event
