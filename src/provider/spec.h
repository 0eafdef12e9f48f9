// What is known about one provider: how its traffic is recognised, reached and read.
//
// A Spec is a data file (data/providers/NAME.json, docs/provider-spec.md) after
// it was merged, checked and compiled. It is immutable and lives as long as its
// Registry.
//
// Not here: how bodies are read (format.h), which spec a request belongs to
// (registry.h), how the file is read (spec_file.h).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "provider/path_pattern.h"
#include "wire/fields.h"

namespace tokometer::provider {

struct Format;  // format.h

// Which of an endpoint's exchanges cost something.
enum class Billing {
  kAlways,
  kNever,  // counting, tokenizing, listing
  // The response repeats what an earlier one with the same response id may have
  // said already (a poll, a retrieval): usage counts the first time it is seen.
  kOncePerResponse,
};

// A condition on a request field: its value, or a part of it.
struct FieldMatch {
  std::string name;
  std::string pattern;  // "*" stands for anything, also within: "*.GenerateAssistantResponse"

  bool matches(wire::Fields fields) const;
};

struct Endpoint {
  std::string name;                  // its key in the file: "chat_completions"
  std::string operation;             // "chat", "responses", "embeddings", …
  std::vector<std::string> methods;  // upper case
  std::vector<PathPattern> paths;    // below the path of the spec's base_url
  std::vector<FieldMatch> fields;    // all must hold
  Billing billing = Billing::kAlways;
  bool ignore = false;                   // telemetry: passes, but makes no event
  std::shared_ptr<const Format> format;  // null: nothing in it is read
};

// A path that clients send when they replace only the provider's host.
struct BarePath {
  PathPattern path;
  std::vector<std::string> methods;  // empty: any
  std::vector<FieldMatch> fields;    // all must hold
};

struct Spec {
  std::string name;      // as in OpenTelemetry's gen_ai.provider.name: "openai", "gcp.gemini"
  std::string title;     // for people: "Google Gemini"
  std::string base_url;  // "https://api.openai.com"; empty: only the configuration can say
  std::string route;     // "gemini": /gemini/… goes here; empty: no route

  std::vector<std::string> hosts;  // "api.x.com", "*.x.com" (any depth below), "runtime.*.x.com" (one label)
  std::vector<BarePath> bare_paths;

  // Whose values are credentials and never leave the exchange.
  std::vector<std::string> secret_fields;  // lower case: "x-api-key"
  std::vector<std::string> secret_query;   // "key"
  // Where responses tell of limits and of the request's id; "*" stands for anything.
  std::vector<std::string> rate_limit_fields;  // lower case: "anthropic-ratelimit-*"
  std::vector<std::string> request_id_fields;

  std::vector<Endpoint> endpoints;
  std::string error_body;  // JSON with {status}, {type} and {message}; see error_body() in registry.h

  std::string source;  // the file that says so last, for messages: "anthropic.json"

  // The path that the endpoints' patterns know: `target` without its query and without the path of base_url.
  std::string_view own_path(std::string_view target) const;
};

// Whether `text` matches `pattern`, in which "*" stands for any run of characters.
bool wildcard_matches(std::string_view pattern, std::string_view text);

// `target` with the value of every query parameter in `secret_query` replaced by
// "REDACTED". Without a spec, those of "key", "api_key", "api-key", "apikey", "token"
// and "access_token".
std::string redacted_target(const Spec* spec, std::string_view target);

}  // namespace tokometer::provider
