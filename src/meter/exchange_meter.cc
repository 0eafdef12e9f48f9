#include "meter/exchange_meter.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "json/number.h"
#include "json/writer.h"
#include "meter/body_reader.h"
#include "meter/findings.h"
#include "meter/response_reader.h"
#include "meter/usage_reader.h"
#include "provider/format.h"
#include "wire/form_data.h"

namespace tokometer::meter {
namespace {

using provider::HeadPick;

std::optional<std::string_view> query_value(std::string_view target, std::string_view name) {
  const auto mark = target.find('?');
  if (mark == std::string_view::npos) return std::nullopt;
  auto rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const auto parameter = rest.substr(0, end);
    if (parameter.size() > name.size() && parameter.starts_with(name) && parameter[name.size()] == '=') {
      return parameter.substr(name.size() + 1);
    }
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return std::nullopt;
}

void take_fields(const std::vector<HeadPick>& picks, wire::Fields fields, Findings& findings) {
  for (const HeadPick& head : picks) {
    if (head.from != HeadPick::From::kField) continue;
    if (const auto value = wire::find(fields, head.name)) findings.put(head.pick, *value);
  }
}

void take_target(const provider::Spec& spec, const provider::Endpoint& endpoint, std::string_view target,
                 Findings& findings) {
  for (const HeadPick& head : endpoint.format->request_head) {
    if (head.from == HeadPick::From::kQuery) {
      if (const auto value = query_value(target, head.name)) findings.put(head.pick, *value);
    } else if (head.from == HeadPick::From::kPath) {
      for (const provider::PathPattern& pattern : endpoint.paths) {
        for (const auto& [name, value] : pattern.captures(spec.own_path(target))) {
          if (name == head.name) findings.put(head.pick, value);
        }
      }
    }
  }
}

// The usage object that response fields make: {"x-input-tokens": 12}.
std::string usage_of_fields(const std::vector<std::string>& names, wire::Fields fields) {
  std::string usage;
  json::Writer writer(usage);
  bool any = false;
  writer.begin_object();
  for (const std::string& name : names) {
    const auto value = wire::find(fields, name);
    const auto number = value ? json::to_int64(*value) : std::nullopt;
    if (!number) continue;
    writer.member(name, *number);
    any = true;
  }
  writer.end_object();
  return any ? usage : std::string();
}

}  // namespace

std::string_view to_string(Fault fault) {
  static constexpr std::array<std::string_view, kFaultCount> kNames = {
      "content_coding", "syntax", "framing", "too_large", "bad_count", "contradiction", "missing_usage"};
  return kNames[static_cast<std::size_t>(fault)];
}

struct ExchangeMeter::State {
  // A request's content is read by these, which are gone when it has ended.
  struct Request {
    CodedContent coded;
    std::variant<DocumentReader, FormReader> reader;
  };

  const provider::Endpoint* endpoint = nullptr;
  const provider::Format* format = nullptr;
  Limits limits;
  Findings findings;
  std::unique_ptr<Request> request;
  std::unique_ptr<ResponseReader> response;
  int status = 0;
  bool stream = false;
  bool complete = false;
  bool has_content = false;
  std::string usage;

  void end_response() {
    if (!response) return;
    response->finish(complete);
    stream = stream || response->is_stream();
    usage = response->take_usage();
    response.reset();
  }
};

ExchangeMeter::ExchangeMeter(const provider::Spec* spec, const provider::Endpoint* endpoint, std::string_view target,
                             const Limits& limits)
    : state_(std::make_unique<State>()) {
  state_->endpoint = endpoint;
  state_->limits = limits;
  if (spec == nullptr || endpoint == nullptr || endpoint->format == nullptr) return;
  state_->format = endpoint->format.get();
  take_target(*spec, *endpoint, target, state_->findings);
}

ExchangeMeter::~ExchangeMeter() = default;

void ExchangeMeter::request_head(wire::Fields fields) {
  State& state = *state_;
  if (state.format == nullptr) return;
  take_fields(state.format->request_head, fields, state.findings);
  const std::uint64_t most = state.limits.max_request_bytes;
  if (auto form = wire::form_data::Decoder::open(wire::find(fields, "content-type").value_or(""))) {
    state.request = std::make_unique<State::Request>(
        CodedContent(fields, state.findings),
        FormReader(std::move(*form), state.format->request_head, most, state.findings));
  } else if (state.format->request.set.size() != 0) {
    state.request = std::make_unique<State::Request>(CodedContent(fields, state.findings),
                                                     DocumentReader(state.format->request, most, state.findings));
  }
}

void ExchangeMeter::request_content(std::string_view bytes) {
  if (!state_->request) return;
  State::Request& request = *state_->request;
  request.coded.feed(bytes, [&](std::string_view content) {
    std::visit(
        [&](auto& reader) {
          reader.feed(content);
          if (reader.closed()) request.coded.close();
        },
        request.reader);
  });
}

void ExchangeMeter::request_end() {
  if (!state_->request) return;
  State::Request& request = *state_->request;
  request.coded.finish();
  if (auto* document = std::get_if<DocumentReader>(&request.reader)) document->finish(true);
  state_->request.reset();
}

void ExchangeMeter::response_head(int status, wire::Fields fields) {
  state_->status = status;
  if (state_->format == nullptr) return;
  take_fields(state_->format->response_head, fields, state_->findings);
  state_->response = std::make_unique<ResponseReader>(
      *state_->format, fields, usage_of_fields(state_->format->usage.fields, fields), state_->limits, state_->findings);
}

void ExchangeMeter::response_content(std::string_view bytes) {
  if (!state_->response || bytes.empty()) return;
  state_->has_content = true;
  state_->response->feed(bytes);
}

void ExchangeMeter::response_end(bool complete) {
  state_->complete = complete;
  state_->end_response();
}

Reading ExchangeMeter::finish() {
  State& state = *state_;
  state.end_response();
  Reading reading;
  reading.complete = state.complete;
  reading.stream = state.stream;
  if (state.endpoint != nullptr) reading.billing = state.endpoint->billing;
  if (state.format == nullptr) return reading;
  if (!state.usage.empty()) reading.usage = read_usage(state.format->usage, state.usage, state.findings);
  reading.usage.service_tier = state.findings.take(provider::Slot::kServiceTier);
  for (auto& call : state.findings.take_tool_calls()) reading.usage.tool_calls.push_back(std::move(call));
  const bool should_have_usage = state.complete && state.status >= 200 && state.status < 300 && state.has_content &&
                                 reading.billing == provider::Billing::kAlways && !state.format->usage.counts.empty();
  if (should_have_usage && reading.usage.source == UsageSource::kNone) state.findings.count(Fault::kMissingUsage);
  state.findings.move_to(reading);
  return reading;
}

}  // namespace tokometer::meter
