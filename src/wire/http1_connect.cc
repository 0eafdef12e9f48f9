#include "wire/http1_connect.h"

#include "wire/http1_encoder.h"

namespace tokometer::wire::http1 {
namespace {

// Of an answer whose fields mean nothing to us.
constexpr Limits kAnswerLimits{
    .start_line_bytes = std::size_t{2} * 1024, .head_bytes = std::size_t{16} * 1024, .fields = 100};

bool is_success(int status) { return status >= 200 && status < 300; }

}  // namespace

std::string connect_request(std::string_view authority, std::string_view credentials) {
  std::string out;
  HeadWriter writer(out);
  writer.request_line("CONNECT", authority);
  writer.field("Host", authority);
  if (!credentials.empty()) writer.field("Proxy-Authorization", credentials);
  writer.end();
  return out;
}

ConnectAnswer::ConnectAnswer() : decoder_(kAnswerLimits) {}

ConnectAnswer::State ConnectAnswer::read(std::string_view& bytes) {
  for (;;) {
    // What 2xx says of a content is not so (RFC 9110, 9.3.6), and that of a refusal is not read.
    switch (decoder_.read(bytes, true)) {
      case Read::kMore:
        return State::kMore;
      case Read::kRefused:
        return State::kRefused;
      case Read::kHead:
        break;
    }
    const int status = decoder_.head().status;
    if (is_success(status)) return State::kStands;
    if (status == 101 || status >= 300) {
      status_ = status;
      return State::kRefused;
    }
    decoder_.next();
  }
}

}  // namespace tokometer::wire::http1
