// Exchanges of a client in HTTP/2 with origins in HTTP/1.1: what passes, and how.

#include "proxy/http2_session.h"

#include <gtest/gtest.h>

#include <string>

#include "proxy/http2_playbook_testing.h"
#include "wire/http2_testing.h"

namespace tokometer::proxy {
namespace {

using wire::http2::Code;
using wire::http2::End;

constexpr std::string_view kAcmeDial = "connect https://api.acme.example:443";
constexpr std::string_view kGetX = "send 1 GET /x HTTP/1.1\r\nhost: api.acme.example\r\n\r\n";

TEST(Http2SessionTest, PassesARequestAndItsResponse) {
  Http2Playbook play;
  play.request({{":path", "/acme/x?a=%2F"}, {"authorization", "Bearer k"}, {"cookie", "a=1"}, {"cookie", "b=2"}})
          << kAcmeDial >>
      connected(1) << "send 1 GET /x?a=%2F HTTP/1.1\r\nhost: api.acme.example\r\nauthorization: Bearer k\r\n"
                      "cookie: a=1; b=2\r\n\r\n" >>
      received(1, "HTTP/1.1 200 Fine\r\nX-Odd: y\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok")
          << "release 1" << "1 head 200 x-odd=y content-length=2" << "1 content ok" << "1 end";
  EXPECT_FALSE(play.done());
}

TEST(Http2SessionTest, AResponseInOneReadGoesOutInOneSend) {
  Http2Playbook play;
  play.request({{":path", "/acme/x"}}) << kAcmeDial >> connected(1) << kGetX;
  play.sends = 0;
  play >> received(1, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") << "release 1" << "1 head 200 content-length=2"
                                                                        << "1 content ok" << "1 end";
  EXPECT_EQ(play.sends, 1);
}

TEST(Http2SessionTest, FramesContentAnewWhereItsLengthIsNotTold) {
  Http2Playbook play;
  play.request({{":path", "/acme/x"}, {":method", "POST"}}, false) << kAcmeDial >>
      connected(1) << "send 1 POST /x HTTP/1.1\r\nhost: api.acme.example\r\ntransfer-encoding: chunked\r\n\r\n";
  play.content(0, "hello") << "send 1 5\r\nhello\r\n";
  play.content(0, "you", End::kYes, {{"x-sum", "7"}}) << "send 1 3\r\nyou\r\n0\r\nx-sum: 7\r\n\r\n" >>
      received(1, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: S\r\n\r\n3\r\nabc\r\n")
          << "1 head 200 trailer=S" << "1 content abc" >>
      received(1, "2\r\nde\r\n0\r\nS: 1\r\nContent-Length: 5\r\n\r\n") << "release 1" << "1 content de" << "1 end s=1";
}

TEST(Http2SessionTest, KeepsALengthThatIsTold) {
  Http2Playbook play;
  play.request({{":path", "/acme/x"}, {":method", "POST"}, {"content-length", "5"}}, false) << kAcmeDial >>
      connected(1) << "send 1 POST /x HTTP/1.1\r\nhost: api.acme.example\r\ncontent-length: 5\r\n\r\n";
  play.content(0, "he") << "send 1 he";
  play.content(0, "llo", End::kYes) << "send 1 llo" >> received(1, "HTTP/1.1 204 No Content\r\n\r\n")
                                                           << "release 1" << "1 head 204 end";
}

TEST(Http2SessionTest, ResponsesWithoutContentEndWithTheirHead) {
  for (const auto& [method, response, head] : std::vector<std::array<std::string, 3>>{
           {"GET", "HTTP/1.1 204 No Content\r\n\r\n", "1 head 204 end"},
           {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "1 head 304 content-length=9 end"},
           {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "1 head 200 content-length=9 end"},
           {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "1 head 200 content-length=0 end"}}) {
    Http2Playbook play;
    play.request({{":path", "/acme/x"}, {":method", method}}) << kAcmeDial >>
        connected(1) << fmt::format("send 1 {} /x HTTP/1.1\r\nhost: api.acme.example\r\n\r\n", method) >>
        received(1, response) << "release 1" << head;
  }
}

TEST(Http2SessionTest, PassesInformationalResponses) {
  Http2Playbook play;
  play.request({{":path", "/acme/x"}}) << kAcmeDial >> connected(1) << kGetX >>
      received(1, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n") << "1 head 103 link=</a>" >>
      received(1, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") << "release 1" << "1 head 200 content-length=0 end";
}

TEST(Http2SessionTest, ManyExchangesRunAtOnceAndEndInAnyOrder) {
  Http2Playbook play;
  play.request({{":path", "/acme/x"}}) << kAcmeDial;
  play.request({{":path", "/acme/y"}});  // waits to see whether the first's connection can be shared
  play >> connected(1) << kAcmeDial << kGetX;
  play >> connected(2) << "send 2 GET /y HTTP/1.1\r\nhost: api.acme.example\r\n\r\n" >>
      received(2, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb")
          << "release 2" << "3 head 200 content-length=1" << "3 content b" << "3 end" >>
      received(1, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na")
          << "release 1" << "1 head 200 content-length=1" << "1 content a" << "1 end";
}

TEST(Http2SessionTest, TellsTheTapOfTheEndBeforeItIsSent) {
  Http2Playbook play;
  play.measure();
  play.request({{":path", "/p/team/acme/v1/chat"}, {":method", "POST"}, {"x-tokometer-user", "u"}}, false)
      << kAcmeDial << "tap open POST api.acme.example /v1/chat team" << "tap sees x-tokometer-user";
  play >>
      connected(1) << "send 1 POST /v1/chat HTTP/1.1\r\nhost: api.acme.example\r\ntransfer-encoding: chunked\r\n\r\n";
  play.content(0, "hi", End::kYes) << "send 1 2\r\nhi\r\n0\r\n\r\n" << "tap request hi" << "tap request end";
  play.sends = 0;
  play >> received(1, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
              << "tap head 200" << "tap response ok" << "tap end" << "release 1" << "1 head 200 content-length=2"
              << "1 content ok" << "1 end";
}

TEST(Http2SessionTest, AnswersOfOurOwn) {
  Http2Playbook play;
  play.request({{":path", "/nowhere"}});
  const std::string head = play.take();
  EXPECT_TRUE(head.starts_with("1 head 404 content-type=application/json content-length=")) << head;
  EXPECT_TRUE(head.ends_with("x-tokometer-error=no_route")) << head;
  EXPECT_TRUE(play.take().starts_with("1 content {"));
  play << "1 end";
}

TEST(Http2SessionTest, InternalEndpointsAnswer) {
  struct Health : InternalEndpoints {
    std::optional<Reply> reply(std::string_view path, const RequestHead&) override {
      static constexpr std::array kFields{wire::Field{.name = "x-frame-options", .value = "DENY"}};
      if (path != "/-/health") return std::nullopt;
      return Reply{.status = 200, .content_type = "text/plain", .body = "fine", .fields = kFields};
    }
  };
  Http2Playbook play;
  play.context->internal = std::make_shared<Health>();
  play.request({{":path", "/-/health"}}) << "1 head 200 content-type=text/plain content-length=4 x-frame-options=DENY"
                                         << "1 content fine"
                                         << "1 end";
}

TEST(Http2SessionTest, RequestsThatHttp1CouldMisreadAreRefused) {
  for (const auto& fields : std::vector<std::vector<wire::Field>>{
           {{":path", "acme"}},
           {{":path", "http://other/acme/x"}},
           {{":path", "/acme/x"}, {":scheme", "ftp"}},
           {{":path", "/acme/x"}, {"host", "other"}},
           {{":path", "/acme/x"}, {":authority", "user@us"}},
       }) {
    Http2Playbook play;
    play.request(fields);
    const std::string head = play.take();
    EXPECT_TRUE(head.starts_with("1 head 400 ") || head == "1 closed 1") << head;
    while (!play.take().empty()) continue;
  }
}

TEST(Http2SessionTest, GrpcPasses) {
  Http2Playbook play;
  play.request({{":path", "/acme/pkg.Service/Method"},
                {":method", "POST"},
                {"te", "trailers"},
                {"content-type", "application/grpc"}},
               false)
          << kAcmeDial >>
      connected(1) << "send 1 POST /pkg.Service/Method HTTP/1.1\r\nhost: api.acme.example\r\n"
                      "content-type: application/grpc\r\ntransfer-encoding: chunked\r\nTE: trailers\r\n"
                      "Connection: TE\r\n\r\n";
  play.content(0, std::string_view("\0\0\0\0\0", 5), End::kYes)
          << std::string("send 1 5\r\n\0\0\0\0\0\r\n0\r\n\r\n", 22) >>
      received(1,
               "HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n"
               "1\r\nx\r\n0\r\ngrpc-status: 0\r\n\r\n")
          << "release 1" << "1 head 200 content-type=application/grpc" << "1 content x" << "1 end grpc-status=0";
}

// Flow control.

TEST(Http2SessionTest, ASlowStreamPausesItsOriginOnly) {
  Http2Playbook play;
  play.consumes = false;
  play.silent = true;
  play.request({{":path", "/acme/x"}}) << kAcmeDial >> connected(1) << kGetX;
  play.request({{":path", "/acme/y"}}) << kAcmeDial >>
      connected(2) << "send 2 GET /y HTTP/1.1\r\nhost: api.acme.example\r\n\r\n";
  play >> received(1, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = fmt::format("{:x}\r\n{}\r\n", 60'000, std::string(60'000, 'x'));
  for (int i = 0; i < 5; ++i) play >> received(1, chunk);  // 256 KiB are in the client's window
  play >> received(1, chunk) << "pause 1";
  play >> received(2, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") << "release 2";
  EXPECT_EQ(play.received_bytes, 256U * 1'024 + 2);
  play.consume(0, 200'000) << "resume 1";
  play >> received(1, "0\r\n\r\n") << "release 1";
  EXPECT_EQ(play.received_bytes, 360'002U);
}

TEST(Http2SessionTest, ASlowOriginStopsItsStreamOnly) {
  Http2Playbook play;
  play.request({{":path", "/acme/x"}, {":method", "POST"}}, false) << kAcmeDial >>
      connected(1) << "send 1 POST /x HTTP/1.1\r\nhost: api.acme.example\r\ntransfer-encoding: chunked\r\n\r\n";
  play.request({{":path", "/acme/x"}, {":method", "POST"}}, false) << kAcmeDial >>
      connected(2) << "send 2 POST /x HTTP/1.1\r\nhost: api.acme.example\r\ntransfer-encoding: chunked\r\n\r\n";
  const std::string much(200'000, 'x');
  play.writable = false;  // origin 1 takes no more
  play.content(0, much) << fmt::format("send 1 30d40\r\n{}\r\n", much);
  play.writable = true;
  play.content(0, much);
  EXPECT_EQ(play.take().size(), 7 + 6 + 62'144 + 2U);  // what the window still allowed
  play.content(1, much) << fmt::format("send 2 30d40\r\n{}\r\n", much);
  play.content(1, much);  // its window was opened again
  EXPECT_EQ(play.take().size(), 7 + 7 + 200'000 + 2U);
  play >> drained(1);
  play.from_client();
  EXPECT_EQ(play.take().size(), 7 + 7 + 137'856 + 2U);
}

// Ends.

TEST(Http2SessionTest, AResetOfTheClientsCancelsItsOriginOnly) {
  Http2Playbook play;
  play.measure();
  play.request({{":path", "/acme/x"}}) << kAcmeDial << "tap open GET api.acme.example /x " << "tap request end" >>
      connected(1) << kGetX;
  play.request({{":path", "/acme/x"}}) << kAcmeDial << "tap open GET api.acme.example /x " << "tap request end";
  play.reset(0, Code::kCancel) << "tap aborted client_closed 0" << "close 1 reset";
  play >> connected(2) << "send 2 GET /x HTTP/1.1\r\nhost: api.acme.example\r\n\r\n";
}

TEST(Http2SessionTest, AResetResponseMayBeReadToItsEnd) {
  Http2Playbook play;
  play.context->settings.on_client_close = OnClientClose::kDrain;
  play.measure();
  play.request({{":path", "/acme/x"}}) << kAcmeDial << "tap open GET api.acme.example /x " << "tap request end" >>
      connected(1) << kGetX;
  play.reset(0, Code::kCancel);
  play >> received(1, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
              << "tap head 200" << "tap response ok" << "tap aborted client_closed 0" << "release 1";
}

TEST(Http2SessionTest, AResponseThatBreaksOffNeverEndsCleanly) {
  Http2Playbook play;
  play.request({{":path", "/acme/x"}}) << kAcmeDial >> connected(1) << kGetX >>
      received(1, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf") << "1 head 200 content-length=9"
                                                                      << "1 content half" >>
      closed(1) << "1 closed 2";
  EXPECT_FALSE(play.done());
}

TEST(Http2SessionTest, AnOriginThatFailsIsAnsweredFor) {
  Http2Playbook play;
  play.request({{":path", "/acme/x"}}) << kAcmeDial >> closed(1, NetError::kRefused);
  EXPECT_TRUE(play.take().starts_with("1 head 502 "));
  EXPECT_NE(play.take().find("acme_down"), std::string::npos);
  play << "1 end";
}

TEST(Http2SessionTest, AnEarlyResponseEndsTheWishForTheRest) {
  Http2Playbook play;
  play.request({{":path", "/acme/x"}, {":method", "POST"}}, false) << kAcmeDial >>
      connected(1) << "send 1 POST /x HTTP/1.1\r\nhost: api.acme.example\r\ntransfer-encoding: chunked\r\n\r\n" >>
      received(1, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n") << "close 1 reset"
                                                                  << "1 head 403 content-length=0 end";
  // It may go on for a while, since a reset at once would look like a failure to many.
  play.content(0, "more");
  play.time += Http2Stream::kDiscardTime;
  play >> fired(Timer::kBetweenBytes);
  // RST_STREAM(NO_ERROR): its client sees the stream end, and no fault.
  EXPECT_EQ(play.client().streams(), 0U);
}

TEST(Http2SessionTest, OfARequestThatIsAnsweredSoMuchIsReadOn) {
  Http2Playbook play;
  play.request({{":path", "/nowhere"}, {":method", "POST"}}, false);
  for (int i = 0; i < 3; ++i) play.take();
  const std::string much(Http2Stream::kDiscardBytes / 8, 'x');
  for (int i = 0; i < 8; ++i) play.content(0, much);
  EXPECT_EQ(play.client().streams(), 1U);
  play.content(0, much);
  EXPECT_EQ(play.client().streams(), 0U);
}

TEST(Http2SessionTest, AClientThatLeavesTakesAllItsExchangesWithIt) {
  Http2Playbook play;
  play.request({{":path", "/acme/x"}}) << kAcmeDial >> connected(1) << kGetX;
  play.request({{":path", "/acme/x"}}) << kAcmeDial;
  play >> closed(kClient) << "close 1 reset" << "close 2 reset";
  EXPECT_TRUE(play.done());
}

TEST(Http2SessionTest, AClientsFinIsItsLeaving) {
  Http2Playbook play;
  play.request({{":path", "/acme/x"}}) << kAcmeDial >> eof(kClient) << "close 0 graceful" << "close 1 reset";
  EXPECT_TRUE(play.done());
}

TEST(Http2SessionTest, TimersAreEachStreams) {
  Http2Playbook play;
  play.request({{":path", "/acme/x"}}) << kAcmeDial >> connected(1) << kGetX;
  play.time += std::chrono::minutes(5);
  play.request({{":path", "/acme/y"}}) << kAcmeDial >>
      connected(2) << "send 2 GET /y HTTP/1.1\r\nhost: api.acme.example\r\n\r\n";
  play.time += std::chrono::minutes(5);
  play >> fired(Timer::kBetweenBytes) << "close 1 reset";
  EXPECT_TRUE(play.take().starts_with("1 head 504 "));
  play.take();
  play << "1 end";
  EXPECT_EQ(play.delay(Timer::kBetweenBytes), std::chrono::minutes(5));
  play.time += std::chrono::minutes(5);
  play >> fired(Timer::kBetweenBytes) << "close 2 reset";
  EXPECT_TRUE(play.take().starts_with("3 head 504 "));
  play.take();
  play << "3 end";
}

TEST(Http2SessionTest, AnIdleConnectionIsToldAndClosed) {
  Http2Playbook play;
  play.from_client();
  EXPECT_EQ(play.delay(Timer::kHead), play.context->settings.timeouts.head);
  play.request({{":path", "/acme/x"}}) << kAcmeDial >> closed(1, NetError::kRefused);
  EXPECT_EQ(play.delay(Timer::kHead).count(), 0);
  while (!play.take().empty()) continue;
  EXPECT_EQ(play.delay(Timer::kIdle), play.context->settings.timeouts.idle);
  play >> fired(Timer::kIdle) << "close 0 graceful" << "goaway 1";
  EXPECT_TRUE(play.done());
}

TEST(Http2SessionTest, WhatRunsEndsInPeaceWhenWeStop) {
  Http2Playbook play;
  play.request({{":path", "/acme/x"}}) << kAcmeDial >> connected(1) << kGetX;
  play >> shutdown() << "goaway 2147483647";
  play.from_client() << "goaway 1";  // its acknowledgement of our PING
  play >> received(1, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
              << "release 1" << "close 0 graceful" << "1 head 200 content-length=2" << "1 content ok" << "1 end";
  EXPECT_TRUE(play.done());
}

TEST(Http2SessionTest, AnIdleConnectionEndsAtOnceWhenWeStop) {
  Http2Playbook play;
  play.from_client();
  play >> shutdown() << "close 0 graceful" << "goaway 0";
  EXPECT_TRUE(play.done());
}

TEST(Http2SessionTest, AFloodEndsTheConnectionAndItsExchanges) {
  Http2Playbook play;
  play.request({{":path", "/acme/x"}}) << kAcmeDial;
  std::string flood;
  for (int i = 0; i < 1'500; ++i) flood += wire::http2::frame(wire::http2::kPing, 0, 0, "12345678");
  play.silent = true;
  play >> received(kClient, flood) << "close 0 graceful" << "close 1 reset";
  EXPECT_TRUE(play.done());
}

TEST(Http2SessionTest, AHeadThatIsTooLargeIsAnswered) {
  Http2Playbook play;
  play.context->settings.limits.http1.head_bytes = 2'000;
  play.request({{":path", "/acme/x"}, {"x", std::string(3'000, 'x')}});
  const std::string head = play.take();
  EXPECT_TRUE(head.starts_with("1 head 431 ")) << head;
  play.take();
  play << "1 end";
}

// Found by the fuzzer: a stream that is about to be reset for its client's fault closes in the midst of its response.
TEST(Http2SessionTest, AStreamMayCloseWhileItIsWrittenTo) {
  using namespace wire::http2;
  Http2Playbook play;
  play.request({{":path", "/acme/x"}, {":method", "POST"}}, false) << kAcmeDial >>
      connected(1) << "send 1 POST /x HTTP/1.1\r\nhost: api.acme.example\r\ntransfer-encoding: chunked\r\n\r\n";
  play.turns = false;
  const std::string update = frame(kWindowUpdate, 0, 1, big_endian(0x7FFFFFFF, 4));
  play >> received(kClient, update + update);
  play >> received(1, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf") << "close 1 reset";
  play.turns = true;
  play >> drained(kClient) << "1 closed 3";
}

// WebSocket (RFC 8441).

std::string opening(std::string_view command) {
  const std::size_t key = command.find("sec-websocket-key: ");
  EXPECT_NE(key, std::string_view::npos);
  EXPECT_EQ(command.find("\r\n", key) - key, 19U + 24U);
  return std::string(command.substr(0, key)) + std::string(command.substr(command.find("\r\n", key) + 2));
}

TEST(Http2SessionTest, AWebSocketBecomesAnUpgrade) {
  Http2Playbook play;
  play.watches = true;
  play.measure();
  play.request(
      {{":path", "/acme/live"}, {":method", "CONNECT"}, {":protocol", "websocket"}, {"sec-websocket-version", "13"}},
      false)
      << kAcmeDial << "tap open GET api.acme.example /live " << "tap request end";
  play.content(0, "early");
  play >> connected(1);
  EXPECT_EQ(opening(play.take()),
            "send 1 GET /live HTTP/1.1\r\nhost: api.acme.example\r\nsec-websocket-version: 13\r\n"
            "upgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
  play >> received(1,
                   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: p\r\n\r\n")
              << "tap head 101" << "tap tunnel" << "send 1 early" << "tap client early"
              << "1 head 200 sec-websocket-protocol=p";
  play >> received(1, "frame") << "tap origin frame" << "1 content frame";
  play.content(0, "back") << "send 1 back" << "tap client back";
  play.content(0, "bye", End::kYes) << "send 1 bye" << "close 1 half" << "tap client bye" << "tap client ended";
  play >> eof(1) << "tap end" << "close 1 graceful" << "1 end";
}

TEST(Http2SessionTest, ATunnelThatIsAtRestEndsWhenWeStop) {
  Http2Playbook play;
  play.request({{":path", "/acme/live"}, {":method", "CONNECT"}, {":protocol", "websocket"}}, false) << kAcmeDial;
  play >> connected(1);
  opening(play.take());
  play >> received(1, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
              << "1 head 200";
  play.time = SteadyTime(std::chrono::hours(1));
  play >> shutdown() << "close 1 graceful" << "goaway 2147483647" << "1 end";
  EXPECT_FALSE(play.done());
  play.content(0, "", End::kYes);
  while (!play.take().empty()) continue;
  EXPECT_TRUE(play.done());
}

TEST(Http2SessionTest, ARefusedWebSocketIsPassedOn) {
  for (const auto& [response, status] : std::vector<std::pair<std::string, std::string>>{
           {"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "403"},
           {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "502"}}) {  // must not look like a tunnel
    Http2Playbook play;
    play.request({{":path", "/acme/live"}, {":method", "CONNECT"}, {":protocol", "websocket"}}, false) << kAcmeDial;
    play >> connected(1);
    opening(play.take());
    play >> received(1, response) << "release 1" << fmt::format("1 head {} content-length=0 end", status);
  }
}

TEST(Http2SessionTest, ATunnelThatBreaksIsReset) {
  Http2Playbook play;
  play.request({{":path", "/acme/live"}, {":method", "CONNECT"}, {":protocol", "websocket"}}, false) << kAcmeDial;
  play >> connected(1);
  opening(play.take());
  play >> received(1, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
              << "1 head 200";
  play >> closed(1) << "1 closed 2";
}

}  // namespace
}  // namespace tokometer::proxy
