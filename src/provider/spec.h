// What is known about one provider: how its traffic is recognised, reached and read.
//
// A Spec is a data file (data/providers/NAME.json, docs/provider-spec.md) after
// it was merged, checked and compiled. It is immutable and lives as long as its
// Registry.
//
// Not here: how bodies are read (format.h), which spec a request belongs to
// (registry.h), how the file is read (spec_file.h), what is a credential
// (secrets.h).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "provider/path_pattern.h"
#include "provider/quota_rules.h"
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

// A condition on what a path pattern captures.
struct CaptureMatch {
  std::string name;
  std::string pattern;  // as of FieldMatch: "*embed*"

  bool matches(const PathPattern::Captures& captures) const;
};

struct Endpoint {
  std::string name;                    // its key in the file: "chat_completions"
  std::string operation;               // "chat", "responses", "embeddings", …
  std::vector<std::string> methods;    // upper case
  std::vector<PathPattern> paths;      // below the path of the spec's base_url
  std::vector<FieldMatch> fields;      // all must hold
  std::vector<CaptureMatch> captures;  // all must hold
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

  // Whose values are credentials and never leave the exchange, besides those that secrets.h knows.
  std::vector<std::string> secret_fields;      // lower case: "x-api-key"
  std::vector<std::string> secret_query;       // "key"
  std::vector<std::string> request_id_fields;  // where responses name the request

  QuotaRules quotas;     // what responses tell of limits
  AccountRules account;  // whose limits these are

  std::vector<Endpoint> endpoints;
  std::string error_body;  // JSON with {status}, {type} and {message}; see error_body() in registry.h
  std::map<std::string, std::string> error_types;  // what {type} is, by status: "404", "5xx"

  std::string source;  // the file that says so last, for messages: "anthropic.json"

  // The path that the endpoints' patterns know: `target` without its query and without the path of base_url.
  std::string_view own_path(std::string_view target) const;
};

// Whether `text` matches `pattern`, in which "*" stands for any run of characters.
bool wildcard_matches(std::string_view pattern, std::string_view text);

}  // namespace tokometer::provider
