#include "meter/turn_reader.h"

#include <algorithm>
#include <bitset>

#include "json/extractor.h"
#include "meter/estimate.h"
#include "meter/head_picks.h"
#include "meter/quality.h"
#include "meter/usage_reader.h"
#include "provider/format.h"

namespace tokometer::meter {
namespace {

using provider::MessageRule;
using provider::Slot;
using provider::TurnRole;

constexpr std::size_t kMaxKinds = json::QuerySet::Limits{}.max_queries;
// Of a message whose type is looked for: most say it at their beginning, and then the rest is not read.
constexpr std::size_t kTypeStepBytes = 512;

std::string& text_of(std::array<std::string, provider::kSlotCount>& texts, Slot slot) {
  return texts[static_cast<std::size_t>(slot)];
}

bool is_true(const json::Value& value) {
  // Of a presence query there is no text; `false` is the boolean of five bytes.
  if (value.kind == json::Kind::kBool) return value.raw_size != std::string_view("false").size();
  return value.kind != json::Kind::kNull;
}

bool is_object(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

void fill_empty(std::string& target, std::string& source) {
  if (target.empty()) target = std::move(source);
}

}  // namespace

TurnReader::TurnReader(const provider::Spec& spec, const provider::Endpoint& endpoint, std::string_view target,
                       wire::Fields request_fields, SteadyTime opened, const Limits& limits, const TextCounter* counter)
    : endpoint_(endpoint),
      format_(*endpoint.format),
      limits_(limits),
      counter_(counter),
      opened_(opened),
      last_client_(opened) {
  Findings head;
  take_fields(format_.request_head, request_fields, head);
  take_target(spec, endpoint, target, head);
  keep(head, session_);
}

TurnReader::~TurnReader() = default;

void TurnReader::message(const SideMessage& message, Sink sink) {
  if (message.from == Side::kClient) {
    from_client(message);
  } else {
    from_server(message, sink);
  }
}

void TurnReader::lost(Fault fault) {
  faults_.count(fault);
  faults_.cut();
  for (const auto& turn : open_) turn->findings.cut();
}

const MessageRule* TurnReader::rule_for(const provider::MessageRules& rules, std::string_view text) {
  if (rules.rules.empty() || !is_object(text)) return nullptr;
  std::string type;
  std::size_t rank = rules.type_queries;
  std::bitset<kMaxKinds> present;
  const auto sink = [&](std::size_t query, const json::Value& value) {
    if (query >= rules.type_queries) {
      present.set(query, is_true(value));
    } else if (value.kind == json::Kind::kString && query <= rank) {
      type = value.text;
      rank = query;
    }
  };
  const bool by_type_only = rules.kinds.size() == rules.type_queries;
  json::Extractor extractor(rules.kinds);
  for (std::string_view rest = text; !rest.empty() && !(by_type_only && rank == 0);) {
    const std::string_view step = rest.substr(0, by_type_only ? kTypeStepBytes : rest.size());
    rest.remove_prefix(step.size());
    if (extractor.feed(step, sink)) continue;
    faults_.count(Fault::kSyntax);
    return nullptr;
  }
  for (const MessageRule& rule : rules.rules) {
    const bool matches =
        std::ranges::any_of(rule.types, [&](const auto& one) { return provider::wildcard_matches(one, type); }) ||
        std::ranges::any_of(rule.presence, [&](std::size_t query) { return present.test(query); });
    if (matches) return &rule;
  }
  return nullptr;
}

void TurnReader::extract(const MessageRule& rule, std::string_view text, Findings& said) {
  if (rule.content.set.size() == 0) return;
  const auto sink = [&](std::size_t query, const json::Value& value) { said.take(rule.content, query, value); };
  if (json::extract(rule.content.set, text, sink)) said.count(Fault::kSyntax);
}

void TurnReader::keep(Findings& said, Texts& texts) {
  for (std::size_t slot = 0; slot < texts.size(); ++slot) {
    if (said.has(static_cast<Slot>(slot))) texts[slot] = said.take(static_cast<Slot>(slot));
  }
}

void TurnReader::from_client(const SideMessage& message) {
  client_bytes_ += message.wire_bytes;
  last_client_ = message.at;
  if (message.truncated) faults_.cut();
  const MessageRule* rule = rule_for(format_.websocket->client, message.text);
  if (rule == nullptr) return;
  Findings said;
  extract(*rule, message.text, said);
  faults_.add_faults(said);
  if (rule->role == TurnRole::kSession) {
    keep_session(*rule, message.text);
    return keep(said, session_);
  }
  keep_asked(*rule, message.text, asked_);
  if (rule->role == TurnRole::kAsk) return;
  if (requests_.size() >= limits_.requests) {
    faults_.cut();
    requests_.pop_front();
  }
  Request& request = requests_.emplace_back();
  request.at = message.at;
  request.bytes = std::exchange(client_bytes_, 0);
  request.asked = std::exchange(asked_, {});
  keep(said, request.texts);
}

void TurnReader::from_server(const SideMessage& message, Sink sink) {
  const MessageRule* rule = rule_for(format_.websocket->server, message.text);
  Open* const newest = open_.empty() ? nullptr : open_.back().get();
  if (message.truncated) (newest != nullptr ? newest->findings : faults_).cut();
  Findings said;
  if (rule != nullptr) extract(*rule, message.text, said);
  if (rule != nullptr && rule->role == TurnRole::kWhole) return whole(*rule, said, message, sink);
  if (rule != nullptr && rule->role == TurnRole::kRefusal) return refusal(said, message, sink);

  Open* turn = newest;
  bool ends = false;
  if (rule != nullptr && rule->role != TurnRole::kSession) {
    turn = find(said.text(Slot::kResponseId), said.text(Slot::kLane));
    const bool opens = rule->role != TurnRole::kPart || said.has(Slot::kUsage);
    // What states usage while no turn is open is one: nothing that was used may be lost.
    ends = rule->role == TurnRole::kEnd || (turn == nullptr && rule->role == TurnRole::kPart);
    if (turn == nullptr && opens) turn = &open(said, message.at, sink);
  }
  if (turn == nullptr) {
    server_bytes_ += message.wire_bytes;
    faults_.add_faults(said);
    if (rule == nullptr || rule->role != TurnRole::kSession) return;
    keep_session(*rule, message.text);
    return keep(said, session_);
  }
  turn->turn.response_bytes += message.wire_bytes;
  if (rule == nullptr) return;
  if (rule->role == TurnRole::kSession) {
    keep_session(*rule, message.text);
    return keep(said, session_);
  }
  if (rule->is_content && !turn->turn.first_chunk) turn->turn.first_chunk = message.at;
  if (is_sampled(*rule)) turn->answered.add_event({}, message.text);
  add(*turn, *rule, said);
  if (ends) close(turn, true, message.at, sink);
}

TurnReader::Open* TurnReader::find(std::string_view id, std::string_view lane) {
  for (const auto& turn : open_) {
    const std::string& known = turn->findings.text(Slot::kResponseId);
    if (!id.empty() && (known == id || known.empty())) return turn.get();
  }
  if (!id.empty()) return nullptr;
  const auto in_lane = [&](const auto& turn) { return lane.empty() || turn->findings.text(Slot::kLane) == lane; };
  const auto newest = std::ranges::find_if(open_.rbegin(), open_.rend(), in_lane);
  return newest == open_.rend() ? nullptr : newest->get();
}

TurnReader::Open& TurnReader::open(const Findings& said, SteadyTime at, Sink sink) {
  if (open_.size() >= limits_.open_turns) {
    open_.front()->findings.cut();
    close(open_.front().get(), false, at, sink);
  }
  const std::size_t sample_bytes = sample_share();
  open_.push_back(std::make_unique<Open>());
  Open& turn = *open_.back();
  turn.answered = ContentSample(sample_bytes);
  turn.findings.keep_first();
  turn.turn.first_byte = at;
  if (said.has(Slot::kResponseId) || said.has(Slot::kLane)) {
    take_request(turn, said.text(Slot::kLane));
  } else {
    take_requests(turn);
  }
  return turn;
}

void TurnReader::give_request(Request& request, Open& turn) {
  turn.turn.started = request.at;
  turn.turn.request_bytes += request.bytes;
  for (std::size_t slot = 0; slot < request.texts.size(); ++slot) {
    if (!request.texts[slot].empty()) turn.texts[slot] = std::move(request.texts[slot]);
  }
  for (Kept& kept : request.asked) {
    if (turn.asked.size() >= limits_.asked) turn.asked.erase(turn.asked.begin());
    turn.asked.push_back(std::move(kept));
  }
}

// Turns that have no ids follow each other: this one answers everything that was asked.
void TurnReader::take_requests(Open& turn) {
  if (requests_.empty()) return take_request(turn, {});
  turn.texts = session_;
  for (Request& request : requests_) give_request(request, turn);
  requests_.clear();
}

// The oldest request of the lane is the one that is answered.
void TurnReader::take_request(Open& turn, std::string_view lane) {
  turn.texts = session_;
  turn.turn.started = last_client_;
  auto request = std::ranges::find_if(requests_, [&](Request& one) { return text_of(one.texts, Slot::kLane) == lane; });
  if (request == requests_.end()) request = requests_.begin();
  if (request == requests_.end()) {
    turn.turn.request_bytes = std::exchange(client_bytes_, 0);
    turn.asked = std::exchange(asked_, {});
    return;
  }
  give_request(*request, turn);
  requests_.erase(request);
}

void TurnReader::add(Open& turn, const MessageRule& rule, Findings& said) {
  const bool finished = turn.findings.has(Slot::kFinishReason);
  const std::string usage = said.take_usage();
  if (!usage.empty() && !turn.usage.add(usage, rule.combine)) turn.findings.cut();
  for (auto& call : said.take_tool_calls()) turn.tool_calls.push_back(std::move(call));
  for (std::size_t slot = 0; slot < provider::kSlotCount; ++slot) {
    turn.findings.put(
        {.slot = static_cast<Slot>(slot), .rank = 0, .after = {}, .unless = {}, .only = {}, .within = nullptr},
        said.text(static_cast<Slot>(slot)));
  }
  turn.findings.note_event(finished, !usage.empty());
  turn.findings.add_faults(said);
}

void TurnReader::close(Open* turn, bool complete, SteadyTime at, Sink sink) {
  const auto place = std::ranges::find(open_, turn, [](const auto& one) { return one.get(); });
  const std::unique_ptr<Open> closed = std::move(*place);
  open_.erase(place);
  const bool has_id = closed->findings.has(Slot::kResponseId);
  give(*closed, complete, {}, at, sink);
  // A request that came while such a turn was open was a part of it.
  if (has_id) return;
  for (const Request& request : requests_) client_bytes_ += request.bytes;
  requests_.clear();
}

void TurnReader::whole(const MessageRule& rule, Findings& said, const SideMessage& message, Sink sink) {
  if (!said.has(Slot::kUsage) && !said.has(Slot::kErrorType)) {
    server_bytes_ += message.wire_bytes;
    return faults_.add_faults(said);
  }
  Open turn;
  turn.texts = session_;
  turn.turn.operation = rule.operation;
  turn.turn.started = message.at;
  turn.turn.response_bytes = message.wire_bytes;
  add(turn, rule, said);
  give(turn, true, {}, message.at, sink);
}

void TurnReader::refusal(Findings& said, const SideMessage& message, Sink sink) {
  if (requests_.empty()) {
    server_bytes_ += message.wire_bytes;
    stray_error_ = said.take(Slot::kErrorType);
    return faults_.add_faults(said);
  }
  Open turn;
  take_request(turn, said.text(Slot::kLane));
  turn.turn.first_byte = message.at;
  turn.turn.response_bytes = message.wire_bytes;
  add(turn, {}, said);
  give(turn, true, {}, message.at, sink);
}

bool TurnReader::is_sampled(const MessageRule& rule) const {
  return counter_ != nullptr && limits_.sample_bytes > 0 && endpoint_.billing != provider::Billing::kNever &&
         !rule.text.empty();
}

std::size_t TurnReader::sample_share() const { return limits_.sample_bytes / (open_.size() + requests_.size() + 1); }

void TurnReader::keep_asked(const MessageRule& rule, std::string_view text, std::vector<Kept>& asked) const {
  if (!is_sampled(rule)) return;
  if (asked.size() >= limits_.asked) asked.erase(asked.begin());
  asked.push_back({.rule = &rule, .content = ContentSample(sample_share() / (asked.size() + 1))});
  asked.back().content.add(text);
}

// The newest message of its kind holds.
void TurnReader::keep_session(const MessageRule& rule, std::string_view text) {
  if (!is_sampled(rule)) return;
  std::erase_if(session_kept_, [&](const Kept& kept) { return kept.rule == &rule; });
  keep_asked(rule, text, session_kept_);
}

// As of HTTP's streams (exchange_meter.cc): an error in the midst of an answer breaks it off.
bool TurnReader::ended_by_error(const Open& turn, const Usage& usage) {
  if (!turn.findings.error_broke_off()) return false;
  return turn.turn.operation.empty() && (usage.source == UsageSource::kReported || !turn.answered.empty());
}

// As of HTTP's streams: of an answer that had begun. A turn without an id may be told its usage after its end, in a
// message of its own.
bool TurnReader::may_estimate(const Open& turn, const Usage& usage, bool by_error) const {
  const Reading& reading = turn.turn.reading;
  if (counter_ == nullptr || limits_.sample_bytes == 0 || reading.billing == provider::Billing::kNever) return false;
  if (!turn.turn.operation.empty() || !turn.turn.first_byte) return false;
  if (turn.findings.has(Slot::kErrorType)) return by_error;
  if (reading.complete) return usage.source == UsageSource::kNone && turn.findings.has(Slot::kResponseId);
  return usage.source == UsageSource::kNone || !turn.findings.has(Slot::kFinishReason);
}

TextSample TurnReader::answered_text(const Open& turn) {
  TextSample text;
  text.share = turn.answered.share();
  turn.answered.for_each_event([&](std::string_view, std::string_view message) {
    const MessageRule* const rule = rule_for(format_.websocket->server, message);
    if (rule != nullptr) add_text(rule->text, message, text);
  });
  return text;
}

void TurnReader::estimate(const Open& turn, Usage& usage) {
  Evidence seen;
  const auto said = [&](Slot slot) { return turn.texts[static_cast<std::size_t>(slot)]; };
  seen.model = turn.findings.text(Slot::kResponseModel);
  if (seen.model.empty()) seen.model = said(Slot::kResponseModel);
  if (seen.model.empty()) seen.model = said(Slot::kRequestModel);
  seen.stated_early = !turn.turn.reading.complete;
  if (lacks_input(usage, seen)) {
    const bool is_whole = session_kept_.empty() && turn.asked.size() == 1;
    if (is_whole && turn.asked[0].content.is_within(kMaxCountedRequestBytes))
      seen.request = turn.asked[0].content.head();
    const auto add = [&](const Kept& kept) { seen.input.append(document_text(kept.rule->text, kept.content)); };
    std::ranges::for_each(session_kept_, add);
    std::ranges::for_each(turn.asked, add);
  }
  seen.output = answered_text(turn);
  estimate_usage(*counter_, seen, turn.turn.reading.complete, usage);
}

void TurnReader::give(Open& turn, bool complete, std::string_view error_type, SteadyTime at, Sink sink) {
  turn.turn.ended = at;
  Reading& reading = turn.turn.reading;
  reading.stream = true;
  reading.complete = complete;
  reading.billing = endpoint_.billing;
  const std::string usage = turn.usage.take();
  UsageReading own;
  if (!usage.empty()) own = read_usage(format_.usage, usage);
  if (!own.readable) turn.findings.count(Fault::kSyntax);
  const bool has_usage = own.usage.source != UsageSource::kNone;
  const bool warms_up = text_of(turn.texts, Slot::kGenerates) == "false";
  if (warms_up && !has_usage) reading.billing = provider::Billing::kNever;
  const bool is_own = turn.turn.operation.empty();
  const bool should_have_usage =
      complete && is_own && !warms_up && !turn.findings.has(Slot::kErrorType) && !format_.usage.counts.empty();
  judge(own, {.should_state_usage = should_have_usage, .several_messages = false}).count_in(turn.findings);
  reading.usage = std::move(own.usage);
  const bool by_error = ended_by_error(turn, reading.usage);
  if (by_error) reading.complete = false;
  if (may_estimate(turn, reading.usage, by_error)) estimate(turn, reading.usage);
  reading.usage.service_tier = turn.findings.take(Slot::kServiceTier);
  for (auto& call : turn.tool_calls) reading.usage.tool_calls.push_back(std::move(call));
  turn.findings.move_to(reading);
  if (reading.error_type.empty()) reading.error_type = error_type;
  if (turn.turn.operation == "transcription") {
    fill_empty(reading.request_model, text_of(turn.texts, Slot::kTranscriptionModel));
  } else {
    fill_empty(reading.request_model, text_of(turn.texts, Slot::kRequestModel));
    fill_empty(reading.response_model, text_of(turn.texts, Slot::kResponseModel));
  }
  fill_empty(reading.session_id, text_of(turn.texts, Slot::kSessionId));
  fill_empty(reading.thread_id, text_of(turn.texts, Slot::kThreadId));
  fill_empty(reading.user, text_of(turn.texts, Slot::kUser));
  ++turns_;
  sink(std::move(turn.turn));
}

void TurnReader::finish(std::string_view error_type, SteadyTime at, Sink sink) {
  for (const auto& turn : std::exchange(open_, {})) give(*turn, false, error_type, at, sink);
  while (!requests_.empty()) {
    Open turn;
    take_request(turn, text_of(requests_.front().texts, Slot::kLane));
    give(turn, false, error_type, at, sink);
  }
}

Turn TurnReader::connection(SteadyTime at) {
  Turn turn;
  turn.started = opened_;
  turn.ended = at;
  turn.request_bytes = client_bytes_;
  turn.response_bytes = server_bytes_;
  Reading& reading = turn.reading;
  reading.billing = provider::Billing::kNever;
  reading.complete = true;
  faults_.move_to(reading);
  reading.request_model = text_of(session_, Slot::kRequestModel);
  reading.response_model = text_of(session_, Slot::kResponseModel);
  reading.session_id = text_of(session_, Slot::kSessionId);
  reading.error_type = stray_error_;
  return turn;
}

}  // namespace tokometer::meter
