#include "proxy/usage_strip.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "json/reader.h"

namespace tokometer::proxy {
namespace {

using json::Token;

constexpr std::string_view kSpace = " \t\r\n";

// A run of an event's bytes.
struct Run {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// The data of an event that has one line of it.
std::optional<Run> only_data(std::string_view event) {
  constexpr std::string_view kField = "data:";
  std::optional<Run> data;
  for (std::size_t at = 0; at < event.size();) {
    const std::size_t end = std::min(event.find_first_of("\r\n", at), event.size());
    if (event.substr(at, end - at).starts_with(kField)) {
      if (data) return std::nullopt;
      data = Run{at + kField.size(), end};
    }
    at = end + 1;
  }
  return data;
}

struct Members {
  bool choices_empty = false;  // "choices": []
  bool usage_object = false;
  std::optional<Run> usage_null;  // the member, its name included
};

std::optional<Members> members_of(std::string_view data) {
  json::Reader reader;
  reader.feed(data);
  if (reader.next() != Token::kBeginObject) return std::nullopt;
  Members members;
  Token token = reader.next();
  for (; token == Token::kName; token = reader.next()) {
    const std::string_view name = reader.piece();
    const auto begin = static_cast<std::size_t>(reader.token_begin());
    if (name != "choices" && name != "usage") {
      reader.ignore_value();
      continue;
    }
    const Token value = reader.next();
    const auto inside = static_cast<std::size_t>(reader.position());
    if (value == Token::kBeginObject || value == Token::kBeginArray) reader.skip();
    if (value == Token::kBeginArray && reader.next() != Token::kEndArray) return std::nullopt;
    if (value == Token::kBeginObject && reader.next() != Token::kEndObject) return std::nullopt;
    const auto end = static_cast<std::size_t>(reader.position());
    if (name == "choices" && value == Token::kBeginArray) {
      members.choices_empty = data.substr(inside, end - 1 - inside).find_first_not_of(kSpace) == std::string_view::npos;
    } else if (name == "usage") {
      members.usage_object = value == Token::kBeginObject;
      if (value == Token::kNull) members.usage_null = Run{begin, end};
    }
  }
  if (token != Token::kEndObject) return std::nullopt;
  return members;
}

// `member` with the comma that parts it from its neighbour.
Run with_comma(std::string_view data, Run member) {
  const auto after = data.find_first_not_of(kSpace, member.end);
  if (after != std::string_view::npos && data[after] == ',') {
    const auto next = data.find_first_not_of(kSpace, after + 1);
    return {member.begin, next == std::string_view::npos ? after + 1 : next};
  }
  const auto before = data.find_last_not_of(kSpace, member.begin - 1);
  const bool comma = before != std::string_view::npos && data[before] == ',';
  return {comma ? before : member.begin, member.end};
}

// Whether anything was left of it.
bool strip_event(std::string_view event, std::string& out) {
  if (event.find("\"usage\"") == std::string_view::npos) {
    out += event;
    return true;
  }
  const auto place = only_data(event);
  const std::string_view data = place ? event.substr(place->begin, place->end - place->begin) : std::string_view();
  const auto members = place ? members_of(data) : std::nullopt;
  if (members && members->usage_null) {
    const Run run = with_comma(data, *members->usage_null);
    out += event.substr(0, place->begin + run.begin);
    out += event.substr(place->begin + run.end);
    return true;
  }
  const bool only_usage = members && members->usage_object && members->choices_empty;
  if (!only_usage) out += event;
  return !only_usage;
}

}  // namespace

void UsageStrip::feed(std::string_view content, std::string& out) {
  while (!content.empty()) {
    if (std::exchange(after_cr_, false) && content.front() == '\n') {
      content.remove_prefix(1);
      // It goes where its \r went: to an event that may have ended with it.
      if (!held_.empty()) {
        held_ += '\n';
      } else if (handed_on_) {
        out += '\n';
      }
      continue;
    }
    const std::size_t newline = content.find('\n');
    const std::size_t end = std::min(content.substr(0, newline).find('\r'), newline);
    const bool whole_line = end != std::string_view::npos;
    const std::string_view line = content.substr(0, whole_line ? end + 1 : end);
    content.remove_prefix(line.size());
    held_ += line;
    line_is_empty_ = line_is_empty_ && line.size() == (whole_line ? 1U : 0U);
    if (whole_line) {
      after_cr_ = line.back() == '\r';
      end_line(out);
    }
    if (passing_ || held_.size() > kMaxHeldBytes) {
      passing_ = true;
      handed_on_ = true;
      out += held_;
      held_.clear();
    }
  }
}

// A line without anything ends an event.
void UsageStrip::end_line(std::string& out) {
  if (std::exchange(line_is_empty_, true)) finish(out);
}

void UsageStrip::finish(std::string& out) {
  if (std::exchange(passing_, false)) {
    out += held_;
    handed_on_ = true;
  } else {
    handed_on_ = strip_event(held_, out);
  }
  held_.clear();
}

}  // namespace tokometer::proxy
