#include "wire/http2_head.h"

#include <array>

#include "wire/http1_chars.h"
#include "wire/http1_encoder.h"

namespace tokometer::wire::http2 {
namespace {

using http1::Refusal;

Refusal refusal(const char* code, const char* reason) { return {.status = 400, .code = code, .reason = reason}; }

// The connection's own fields, which HTTP/2 has in other forms (RFC 9113, 8.2.2).
bool is_connection_field(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kNames = {"connection", "keep-alive", "proxy-connection",
                                                             "transfer-encoding", "upgrade"};
  for (const std::string_view known : kNames) {
    if (iequals(name, known)) return true;
  }
  return false;
}

void write_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

// What a request line is made of.
struct Pseudo {
  std::string_view method;
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;
  std::string_view protocol;
  std::string_view status;
};

Pseudo pseudo_fields(Fields fields) {
  Pseudo found;
  for (const auto& [name, value] : fields) {
    if (!name.starts_with(':')) break;
    if (name == ":method") found.method = value;
    if (name == ":scheme") found.scheme = value;
    if (name == ":authority") found.authority = value;
    if (name == ":path") found.path = value;
    if (name == ":protocol") found.protocol = value;
    if (name == ":status") found.status = value;
  }
  return found;
}

std::optional<Refusal> check(const Field& field) {
  if (!http1::is_token(field.name)) return refusal("field_name", "field: name has a forbidden character");
  if (!http1::is_text(field.value)) return refusal("field_value", "field: value has a control character");
  if (is_connection_field(field.name)) {
    return refusal("connection_field", "field: belongs to connections of HTTP/1.1 only");
  }
  return std::nullopt;
}

}  // namespace

bool is_extended_connect(Fields fields) {
  const Pseudo pseudo = pseudo_fields(fields);
  return pseudo.method == "CONNECT" && !pseudo.protocol.empty();
}

std::optional<Refusal> write_request(Fields fields, bool end, std::string_view websocket_key, std::string& out) {
  const Pseudo pseudo = pseudo_fields(fields);
  const bool tunnel = pseudo.method == "CONNECT" && !pseudo.protocol.empty();
  if (pseudo.method == "CONNECT" && !tunnel) {
    return Refusal{.status = 501, .code = "connect", .reason = "CONNECT: tunnels are not served in HTTP/2"};
  }
  if (tunnel && pseudo.protocol != "websocket") {
    return Refusal{.status = 501, .code = "connect_protocol", .reason = "CONNECT: only \"websocket\" is understood"};
  }
  if (!http1::is_token(pseudo.method)) return refusal("request_line", ":method: not a token");
  if (!iequals(pseudo.scheme, "https") && !iequals(pseudo.scheme, "http")) {
    return refusal("scheme", ":scheme: neither http nor https");
  }
  if (!pseudo.path.starts_with('/') && !(pseudo.path == "*" && pseudo.method == "OPTIONS")) {
    return refusal("target", ":path: does not begin with a slash");
  }
  for (const char c : pseudo.path) {
    if (c <= 0x20 || c >= 0x7F) return refusal("target", ":path: forbidden character");
  }
  if (!http1::is_text(pseudo.authority)) return refusal("host", ":authority: forbidden character");

  out.append(tunnel ? "GET" : pseudo.method).append(" ").append(pseudo.path).append(" HTTP/1.1\r\n");
  if (!pseudo.authority.empty()) write_field(out, "host", pseudo.authority);
  bool has_length = false;
  bool has_cookie = false;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto& [name, value] = fields[i];
    if (name.starts_with(':')) continue;
    if (const auto bad = check(fields[i])) return bad;
    if (!pseudo.authority.empty() && iequals(name, "host")) {
      // RFC 9113, 8.3.1: they name the same, or the request is malformed.
      if (!iequals(value, pseudo.authority)) return refusal("host", "host: differs from :authority");
      continue;
    }
    if (iequals(name, "te") && !iequals(value, "trailers"))
      return refusal("te", "te: only \"trailers\" may be asked for");
    if (iequals(name, "content-length")) {
      if (tunnel) continue;
      has_length = true;
    }
    if (!iequals(name, "cookie")) {
      write_field(out, name, value);
      continue;
    }
    if (has_cookie) continue;
    has_cookie = true;
    out.append(name).append(": ").append(value);
    for (const Field& later : fields.subspan(i + 1)) {
      if (!iequals(later.name, "cookie")) continue;
      if (const auto bad = check(later)) return bad;
      out.append("; ").append(later.value);
    }
    out += "\r\n";
  }
  if (tunnel) {
    out += "upgrade: websocket\r\nconnection: upgrade\r\n";
    write_field(out, "sec-websocket-key", websocket_key);
  } else if (!has_length && !end) {
    out += "transfer-encoding: chunked\r\n";
  } else if (!has_length && (pseudo.method == "POST" || pseudo.method == "PUT" || pseudo.method == "PATCH")) {
    out += "content-length: 0\r\n";  // RFC 9110, 8.6
  }
  out += "\r\n";
  return std::nullopt;
}

std::optional<Refusal> write_response(Fields fields, bool end, bool head_request, std::string& out) {
  const Pseudo pseudo = pseudo_fields(fields);
  int status = 0;
  for (const char c : pseudo.status) {
    if (c < '0' || c > '9' || status > 99) return refusal("status", ":status: not a number of three digits");
    status = status * 10 + (c - '0');
  }
  // RFC 9113, 8.6: there is no 101.
  if (status < 100 || status == 101) return refusal("status", ":status: not one of HTTP/2");
  http1::HeadWriter(out).status_line(status, http1::reason_phrase(status));
  bool has_length = false;
  for (const Field& field : fields) {
    if (field.name.starts_with(':')) continue;
    if (const auto bad = check(field)) return bad;
    has_length = has_length || iequals(field.name, "content-length");
    write_field(out, field.name, field.value);
  }
  if (!has_length && !end && status >= 200) out += "transfer-encoding: chunked\r\n";
  if (!has_length && end && !head_request && status >= 200 && status != 204 && status != 304) {
    out += "content-length: 0\r\n";
  }
  out += "\r\n";
  return std::nullopt;
}

bool is_trailer(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kForbidden = {"content-length", "host", "te", "trailer", "expect"};
  for (const std::string_view known : kForbidden) {
    if (iequals(name, known)) return false;
  }
  return !name.empty() && !name.starts_with(':') && !is_connection_field(name) && !istarts_with(name, "proxy-");
}

}  // namespace tokometer::wire::http2
