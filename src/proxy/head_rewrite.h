// What changes in a head on its way through: the fields that belong to one
// connection only (RFC 9110, 7.6.1), the request's target and Host, and
// the fields that give us context (client/context_fields.h). Everything else is copied as it came.
//
// Neither Via nor Forwarded is added: an origin shall see the request that its
// client would have sent without us.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/http1_head.h"

namespace tokometer::proxy {

// What the origin needs changed in a request head whose content was changed (usage_injection.h).
struct RequestChanges {
  std::optional<std::uint64_t> content_length{};
  bool identity_only = false;  // what comes back is not to be coded
};

// Appends the head that the origin gets, in HTTP/1.1.
void write_request_head(std::string& out, const wire::http1::RequestHead& head, std::string_view target,
                        std::string_view authority, const RequestChanges& changes = {});

// What the client's connection needs of a response head.
struct ResponseChanges {
  bool drop_transfer_encoding = false;  // to an HTTP/1.0 client
  bool length_to_chunks = false;        // the content's length changes on the way; dropped alone for HTTP/1.0
  std::string_view connection;          // "close", "keep-alive" or empty
};

// Appends the head that the client gets, in HTTP/1.1.
void write_response_head(std::string& out, const wire::http1::ResponseHead& head, const ResponseChanges& changes);

// The same in HTTP/2: the fields after ":status", whose names are lowercased where they are sent. Views live as long as
// `head`.
void response_fields(const wire::http1::ResponseHead& head, bool drop_length, std::vector<wire::Field>& out);

// A request head, ours already, in HTTP/2: pseudo-fields first. Views live as long as `head`.
void request_fields(const wire::http1::RequestHead& head, bool tls, std::vector<wire::Field>& out);

}  // namespace tokometer::proxy
