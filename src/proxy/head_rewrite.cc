#include "proxy/head_rewrite.h"

#include <fmt/format.h>

#include "client/context_fields.h"
#include "wire/http1_encoder.h"

namespace tokometer::proxy {
namespace {

using wire::http1::Head;
using wire::http1::HeadWriter;
using wire::http1::Keep;
using wire::http1::KnownField;

// Whether a field says something of the connection that it came on, and nothing to the next. HTTP/2 has none of
// these (RFC 9113, 8.2.2); in HTTP/1.1 we write some of them anew (RFC 9110, 7.6.1).
bool is_of_connection(KnownField field) {
  switch (field) {
    case KnownField::kConnection:
    case KnownField::kKeepAlive:
    case KnownField::kProxy:
    case KnownField::kTransferEncoding:
    case KnownField::kUpgrade:
    case KnownField::kHttp2Settings:
      return true;
    default:
      return false;
  }
}

// Whether Connection names fields beyond the options that we treat ourselves:
// then each field has to be looked up.
bool names_fields(const Head& head) {
  if (!head.connection_options) return false;
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    if (head.known[i] != KnownField::kConnection) continue;
    const std::string_view value = head.fields[i].value;
    const bool simple = wire::iequals(value, "close") || wire::iequals(value, "keep-alive") ||
                        wire::iequals(value, "upgrade") || value.empty();
    if (!simple) return true;
  }
  return false;
}

// h2c would make the origin speak HTTP/2 through a connection that we think we
// understand; every other protocol is opaque to us on purpose.
bool passes_upgrade(const wire::http1::RequestHead& head) {
  return head.upgrade && !wire::has_token(head.fields, "upgrade", "h2c");
}

}  // namespace

void write_request_head(std::string& out, const wire::http1::RequestHead& head, std::string_view target,
                        std::string_view authority, const RequestChanges& changes) {
  HeadWriter writer(out);
  writer.request_line(head.method, target);
  const bool named = names_fields(head);
  const bool upgrade = passes_upgrade(head);
  bool trailers = false;
  bool has_host = false;
  writer.copy_fields(
      head,
      [&](std::size_t i) {
        const std::string_view name = head.fields[i].name;
        switch (head.known[i]) {
          case KnownField::kHost:
            has_host = true;
            return Keep::kReplace;
          case KnownField::kContentLength:
            return changes.content_length ? Keep::kDrop : Keep::kCopy;
          case KnownField::kTransferEncoding:
          case KnownField::kExpect:
            return Keep::kCopy;
          case KnownField::kTe:
            trailers = trailers || wire::iequals(head.fields[i].value, "trailers");
            return Keep::kDrop;
          case KnownField::kUpgrade:
            return upgrade ? Keep::kCopy : Keep::kDrop;
          default:
            break;
        }
        if (is_of_connection(head.known[i])) return Keep::kDrop;
        if (client::is_context_field(name)) return Keep::kDrop;
        if (named && wire::has_token(head.fields, "connection", name)) return Keep::kDrop;
        if (changes.identity_only && wire::iequals(name, "accept-encoding")) return Keep::kDrop;
        return Keep::kCopy;
      },
      authority);
  if (changes.content_length) writer.field("Content-Length", fmt::format_int(*changes.content_length).c_str());
  // Without the field every coding would be acceptable (RFC 9110, 12.5.3).
  if (changes.identity_only) writer.field("Accept-Encoding", "identity");
  if (!has_host) writer.field("Host", authority);
  // Trailers pass, so that we may ask for them if the client did (RFC 9110, 10.1.4).
  if (trailers) writer.field("TE", "trailers");
  if (upgrade || trailers) {
    writer.field("Connection", upgrade && trailers ? "Upgrade, TE" : upgrade ? "Upgrade" : "TE");
  }
  writer.end();
}

void write_response_head(std::string& out, const wire::http1::ResponseHead& head, const ResponseChanges& changes) {
  HeadWriter writer(out);
  if (head.minor_version == 1) {
    out += head.raw.substr(0, head.start_line.size() + 2);
  } else {
    writer.status_line(head.status, head.reason);
  }
  const bool named = names_fields(head);
  const bool upgrade = head.status == 101 || head.status == 426;  // RFC 9110, 7.8
  writer.copy_fields(head, [&](std::size_t i) {
    switch (head.known[i]) {
      case KnownField::kTransferEncoding:
        return changes.drop_transfer_encoding ? Keep::kDrop : Keep::kCopy;
      case KnownField::kUpgrade:
        return upgrade ? Keep::kCopy : Keep::kDrop;
      case KnownField::kContentLength:
        return changes.length_to_chunks ? Keep::kDrop : Keep::kCopy;
      default:
        break;
    }
    if (is_of_connection(head.known[i])) return Keep::kDrop;
    if (named && wire::has_token(head.fields, "connection", head.fields[i].name)) return Keep::kDrop;
    return Keep::kCopy;
  });
  if (changes.length_to_chunks && !changes.drop_transfer_encoding) writer.field("Transfer-Encoding", "chunked");
  if (upgrade) {
    writer.field("Connection", changes.connection == "close" ? "Upgrade, close" : "Upgrade");
  } else if (!changes.connection.empty()) {
    writer.field("Connection", changes.connection);
  }
  writer.end();
}

void response_fields(const wire::http1::ResponseHead& head, bool drop_length, std::vector<wire::Field>& out) {
  const bool named = names_fields(head);
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    const KnownField field = head.known[i];
    if (is_of_connection(field) || field == KnownField::kTe) continue;
    if (drop_length && field == KnownField::kContentLength) continue;
    if (named && wire::has_token(head.fields, "connection", head.fields[i].name)) continue;
    out.push_back(head.fields[i]);
  }
}

void request_fields(const wire::http1::RequestHead& head, bool tls, std::vector<wire::Field>& out) {
  out.push_back({":method", head.method});
  out.push_back({":scheme", tls ? "https" : "http"});
  out.push_back({":authority", head.authority});
  out.push_back({":path", head.target});
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    if (is_of_connection(head.known[i]) || head.known[i] == KnownField::kHost) continue;
    out.push_back(head.fields[i]);
  }
}

}  // namespace tokometer::proxy
