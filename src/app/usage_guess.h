// Finds the usage object in a response that no spec describes, and guesses how
// its counts become ours.
//
//   if (auto found = find_usage(document.root())) … found->query is "$.usage"
//   const UsageGuess guess = guess_counts(usage_object);
//   guess.rules_json();   // {"input_tokens":{"sum":["$.input_tokens",…]},…}
//
// Counts are told by their names, as providers call them, else by the words of
// their names ("token_usage.in_tokens"), with a doubt; whether a count
// contains another is told by the numbers where they add up to only one total,
// else by the name and with a doubt.
//
// Not here: the rest of a spec (spec_draft.h), reading by a spec (meter/).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/document.h"

namespace tokometer::app {

struct FoundUsage {
  std::string query;  // "$.usage"; "$" where the counts stand in the document itself
  json::Node object;
  int score = 0;  // how many different counts it has
};

// The object with the most counts that are known by name; of equals the outermost, first. Looks 6 levels deep, at the
// first elements of arrays.
std::optional<FoundUsage> find_usage(json::Node root);

struct UsageGuess {
  struct Count {
    std::string name;                  // ours: "input_tokens"
    std::vector<std::string> queries;  // on the usage object; several are added up
    std::int64_t value = 0;
    std::string doubt = {};  // why it may be wrong; empty: the numbers prove it, or there is nothing to doubt
  };
  std::vector<Count> counts;

  std::string rules_json() const;
};

UsageGuess guess_counts(json::Node usage);

// `query` with the member `name` behind it: "$.a", "$['a b']".
std::string member_query(std::string_view query, std::string_view name);

}  // namespace tokometer::app
