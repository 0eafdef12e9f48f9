// Reads a merged object member by member, and refuses what nobody asked for.
//
//   ObjectReader reader(value, mistakes);
//   spec.title = reader.string("title").value_or("");
//   if (const Merged* formats = reader.object("formats")) …
//   reader.finish();  // "openai.json:12: unknown key \"titel\", did you mean \"title\"?"
//
// A key exists because it is read: there is no other list of them. Mistakes are
// gathered, so that one check names all of them.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "provider/merged.h"

namespace tokometer::provider {

// "FILE:LINE: what is wrong", in the order in which they were found.
class Mistakes {
 public:
  void add(const Merged& at, std::string_view what);
  void add(std::string message) { messages_.push_back(std::move(message)); }

  bool empty() const { return messages_.empty(); }
  const std::vector<std::string>& messages() const { return messages_; }

 private:
  std::vector<std::string> messages_;
};

class ObjectReader {
 public:
  // `object` and `mistakes` must outlive the reader. Something other than an
  // object is a mistake, and then reads as an empty one.
  ObjectReader(const Merged& object, Mistakes& mistakes);

  // The member called `key`, whatever it is. Null if there is none, or if it is JSON's null: that is how a
  // file takes away what it inherits.
  const Merged* any(std::string_view key);
  // The same where it must be of that kind; a value of another kind is a mistake and gives nothing.
  const Merged* object(std::string_view key);
  std::optional<std::string> string(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key);
  // An array of strings; `lone` allows one string instead of an array of one.
  std::vector<std::string> strings(std::string_view key, bool lone = false);
  // An array of names whose case does not matter, of fields or hosts: in lower case.
  std::vector<std::string> names(std::string_view key);
  // One of `choices`, as its position.
  std::optional<std::size_t> choice(std::string_view key, std::initializer_list<std::string_view> choices);

  // Adds a mistake for each member that was not asked for.
  void finish();

 private:
  const Merged& object_;
  Mistakes& mistakes_;
  std::vector<std::string_view> asked_;  // literals of the callers
};

// The strings of the array `value`, or `value` itself if it is a string and `lone`.
std::vector<std::string> read_strings(const Merged& value, bool lone, Mistakes& mistakes);

}  // namespace tokometer::provider
