// One stream of a client's connection in HTTP/2: an exchange of its own.
//
// To its exchange it is the client's stream and the clock: it keeps the exchange's
// deadlines, of which the session's driver has but one set.
//
// One object serves streams one after the other, so that buffers are reused.
//
// Not here: frames and windows (wire/http2_connection.h), the connection as a
// whole (http2_session.h).
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/context.h"
#include "proxy/driver.h"
#include "proxy/exchange.h"
#include "proxy/http_origin.h"
#include "proxy/streams.h"
#include "wire/http2_connection.h"

namespace tokometer::proxy {

class Http2Session;

class Http2Stream final : private ClientStream, private Timing {
 public:
  // A request whose response is whole before it is read on and dropped, for so long and so much, since many clients
  // take a reset for a failure of the response; then it is reset (RFC 9113, 8.1).
  static constexpr std::chrono::milliseconds kDiscardTime{2'000};
  static constexpr std::size_t kDiscardBytes = std::size_t{1} << 20U;

  Http2Stream(Http2Session& session, Upstreams& upstreams, const Limits& limits)
      : session_(session), exchange_(*this, *this, origin_), origin_(upstreams, exchange_, limits) {
    deadlines_.fill(SteadyTime::max());
  }

  // The client's side. A stream that is `opaque` carries a tunnel once its request is accepted.
  void begin(wire::http2::Stream& stream, std::shared_ptr<const Context> context, const RequestHead& head, bool opaque,
             ForwardTo forward);
  // Its request is none, and answered so.
  void refuse(wire::http2::Stream& stream, const provider::Spec* spec, const wire::http1::Refusal& refusal,
              bool head_request);
  void content(std::string_view bytes);
  void end(wire::Fields trailers);
  // Hands on what has come; views of it end.
  void deliver();
  // The client's stream is gone. What that means is found out in `deliver`: it may come from within a call of ours.
  void closed();
  // The client's connection is gone.
  void client_gone();
  void room() { exchange_.client_drained(); }
  void stop();
  void shut_down() { exchange_.shut_down(); }

  // Fires what is due.
  void tick(SteadyTime now);
  SteadyTime next_deadline() const;

  bool running() const { return exchange_.running(); }
  // Neither the client nor the exchange knows it any more.
  bool over() const { return wire_ == nullptr && !exchange_.running(); }

  // Makes it ready for the next stream.
  void recycle();

  // For the session's lists: each names a stream once.
  bool has_content = false;
  bool has_room = false;
  bool may_be_over = false;

 private:
  bool send_informational(const ResponseHead& head) override;
  void send_head(const ResponseHead& head, bool changed) override;
  bool send(const Piece& piece) override;
  void flush() override {}  // what was sent goes with the turn's end
  void answer(const Answer& answer) override;
  void break_off() override;
  void pause_request(bool paused) override;
  void start_tunnel() override;
  void exchange_ended() override;

  void arm(Timer timer, std::chrono::milliseconds delay) override;
  UtcTime now() const override;
  SteadyTime steady() const override;

  void begin_response(int status);

  Http2Session& session_;
  Exchange exchange_;
  HttpOrigin origin_;
  wire::http2::Stream* wire_ = nullptr;  // null: closed
  std::shared_ptr<const Context> context_;
  std::array<SteadyTime, kTimerCount> deadlines_{};
  std::vector<std::string_view> pieces_;  // content that came with this read
  std::string held_;                      // content that came before its tunnel stood
  std::string trailers_;                  // serialized as "name:value\n"
  std::vector<wire::Field> fields_;
  std::array<char, 3> status_{};
  std::size_t discarded_ = 0;   // content that nobody waits for
  std::size_t unconsumed_ = 0;  // content handed on while its origin took no more
  bool opaque_ = false;
  bool tunnel_ = false;
  bool ended_ = false;           // the client has sent everything
  bool end_told_ = false;        // and the exchange knows
  bool response_ended_ = false;  // all of the response was handed over
  bool head_request_ = false;
  bool paused_ = false;
  bool left_ = false;  // the client's stream ended before its response did
};

}  // namespace tokometer::proxy
