#include "meter/exchange_meter.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "json/number.h"
#include "json/writer.h"
#include "meter/body_reader.h"
#include "meter/content_sample.h"
#include "meter/estimate.h"
#include "meter/findings.h"
#include "meter/head_picks.h"
#include "meter/quality.h"
#include "meter/response_reader.h"
#include "meter/text_sample.h"
#include "meter/usage_reader.h"
#include "meter/usage_search.h"
#include "provider/format.h"
#include "wire/form_data.h"

namespace tokometer::meter {
namespace {

using provider::Slot;

// The usage object that response fields make: {"x-input-tokens": 12}.
std::string usage_of_fields(const std::vector<std::string>& names, wire::Fields fields) {
  std::string usage;
  json::Writer writer(usage);
  bool any = false;
  writer.begin_object();
  for (const std::string& name : names) {
    const auto value = wire::find(fields, name);
    // A count, or a cost with decimals.
    if (!value || !json::to_double(*value)) continue;
    writer.name(name).raw(*value);
    any = true;
  }
  writer.end_object();
  return any ? usage : std::string();
}

}  // namespace

std::string_view to_string(Fault fault) {
  static constexpr std::array<std::string_view, kFaultCount> kNames = {
      "content_coding", "syntax",        "framing",      "too_large",       "bad_count",
      "contradiction",  "missing_usage", "absurd_count", "several_messages"};
  return kNames[static_cast<std::size_t>(fault)];
}

struct ExchangeMeter::State {
  // A request's content is read by these, which are gone when it has ended.
  struct Request {
    CodedContent coded;
    std::variant<DocumentReader, FormReader> reader;
  };

  const provider::Format* format = nullptr;
  provider::Billing billing = provider::Billing::kAlways;
  Limits limits;
  Fallbacks fallbacks;
  Findings findings;
  std::unique_ptr<Request> request;
  ContentSample request_sample{0};
  ExchangeMeter::CallSink use_call;
  ApartSink calls;  // what the reader is given
  std::unique_ptr<ResponseReader> response;
  int status = 0;
  bool response_ended = false;
  bool arrived = false;   // the response came to its end by its transport
  bool complete = false;  // its content did, too
  bool has_content = false;

  bool is_generic() const { return format == fallbacks.generic; }
  bool has_succeeded() const { return status >= 200 && status < 300; }
  // Whether a later response tells what this call uses. RFC 9110 15.3.3: a poll that is answered by 202 has no answer
  // yet.
  bool is_pending() const {
    constexpr int kAccepted = 202;
    return findings.has(Slot::kPending) || (billing == provider::Billing::kOncePerResponse && status == kAccepted);
  }
  // Content of a kind that may state usage.
  bool has_telling_content() const { return has_content && !(response && response->is_media()); }
  bool samples_requests() const {
    return fallbacks.counter != nullptr && billing == provider::Billing::kAlways && !format->request_text.empty();
  }
  // Whether anything would ever look at what is kept of a response.
  bool samples_responses() const {
    return has_succeeded() && billing != provider::Billing::kNever &&
           (fallbacks.generic != nullptr || (fallbacks.counter != nullptr && format->has_text()));
  }

  // Whether an estimate is to be expected: of a stream that says its usage only if asked, and was not.
  bool may_need_counter() const {
    if (fallbacks.counter == nullptr || billing != provider::Billing::kAlways) return false;
    return format->stream && format->stream->usage_on_request && findings.text(Slot::kStream) == "true" &&
           !request_sample.mentions("\"include_usage\"");
  }

  void end_response() {
    if (response && !response_ended) {
      const bool ended = response->finish(complete);
      // What a provider without a spec says at the end is not known.
      if (!is_generic()) complete = ended;
    }
    response_ended = true;
  }

