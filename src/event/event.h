// The record of one finished exchange: what the journal keeps and reports show.
//
// Field names are those of the JSON form (event_json.h). Strings are empty and
// optionals unset where nothing is known. Content, keys and cookies are never
// in an event.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "base/uuid.h"
#include "meter/usage.h"

namespace tokometer::event {

struct Event {
  Uuid id;
  UtcTime started_at;                                  // the request's first byte
  std::int64_t duration_us = 0;                        // to the response's last byte, or to where it broke off
  std::optional<std::int64_t> time_to_first_byte_us;   // of the response, from started_at
  std::optional<std::int64_t> time_to_first_chunk_us;  // of the response's content

  std::string provider;   // "openai", …, "unknown"
  std::string operation;  // "chat", "responses", "embeddings", …; empty for an unknown endpoint
  std::string method;
  std::string host;  // of the origin, with the port where it is not the scheme's own
  std::string path;  // as sent to the origin; query values that may be keys are redacted

  std::string request_model;
  std::string response_model;
  std::string response_id;
  bool stream = false;
  int status_code = 0;     // 0: no response came
  std::string error_type;  // the provider's, or one of ours ("connect_timeout", "client_closed", …)
  std::string finish_reason;

  meter::Usage usage;

  std::optional<std::int64_t> cost_picodollars;  // absent: unknown, never 0
  std::string cost_details;                      // JSON: {"input": "0.0001", …}; empty if unknown
  std::string price_ref;                         // which catalog entry: "anthropic/claude-sonnet-4-5@2025-09-29"

  std::string client;  // "claude-code", "openai-python", …
  std::string client_version;
  std::string session_id;
  std::string thread_id;
  std::string agent_id;
  std::string project;
  std::string program;
  std::string user;
  std::string run;  // of `tokometer run`: a UUID that all calls of the program share
  std::vector<std::string> tags;

  std::int64_t request_bytes = 0;   // of content, as on the wire
  std::int64_t response_bytes = 0;  // of content, as on the wire
  bool truncated = false;           // the tap gave up on a part: counts may be missing
  bool complete = true;             // false when either side broke off
  bool billable = true;             // false where the endpoint bills nothing, or repeats an earlier call's usage
  std::string replaces;     // the id of an event that bills nothing any more, since this one has its exact usage
  std::string capture_ref;  // the file of the raw exchange; gone after its retention, or if the disk was full
  std::string source_id;    // of an imported exchange: its name in the file it came from
};

// The model that reports count the event under: the one that answered, else the one asked for.
std::string_view model(const Event& event);

// Whether the call failed: an error status, an error named, or no response at all.
bool is_error(const Event& event);

// Whether the exchange broke off while its usage was still growing (Anthropic states a first count of output when a
// stream begins): more was used than the event says, and its cost is a lower bound.
bool is_partial(const Event& event);

// Whether the event belongs into sums with a cost that nobody knows, or not all of.
bool is_cost_missing(const Event& event);

// The id of an exchange that is imported rather than seen: the same `source`
// at the same time always has the same id, so that importing twice changes
// nothing. `source` names the exchange and its file for good (a content hash).
Uuid imported_id(UtcTime started_at, std::string_view source);

}  // namespace tokometer::event
