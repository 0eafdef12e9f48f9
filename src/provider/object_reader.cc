#include "provider/object_reader.h"

#include <algorithm>

#include "base/nearest.h"

namespace tokometer::provider {
namespace {

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

}  // namespace

void Mistakes::add(const Merged& at, std::string_view what) { add(at.where() + ": " + std::string(what)); }

ObjectReader::ObjectReader(const Merged& object, Mistakes& mistakes) : object_(object), mistakes_(mistakes) {
  if (!object.is_object()) mistakes.add(object, "an object must stand here");
}

const Merged* ObjectReader::any(std::string_view key) {
  asked_.push_back(key);
  const Merged* value = object_.find(key);
  return value == nullptr || value->node.is_null() ? nullptr : value;
}

const Merged* ObjectReader::object(std::string_view key) {
  const Merged* value = any(key);
  if (value == nullptr || value->is_object()) return value;
  mistakes_.add(*value, in_quotes(key) + " must be an object");
  return nullptr;
}

std::optional<std::string> ObjectReader::string(std::string_view key) {
  const Merged* value = any(key);
  if (value == nullptr) return std::nullopt;
  if (const auto text = value->node.string()) return std::string(*text);
  mistakes_.add(*value, in_quotes(key) + " must be a string");
  return std::nullopt;
}

std::optional<bool> ObjectReader::boolean(std::string_view key) {
  const Merged* value = any(key);
  if (value == nullptr) return std::nullopt;
  const auto boolean = value->node.boolean();
  if (!boolean) mistakes_.add(*value, in_quotes(key) + " must be true or false");
  return boolean;
}

std::optional<std::int64_t> ObjectReader::integer(std::string_view key) {
  const Merged* value = any(key);
  if (value == nullptr) return std::nullopt;
  const auto number = value->node.int64();
  if (!number) mistakes_.add(*value, in_quotes(key) + " must be a whole number");
  return number;
}

std::vector<std::string> ObjectReader::strings(std::string_view key, bool lone) {
  const Merged* value = any(key);
  return value == nullptr ? std::vector<std::string>{} : read_strings(*value, lone, mistakes_);
}

std::vector<std::string> ObjectReader::names(std::string_view key) {
  std::vector<std::string> names = strings(key);
  for (std::string& name : names) {
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  }
  return names;
}

std::optional<std::size_t> ObjectReader::choice(std::string_view key, std::initializer_list<std::string_view> choices) {
  const Merged* value = any(key);
  if (value == nullptr) return std::nullopt;
  const auto text = value->node.string();
  const auto* found = text ? std::ranges::find(choices, *text) : choices.end();
  if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  std::string what = in_quotes(key) + " must be one of";
  for (const auto choice : choices) what += " " + in_quotes(choice);
  mistakes_.add(*value, what);
  return std::nullopt;
}

void ObjectReader::finish() {
  for (const MergedMember& member : object_.members) {
    if (std::ranges::find(asked_, member.name) != asked_.end()) continue;
    std::string what = "unknown key " + in_quotes(member.name);
    if (const auto near = nearest(member.name, asked_)) what += ", did you mean " + in_quotes(*near) + "?";
    mistakes_.add(member.value, what);
  }
}

std::vector<std::string> read_strings(const Merged& value, bool lone, Mistakes& mistakes) {
  std::vector<std::string> strings;
  if (const auto text = value.node.string(); text && lone) {
    strings.emplace_back(*text);
    return strings;
  }
  bool good = value.node.is_array();
  for (const json::Node element : value.node.elements()) {
    if (const auto text = element.string()) {
      strings.emplace_back(*text);
    } else {
      good = false;
    }
  }
  if (!good)
    mistakes.add(value,
                 lone ? "a string or an array of strings must stand here" : "an array of strings must stand here");
  return strings;
}

}  // namespace tokometer::provider
