// What changes in a head on its way through: the fields that belong to one
// connection only (RFC 9110, 7.6.1), the request's target and Host, and
// our own X-Tokometer-* fields. Everything else is copied as it came.
//
// Neither Via nor Forwarded is added: an origin shall see the request that its
// client would have sent without us.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/http1_head.h"

namespace tokometer::proxy {

// Appends the head that the origin gets, in HTTP/1.1.
void write_request_head(std::string& out, const wire::http1::RequestHead& head, std::string_view target,
                        std::string_view authority);

// What the client's connection needs of a response head.
struct ResponseChanges {
  bool drop_transfer_encoding = false;  // to an HTTP/1.0 client
  std::string_view connection;          // "close", "keep-alive" or empty
};

// Appends the head that the client gets, in HTTP/1.1.
void write_response_head(std::string& out, const wire::http1::ResponseHead& head, const ResponseChanges& changes);

}  // namespace tokometer::proxy