  UsageReading stated_usage();
  void take_last_stated(UsageReading& own, Verdict& verdict, const Circumstances& circumstances) const;
  void look_elsewhere(UsageReading& own, const Verdict& verdict, const Circumstances& circumstances);
  bool ended_by_error(const Usage& usage) const;
  bool may_estimate(const Usage& usage, bool by_error) const;
  void estimate(Reading& reading);
};

// By the steps of quality.h, but for the estimate.
UsageReading ExchangeMeter::State::stated_usage() {
  const std::string details = response && !fallbacks.hide_usage ? response->take_usage() : std::string();
  UsageReading own = details.empty() ? UsageReading() : read_usage(format->usage, details);
  if (!own.readable) findings.count(Fault::kSyntax);
  if (own.usage.source == UsageSource::kReported) {
    if (is_generic()) own.usage.step = UsageStep::kGeneric;
    if (!is_generic() && findings.usage_is_alternative()) own.usage.step = UsageStep::kAlternative;
  }
  const bool states_usage = billing == provider::Billing::kAlways && !is_generic() && !format->usage.counts.empty();
  const Circumstances circumstances{
      .should_state_usage = states_usage && complete && has_succeeded() && has_telling_content() && !is_pending(),
      .several_messages = findings.lost_message(),
  };
  Verdict verdict = judge(own, circumstances);
  verdict.count_in(findings);
  if (verdict.contradiction) take_last_stated(own, verdict, circumstances);
  const bool nothing_known = is_generic() && own.usage.source == UsageSource::kNone;
  if (verdict.poor() || nothing_known) look_elsewhere(own, verdict, circumstances);
  return own;
}

// A stream may state its usage anew in other parts than at first: what it said last, if that is sound by itself, holds
// as a whole.
void ExchangeMeter::State::take_last_stated(UsageReading& own, Verdict& verdict,
                                            const Circumstances& circumstances) const {
  const std::string details = response ? response->last_usage() : std::string();
  if (details.empty()) return;
  UsageReading last = read_usage(format->usage, details);
  const Verdict its = judge(last, circumstances);
  if (its.problems() >= verdict.problems() || !last.usage.input_tokens || !last.usage.output_tokens) return;
  last.usage.step = own.usage.step;
  own = std::move(last);
  verdict = its;
}

void ExchangeMeter::State::look_elsewhere(UsageReading& own, const Verdict& verdict,
                                          const Circumstances& circumstances) {
  if (fallbacks.generic == nullptr || !response || response->sample().empty()) return;
  const std::string details = find_usage(*fallbacks.generic, response->sample());
  if (details.empty()) return;
  UsageReading other = read_usage(fallbacks.generic->usage, details);
  // What is found cannot tell messages apart either.
  const Verdict its = judge(other, circumstances);
  const bool better = is_generic() ? own.usage.source == UsageSource::kNone : is_better(other, its, own, verdict);
  if (!better) return;
  other.usage.step = UsageStep::kGeneric;
  other.usage.tool_calls = std::move(own.usage.tool_calls);
  other.usage.provider_cost_usd = std::move(own.usage.provider_cost_usd);
  own = std::move(other);
}

// Whether a stream named an error in the midst of its answer: that breaks it off as a lost connection does. Where it
// had said nothing yet, it was refused. Some say a finish reason with the error: that is no other end.
bool ExchangeMeter::State::ended_by_error(const Usage& usage) const {
  if (!response || !response->is_stream() || !has_succeeded() || !findings.error_broke_off()) return false;
  return usage.source == UsageSource::kReported || !response->text().empty();
}

// Only where a call that bills has succeeded, or began to, and its provider said nothing or broke off before it said
// all: what a provider states at the end is never replaced, least of all a zero. A stream that ended properly before
// it began shows nothing: who cut it short may have never asked a model.
bool ExchangeMeter::State::may_estimate(const Usage& usage, bool by_error) const {
  if (fallbacks.counter == nullptr || limits.sample_bytes == 0 || is_generic()) return false;
  if (billing != provider::Billing::kAlways || !has_succeeded() || is_pending()) return false;
  if (findings.has(Slot::kErrorType)) return by_error;
  if (arrived && response && response->is_silent_stream()) return false;
  if (usage.source == UsageSource::kNone) return !complete || has_telling_content();
  if (!response || !response->is_stream()) return false;
  return response->usage_has_only_begun() || (!complete && !findings.has(Slot::kFinishReason));
}

void ExchangeMeter::State::estimate(Reading& reading) {
  Usage& usage = reading.usage;
  Evidence seen;
  seen.stated_early = !reading.complete || (response && response->usage_has_only_begun());
  seen.model =
      findings.has(Slot::kResponseModel) ? findings.text(Slot::kResponseModel) : findings.text(Slot::kRequestModel);
  if (lacks_input(usage, seen)) {
    if (request_sample.is_within(kMaxCountedRequestBytes)) seen.request = request_sample.head();
    seen.input = document_text(format->request_text, request_sample);
  }
  if (response) seen.output = response->text();
  const bool must_answer = complete && !format->response_text.empty();
  const bool is_loading = fallbacks.counter->state(seen.model) == TextCounter::State::kLoading;
  const Usage stated = is_loading ? usage : Usage();
  estimate_usage(*fallbacks.counter, seen, must_answer, usage);
  if (!is_loading || usage.source != UsageSource::kEstimated) return;
  reading.later = std::make_shared<const LaterEstimate>(LaterEstimate{std::move(seen), must_answer, stated});
}

ExchangeMeter::ExchangeMeter(const provider::Spec* spec, const provider::Endpoint* endpoint, std::string_view target,
                             const Limits& limits, const Fallbacks& fallbacks)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.limits = limits;
  state.fallbacks = fallbacks;
  if (endpoint != nullptr) state.billing = endpoint->billing;
  if (spec != nullptr && endpoint != nullptr && endpoint->format != nullptr) {
    state.format = endpoint->format.get();
    take_target(*spec, *endpoint, target, state.findings);
  } else if (state.billing == provider::Billing::kAlways) {
    state.format = fallbacks.generic;
  }
}

ExchangeMeter::~ExchangeMeter() = default;

