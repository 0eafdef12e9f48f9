// Mistakes: what is wrong with a file that people write, gathered so that all of it can be told at once.
//
//   Mistakes mistakes("prices/mine.json");
//   const auto document = mistakes.parse(content);
//   if (document) {
//     for (const Member member : document->root().members()) {
//       if (member.name == "provider") provider = mistakes.text(member);
//       else mistakes.unknown(member);
//     }
//   }
//   if (!mistakes.empty()) return fail(mistakes.first());  // "prices/mine.json:3: unknown key \"provder\""
//
// Not here: what the file must say, which its own reader knows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "json/document.h"

namespace tokometer::json {

struct Mistake {
  std::string where;  // "FILE:LINE"
  std::string what;
};

class Mistakes {
 public:
  // `file` is what messages call the file.
  explicit Mistakes(std::string file) : file_(std::move(file)) {}

  // The document in `content`; nothing, and a mistake, if it is no JSON. Names given twice are mistakes too.
  std::optional<Document> parse(std::string_view content);

  void add(Location where, std::string what);
  // The key is not one that its reader knows.
  void unknown(const Member& member);
  // The object at `where` lacks `key`.
  void missing(Node where, std::string_view key);

  // The member's value as what it has to be; an empty one, and a mistake, if it is something else.
  std::string text(const Member& member);                // a string that is not empty
  std::vector<std::string> texts(const Member& member);  // an array of such
  bool object(const Member& member);
  bool array(const Member& member);

  bool empty() const { return all_.empty(); }
  const std::vector<Mistake>& all() const { return all_; }
  // The first as an error of code kInvalid; only if there is one.
  Error first() const;

 private:
  std::string file_;
  std::vector<Mistake> all_;
};

}  // namespace tokometer::json
