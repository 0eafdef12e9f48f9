// Context in the fields of a single request.
//
//   X-Tokometer-Project, -Program, -Session, -Agent, -User, -Run, -Tags (comma-separated)
//   X-Tokentap-Project, -Program, -Session, -Context (a JSON object)
//   x-cylestio-prompt-id (agent), -conversation-id (session), -session-id (tag session:…), -tags (k:v,k2:v2)
//
// Programs that were set up for Tokentap or the Agent Inspector keep their meaning. A value of ours goes before
// Tokentap's, that before Cylestio's, and all before the context of the connection or path; tags of all are added up.
//
//   if (is_context_field(name)) drop();
//   read_context_fields(fields, context);
//
// Not here: context for all calls of a program (call_context.h).
#pragma once

#include <string_view>

#include "client/call_context.h"
#include "wire/fields.h"

namespace tokometer::client {

// Whether a field is for us: none of these reaches an origin, known or not.
inline bool is_context_field(std::string_view name) {
  // Most fields end the question here.
  if (name.size() < 11 || (name[0] | 0x20) != 'x' || name[1] != '-') return false;
  return wire::istarts_with(name, "x-tokometer-") || wire::istarts_with(name, "x-tokentap-") ||
         wire::istarts_with(name, "x-cylestio-");
}

// Puts what `fields` say over what `context` says.
void read_context_fields(wire::Fields fields, CallContext& context);

}  // namespace tokometer::client
