#include "net/fetch.h"

#include <poll.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "net/fd.h"
#include "net/socket.h"
#include "wire/http1_content.h"
#include "wire/http1_decoder.h"

namespace tokometer::net {
namespace {

using wire::http1::ContentDecoder;

constexpr std::string_view kScheme = "https://";
constexpr std::size_t kMaxUrl = 2'048;
constexpr std::uint16_t kHttpsPort = 443;

struct Url {
  std::string host;       // without brackets
  std::string authority;  // as in Host
  std::string target;
  std::uint16_t port = kHttpsPort;
};

bool is_visible(char c) { return c > ' ' && c < '\x7f'; }

std::optional<Url> parse_https(std::string_view text) {
  if (!is_https_url(text) || text.size() > kMaxUrl || !std::ranges::all_of(text, is_visible)) return std::nullopt;
  text.remove_prefix(kScheme.size());
  text = text.substr(0, text.find('#'));
  const auto end = text.find_first_of("/?");
  Url url;
  url.authority = text.substr(0, end);
  url.target = end == std::string_view::npos ? "/" : text.substr(end);
  if (url.target.starts_with('?')) url.target.insert(0, 1, '/');
  std::string_view host = url.authority;
  if (host.find('@') != std::string_view::npos) return std::nullopt;
  const auto bracket = host.rfind(']');
  const auto colon = host.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const std::string_view digits = host.substr(colon + 1);
    const auto [last, error] = std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
    if (error != std::errc() || last != digits.data() + digits.size() || url.port == 0) return std::nullopt;
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) return std::nullopt;
  url.host = host;
  return url;
}

struct Answer {
  int status = 0;
  std::string location;
  std::string content;
};

class Fetch {
 public:
  Fetch(const Url& url, const FetchOptions& options, SteadyTime deadline)
      : url_(url), options_(options), deadline_(deadline), tls_(options.tls, Limits()) {}

  Result<Answer> run() {
    if (auto connected = connect(); !connected) return fail(connected.error());
    auto stream = tls_.open(url_.host, url_.port);
    if (!stream) return fail(stream.error());
    stream_ = std::move(*stream);
    return exchange();
  }

 private:
  std::unexpected<Error> network(std::string_view what) const {
    return fail(ErrorCode::kNetwork, url_.host + ": " + std::string(what));
  }

  // Waits for `events`; false once the time is over.
  bool wait(short events) const {
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
      if (left.count() <= 0) return false;
      pollfd poll_fd{.fd = socket_.number(), .events = events, .revents = 0};
      const int ready = ::poll(&poll_fd, 1, static_cast<int>(left.count()));
      if (ready > 0) return true;
      if (ready == 0 || errno != EINTR) return false;
    }
  }
  std::unexpected<Error> too_late() const { return fail(ErrorCode::kTimeout, url_.host + ": no answer in time"); }

  Result<void> connect() {
    Resolver::Addresses addresses;
    if (const auto literal = Address::ip(url_.host, url_.port)) {
      addresses.push_back(*literal);
    } else {
      auto found = options_.names(url_.host);
      if (!found) return fail(found.error());
      addresses = std::move(*found);
    }
    int error = 0;
    for (const Address& address : addresses) {
      const Address with_port = address.with_port(url_.port);
      socket_ = stream_socket(with_port);
      if (!socket_) {
        error = errno;
        continue;
      }
      error = begin_connect(socket_.number(), with_port);
      if (error == EINPROGRESS) {
        if (!wait(POLLOUT)) return too_late();
        error = pending_error(socket_.number());
      }
      if (error == 0) return {};
    }
    Error failure = io_error(url_.host, error);
    failure.code = ErrorCode::kNetwork;
    return fail(std::move(failure));
  }

  Result<void> send(std::string& bytes) {
    std::string_view left = bytes;
    while (!left.empty()) {
      iovec piece{.iov_base = const_cast<char*>(left.data()), .iov_len = left.size()};
      const ssize_t count = write_some(socket_.number(), std::span(&piece, 1));
      if (count > 0) {
        left.remove_prefix(static_cast<std::size_t>(count));
      } else if (errno != EAGAIN && errno != EWOULDBLOCK) {
        return network("the connection broke");
      } else if (!wait(POLLOUT)) {
        return too_late();
      }
    }
    bytes.clear();
    return {};
  }