void ExchangeMeter::each_call(CallSink use) {
  State* const state = state_.get();
  state->use_call = std::move(use);
  state->calls = [state](Findings& call, const std::string& usage) {
    UsageReading own = read_usage(state->format->usage, usage);
    if (!own.readable) call.count(Fault::kSyntax);
    judge(own, {}).count_in(call);
    if (own.usage.source == UsageSource::kNone) return;
    Reading reading;
    reading.usage = std::move(own.usage);
    reading.usage.service_tier = call.take(Slot::kServiceTier);
    for (auto& tool : call.take_tool_calls()) reading.usage.tool_calls.push_back(std::move(tool));
    reading.billing = state->billing;
    // A model that its provider fell back from may have been broken off; the other events are whole.
    const bool fell_back = !state->format->stream || !state->format->stream->separate;
    reading.complete = !fell_back || call.has(Slot::kFinishReason);
    call.move_to(reading);
    for (std::size_t i = 0; i < kFaultCount; ++i) {
      for (std::uint32_t n = 0; n < reading.faults[i]; ++n) state->findings.count(static_cast<Fault>(i));
    }
    state->use_call(std::move(reading));
  };
}

void ExchangeMeter::request_head(wire::Fields fields) {
  State& state = *state_;
  if (state.format == nullptr) return;
  take_fields(state.format->request_head, fields, state.findings);
  if (state.samples_requests()) state.request_sample = ContentSample(state.limits.sample_bytes);
  const std::uint64_t most = state.limits.max_request_bytes;
  if (auto form = wire::form_data::Decoder::open(wire::find(fields, "content-type").value_or(""))) {
    state.request = std::make_unique<State::Request>(
        CodedContent(fields, state.findings),
        FormReader(std::move(*form), state.format->request_head, most, state.findings));
  } else if (state.format->request.set.size() != 0 || state.samples_requests()) {
    state.request = std::make_unique<State::Request>(CodedContent(fields, state.findings),
                                                     DocumentReader(state.format->request, most, state.findings));
  }
}

void ExchangeMeter::request_content(std::string_view bytes) {
  if (!state_->request) return;
  State::Request& request = *state_->request;
  request.coded.feed(bytes, [&](std::string_view content) {
    state_->request_sample.add(content);
    std::visit(
        [&](auto& reader) {
          reader.feed(content);
          const ContentSample& sample = state_->request_sample;
          const bool sampled = sample.is_open() && sample.total() <= state_->limits.max_request_bytes;
          if (reader.closed() && !sampled) request.coded.close();
        },
        request.reader);
  });
}

void ExchangeMeter::request_end() {
  if (!state_->request) return;
  State::Request& request = *state_->request;
  request.coded.finish();
  if (auto* document = std::get_if<DocumentReader>(&request.reader)) document->finish(true);
  // While the origin thinks about its answer.
  if (state_->may_need_counter()) state_->fallbacks.counter->prepare(state_->findings.text(Slot::kRequestModel));
  state_->request.reset();
}

void ExchangeMeter::response_head(int status, wire::Fields fields) {
  state_->status = status;
  if (state_->format == nullptr) return;
  take_fields(state_->format->response_head, fields, state_->findings);
  Limits limits = state_->limits;
  if (!state_->samples_responses()) limits.sample_bytes = 0;
  if (!state_->has_succeeded()) state_->request_sample.drop();
  for (const provider::GivenPick& given : state_->format->response.given) state_->findings.put(given.pick, given.text);
  state_->response = std::make_unique<ResponseReader>(
      *state_->format,
      ResponseReader::Head{
          .status = status, .fields = fields, .usage = usage_of_fields(state_->format->usage.fields, fields)},
      limits, state_->findings, state_->calls);
}

void ExchangeMeter::response_content(std::string_view bytes) {
  if (!state_->response || bytes.empty()) return;
  state_->has_content = true;
  state_->response->feed(bytes);
}

void ExchangeMeter::response_end(bool complete) {
  state_->arrived = complete;
  state_->complete = complete;
  state_->end_response();
}

Reading ExchangeMeter::finish() {
  State& state = *state_;
  state.end_response();
  Reading reading;
  reading.complete = state.complete;
  reading.billing = state.billing;
  if (state.format == nullptr) return reading;
  if (state.format->stream && state.format->stream->separate) reading.billing = provider::Billing::kNever;
  reading.stream = state.response && state.response->is_stream();
  reading.pending = state.is_pending();
  UsageReading stated = state.stated_usage();
  reading.usage = std::move(stated.usage);
  const bool by_error = state.ended_by_error(reading.usage);
  if (by_error) reading.complete = false;
  if (state.may_estimate(reading.usage, by_error)) state.estimate(reading);
  reading.usage.service_tier = state.findings.take(Slot::kServiceTier);
  for (auto& call : state.findings.take_tool_calls()) reading.usage.tool_calls.push_back(std::move(call));
  state.findings.move_to(reading);
  return reading;
}

}  // namespace tokometer::meter
