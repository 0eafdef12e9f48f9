// RequestDecoder: request line, Host and framing of a request.

#include "wire/http1_chars.h"
#include "wire/http1_decoder.h"

namespace tokometer::wire::http1 {
namespace {

// RFC 9112, 3.2: what may stand in a request line is visible ASCII. '#' would
// start a fragment, which is never sent.
bool is_target(std::string_view text) {
  bool good = !text.empty();
  for (const char c : text) good &= c > 0x20 && c < 0x7F && c != '#';
  return good;
}

// uri-host [ ":" port ], without userinfo. Enough to hold no second meaning.
bool is_authority(std::string_view text) {
  for (const char c : text) {
    const bool allowed = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         std::string_view("-._~!$&'()*+;=%:[]").find(c) != std::string_view::npos;
    if (!allowed) return false;
  }
  return true;
}

}  // namespace

Read RequestDecoder::read(std::string_view& input) {
  // RFC 9112, 2.2: one empty line before the request line is forgiven.
  while (leading_ < 2 && !input.empty() && reader_.empty() && input.front() == "\r\n"[leading_]) {
    input.remove_prefix(1);
    ++leading_;
  }
  if (input.empty()) return Read::kMore;
  if (leading_ == 1 || (reader_.empty() && !is_token_char(input.front()))) {
    reader_.refuse(400, "request_line", "request line: does not begin with a method");
    return Read::kRefused;
  }
  const Read result = reader_.read(input);
  // A bad request line is refused as soon as it is there (HTTP/0.9 sends nothing
  // after it), and before any fault that follows it.
  if (const auto line = reader_.first_line(); line && !line_checked_) {
    line_checked_ = true;
    if (!read_request_line(*line)) return Read::kRefused;
  }
  if (result != Read::kHead) return result;
  // Once more for the views, if the buffer has moved since.
  const bool moved = head_.method.data() != reader_.first_line()->data();
  if ((moved && !read_request_line(*reader_.first_line())) || !reader_.read_fields(head_) || !read_host() ||
      !read_framing()) {
    return Read::kRefused;
  }
  return Read::kHead;
}

std::optional<RequestDecoder::RequestLine> RequestDecoder::request_line() const {
  const auto line = reader_.first_line();
  if (!line) return std::nullopt;
  const auto first = line->find(' ');
  const auto last = line->rfind(' ');
  if (first == last) return std::nullopt;
  const std::string_view target = line->substr(first + 1, last - first - 1);
  if (!is_target(target) || target.front() != '/') return std::nullopt;
  return RequestLine{line->substr(0, first), target};
}

bool RequestDecoder::read_request_line(std::string_view line) {
  const auto bad = [&](const char* reason) { return reader_.refuse(400, "request_line", reason); };
  const auto first = line.find(' ');
  if (first == std::string_view::npos) return bad("request line: no target");
  const auto last = line.rfind(' ');
  if (last == first) return reader_.refuse(505, "http_version", "request line: no version (HTTP/0.9 is not spoken)");
  head_.method = line.substr(0, first);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(head_.method)) return bad("request line: method is not a token");
  if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.' || version[5] < '0' ||
      version[5] > '9' || version[7] < '0' || version[7] > '9') {
    return bad("request line: version is not HTTP/x.y");
  }
  if (version[5] == '2') {
    return reader_.refuse(505, "http2", "request line: HTTP/2 begins with its preface and has none");
  }
  if (version[5] != '1' || version[7] > '1') {
    return reader_.refuse(505, "http_version", "request line: only HTTP/1.0 and HTTP/1.1 are spoken");
  }
  head_.minor_version = version[7] - '0';
  return read_target(line.substr(first + 1, last - first - 1));
}

bool RequestDecoder::read_target(std::string_view target) {
  const auto bad = [&](const char* reason) { return reader_.refuse(400, "target", reason); };
  if (!is_target(target)) return bad("target: empty or with a forbidden character");
  head_.target = target;
  head_.authority = {};
  head_.scheme = {};
  if (head_.method == "CONNECT") {
    // RFC 9112, 3.2.3
    head_.authority = target;
    return is_authority(target) || bad("target: CONNECT takes HOST:PORT");
  }
  if (target.front() == '/') return true;
  if (target == "*") return head_.method == "OPTIONS" || bad("target: '*' is for OPTIONS only");
  // RFC 9112, 3.2.2: an absolute-form is accepted, and its authority goes before Host.
  const std::size_t scheme = istarts_with(target, "http://") ? 7 : istarts_with(target, "https://") ? 8 : 0;
  if (scheme == 0) return bad("target: neither a path nor an http URL");
  head_.scheme = scheme == 7 ? "http" : "https";
  const std::string_view rest = target.substr(scheme);
  const auto path = rest.find_first_of("/?");
  head_.authority = rest.substr(0, path);
  if (head_.authority.empty() || !is_authority(head_.authority)) return bad("target: bad authority");
  if (path == std::string_view::npos || rest[path] == '?') return bad("target: URL without a path");
  head_.target = rest.substr(path);
  return true;
}

bool RequestDecoder::read_host() {
  // RFC 9112, 3.2: exactly one in HTTP/1.1, at most one before.
  if (reader_.hosts() > 1) return reader_.refuse(400, "host", "host: several");
  if (reader_.hosts() == 0) {
    return head_.minor_version == 0 || reader_.refuse(400, "host", "host: missing");
  }
  for (std::size_t i = 0; i < head_.fields.size(); ++i) {
    if (head_.known[i] != KnownField::kHost) continue;
    if (!is_authority(head_.fields[i].value)) return reader_.refuse(400, "host", "host: forbidden character");
    if (head_.authority.empty()) head_.authority = head_.fields[i].value;
  }
  return true;
}

bool RequestDecoder::read_framing() {
  if (!reader_.read_framing(head_)) return false;
  // What follows the head of a CONNECT is the tunnel's (RFC 9110, 9.3.6).
  if (head_.method == "CONNECT" && head_.framing.has_content()) {
    return reader_.refuse(400, "connect", "CONNECT: has content");
  }
  const bool chunked = head_.framing.kind == Framing::Kind::kChunked;
  if (chunked && head_.minor_version == 0) {
    return reader_.refuse(400, "transfer_encoding_1_0", "transfer-encoding: not in HTTP/1.0");
  }
  head_.expect_continue = head_.minor_version == 1 && has_token(head_.fields, "expect", "100-continue");
  head_.upgrade = head_.minor_version == 1 && head_.connection_options &&
                  has_token(head_.fields, "connection", "upgrade") && find(head_.fields, "upgrade").has_value();
  return true;
}

void RequestDecoder::next() {
  reader_.reset();
  leading_ = 0;
  line_checked_ = false;
}

}  // namespace tokometer::wire::http1
