#include "event/event_json.h"

#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

#include "event/fields.h"
#include "json/document.h"
#include "json/number.h"
#include "json/writer.h"
#include "pricing/decimal.h"

namespace tokometer::event {
namespace {

using ToolCalls = std::vector<std::pair<std::string, std::int64_t>>;

// "12.345": milliseconds with the microseconds that matter.
std::string milliseconds(std::int64_t us) {
  const std::int64_t rest = us % 1000;
  std::string text = us < 0 && us / 1000 == 0 ? "-0" : std::to_string(us / 1000);
  if (rest == 0) return text;
  const std::string digits = std::to_string(1000 + std::abs(rest)).substr(1);
  return text + '.' + digits.substr(0, digits.find_last_not_of('0') + 1);
}

// JSON text without the white space between its tokens: providers print theirs over
// several lines, and an event is one.
std::string without_space(std::string_view json) {
  std::string result;
  result.reserve(json.size());
  bool in_string = false;
  bool escaped = false;
  for (const char c : json) {
    if (!in_string && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) continue;
    result += c;
    if (!escaped && c == '"') in_string = !in_string;
    escaped = in_string && !escaped && c == '\\';
  }
  return result;
}

class MemberWriter {
 public:
  explicit MemberWriter(std::string& out) : writer_(out) {}
  json::Writer& writer() { return writer_; }

  void operator()(const Field& field, const Uuid& id) { writer_.member(field.name, id.text()); }
  void operator()(const Field& field, UtcTime time) { writer_.member(field.name, format_rfc3339(time)); }
  void operator()(const Field& field, bool value) { writer_.member(field.name, value); }
  void operator()(const Field& field, int value) { writer_.member(field.name, value); }
  void operator()(const Field& field, std::int64_t value) { number(field, value); }
  void operator()(const Field& field, const std::optional<std::int64_t>& value) {
    if (value) number(field, *value);
  }
  void operator()(const Field& field, meter::UsageSource source) {
    writer_.member(field.name, meter::to_string(source));
  }
  void operator()(const Field& field, meter::UsageStep step) {
    writer_.member_unless_empty(field.name, meter::to_string(step));
  }
  void operator()(const Field& field, meter::EstimatedCounts counts) {
    writer_.member_unless_empty(field.name, meter::to_string(counts));
  }
  void operator()(const Field& field, const std::string& text) {
    if (text.empty()) return;
    if (field.form != Form::kJson) {
      writer_.member(field.name, text);
    } else if (json::Document::parse(text)) {
      writer_.raw_member(field.name, without_space(text));
    }
  }
  void operator()(const Field& field, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    writer_.name(field.name).begin_array();
    for (const std::string& text : texts) writer_.string(text);
    writer_.end_array();
  }
  void operator()(const Field& field, const ToolCalls& calls) {
    if (calls.empty()) return;
    writer_.name(field.name).begin_object();
    for (const auto& [name, count] : calls) writer_.member(name, count);
    writer_.end_object();
  }

 private:
  void number(const Field& field, std::int64_t value) {
    switch (field.form) {
      case Form::kMilliseconds:
        writer_.raw_member(field.name, milliseconds(value));
        break;
      case Form::kUsd:
        writer_.member(field.name, pricing::usd_text(value));
        break;
      case Form::kPlain:
      case Form::kJson:
      case Form::kName:
        writer_.member(field.name, value);
        break;
    }
  }

  json::Writer writer_;
};

class MemberReader {
 public:
  explicit MemberReader(json::Node root) : root_(root) {}
  // The first member that is wrong; empty if none is.
  std::string_view wrong() const { return wrong_; }

  template <typename Member>
  void operator()(const Field& field, Member& member) {
    const json::Node node = root_[field.name];
    if (!node || node.is_null()) return;
    if (!take(field, node, member) && wrong_.empty()) wrong_ = field.name;
  }

 private:
  // Stores a value that may be absent; whether it was there.
  template <typename To, typename From>
  static bool store(To& to, const std::optional<From>& from) {
    if (from) to = To(*from);
    return from.has_value();
  }

  // Stores the one of `known` that `node` names; whether there is one.
  template <typename Choice>
  static bool choose(json::Node node, Choice& choice, std::initializer_list<Choice> known) {
    for (const Choice one : known) {
      if (node.string() != meter::to_string(one)) continue;
      choice = one;
      return true;
    }
    return false;
  }

  static bool take(const Field&, json::Node node, Uuid& id) {
    const auto text = node.string();
    return text && store(id, Uuid::parse(*text));
  }
  static bool take(const Field&, json::Node node, UtcTime& time) {
    const auto text = node.string();
    return text && store(time, parse_rfc3339(*text));
  }
  static bool take(const Field&, json::Node node, bool& value) { return store(value, node.boolean()); }
  static bool take(const Field&, json::Node node, int& value) {
    const auto number = node.int64();
    if (!number || !std::in_range<int>(*number)) return false;
    value = static_cast<int>(*number);
    return true;
  }
  static bool take(const Field& field, json::Node node, std::int64_t& value) {
    switch (field.form) {
      case Form::kMilliseconds:
        return store(value, node.scaled(3));
      case Form::kUsd: {
        const auto text = node.string();
        return text && store(value, json::to_scaled(*text, 12));
      }
      case Form::kPlain:
      case Form::kJson:
      case Form::kName:
        break;
    }
    return store(value, node.int64());
  }
  static bool take(const Field& field, json::Node node, std::optional<std::int64_t>& value) {
    return take(field, node, value.emplace());
  }
  static bool take(const Field&, json::Node node, meter::UsageSource& source) {
    using enum meter::UsageSource;
    return choose(node, source, {kNone, kReported, kEstimated});
  }
  static bool take(const Field&, json::Node node, meter::UsageStep& step) {
    using enum meter::UsageStep;
    return choose(node, step, {kSpec, kAlternative, kGeneric, kEstimate, kGuess});
  }
  static bool take(const Field&, json::Node node, meter::EstimatedCounts& counts) {
    using enum meter::EstimatedCounts;
    return choose(node, counts, {kInput, kOutput, kBoth});
  }
  static bool take(const Field& field, json::Node node, std::string& text) {
    if (field.form == Form::kJson) {
      text = node.raw();
      return true;
    }
    return store(text, node.string());
  }
  static bool take(const Field&, json::Node node, std::vector<std::string>& texts) {
    for (const json::Node element : node.elements()) {
      if (!element.string()) return false;
      texts.emplace_back(*element.string());
    }
    return node.is_array();
  }
  static bool take(const Field&, json::Node node, ToolCalls& calls) {
    for (const auto [name, value] : node.members()) {
      if (!value.int64()) return false;
      calls.emplace_back(name, *value.int64());
    }
    return node.is_object();
  }

  json::Node root_;
  std::string_view wrong_;
};

}  // namespace

std::string to_json(const Event& event) {
  std::string out;
  MemberWriter writer(out);
  writer.writer().begin_object();
  for_each_field(event, writer);
  writer.writer().end_object();
  return out;
}

Result<Event> from_json(std::string_view json) {
  const auto document = json::Document::parse(std::string(json));
  if (!document) return fail(document.error());
  if (!document->root().is_object()) return fail(ErrorCode::kInvalid, "event: not a JSON object");
  Event event;
  MemberReader reader(document->root());
  for_each_field(event, reader);
  if (!reader.wrong().empty()) {
    return fail(ErrorCode::kInvalid, "event: wrong value for \"" + std::string(reader.wrong()) + '"');
  }
  if (event.id == Uuid()) return fail(ErrorCode::kInvalid, "event: no id");
  return event;
}

}  // namespace tokometer::event
