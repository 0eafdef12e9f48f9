#include "json/mistakes.h"

#include <fmt/format.h>

#include <utility>

namespace tokometer::json {

std::optional<Document> Mistakes::parse(std::string_view content) {
  auto document = Document::parse(std::string(content));
  if (!document) {
    // The message starts with the place: "LINE:COLUMN: what".
    const std::string& message = document.error().message;
    const std::size_t end = message.find(": ");
    const std::size_t colon = message.find(':');
    if (end == std::string::npos) {
      all_.push_back({file_, message});
    } else {
      all_.push_back({file_ + ":" + message.substr(0, colon), message.substr(end + 2)});
    }
    return std::nullopt;
  }
  for (const auto& duplicate : document->duplicates()) {
    add(duplicate.location, fmt::format("\"{}\" is given twice", duplicate.name));
  }
  return std::move(*document);
}

void Mistakes::add(Location where, std::string what) {
  all_.push_back({fmt::format("{}:{}", file_, where.line), std::move(what)});
}

void Mistakes::unknown(const Member& member) {
  add(member.name_location(), fmt::format("unknown key \"{}\"", member.name));
}

void Mistakes::missing(Node where, std::string_view key) {
  add(where.location(), fmt::format("\"{}\" is missing", key));
}

std::string Mistakes::text(const Member& member) {
  const auto string = member.value.string();
  if (string && !string->empty()) return std::string(*string);
  add(member.value.location(), fmt::format("\"{}\" must be text that is not empty", member.name));
  return {};
}

std::vector<std::string> Mistakes::texts(const Member& member) {
  std::vector<std::string> result;
  if (!array(member)) return result;
  for (const Node element : member.value.elements()) {
    std::string one = text({member.name, element});
    if (!one.empty()) result.push_back(std::move(one));
  }
  return result;
}

bool Mistakes::object(const Member& member) {
  if (member.value.is_object()) return true;
  add(member.value.location(), fmt::format("\"{}\" must be an object", member.name));
  return false;
}

bool Mistakes::array(const Member& member) {
  if (member.value.is_array()) return true;
  add(member.value.location(), fmt::format("\"{}\" must be a list", member.name));
  return false;
}

Error Mistakes::first() const { return {ErrorCode::kInvalid, all_.front().where + ": " + all_.front().what}; }

}  // namespace tokometer::json
