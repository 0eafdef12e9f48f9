// HeadReader: the lines of a head and its fields, alike for both directions.

#include <cstring>

#include "wire/http1_chars.h"
#include "wire/http1_decoder.h"

namespace tokometer::wire::http1 {
namespace {

// Names are told apart by length and first letter: most fields cost one switch.
KnownField known_field(std::string_view name) {
  const char first = static_cast<char>(name[0] | 0x20);
  const auto is = [&](std::string_view other, KnownField known) {
    return first == other[0] && iequals(name, other) ? known : KnownField::kOther;
  };
  if (first == 'p') return istarts_with(name, "proxy-") ? KnownField::kProxy : KnownField::kOther;
  switch (name.size()) {
    case 2:
      return is("te", KnownField::kTe);
    case 4:
      return is("host", KnownField::kHost);
    case 6:
      return is("expect", KnownField::kExpect);
    case 7:
      return is("upgrade", KnownField::kUpgrade);
    case 10:
      return first == 'c' ? is("connection", KnownField::kConnection) : is("keep-alive", KnownField::kKeepAlive);
    case 14:
      return first == 'c' ? is("content-length", KnownField::kContentLength)
                          : is("http2-settings", KnownField::kHttp2Settings);
    case 17:
      return is("transfer-encoding", KnownField::kTransferEncoding);
    default:
      return KnownField::kOther;
  }
}

}  // namespace

Read HeadReader::read(std::string_view& input) {
  const std::size_t kept = buffer_.size();
  // One byte more than allowed is enough to see that it is too much.
  if (kept > 0) buffer_.append(input.substr(0, limits_.head_bytes + 1 - kept));
  const std::string_view bytes = kept > 0 ? std::string_view(buffer_) : input;
  seen_ = bytes;

  while (true) {
    const auto* lf = scanned_ < bytes.size()
                         ? static_cast<const char*>(std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_))
                         : nullptr;
    const std::size_t start = line_ends_.empty() ? 0 : line_ends_.back() + 1;
    const std::size_t end = lf == nullptr ? bytes.size() : static_cast<std::size_t>(lf - bytes.data());
    if (line_ends_.empty() && end > limits_.start_line_bytes) {
      refuse(414, "start_line_too_long", "start line: too long");
      return Read::kRefused;
    }
    if (end >= limits_.head_bytes || line_ends_.size() > limits_.fields + 1) {
      refuse(431, "head_too_large", "head: too large or too many fields");
      return Read::kRefused;
    }
    if (lf == nullptr) break;
    if (end == start || bytes[end - 1] != '\r') {
      refuse(400, "bare_lf", "head: line feed without carriage return");
      return Read::kRefused;
    }
    scanned_ = end + 1;
    line_ends_.push_back(static_cast<std::uint32_t>(end));
    if (end == start + 1 && line_ends_.size() > 1) {
      raw_ = bytes.substr(0, scanned_);
      input.remove_prefix(scanned_ - kept);
      return Read::kHead;
    }
  }
  if (kept == 0) {
    buffer_.assign(input);
    input = {};
  } else {
    input.remove_prefix(buffer_.size() - kept);
  }
  seen_ = buffer_;
  scanned_ = buffer_.size();
  return Read::kMore;
}

std::optional<std::string_view> HeadReader::first_line() const {
  if (line_ends_.empty()) return std::nullopt;
  return seen_.substr(0, line_ends_.front() - 1);
}

bool HeadReader::read_fields(Head& head) {
  head.raw = raw_;
  head.start_line = raw_.substr(0, line_ends_.front() - 1);
  head.connection_options = false;
  const std::size_t count = line_ends_.size() - 2;  // but for the start line and the empty line
  if (count > limits_.fields) return refuse(431, "head_too_large", "head: too many fields");
  fields_.resize(count);
  known_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t start = line_ends_[i] + 1;
    Field& field = fields_[i];
    if (!read_field(raw_.substr(start, line_ends_[i + 1] - 1 - start), field)) return false;
    const KnownField known = known_field(field.name);
    known_[i] = known;
    content_lengths_ += known == KnownField::kContentLength ? 1 : 0;
    transfer_encodings_ += known == KnownField::kTransferEncoding ? 1 : 0;
    hosts_ += known == KnownField::kHost ? 1 : 0;
    if (known == KnownField::kConnection) head.connection_options = true;
  }
  head.fields = fields_;
  head.known = known_;
  return true;
}

bool HeadReader::read_field(std::string_view line, Field& field) {
  if (line.front() == ' ' || line.front() == '\t') {
    return refuse(400, "obs_fold", "field: continued on a second line");
  }
  std::size_t colon = 0;
  while (colon < line.size() && is_token_char(line[colon])) ++colon;
  if (colon == 0 || colon == line.size() || line[colon] != ':') {
    return refuse(400, "field_name", "field: name is empty, has a forbidden character or no colon after it");
  }
  field.name = line.substr(0, colon);
  field.value = trim(line.substr(colon + 1));
  if (!is_text(field.value)) return refuse(400, "field_value", "field: value has a control character");
  return true;
}

bool HeadReader::read_framing(Head& head) {
  head.framing = {};
  head.keep_alive = head.minor_version == 1;
  if (head.connection_options) {
    const bool close = has_token(head.fields, "connection", "close");
    head.keep_alive = !close && (head.keep_alive || has_token(head.fields, "connection", "keep-alive"));
  }
  if (content_lengths_ + transfer_encodings_ == 0) return true;
  if (content_lengths_ > 0 && transfer_encodings_ > 0) {
    return refuse(400, "length_and_chunked", "content-length and transfer-encoding: only one may be there");
  }
  if (content_lengths_ + transfer_encodings_ > 1) {
    return refuse(400, "framing_repeated", "content-length or transfer-encoding: more than one");
  }
  for (std::size_t i = 0; i < head.known.size(); ++i) {
    if (head.known[i] == KnownField::kContentLength) return read_content_length(head.fields[i].value, head.framing);
    if (head.known[i] != KnownField::kTransferEncoding) continue;
    if (iequals(head.fields[i].value, "chunked")) {
      head.framing.kind = Framing::Kind::kChunked;
      return true;
    }
    // RFC 9112, 6.1: a coding we do not understand. We never ask for one (TE).
    return refuse(501, "transfer_encoding", "transfer-encoding: only \"chunked\" is understood");
  }
  return true;
}

bool HeadReader::read_content_length(std::string_view value, Framing& framing) {
  const auto bad = [&] { return refuse(400, "content_length", "content-length: not one number"); };
  // 18 digits are an exabyte and can't overflow.
  if (value.empty() || value.size() > 18) return bad();
  std::uint64_t length = 0;
  for (const char c : value) {
    if (c < '0' || c > '9') return bad();
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (length > 0) framing = {.kind = Framing::Kind::kLength, .length = length};
  return true;
}

void HeadReader::reset() {
  buffer_.clear();
  raw_ = seen_ = {};
  scanned_ = 0;
  line_ends_.clear();
  content_lengths_ = transfer_encodings_ = hosts_ = 0;
}

bool HeadReader::refuse(int status, const char* code, const char* reason) {
  refusal_ = {.status = status, .code = code, .reason = reason};
  return false;
}

}  // namespace tokometer::wire::http1
