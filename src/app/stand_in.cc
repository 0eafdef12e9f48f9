#include "app/stand_in.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "wire/http1_content.h"
#include "wire/http1_decoder.h"

namespace tokometer::app {
namespace {

constexpr std::chrono::milliseconds kBetweenPieces{12};
constexpr std::size_t kMaxRequestBytes = std::size_t{4} << 20U;

// One client connection, one request at a time.
class StandInSession final : public proxy::Session {
 public:
  explicit StandInSession(proxy::Driver& driver) : driver_(driver) {}

  void on_bytes(proxy::ConnId, std::string_view bytes) override {
    while (!bytes.empty() && !done_) {
      if (!in_content_ && !read_head(bytes)) return;
      if (in_content_ && !read_content(bytes)) return;
    }
  }

  void on_timer(proxy::Timer) override {
    if (done_ || next_piece_ >= answer_.pieces.size()) return;
    const std::string& piece = answer_.pieces[next_piece_++];
    const bool last = next_piece_ == answer_.pieces.size();
    driver_.send(proxy::kClient, {fmt::format("{:x}\r\n", piece.size()), piece, last ? "\r\n0\r\n\r\n" : "\r\n"});
    if (last) {
      driver_.pause(proxy::kClient, false);
    } else {
      driver_.arm(proxy::Timer::kBetweenBytes, kBetweenPieces);
    }
  }

  void on_turn_end() override {}
  void on_eof(proxy::ConnId) override { close(); }
  void on_closed(proxy::ConnId, proxy::NetError) override { done_ = true; }
  void on_connected(proxy::ConnId, proxy::Connected) override {}
  void on_drained(proxy::ConnId) override {}
  void on_shutdown() override { close(); }
  bool done() const override { return done_; }

 private:
  bool read_head(std::string_view& bytes) {
    switch (heads_.read(bytes)) {
      case wire::http1::Read::kMore:
        return false;
      case wire::http1::Read::kRefused:
        close();
        return false;
      case wire::http1::Read::kHead:
        break;
    }
    target_ = heads_.head().target;
    content_.start(heads_.head().framing);
    in_content_ = true;
    body_.clear();
    if (!heads_.head().framing.has_content()) answer();
    return true;
  }

  bool read_content(std::string_view& bytes) {
    std::vector<std::string_view> pieces;
    const auto step = content_.read(bytes, pieces);
    for (const std::string_view piece : pieces) body_ += piece;
    bytes.remove_prefix(step.taken);
    if (step.state == wire::http1::ContentDecoder::State::kRefused || body_.size() > kMaxRequestBytes) {
      close();
      return false;
    }
    if (step.state == wire::http1::ContentDecoder::State::kEnd) answer();
    return true;
  }

  void answer() {
    in_content_ = false;
    heads_.next();
    answer_ = stand_in_answer(target_, body_);
    next_piece_ = 0;
    driver_.pause(proxy::kClient, true);  // until the answer has gone
    driver_.send(proxy::kClient,
                 {fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
                              answer_.status, answer_.status == 200 ? "OK" : "Not Found", answer_.content_type)});
    driver_.arm(proxy::Timer::kBetweenBytes, kBetweenPieces);
  }

  void close() {
    if (done_) return;
    driver_.close(proxy::kClient, proxy::Close::kGraceful);
    done_ = true;
  }

  proxy::Driver& driver_;
  wire::http1::Limits limits_;
  wire::http1::RequestDecoder heads_{limits_};
  wire::http1::ContentDecoder content_{limits_};
  bool in_content_ = false;
  bool done_ = false;
  std::string target_;
  std::string body_;
  StandInAnswer answer_;
  std::size_t next_piece_ = 0;
};

}  // namespace

std::unique_ptr<proxy::Session> StandIn::open(proxy::Driver& driver) {
  return std::make_unique<StandInSession>(driver);
}

}  // namespace tokometer::app
