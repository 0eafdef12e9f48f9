// Writer: appends JSON to a string, for events and the answers of the API.
//
//   std::string out;
//   Writer writer(out);
//   writer.begin_object();
//   writer.member("model", model);
//   writer.name("tags").begin_array();
//   for (auto& tag : tags) writer.string(tag);
//   writer.end_array().end_object();
//
// Commas and colons are its business; brackets that do not match are the
// caller's mistake, and the outcome is then no JSON. Strings that are not UTF-8
// are mended with U+FFFD. No white space is written.
//
// Not here: trees (document.h); numbers other than integers, doubles and text that is a number already.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "json/text.h"

namespace tokometer::json {

class Writer {
 public:
  // Appends to `out`, which must outlive the writer.
  explicit Writer(std::string& out) : out_(out) {}

  Writer& begin_object() { return open('{'); }
  Writer& end_object() { return shut('}'); }
  Writer& begin_array() { return open('['); }
  Writer& end_array() { return shut(']'); }

  // The name of the member whose value comes next.
  Writer& name(std::string_view name);

  Writer& string(std::string_view text);
  Writer& number(std::int64_t number);
  // The shortest text that reads back as `number`; null where JSON has no number for it.
  Writer& number(double number);
  Writer& boolean(bool value) { return raw(value ? "true" : "false"); }
  Writer& null() { return raw("null"); }
  // A value that is JSON already: a usage object as it came, an exact decimal.
  Writer& raw(std::string_view json);

  // name() and the value in one.
  Writer& member(std::string_view key, std::string_view text) { return name(key).string(text); }
  Writer& member(std::string_view key, const char* text) { return name(key).string(text); }
  Writer& member(std::string_view key, const std::string& text) { return name(key).string(text); }
  template <std::integral T>
  Writer& member(std::string_view key, T value) {
    name(key);
    if constexpr (std::same_as<T, bool>) {
      return boolean(value);
    } else {
      return number(static_cast<std::int64_t>(value));
    }
  }
  Writer& member(std::string_view key, double value) { return name(key).number(value); }
  // Nothing at all where the value is absent.
  template <typename T>
  Writer& member(std::string_view key, const std::optional<T>& value) {
    return value ? member(key, *value) : *this;
  }
  // The same for text, where empty stands for absent.
  Writer& member_unless_empty(std::string_view key, std::string_view text) {
    return text.empty() ? *this : member(key, text);
  }
  Writer& raw_member(std::string_view key, std::string_view json) { return name(key).raw(json); }

 private:
  void separate() {
    if (needs_comma_) out_ += ',';
    needs_comma_ = true;
  }
  Writer& open(char bracket) {
    separate();
    out_ += bracket;
    needs_comma_ = false;
    return *this;
  }
  Writer& shut(char bracket) {
    out_ += bracket;
    needs_comma_ = true;
    return *this;
  }

  std::string& out_;
  bool needs_comma_ = false;
};

}  // namespace tokometer::json
