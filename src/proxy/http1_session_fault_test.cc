// Exchanges that go wrong: whose fault it is, what each side is told, and what
// the tap hears.

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>

#include "proxy/playbook_testing.h"

namespace tokometer::proxy {
namespace {

constexpr std::string_view kConnect = "connect https://api.acme.example:443";
constexpr std::string_view kGet = "GET /acme/x HTTP/1.1\r\nHost: us\r\n\r\n";
constexpr std::string_view kGetSent = "send 1 GET /x HTTP/1.1\r\nHost: api.acme.example\r\n\r\n";
constexpr std::string_view kPost = "POST /acme/x HTTP/1.1\r\nHost: us\r\nContent-Length: 2\r\n\r\nhi";
constexpr std::string_view kPostSent =
    "send 1 POST /x HTTP/1.1\r\nHost: api.acme.example\r\nContent-Length: 2\r\n\r\nhi";

// Whether `command` sends the client an error of ours with these marks.
void expect_answer(const std::string& command, int status, std::string_view code, bool closes) {
  EXPECT_TRUE(command.starts_with(fmt::format("send 0 HTTP/1.1 {} ", status))) << command;
  EXPECT_NE(command.find(fmt::format("X-Tokometer-Error: {}\r\n", code)), std::string::npos) << command;
  EXPECT_NE(command.find("Content-Type: application/json\r\n"), std::string::npos) << command;
  EXPECT_NE(command.find("\r\n\r\n{\"error\":"), std::string::npos) << command;
  EXPECT_EQ(command.find("Connection: close\r\n") != std::string::npos, closes) << command;
}

TEST(Http1SessionFaultTest, BadHttpIsAnsweredAndTheConnectionClosed) {
  for (const auto& [bytes, status, code] : {
           std::tuple{"GET /x HTTP/1.1\r\nHost: a\n\r\n", 400, "bare_lf"},
           std::tuple{"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
                      "length_and_chunked"},
           std::tuple{"GET /x HTTP/2.0\r\n\r\n", 505, "http2"},
           std::tuple{"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501, "connect"},
       }) {
    Playbook play;
    play >> received(kClient, bytes);
    expect_answer(play.take(), status, code, true);
    play << "close 0 graceful";
    EXPECT_TRUE(play.done());
  }
}

TEST(Http1SessionFaultTest, BadChunksOfTheClientAreAnsweredAndCloseBothSides) {
  Playbook play;
  play.measure();
  play >> received(kClient, "POST /acme/x HTTP/1.1\r\nHost: us\r\nTransfer-Encoding: chunked\r\n\r\n")
              << kConnect << "tap open POST api.acme.example /x " >>
      connected(1) << "send 1 POST /x HTTP/1.1\r\nHost: api.acme.example\r\nTransfer-Encoding: chunked\r\n\r\n" >>
      received(kClient, "zz\r\n") << "close 1 reset" << "tap aborted client_protocol 400";
  expect_answer(play.take(), 400, "chunk_size", true);
  play << "close 0 graceful";
}

TEST(Http1SessionFaultTest, SlowHeadsAndContentsTimeOut) {
  Playbook head;
  EXPECT_EQ((head.session(), head.delay(Timer::kHead)), head.context->settings.timeouts.head);
  head >> received(kClient, "GET /x HT") >> fired(Timer::kHead);
  expect_answer(head.take(), 408, "request_timeout", true);
  head << "close 0 graceful";

  Playbook content;
  content >> received(kClient, "POST /acme/x HTTP/1.1\r\nHost: us\r\nContent-Length: 9\r\n\r\n") << kConnect;
  EXPECT_EQ(content.delay(Timer::kRequestContent), content.context->settings.timeouts.request_content);
  content >> fired(Timer::kRequestContent) << "close 1 reset";
  expect_answer(content.take(), 408, "request_timeout", true);
  content << "close 0 graceful";
}

TEST(Http1SessionFaultTest, ASilentClientIsClosedWithoutAWord) {
  Playbook play;
  play >> fired(Timer::kHead) << "close 0 graceful";
  Playbook idle;
  idle >> received(kClient, kGet) << kConnect >> connected(1) << kGetSent >> received(1, "HTTP/1.1 204 X\r\n\r\n")
                                                                                 << "send 0 HTTP/1.1 204 X\r\n\r\n"
                                                                                 << "release 1" >>
      fired(Timer::kIdle) << "close 0 graceful";
  EXPECT_TRUE(idle.done());
}

TEST(Http1SessionFaultTest, LargeContentIsRefused) {
  Playbook announced;
  announced.context->settings.limits.request_content_bytes = 10;
  announced >> received(kClient, "POST /acme/x HTTP/1.1\r\nHost: us\r\nContent-Length: 11\r\n\r\n");
  expect_answer(announced.take(), 413, "content_too_large", true);
  announced << "close 0 graceful";

  Playbook chunked;
  chunked.context->settings.limits.request_content_bytes = 10;
  chunked >>
      received(kClient, "POST /acme/x HTTP/1.1\r\nHost: us\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n")
          << kConnect << "close 1 reset";
  expect_answer(chunked.take(), 413, "content_too_large", true);
  chunked << "close 0 graceful";
}

TEST(Http1SessionFaultTest, PathsWithoutARouteSayWhichRoutesThereAre) {
  Playbook play;
  play >> received(kClient, "GET /nowhere HTTP/1.1\r\nHost: us\r\n\r\n");
  const std::string answer = play.take();
  expect_answer(answer, 404, "no_route", false);
  EXPECT_NE(answer.find("/acme/"), std::string::npos) << answer;
  // The connection goes on.
  play >> received(kClient, "GET /homeless/x HTTP/1.1\r\nHost: us\r\n\r\n");
  expect_answer(play.take(), 404, "no_origin", false);
}

TEST(Http1SessionFaultTest, AnErrorToHeadHasNoContent) {
  Playbook play;
  play >> received(kClient, "HEAD /nowhere HTTP/1.1\r\nHost: us\r\n\r\n");
  EXPECT_TRUE(play.take().ends_with("\r\n\r\n"));
}

TEST(Http1SessionFaultTest, FailuresToConnectAreNamed) {
  for (const auto& [why, status, code] :
       {std::tuple{NetError::kResolve, 502, "origin_resolve"}, std::tuple{NetError::kRefused, 502, "origin_refused"},
        std::tuple{NetError::kLoop, 508, "loop"}, std::tuple{NetError::kLimit, 503, "connections_exhausted"},
        std::tuple{NetError::kConnectTimeout, 504, "connect_timeout"}, std::tuple{NetError::kTls, 502, "origin_tls"},
        std::tuple{NetError::kTlsIssuer, 502, "origin_tls_issuer"},
        std::tuple{NetError::kTlsExpired, 502, "origin_tls_expired"},
        std::tuple{NetError::kTlsName, 502, "origin_tls_name"},
        std::tuple{NetError::kTlsCertificate, 502, "origin_tls_certificate"},
        std::tuple{NetError::kReset, 502, "origin_reset"}, std::tuple{NetError::kProxy, 502, "upstream_proxy"},
        std::tuple{NetError::kProxyTimeout, 504, "upstream_proxy_timeout"},
        std::tuple{NetError::kProxyUnauthorized, 502, "upstream_proxy_unauthorized"},
        std::tuple{NetError::kProxyRefused, 502, "upstream_proxy_refused"}}) {
    Playbook play;
    play.measure();
    play >> received(kClient, kGet) << kConnect << "tap open GET api.acme.example /x " << "tap request end" >>
        closed(1, why) << fmt::format("tap aborted {} {}", code, status);
    expect_answer(play.take(), status, code, false);
    EXPECT_FALSE(play.done());
  }
}

TEST(Http1SessionFaultTest, OriginsThatBreakOffBeforeAResponseAre502) {
  for (const Happening& happening :
       {eof(1), closed(1), received(1, "SSH-2.0-x\r\n"), received(1, "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"),
        received(1, "HTTP/1.1 101 Switching Protocols\r\n\r\n")}) {
    Playbook play;
    play >> received(kClient, kPost) << kConnect >> connected(1) << kPostSent >> happening;
    std::string command = play.take();
    if (command == "close 1 reset") command = play.take();
    EXPECT_TRUE(command.starts_with("send 0 HTTP/1.1 502 Bad Gateway\r\n")) << command;
  }
}

TEST(Http1SessionFaultTest, ABrokenResponseIsSeenAsBrokenByTheClient) {
  Playbook play;
  play.measure();
  play >> received(kClient, kGet) << kConnect << "tap open GET api.acme.example /x " << "tap request end" >>
      connected(1) << kGetSent >> received(1, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
                                      << "send 0 HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
                                      << "tap head 200" << "tap response a" >>
      eof(1) << "close 1 reset" << "tap aborted origin_reset 200" << "close 0 graceful";
  EXPECT_TRUE(play.done());

  // Without a length, a FIN would look like a regular end.
  Playbook until_close;
  until_close >> received(kClient, kGet) << kConnect >> connected(1) << kGetSent >>
      received(1, "HTTP/1.1 200 OK\r\n\r\na") << "send 0 HTTP/1.1 200 OK\r\nConnection: close\r\n\r\na" >>
      closed(1, NetError::kReset) << "close 0 reset";
}

TEST(Http1SessionFaultTest, BadChunksOfTheOriginBreakTheResponseOff) {
  Playbook play;
  play >> received(kClient, kGet) << kConnect >> connected(1) << kGetSent >>
      received(1, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
          << "send 0 HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" >>
      received(1, "zz") << "close 1 reset" << "close 0 graceful";
}

TEST(Http1SessionFaultTest, OriginsThatSayNothingTimeOut) {
  Playbook first;
  first >> received(kClient, kGet) << kConnect >> connected(1) << kGetSent;
  EXPECT_EQ(first.delay(Timer::kFirstByte), first.context->settings.timeouts.first_byte);
  first >> fired(Timer::kFirstByte) << "close 1 reset";
  expect_answer(first.take(), 504, "first_byte_timeout", false);

  Playbook between;
  between >> received(kClient, kGet) << kConnect >> connected(1) << kGetSent >>
      received(1, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
          << "send 0 HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na";
  EXPECT_EQ(between.delay(Timer::kFirstByte), std::chrono::milliseconds::zero());
  EXPECT_EQ(between.delay(Timer::kBetweenBytes), between.context->settings.timeouts.between_bytes);
  between >> fired(Timer::kBetweenBytes) << "close 1 reset" << "close 0 graceful";
}

TEST(Http1SessionFaultTest, AClientThatTakesNothingIsGivenUp) {
  Playbook play;
  play.measure();
  play >> received(kClient, kGet) << kConnect << "tap open GET api.acme.example /x " << "tap request end" >>
      connected(1) << kGetSent;
  play.writable = false;
  play >> received(1, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
              << "send 0 HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na" << "pause 1" << "tap head 200"
              << "tap response a" >>
      fired(Timer::kBetweenBytes) << "close 0 graceful" << "tap aborted client_closed 200" << "close 1 reset";
  EXPECT_TRUE(play.done());
}

TEST(Http1SessionFaultTest, AStalePooledConnectionIsTriedAgainWhereThatIsSafe) {
  for (const Happening& death : {eof(1), closed(1)}) {
    Playbook play;
    play >> received(kClient, kGet) << kConnect >> connected(1, true) << kGetSent >> death;
    std::string command = play.take();
    if (command == "close 1 reset") command = play.take();
    EXPECT_EQ(command, std::string(kConnect) + " fresh");
    play >> connected(2) << "send 2 GET /x HTTP/1.1\r\nHost: api.acme.example\r\n\r\n" >>
        received(2, "HTTP/1.1 204 X\r\n\r\n") << "send 0 HTTP/1.1 204 X\r\n\r\n"
                                              << "release 2";
  }
}

TEST(Http1SessionFaultTest, APostIsTriedAgainOnlyWithAnIdempotencyKey) {
  Playbook plain;
  plain >> received(kClient, kPost) << kConnect >> connected(1, true) << kPostSent >> closed(1);
  expect_answer(plain.take(), 502, "origin_reset", false);

  Playbook keyed;
  const std::string sent =
      "POST /x HTTP/1.1\r\nHost: api.acme.example\r\nIdempotency-Key: k\r\nContent-Length: 4\r\n\r\nhi";
  keyed >> received(kClient, "POST /acme/x HTTP/1.1\r\nHost: us\r\nIdempotency-Key: k\r\nContent-Length: 4\r\n\r\nhi")
               << kConnect >>
      connected(1, true) << "send 1 " + sent >> received(kClient, "!") << "send 1 !" >>
      closed(1) << std::string(kConnect) + " fresh" >> received(kClient, "?") >>
      connected(2) << "send 2 " + sent + "!?";
}

TEST(Http1SessionFaultTest, NothingIsTriedAgainOnceTooMuchWasSentOrAnswered) {
  Playbook large;
  large.context->settings.limits.retry_bytes = 80;
  large >> received(kClient, "PUT /acme/x HTTP/1.1\r\nHost: us\r\nContent-Length: 30\r\n\r\n") << kConnect >>
      connected(1, true) << "send 1 PUT /x HTTP/1.1\r\nHost: api.acme.example\r\nContent-Length: 30\r\n\r\n" >>
      received(kClient, std::string(30, 'a')) << "send 1 " + std::string(30, 'a') >> closed(1);
  expect_answer(large.take(), 502, "origin_reset", false);

  Playbook answered;
  answered >> received(kClient, kGet) << kConnect >> connected(1, true) << kGetSent >> received(1, "HT") >> closed(1);
  expect_answer(answered.take(), 502, "origin_reset", false);

  Playbook fresh;
  fresh >> received(kClient, kGet) << kConnect >> connected(1) << kGetSent >> closed(1);
  expect_answer(fresh.take(), 502, "origin_reset", false);
}

TEST(Http1SessionFaultTest, AClientThatLeavesCancelsTheOriginAtOnce) {
  Playbook play;
  play.measure();
  play >> received(kClient, kGet) << kConnect << "tap open GET api.acme.example /x " << "tap request end" >>
      connected(1) << kGetSent >> closed(kClient) << "tap aborted client_closed 0" << "close 1 reset";
  EXPECT_TRUE(play.done());

  Playbook late;
  late >> received(kClient, kGet) << kConnect >> connected(1) << kGetSent;
  late.time += std::chrono::seconds(1);
  late >> eof(kClient) << "close 1 reset" << "close 0 graceful";
  EXPECT_TRUE(late.done());
}

TEST(Http1SessionFaultTest, AClientThatLeavesWithinItsRequestCancels) {
  Playbook play;
  play >> received(kClient, "POST /acme/x HTTP/1.1\r\nHost: us\r\nContent-Length: 9\r\n\r\nab") << kConnect >>
      eof(kClient) << "close 1 reset" << "close 0 graceful";
}

TEST(Http1SessionFaultTest, AHalfCloseAfterTheRequestStillGetsItsResponse) {
  Playbook play;
  play >> received(kClient, kGet) << kConnect >> eof(kClient) >> connected(1) << kGetSent >>
      received(1, "HTTP/1.1 204 X\r\n\r\n") << "send 0 HTTP/1.1 204 X\r\nConnection: close\r\n\r\n"
                                            << "release 1"
                                            << "close 0 graceful";
}

TEST(Http1SessionFaultTest, DrainingReadsOnForTheTap) {
  Playbook play;
  play.measure();
  play.context->settings.on_client_close = OnClientClose::kDrain;
  play >> received(kClient, kGet) << kConnect << "tap open GET api.acme.example /x " << "tap request end" >>
      connected(1) << kGetSent >> received(1, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na")
                                      << "send 0 HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na" << "tap head 200"
                                      << "tap response a" >>
      closed(kClient);
  EXPECT_FALSE(play.done());
  EXPECT_EQ(play.delay(Timer::kDrain), play.context->settings.timeouts.drain);
  play >> received(1, "bc") << "tap response bc" >> received(1, "d") << "tap response d"
                                                                     << "tap aborted client_closed 200" << "release 1";
  EXPECT_TRUE(play.done());
}

TEST(Http1SessionFaultTest, DrainingHasItsLimits) {
  for (const bool by_time : {false, true}) {
    Playbook play;
    play.measure();
    play.context->settings.on_client_close = OnClientClose::kDrain;
    play.context->settings.limits.drain_bytes = 2;
    play >> received(kClient, kGet) << kConnect << "tap open GET api.acme.example /x " << "tap request end" >>
        connected(1) << kGetSent >> closed(kClient);
    if (by_time) {
      play >> fired(Timer::kDrain);
    } else {
      play >> received(1, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc") << "tap head 200" << "tap response abc";
    }
    play << "tap aborted client_closed 0" << "close 1 reset";
    EXPECT_TRUE(play.done());
  }
}

TEST(Http1SessionFaultTest, ShutdownLetsTheRunningExchangeEnd) {
  Playbook play;
  play >> received(kClient, kGet) << kConnect >> connected(1) << kGetSent >> shutdown() >>
      received(1, "HTTP/1.1 204 X\r\n\r\n") << "send 0 HTTP/1.1 204 X\r\nConnection: close\r\n\r\n"
                                            << "release 1"
                                            << "close 0 graceful";
  EXPECT_TRUE(play.done());

  Playbook idle;
  idle >> shutdown() << "close 0 graceful";
  EXPECT_TRUE(idle.done());
}

TEST(Http1SessionFaultTest, AnExchangeCutByTheEndOfTheProgramIsTold) {
  Playbook play;
  play.measure();
  play >> received(kClient, kGet) << kConnect << "tap open GET api.acme.example /x " << "tap request end";
  play.destroy_session();
  play << "tap aborted shutdown 0";
}

class FakeEndpoints : public InternalEndpoints {
 public:
  static constexpr std::array kFields{wire::Field{.name = "x-frame-options", .value = "DENY"}};
  std::optional<Reply> reply(std::string_view path, const RequestHead& head) override {
    if (path != "/-/health" || head.authority != "us") return std::nullopt;
    return Reply{.status = 200, .content_type = "application/json", .body = "{}", .fields = kFields};
  }
};

TEST(Http1SessionFaultTest, AnswersItsOwnEndpoints) {
  Playbook play;
  play.context->internal = std::make_shared<FakeEndpoints>();
  play >> received(kClient, "GET /-/health?x HTTP/1.1\r\nHost: us\r\n\r\nGET /-/no HTTP/1.1\r\nHost: us\r\n\r\n")
              << "send 0 HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nx-frame-options: "
                 "DENY\r\n\r\n{}";
  expect_answer(play.take(), 404, "no_endpoint", false);
}

TEST(Http1SessionFaultTest, AClientThatTakesNothingIsReadNoFurther) {
  const std::string nowhere = "GET /nowhere HTTP/1.1\r\nHost: us\r\n\r\n";
  Playbook play;
  play.writable = false;
  play >> received(kClient, nowhere + nowhere);
  expect_answer(play.take(), 404, "no_route", false);
  play << "pause 0";
  EXPECT_EQ(play.delay(Timer::kIdle), play.context->settings.timeouts.idle);
  play.writable = true;
  play >> drained(kClient) << "resume 0";
  expect_answer(play.take(), 404, "no_route", false);
}

TEST(Http1SessionFaultTest, InterimResponsesWaitForTheClient) {
  Playbook play;
  play >> received(kClient, kGet) << kConnect >> connected(1) << kGetSent;
  play.writable = false;
  play >> received(1, "HTTP/1.1 103 Early\r\n\r\n") << "send 0 HTTP/1.1 103 Early\r\n\r\n" << "pause 1";
  EXPECT_EQ(play.delay(Timer::kBetweenBytes), play.context->settings.timeouts.between_bytes);
  play.writable = true;
  play >> drained(kClient) << "resume 1";
  EXPECT_EQ(play.delay(Timer::kBetweenBytes), std::chrono::milliseconds::zero());
  EXPECT_EQ(play.delay(Timer::kFirstByte), play.context->settings.timeouts.first_byte);
}

TEST(Http1SessionFaultTest, AHeadThatComesWhileDrainingIsToldBeforeItsBytesGo) {
  Playbook play;
  play.measure();
  play.context->settings.on_client_close = OnClientClose::kDrain;
  play >> received(kClient, kGet) << kConnect << "tap open GET api.acme.example /x " << "tap request end" >>
      connected(1) << kGetSent >> closed(kClient);
  {
    std::string head = "HTTP/1.1 200 OK\r\nX-Told: whole\r\nContent-Length: 2\r\n\r\n";
    play >> received(1, head) << "tap head 200" << "tap told whole";
  }
  play >> received(1, "hi") << "tap response hi" << "tap aborted client_closed 0" << "release 1";
}

TEST(Http1SessionFaultTest, StoppingIsNotTheClientsDoing) {
  Playbook play;
  play.measure();
  play >> received(kClient, kGet) << kConnect << "tap open GET api.acme.example /x " << "tap request end" >>
      connected(1) << kGetSent >> closed(kClient, NetError::kStopped) << "tap aborted shutdown 0" << "close 1 reset";
  EXPECT_TRUE(play.done());
}

TEST(Http1SessionFaultTest, WhatIsRefusedHasTheShapeOfItsProvider) {
  Playbook play;
  play.measure();
  play >> received(kClient, "POST /acme/v1/chat HTTP/1.1\r\nHost: us\r\nA: b\r\n c\r\n\r\n") << "tap refused obs_fold";
  const std::string answer = play.take();
  EXPECT_NE(answer.find(R"("type":"acme_bad")"), std::string::npos) << answer;
  play << "close 0 graceful";
}

}  // namespace
}  // namespace tokometer::proxy
