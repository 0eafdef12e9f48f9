// One file of client rules: data/clients/*.json, or the user's own, as values.
//
// The format is told in docs/clients.md and data/schema/clients.schema.json.
// Reading is strict: an unknown key or a rule that can never hold is a mistake.
//
// Not here: applying the rules (detector.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "json/mistakes.h"

namespace tokometer::client {

// What one field of the request must be.
struct Condition {
  enum class Kind : std::uint8_t {
    kPresent,
    kEquals,      // ignoring case
    kStartsWith,  // ignoring case
    kProduct      // one of `texts` is a product in it: "claude-cli/2.0.14", also after others
  };
  std::string field;
  Kind kind = Kind::kPresent;
  std::vector<std::string> texts;  // one, but for kProduct; of a product without its separator
  char separator = '/';            // between a product and its version
};

struct Rule {
  std::vector<Condition> conditions;  // all hold; the first, if of a product, gives the version
  std::string version_field;          // else this field does, if it is named
};

struct ClientRules {
  std::string name;
  std::int64_t priority = 0;
  std::vector<Rule> rules;
  std::vector<std::string> session_fields;  // where this client sends its session's id, in order
};

// Reads `content`; what is wrong is added to `mistakes`.
std::vector<ClientRules> read_client_file(std::string_view content, json::Mistakes& mistakes);

}  // namespace tokometer::client
