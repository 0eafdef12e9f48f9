#include "meter/stream_reader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "meter/find_word.h"
#include "wire/base64.h"

namespace tokometer::meter {
namespace {

using provider::Slot;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Whether `data` holds the member name `word` (with its quotes) with a value other than null. Within a JSON string
// the quotes would be escaped, so what is found is a name, or a string that happens to be equal to it.
bool has_member(std::string_view data, std::string_view word) {
  while (true) {
    const std::size_t found = find_word(data, word);
    if (found == std::string_view::npos) return false;
    data.remove_prefix(found + word.size());
    std::size_t at = 0;
    while (at < data.size() && is_space(data[at])) ++at;
    if (at == data.size() || data[at] != ':') continue;
    ++at;
    while (at < data.size() && is_space(data[at])) ++at;
    if (at < data.size() && data[at] != 'n') return true;
  }
}

void put_given(const provider::ContentRules& rules, std::string_view type, Findings& findings) {
  for (const provider::GivenPick& given : rules.given) {
    findings.put(given.pick, given.text.empty() ? type : std::string_view(given.text));
  }
}

}  // namespace

StreamReader::StreamReader(const provider::StreamRules& rules, const provider::UsageRules& usage, Cut cut,
                           std::uint32_t max_event_bytes, ContentSample& sample, Findings& findings,
                           const ApartSink& calls)
    : rules_(rules),
      sample_(sample),
      findings_(findings),
      calls_(calls),
      decoder_(wire::sse::Decoder({.max_event_bytes = max_event_bytes})),
      usage_(usage) {
  const auto* const framing = std::get_if<provider::Framing>(&cut);
  if (framing == nullptr) {
    decoder_.emplace<json::Extractor>(*rules.elements);
  } else if (*framing == provider::Framing::kNdjson) {
    decoder_ = wire::ndjson::Decoder({.max_line_bytes = max_event_bytes});
  } else if (*framing == provider::Framing::kJsonArray) {
    decoder_ = wire::json_array::Decoder({.max_element_bytes = max_event_bytes});
  } else if (*framing == provider::Framing::kAwsEventStream) {
    decoder_ = wire::aws_event_stream::Decoder({.max_message_bytes = max_event_bytes});
  }
  findings_.keep_first();
}

void StreamReader::feed(std::string_view bytes) {
  if (broken_) return;
  if (auto* sse = std::get_if<wire::sse::Decoder>(&decoder_)) {
    sse->feed(bytes, [&](const wire::sse::Event& e) { event(e.type, e.data, e.truncated); });
  } else if (auto* ndjson = std::get_if<wire::ndjson::Decoder>(&decoder_)) {
    ndjson->feed(bytes, [&](const wire::ndjson::Line& line) { event({}, line.text, line.truncated); });
  } else if (auto* array = std::get_if<wire::json_array::Decoder>(&decoder_)) {
    const auto fed = array->feed(bytes, [&](const wire::json_array::Element& e) { event({}, e.text, e.truncated); });
    if (!fed) broke();
  } else if (auto* aws = std::get_if<wire::aws_event_stream::Decoder>(&decoder_)) {
    const auto fed = aws->feed(bytes, [&](const wire::aws_event_stream::Message& message) {
      event(message.type(), message.payload, message.truncated);
    });
    if (!fed) broke();
  } else if (auto* elements = std::get_if<json::Extractor>(&decoder_)) {
    const auto fed = elements->feed(bytes, [&](std::size_t, const json::Value& value) {
      if (value.kind == json::Kind::kObject) event({}, value.text, value.truncated);
    });
    if (!fed) broke();
  }
}

void StreamReader::broke() {
  broken_ = true;
  findings_.count(Fault::kFraming);
}

void StreamReader::finish(bool complete) {
  if (broken_) return;
  if (auto* sse = std::get_if<wire::sse::Decoder>(&decoder_)) {
    // Some servers end without the blank line. Of a stream that broke off, the last event may be half of one.
    if (const auto last = sse->finish(); last && complete) event(last->type, last->data, last->truncated);
  } else if (auto* ndjson = std::get_if<wire::ndjson::Decoder>(&decoder_)) {
    if (const auto last = ndjson->finish(); last && complete) event({}, last->text, last->truncated);
  } else if (const auto* array = std::get_if<wire::json_array::Decoder>(&decoder_)) {
    if (complete && !array->finish()) findings_.count(Fault::kFraming);
  } else if (const auto* aws = std::get_if<wire::aws_event_stream::Decoder>(&decoder_)) {
    if (complete && !aws->finish()) findings_.count(Fault::kFraming);
  } else if (auto* elements = std::get_if<json::Extractor>(&decoder_)) {
    if (complete && !elements->finish([](std::size_t, const json::Value&) {})) findings_.count(Fault::kFraming);
  }
}

bool StreamReader::has_ended() const {
  // The end may have been in a part that was not looked at or could not be read.
  if (!rules_.says_end || broken_ || findings_.is_cut() || findings_.has(Fault::kSyntax)) return true;
  return skipped_ || findings_.has(Slot::kFinishReason) || findings_.has(Slot::kErrorType);
}

void StreamReader::event(std::string_view type, std::string_view data, bool truncated) {
  if (truncated) return findings_.cut();
  if (data.empty()) return;
  any_event_ = true;
  if (std::ranges::find(rules_.skip, data) != rules_.skip.end()) {
    skipped_ = true;
    return;
  }
  if (type == "message") type = {};
  if (!rules_.unwrap) return read(type, data);
  std::optional<std::string> within;
  const auto sink = [&](std::size_t, const json::Value& value) {
    if (value.kind == json::Kind::kString && !within) within = wire::base64::decode(value.text);
  };
  if (json::extract(*rules_.unwrap, data, sink)) return count_syntax();
  within ? read({}, *within) : read(type, data);
}

// A file that is fetched may be anything: what is no JSON is a fault where a call was read from it before.
void StreamReader::count_syntax() {
  if (!rules_.separate || any_call_) findings_.count(Fault::kSyntax);
}

void StreamReader::read(std::string_view type, std::string_view data) {
  sample_.add_event(type, data);
  std::string stated;
  if (type.empty() && rules_.type) {
    const auto may_be_wanted = [&](const provider::EventRule& rule) { return may_answer(rule.content, data); };
    if (std::ranges::none_of(rules_.events, may_be_wanted)) return;
    auto said = stated_type(data);
    if (!said) return count_syntax();
    stated = std::move(*said);
    type = stated;
  }
  if (const provider::EventRule* rule = named(type)) apply(*rule, type, data);
}

// What `data` says is its type, which may be nothing; absent if it is no JSON.
std::optional<std::string> StreamReader::stated_type(std::string_view data) const {
  std::string stated;
  std::size_t rank = rules_.type->size();
  const auto sink = [&](std::size_t query, const json::Value& value) {
    if (value.kind != json::Kind::kString || query > rank) return;
    stated = value.text;
    rank = query;
  };
  if (json::extract(*rules_.type, data, sink)) return std::nullopt;
  return stated;
}

TextSample StreamReader::text() const {
  TextSample text;
  text.share = sample_.share();
  sample_.for_each_event([&](std::string_view type, std::string_view data) {
    const auto stated = type.empty() && rules_.type ? stated_type(data) : std::string(type);
    const provider::EventRule* const rule = stated ? named(*stated) : nullptr;
    if (rule != nullptr && !rule->text.empty()) add_text(rule->text, data, text);
  });
  return text;
}

const provider::EventRule* StreamReader::named(std::string_view type) const {
  for (const provider::EventRule& rule : rules_.events) {
    if (rule.types.empty() || std::ranges::find(rule.types, type) != rule.types.end()) return &rule;
  }
  return nullptr;
}

// Whether an event is worth reading for the sake of `pick` alone. The tier is repeated in every event of some
// streams: the last word on it comes with the usage, and so is read anyway.
bool StreamReader::is_awaited(const provider::Pick& pick) const {
  if (pick.slot == Slot::kServiceTier && findings_.has(Slot::kServiceTier)) return false;
  return !findings_.settled(pick);
}

bool StreamReader::may_answer(const provider::ContentRules& rules, std::string_view data) const {
  if (!rules.given.empty()) return true;
  const std::string* looked_for = nullptr;
  for (std::size_t i = 0; i < rules.words.size(); ++i) {
    if (i < rules.picks.size() && !is_awaited(rules.picks[i])) continue;
    // Alternatives often have the same word.
    if (looked_for != nullptr && *looked_for == rules.words[i]) continue;
    looked_for = &rules.words[i];
    if (looked_for->empty() || has_member(data, *looked_for)) return true;
  }
  return false;
}

void StreamReader::apply(const provider::EventRule& rule, std::string_view type, std::string_view data) {
  if (rules_.separate) return apply_apart(rule, type, data);
  if (!rule.begins && !may_answer(rule.content, data)) return;
  std::string message_before;
  std::string model_before;
  if (rule.begins) {
    message_before = findings_.take(Slot::kResponseId);
    model_before = findings_.take(Slot::kResponseModel);
  }
  findings_.begin_event();
  const bool finished = findings_.has(Slot::kFinishReason);
  const auto sink = [&](std::size_t query, const json::Value& value) { findings_.take(rule.content, query, value); };
  if (json::extract(rule.content.set, data, sink)) findings_.count(Fault::kSyntax);
  put_given(rule.content, type, findings_);
  if (rule.begins) {
    const std::string& message = findings_.text(Slot::kResponseId);
    if (!model_before.empty() && findings_.text(Slot::kResponseModel) != model_before && message != message_before) {
      set_apart(model_before, message_before);
    }
    if (!usage_.begin(!message.empty() && message == message_before)) findings_.cut();
  }
  const std::string usage = findings_.take_usage();
  findings_.note_event(finished, !usage.empty());
  if (usage.empty()) return;
  usage_has_only_begun_ = rule.begins;
  if (!rule.begins) note_message();
  if (!usage_.add(usage, rule.combine)) findings_.cut();
}

// The messages before were another model's, which their provider fell back from: they are a call of their own, since
// each model has its price.
void StreamReader::set_apart(std::string_view model, std::string_view id) {
  if (!calls_) return;
  const std::string usage = usage_.take();
  if (usage.empty()) return;
  Findings call;
  const auto put = [&](Slot slot, std::string_view text) {
    call.put({.slot = slot, .rank = 0, .after = {}, .unless = {}, .only = {}, .within = nullptr}, text);
  };
  put(Slot::kResponseModel, model);
  put(Slot::kResponseId, id);
  put(Slot::kFinishReason, findings_.take(Slot::kFinishReason));
  put(Slot::kServiceTier, findings_.text(Slot::kServiceTier));
  calls_(call, usage);
}

// Two messages that state their usage in one stream, without an event that begins them: only one usage can be kept.
void StreamReader::note_message() {
  const std::string& id = findings_.stated_id();
  if (id.empty()) return;
  if (!usage_id_.empty() && usage_id_ != id) findings_.lose_message();
  usage_id_ = id;
}

void StreamReader::apply_apart(const provider::EventRule& rule, std::string_view type, std::string_view data) {
  Findings call;
  const auto sink = [&](std::size_t query, const json::Value& value) { call.take(rule.content, query, value); };
  if (json::extract(rule.content.set, data, sink)) return count_syntax();
  put_given(rule.content, type, call);
  const std::string usage = call.take_usage();
  if (usage.empty()) return;
  any_call_ = true;
  if (calls_) calls_(call, usage);
}

}  // namespace tokometer::meter