  Result<Answer> exchange() {
    std::string out;
    std::string request = "GET " + url_.target + " HTTP/1.1\r\nHost: " + url_.authority +
                          "\r\nUser-Agent: tokometer\r\nAccept: application/json\r\nAccept-Encoding: identity\r\n"
                          "Connection: close\r\n\r\n";
    auto status = stream_->start(out);
    std::string plain;
    std::vector<char> buffer(std::size_t{64} * 1024);
    for (;;) {
      if (auto sent = send(out); !sent) return fail(sent.error());
      if (status == TlsStream::Status::kFailed) return network(stream_->error());
      if (stream_->is_established() && !request.empty()) {
        status = stream_->send({request}, out);
        request.clear();
        continue;
      }
      if (auto read = take(plain); !read || *read) {
        if (!read) return fail(read.error());
        return std::move(answer_);
      }
      if (status == TlsStream::Status::kClosed) break;
      if (!wait(POLLIN)) return too_late();
      const ssize_t count = read_some(socket_.number(), buffer);
      if (count == 0) break;
      if (count < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) continue;
        return network("the connection broke");
      }
      status = stream_->receive({buffer.data(), static_cast<std::size_t>(count)}, plain, out);
    }
    // Only a proper end may be that of content without a length: else it could have been cut.
    if (has_head_ && content_.ends_with_connection() && status == TlsStream::Status::kClosed) return std::move(answer_);
    return network("the answer broke off");
  }

  // Reads what of the answer has come; whether that is all of it.
  Result<bool> take(std::string& plain) {
    std::string_view input = plain;
    while (!has_head_) {
      switch (head_.read(input, false)) {
        case wire::http1::Read::kMore:
          plain.clear();
          return false;
        case wire::http1::Read::kRefused:
          return network(head_.refusal().reason);
        case wire::http1::Read::kHead:
          break;
      }
      const auto& head = head_.head();
      if (head.informational()) {
        head_.next();
        continue;
      }
      answer_.status = head.status;
      answer_.location = wire::find(head.fields, "location").value_or("");
      const auto coding = wire::find(head.fields, "content-encoding").value_or("identity");
      if (answer_.status == 200 && coding != "identity") return network("the answer has a content coding");
      content_.start(head.framing);
      has_head_ = true;
      if (answer_.status != 200 || !head.framing.has_content()) return true;
    }
    pieces_.clear();
    const auto step = content_.read(input, pieces_);
    for (const std::string_view piece : pieces_) answer_.content += piece;
    plain.clear();
    if (answer_.content.size() > options_.max_bytes) {
      return fail(ErrorCode::kTooLarge, url_.host + ": more than " + std::to_string(options_.max_bytes) + " bytes");
    }
    if (step.state == ContentDecoder::State::kRefused) return network(content_.refusal().reason);
    return step.state == ContentDecoder::State::kEnd;
  }

  const Url& url_;
  const FetchOptions& options_;
  const SteadyTime deadline_;
  Fd socket_;
  TlsClient tls_;  // the stream's home
  std::unique_ptr<TlsStream> stream_;
  wire::http1::ResponseDecoder head_{wire::http1::Limits()};
  ContentDecoder content_{wire::http1::Limits()};
  std::vector<std::string_view> pieces_;
  bool has_head_ = false;
  Answer answer_;
};

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

bool is_https_url(std::string_view text) { return text.starts_with(kScheme); }

Result<std::string> fetch(std::string_view url, const FetchOptions& options) {
  const SteadyTime deadline = std::chrono::steady_clock::now() + options.timeout;
  auto parsed = parse_https(url);
  if (!parsed) return fail(ErrorCode::kInvalid, "no https:// URL that can be fetched");
  for (int redirects = 0;; ++redirects) {
    auto answer = Fetch(*parsed, options, deadline).run();
    if (!answer) return fail(answer.error());
    if (answer->status == 200) return std::move(answer->content);
    if (!is_redirect(answer->status)) {
      const auto code = answer->status == 404 || answer->status == 410 ? ErrorCode::kNotFound : ErrorCode::kNetwork;
      return fail(code, parsed->host + ": answered with status " + std::to_string(answer->status));
    }
    if (redirects == options.max_redirects) return fail(ErrorCode::kNetwork, parsed->host + ": redirects too often");
    std::string next = answer->location;
    if (next.starts_with('/') && !next.starts_with("//")) next.insert(0, std::string(kScheme) + parsed->authority);
    auto target = parse_https(next);
    if (!target) return fail(ErrorCode::kNetwork, parsed->host + ": redirects to what is no https:// URL");
    parsed = std::move(target);
  }
}

}  // namespace tokometer::net
