#include "wire/http1_encoder.h"

#include <fmt/format.h>

#include <iterator>

namespace tokometer::wire::http1 {

void HeadWriter::request_line(std::string_view method, std::string_view target) {
  out_ += method;
  out_ += ' ';
  out_ += target;
  out_ += " HTTP/1.1\r\n";
}

void HeadWriter::status_line(int status, std::string_view reason) {
  out_ += "HTTP/1.1 ";
  const char digits[] = {static_cast<char>('0' + status / 100 % 10), static_cast<char>('0' + status / 10 % 10),
                         static_cast<char>('0' + status % 10), ' '};
  out_.append(digits, sizeof digits);
  out_ += reason;
  out_ += "\r\n";
}

void HeadWriter::field(std::string_view name, std::string_view value) {
  out_ += name;
  out_ += ": ";
  out_ += value;
  out_ += "\r\n";
}

void HeadWriter::copy_fields(const Head& head, FunctionRef<Keep(std::size_t index)> keep,
                             std::string_view replacement) {
  const std::size_t count = head.fields.size();
  const auto line_start = [&](std::size_t index) {
    return index == count ? head.raw.size() - 2
                          : static_cast<std::size_t>(head.fields[index].name.data() - head.raw.data());
  };
  std::size_t run = 0;  // the first line of the run that is to be copied
  const auto copy_run = [&](std::size_t end) {
    if (end > run) out_ += head.raw.substr(line_start(run), line_start(end) - line_start(run));
    run = end + 1;
  };
  for (std::size_t i = 0; i < count; ++i) {
    const Keep what = keep(i);
    if (what == Keep::kCopy) continue;
    copy_run(i);
    if (what == Keep::kReplace) field(head.fields[i].name, replacement);
  }
  copy_run(count);
}

std::string_view frame_content(Framing::Kind kind, std::span<const std::string_view> content, bool end, Fields trailers,
                               std::string& buffer) {
  const bool chunked = kind == Framing::Kind::kChunked;
  if (!chunked && content.size() <= 1) return content.empty() ? std::string_view() : content.front();
  buffer.clear();
  std::size_t size = 0;
  for (const std::string_view piece : content) size += piece.size();
  if (chunked && size > 0) fmt::format_to(std::back_inserter(buffer), "{:x}\r\n", size);
  for (const std::string_view piece : content) buffer += piece;
  if (!chunked) return buffer;
  if (size > 0) buffer += "\r\n";
  if (!end) return buffer;
  buffer += "0\r\n";
  for (const auto& [name, value] : trailers) buffer.append(name).append(": ").append(value).append("\r\n");
  buffer += "\r\n";
  return buffer;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 407:
      return "Proxy Authentication Required";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 508:
      return "Loop Detected";
    default:
      return "Error";
  }
}

}  // namespace tokometer::wire::http1
