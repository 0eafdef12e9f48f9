// ResponseDecoder: status line and framing of a response.

#include "wire/http1_chars.h"
#include "wire/http1_decoder.h"

namespace tokometer::wire::http1 {

Read ResponseDecoder::read(std::string_view& input, bool head_request) {
  const Read result = reader_.read(input);
  if (const auto line = reader_.first_line(); line && !read_status_line(*line)) return Read::kRefused;
  if (result != Read::kHead) return result;
  if (!reader_.read_fields(head_) || !read_framing(head_request)) return Read::kRefused;
  return Read::kHead;
}

bool ResponseDecoder::read_status_line(std::string_view line) {
  const auto bad = [&](const char* reason) { return reader_.refuse(502, "status_line", reason); };
  if (line.size() < 12 || !line.starts_with("HTTP/1.") || (line[7] != '0' && line[7] != '1') || line[8] != ' ') {
    return bad("status line: not HTTP/1.x");
  }
  int status = 0;
  for (const char c : line.substr(9, 3)) {
    if (c < '0' || c > '9') return bad("status line: status is not a number");
    status = status * 10 + (c - '0');
  }
  if (status < 100) return bad("status line: status below 100");
  // The space before an empty reason is often forgotten; nothing depends on it.
  if (line.size() > 12 && line[12] != ' ') return bad("status line: status is not three digits");
  head_.minor_version = line[7] - '0';
  head_.status = status;
  head_.reason = line.size() > 13 ? line.substr(13) : std::string_view();
  if (!is_text(head_.reason)) return bad("status line: control character");
  return true;
}

bool ResponseDecoder::read_framing(bool head_request) {
  if (!reader_.read_framing(head_)) return false;
  if (head_.minor_version == 0 && head_.framing.kind == Framing::Kind::kChunked) {
    return reader_.refuse(502, "transfer_encoding_1_0", "transfer-encoding: not in HTTP/1.0");
  }
  // RFC 9112, 6.3, rules 1, 2 and 8. Contradicting lengths were refused above all the same.
  if (head_request || head_.status < 200 || head_.status == 204 || head_.status == 304) {
    head_.framing = {};
  } else if (head_.framing.kind == Framing::Kind::kNone && reader_.content_lengths() == 0) {
    head_.framing = {.kind = Framing::Kind::kUntilClose};
    head_.keep_alive = false;
  }
  return true;
}

void ResponseDecoder::next() { reader_.reset(); }

}  // namespace tokometer::wire::http1
