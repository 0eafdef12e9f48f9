// What whoever starts a program says of all its calls: project, session, the run that they belong to, its budget.
//
//   {"project": "shop", "session": "s1", "tags": ["ci"], "run": "0190…", "budget": "5usd hard"}
//
// A run within a run has the outer one's id before its own, "OUTER.INNER": what belongs to it belongs to the outer one,
// too, and "outer" has the budgets that its calls count against besides.
//
// The same object stands in TOKOMETER_CONTEXT, and as base64url (RFC 4648 section 5, without padding) in two places
// that reach clients which can't set fields: a base URL's path (/c/<context>/openai/v1) and the user name in a
// proxy's URL (http://ctx-<context>:TOKEN@127.0.0.1:4141).
//
//   const auto context = decode_context(segment);       // or context_of_user(user_name)
//   const std::string segment = encode_context(*context);
//
// Unknown members are passed over, values that are too long are cut, empty ones count as not given.
//
// Not here: the fields of a single request (context_fields.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tokometer::client {

struct ContextLimits {
  std::size_t json_bytes = 4096;   // of the object; a longer one is refused
  std::size_t value_bytes = 256;   // of each value and tag; the rest is cut off
  std::size_t tags = 32;           // further ones are left out
  std::size_t tag_key_bytes = 64;  // of "key:value"; a tag with a longer one is left out
  std::size_t outer_runs = 8;      // further ones are left out
};

// What a run may use. At least one of the amounts is there.
struct Budget {
  std::optional<std::int64_t> picodollars = {};
  std::optional<std::int64_t> tokens = {};
  bool hard = false;  // calls past it are refused

  friend bool operator==(const Budget&, const Budget&) = default;
};

// A run around the one that a call belongs to.
struct OuterRun {
  std::string run;
  Budget budget;

  friend bool operator==(const OuterRun&, const OuterRun&) = default;
};

struct CallContext {
  std::string project = {};
  std::string program = {};
  std::string session = {};
  std::string agent = {};
  std::string user = {};
  std::string run = {};
  std::vector<std::string> tags = {};  // "name" or "key:value"
  std::optional<Budget> budget = {};
  std::vector<OuterRun> outer = {};  // those with a budget, the outermost first

  friend bool operator==(const CallContext&, const CallContext&) = default;
};

// "5usd", "0.50usd", "20000tok", "500ktok", "2Mtok", "$5"; amounts of both kinds may stand together ("5usd 2Mtok"),
// " hard" may follow.
Result<Budget> parse_budget(std::string_view text);
// The same text, in its plainest form.
std::string to_string(const Budget& budget);

// Tags are an array of strings, or an object whose members become "key:value".
Result<CallContext> parse_context(std::string_view json);
std::string to_json(const CallContext& context);

// Of a path's segment or a user name.
Result<CallContext> decode_context(std::string_view base64url);
std::string encode_context(const CallContext& context);

// What a user name of a proxy's URL says: "ctx-<context>", and any other name is the project.
Result<CallContext> context_of_user(std::string_view user_name);
std::string user_of_context(const CallContext& context);

// The context of a run within that of `outer`, which is a run's: with an id of its own, and no budget yet.
// kTooLarge where that id is too long, which takes several runs within each other.
Result<CallContext> context_within(CallContext outer, std::string_view id);
// Whether `run` is `outer`, or one within it.
bool is_within_run(std::string_view run, std::string_view outer);
// Whether it, or a run around it, has a budget that is hard.
bool has_hard_budget(const CallContext& context);
// The id of the run around `run`; empty if there is none.
std::string_view run_around(std::string_view run);

// Adds `tag` unless it is there, too many are, or it is empty.
void add_tag(std::vector<std::string>& tags, std::string_view tag);
// Adds "key:value", or the key alone where the value is empty.
void add_tag(std::vector<std::string>& tags, std::string_view key, std::string_view value);

}  // namespace tokometer::client
