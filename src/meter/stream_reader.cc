#include "meter/stream_reader.h"

#include <algorithm>
#include <type_traits>

#include "meter/find_word.h"

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

}  // namespace

StreamReader::StreamReader(const provider::StreamRules& rules, provider::Framing framing, std::uint32_t max_event_bytes,
                           Findings& findings)
    : rules_(rules), findings_(findings), decoder_(wire::sse::Decoder({.max_event_bytes = max_event_bytes})) {
  if (framing == provider::Framing::kNdjson) {
    decoder_ = wire::ndjson::Decoder({.max_line_bytes = max_event_bytes});
  } else if (framing == provider::Framing::kJsonArray) {
    decoder_ = wire::json_array::Decoder({.max_element_bytes = max_event_bytes});
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
    if (!fed) {
      broken_ = true;
      findings_.count(Fault::kFraming);
    }
  }
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
  }
}

void StreamReader::event(std::string_view type, std::string_view data, bool truncated) {
  if (data.empty()) return;
  if (std::ranges::find(rules_.skip, data) != rules_.skip.end()) return;
  if (truncated) return findings_.cut();
  if (type == "message") type = {};
  if (const provider::EventRule* rule = rule_for(type, data)) apply(*rule, data);
}

const provider::EventRule* StreamReader::rule_for(std::string_view type, std::string_view data) const {
  if (type.empty() && rules_.type) {
    const bool wanted = std::ranges::any_of(
        rules_.events, [&](const provider::EventRule& rule) { return may_answer(rule.content, data); });
    if (!wanted) return nullptr;
    std::string stated;
    std::size_t rank = rules_.type->size();
    const auto sink = [&](std::size_t query, const json::Value& value) {
      if (value.kind != json::Kind::kString || query > rank) return;
      stated = value.text;
      rank = query;
    };
    if (json::extract(*rules_.type, data, sink)) {
      findings_.count(Fault::kSyntax);
      return nullptr;
    }
    return named(stated);
  }
  return named(type);
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
  for (std::size_t i = 0; i < rules.words.size(); ++i) {
    if (i < rules.picks.size() && !is_awaited(rules.picks[i])) continue;
    if (rules.words[i].empty() || has_member(data, rules.words[i])) return true;
  }
  return false;
}

void StreamReader::apply(const provider::EventRule& rule, std::string_view data) {
  if (!rule.begins && !may_answer(rule.content, data)) return;
  std::string message_before;
  if (rule.begins) {
    message_before = findings_.take(Slot::kResponseId);
    findings_.take(Slot::kResponseModel);
  }
  const auto sink = [&](std::size_t query, const json::Value& value) { findings_.take(rule.content, query, value); };
  if (json::extract(rule.content.set, data, sink)) findings_.count(Fault::kSyntax);
  if (rule.begins) {
    const std::string& message = findings_.text(Slot::kResponseId);
    if (!usage_.begin(!message.empty() && message == message_before)) findings_.cut();
  }
  const std::string usage = findings_.take(Slot::kUsage);
  if (!usage.empty() && !usage_.add(usage, rule.combine)) findings_.cut();
}

}  // namespace tokometer::meter
