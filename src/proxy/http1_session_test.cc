// Exchanges as they should be: what passes, and how it passes.

#include "proxy/http1_session.h"

#include <gtest/gtest.h>

#include <string>

#include "proxy/playbook_testing.h"

namespace tokometer::proxy {
namespace {

constexpr std::string_view kDial = "connect https://api.acme.example:443";

TEST(Http1SessionTest, PassesARequestAndItsResponseUnchangedButForHost) {
  Playbook play;
  play >> received(kClient,
                   "POST /acme/v1/chat?a=%2F HTTP/1.1\r\nhost: localhost:4141\r\nAUTHORIZATION:  Bearer k\r\n"
                   "x-b: 1\r\nX-B: 2\r\nContent-Length: 4\r\n\r\nbody")
              << kDial >>
      connected(1) << "send 1 POST /v1/chat?a=%2F HTTP/1.1\r\nhost: api.acme.example\r\nAUTHORIZATION:  Bearer k\r\n"
                      "x-b: 1\r\nX-B: 2\r\nContent-Length: 4\r\n\r\nbody" >>
      received(1, "HTTP/1.1 200 Fine By Me\r\nx-Odd:  y \r\nContent-Length: 2\r\nSet-Cookie: a\r\n\r\nok")
          << "send 0 HTTP/1.1 200 Fine By Me\r\nx-Odd:  y \r\nContent-Length: 2\r\nSet-Cookie: a\r\n\r\nok"
          << "release 1";
  EXPECT_FALSE(play.done());
}

TEST(Http1SessionTest, DropsHopByHopFieldsAndOurOwn) {
  Playbook play;
  play >> received(kClient,
                   "GET /acme/x HTTP/1.1\r\nHost: us\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: 5\r\nX-Hop: 1\r\n"
                   "Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic x\r\nTE: trailers\r\n"
                   "X-Tokometer-Project: p\r\nHTTP2-Settings: x\r\nUpgrade: h2c\r\nKeep: me\r\n\r\n")
              << kDial >>
      connected(1)
          << "send 1 GET /x HTTP/1.1\r\nHost: api.acme.example\r\nKeep: me\r\nTE: trailers\r\nConnection: TE\r\n\r\n" >>
      received(1,
               "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n"
               "Upgrade: h2\r\nVary: a\r\nContent-Length: 0\r\n\r\n")
          << "send 0 HTTP/1.1 200 OK\r\nVary: a\r\nContent-Length: 0\r\n\r\n"
          << "release 1";
}

TEST(Http1SessionTest, PassesChunksAndTrailersVerbatimInOneSend) {
  Playbook play;
  play >> received(kClient, "GET /acme/x HTTP/1.1\r\nHost: us\r\n\r\n") << kDial >>
      connected(1) << "send 1 GET /x HTTP/1.1\r\nHost: api.acme.example\r\n\r\n" >>
      received(1, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: S\r\n\r\n")
          << "send 0 HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: S\r\n\r\n" >>
      received(1, "003;x=y\r\nabc\r\n1\r\nd\r\n1\r\n") << "send 0 003;x=y\r\nabc\r\n1\r\nd\r\n1\r\n" >>
      received(1, "e\r\n0\r\nS: 1\r\n\r\n") << "send 0 e\r\n0\r\nS: 1\r\n\r\n"
                                            << "release 1";
}

TEST(Http1SessionTest, TellsTheTapAfterSendingAndOfTheEndBeforeIt) {
  Playbook play;
  play.measure();
  play >> received(kClient,
                   "POST /p/team/acme/v1/chat HTTP/1.1\r\nHost: us\r\nX-Tokometer-User: u\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n")
              << kDial << "tap open POST api.acme.example /v1/chat team" << "tap sees X-Tokometer-User"
              << "tap request hi" >>
      connected(1) << "send 1 POST /v1/chat HTTP/1.1\r\nHost: api.acme.example\r\nTransfer-Encoding: "
                      "chunked\r\n\r\n2\r\nhi\r\n" >>
      received(kClient, "0\r\n\r\n") << "send 1 0\r\n\r\n"
                                     << "tap request end" >>
      received(1, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
          << "send 0 HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n"
          << "tap head 200" << "tap response one" >>
      received(1, "3\r\ntwo\r\n") << "send 0 3\r\ntwo\r\n"
                                  << "tap response two" >>
      received(1, "2\r\nen\r\n1\r\nd\r\n0\r\n\r\n") << "tap response en" << "tap response d" << "tap end"
                                                    << "send 0 2\r\nen\r\n1\r\nd\r\n0\r\n\r\n"
                                                    << "release 1";
}

TEST(Http1SessionTest, ContextReachesTheTapAndNeverTheOrigin) {
  Playbook play;
  play.measure();
  const std::string context = client::encode_context({.project = "shop", .run = "r1"});
  play >> received(kClient, "GET /c/" + context + "/acme/v1/chat HTTP/1.1\r\nHost: us\r\nX-Tokentap-Project: p\r\n" +
                                "X-Api-Key: k\r\nx-cylestio-tags: a:b\r\nX-Tokometer-Project: q\r\n\r\n")
              << kDial << "tap open GET api.acme.example /v1/chat "
              << R"(tap has the context {"project":"shop","run":"r1"})" << "tap sees X-Tokometer-Project"
              << "tap request end" >>
      connected(1) << "send 1 GET /v1/chat HTTP/1.1\r\nHost: api.acme.example\r\nX-Api-Key: k\r\n\r\n" >>
      closed(kClient, NetError::kReset) << "tap aborted client_closed 0" << "close 1 reset";
}

TEST(Http1SessionTest, CallsGoOnWithoutAContextThatCannotBeRead) {
  Playbook play;
  play.measure();
  play >> received(kClient, "GET /c/e30x/acme/v1/chat HTTP/1.1\r\nHost: us\r\n\r\n")
              << "tap told of an unreadable context" << kDial << "tap open GET api.acme.example /v1/chat "
              << "tap request end" >>
      connected(1) << "send 1 GET /v1/chat HTTP/1.1\r\nHost: api.acme.example\r\n\r\n" >>
      closed(kClient, NetError::kReset) << "tap aborted client_closed 0" << "close 1 reset";
}

TEST(Http1SessionTest, ACallThatTheGateRefusesReachesNoOrigin) {
  struct ShutGate final : CallGate {
    std::optional<Refusal> refuse(const client::CallContext& context) override {
      if (context.run != "r1") return std::nullopt;
      return Refusal{.status = 402, .code = "budget_exceeded", .message = "all used up"};
    }
  };
  Playbook play;
  play.measure();
  play.context->gate = std::make_shared<ShutGate>();
  const std::string front = "/c/" + client::encode_context({.run = "r1"});
  play >> received(kClient, "GET " + front + "/acme/v1/chat HTTP/1.1\r\nHost: us\r\n\r\n")
              << "tap open GET api.acme.example /v1/chat " << R"(tap has the context {"run":"r1"})"
              << "tap aborted budget_exceeded 402";
  const std::string answer = play.take();
  EXPECT_TRUE(answer.starts_with("send 0 HTTP/1.1 402 ")) << answer;
  EXPECT_TRUE(answer.contains("X-Tokometer-Error: budget_exceeded\r\n")) << answer;
  EXPECT_TRUE(answer.contains("all used up")) << answer;
  play >> received(kClient, "GET /acme/v1/chat HTTP/1.1\r\nHost: us\r\n\r\n")
              << kDial << "tap open GET api.acme.example /v1/chat " << "tap request end" >>
      closed(kClient, NetError::kReset) << "tap aborted client_closed 0" << "close 1 reset";
}

TEST(Http1SessionTest, AResponseInOneReadGoesOutInOneSendAfterItsEvent) {
  Playbook play;
  play.measure();
  play >> received(kClient, "GET /acme/x HTTP/1.1\r\nHost: us\r\n\r\n") << kDial << "tap open GET api.acme.example /x "
                                                                        << "tap request end" >>
      connected(1) << "send 1 GET /x HTTP/1.1\r\nHost: api.acme.example\r\n\r\n" >>
      received(1, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
          << "tap head 200" << "tap response ok"
          << "tap end" << "send 0 HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" << "release 1";
}

TEST(Http1SessionTest, ResponsesWithoutContentEndAtOnce) {
  for (const std::string_view response :
       {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
    Playbook play;
    play >> received(kClient, "GET /acme/x HTTP/1.1\r\nHost: us\r\n\r\n") << kDial >>
        connected(1) << "send 1 GET /x HTTP/1.1\r\nHost: api.acme.example\r\n\r\n" >>
        received(1, response) << "send 0 " + std::string(response) << "release 1";
  }
}

TEST(Http1SessionTest, AnswersToHeadHaveNoContent) {
  Playbook play;
  play >> received(kClient, "HEAD /acme/x HTTP/1.1\r\nHost: us\r\n\r\n") << kDial >>
      connected(1) << "send 1 HEAD /x HTTP/1.1\r\nHost: api.acme.example\r\n\r\n" >>
      received(1, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
          << "send 0 HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"
          << "release 1";
}

TEST(Http1SessionTest, AResponseUntilCloseClosesTheClientAfterItsEvent) {
  Playbook play;
  play.measure();
  play >> received(kClient, "GET /acme/x HTTP/1.1\r\nHost: us\r\n\r\n") << kDial << "tap open GET api.acme.example /x "
                                                                        << "tap request end" >>
      connected(1) << "send 1 GET /x HTTP/1.1\r\nHost: api.acme.example\r\n\r\n" >>
      received(1, "HTTP/1.0 200 Old\r\nA: b\r\n\r\nsome")
          << "send 0 HTTP/1.1 200 Old\r\nA: b\r\nConnection: close\r\n\r\nsome" << "tap head 200"
          << "tap response some" >>
      eof(1) << "tap end" << "close 1 reset" << "close 0 graceful";
  EXPECT_TRUE(play.done());
}

TEST(Http1SessionTest, KeepsTheClientForTheNextRequest) {
  Playbook play;
  for (ConnId conn = 1; conn <= 2; ++conn) {
    play >> received(kClient, "GET /acme/x HTTP/1.1\r\nHost: us\r\n\r\n") << kDial >>
        connected(conn) << fmt::format("send {} GET /x HTTP/1.1\r\nHost: api.acme.example\r\n\r\n", conn) >>
        received(conn, "HTTP/1.1 204 X\r\n\r\n") << "send 0 HTTP/1.1 204 X\r\n\r\n"
                                                 << fmt::format("release {}", conn);
    EXPECT_EQ(play.delay(Timer::kIdle), play.context->settings.timeouts.idle);
  }
}

TEST(Http1SessionTest, PipelinedRequestsWaitForTheirTurn) {
  Playbook play;
  play >> received(kClient, "GET /acme/1 HTTP/1.1\r\nHost: us\r\n\r\nGET /acme/2 HTTP/1.1\r\nHost: us\r\n\r\nGET /ac")
              << kDial << "pause 0" >>
      connected(1) << "send 1 GET /1 HTTP/1.1\r\nHost: api.acme.example\r\n\r\n" >>
      received(1, "HTTP/1.1 204 X\r\n\r\n") << "send 0 HTTP/1.1 204 X\r\n\r\n"
                                            << "release 1" << "resume 0" << kDial << "pause 0" >>
      connected(2) << "send 2 GET /2 HTTP/1.1\r\nHost: api.acme.example\r\n\r\n" >>
      received(2, "HTTP/1.1 204 X\r\n\r\n") << "send 0 HTTP/1.1 204 X\r\n\r\n"
                                            << "release 2" << "resume 0" >>
      received(kClient, "me/3 HTTP/1.1\r\nHost: us\r\n\r\n") << kDial;
}

TEST(Http1SessionTest, ClosesWhenTheClientAsksForIt) {
  Playbook play;
  play >> received(kClient, "GET /acme/x HTTP/1.1\r\nHost: us\r\nConnection: close\r\n\r\n") << kDial >>
      connected(1) << "send 1 GET /x HTTP/1.1\r\nHost: api.acme.example\r\n\r\n" >>
      received(1, "HTTP/1.1 204 X\r\n\r\n") << "send 0 HTTP/1.1 204 X\r\nConnection: close\r\n\r\n"
                                            << "release 1"
                                            << "close 0 graceful";
}

TEST(Http1SessionTest, AnOriginThatClosesIsNotReused) {
  Playbook play;
  play >> received(kClient, "GET /acme/x HTTP/1.1\r\nHost: us\r\n\r\n") << kDial >>
      connected(1) << "send 1 GET /x HTTP/1.1\r\nHost: api.acme.example\r\n\r\n" >>
      received(1, "HTTP/1.1 200 X\r\nConnection: close\r\nContent-Length: 1\r\n\r\na")
          << "send 0 HTTP/1.1 200 X\r\nContent-Length: 1\r\n\r\na" << "close 1 reset";
  EXPECT_FALSE(play.done());
}

TEST(Http1SessionTest, AnOriginThatSendsMoreThanItsResponseIsNotReused) {
  Playbook play;
  play >> received(kClient, "GET /acme/x HTTP/1.1\r\nHost: us\r\n\r\n") << kDial >>
      connected(1) << "send 1 GET /x HTTP/1.1\r\nHost: api.acme.example\r\n\r\n" >>
      received(1, "HTTP/1.1 200 X\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 X\r\n")
          << "send 0 HTTP/1.1 200 X\r\nContent-Length: 1\r\n\r\na" << "close 1 reset";
}

TEST(Http1SessionTest, TakesChunksApartForHttp10) {
  Playbook play;
  play >> received(kClient, "GET /acme/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") << kDial >>
      connected(1) << "send 1 GET /x HTTP/1.1\r\nHost: api.acme.example\r\n\r\n" >>
      received(1,
               "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n"
               "2\r\nhi\r\n1\r\n!\r\n")
          << "send 0 HTTP/1.1 200 OK\r\nA: b\r\nConnection: close\r\n\r\n"
          << "send 0 hi" << "send 0 !" >>
      received(1, "0\r\nT: 1\r\n\r\n") << "release 1" << "close 0 graceful";
}

TEST(Http1SessionTest, KeepsAnHttp10ClientThatAsksForIt) {
  Playbook play;
  play >> received(kClient, "GET /acme/x HTTP/1.0\r\nHost: us\r\nConnection: keep-alive\r\n\r\n") << kDial >>
      connected(1) << "send 1 GET /x HTTP/1.1\r\nHost: api.acme.example\r\n\r\n" >>
      received(1, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na")
          << "send 0 HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\na" << "release 1";
  EXPECT_FALSE(play.done());
}

TEST(Http1SessionTest, RelaysContinueAndEarlyHints) {
  Playbook play;
  play >> received(kClient, "POST /acme/x HTTP/1.1\r\nHost: us\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
              << kDial >>
      connected(1)
          << "send 1 POST /x HTTP/1.1\r\nHost: api.acme.example\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n" >>
      received(1, "HTTP/1.1 100 Continue\r\n\r\n") << "send 0 HTTP/1.1 100 Continue\r\n\r\n" >>
      received(kClient, "hi") << "send 1 hi" >>
      received(1, "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 X\r\n\r\n")
          << "send 0 HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
          << "send 0 HTTP/1.1 204 X\r\n\r\n"
          << "release 1";
}

TEST(Http1SessionTest, AnEarlyAnswerEndsTheConnectionAfterIt) {
  Playbook play;
  play >> received(kClient, "POST /acme/x HTTP/1.1\r\nHost: us\r\nContent-Length: 100\r\n\r\nsome") << kDial >>
      connected(1) << "send 1 POST /x HTTP/1.1\r\nHost: api.acme.example\r\nContent-Length: 100\r\n\r\nsome" >>
      received(1, "HTTP/1.1 413 No\r\nContent-Length: 1\r\n\r\n!")
          << "send 0 HTTP/1.1 413 No\r\nContent-Length: 1\r\nConnection: close\r\n\r\n!" << "close 1 reset"
          << "close 0 graceful";
}

TEST(Http1SessionTest, TheRequestGoesOnWhileItsResponseBegins) {
  Playbook play;
  play >> received(kClient, "POST /acme/x HTTP/1.1\r\nHost: us\r\nContent-Length: 4\r\n\r\nab") << kDial >>
      connected(1) << "send 1 POST /x HTTP/1.1\r\nHost: api.acme.example\r\nContent-Length: 4\r\n\r\nab" >>
      received(1, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx")
          << "send 0 HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nx" >>
      received(kClient, "cd") << "send 1 cd" >> received(1, "y") << "send 0 y" << "release 1" << "close 0 graceful";
}

TEST(Http1SessionTest, PassesAnUpgradeAndThenEverything) {
  Playbook play;
  play.measure();
  play >>
      received(kClient, "GET /acme/ws HTTP/1.1\r\nHost: us\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly")
          << kDial << "tap open GET api.acme.example /ws " << "tap request end" << "pause 0" >>
      connected(1)
          << "send 1 GET /ws HTTP/1.1\r\nHost: api.acme.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n" >>
      received(1, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello")
          << "resume 0"
          << "tap head 101"
          << "send 0 HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello"
          << "send 1 early" >>
      received(kClient, "\x01\x02") << "send 1 \x01\x02" >> eof(kClient) << "close 1 half" >>
      received(1, "bye") << "send 0 bye" >> eof(1) << "tap end" << "close 1 graceful" << "close 0 graceful";
  EXPECT_TRUE(play.done());
}

// A tunnel that the tap watches.
class WatchedTunnelTest : public testing::Test {
 protected:
  WatchedTunnelTest() {
    play_.measure();
    play_.watches = true;
    play_ >> received(kClient, "GET /acme/ws HTTP/1.1\r\nHost: us\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
                 << kDial << "tap open GET api.acme.example /ws " << "tap request end" >>
        connected(1) << "send 1 GET /ws HTTP/1.1\r\nHost: api.acme.example\r\nUpgrade: websocket\r\nConnection: "
                        "Upgrade\r\n\r\n" >>
        received(1, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            << "send 0 HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
            << "tap head 101" << "tap tunnel";
  }
  Playbook play_;
};

TEST_F(WatchedTunnelTest, EndsAtShutdownBetweenTurns) {
  EXPECT_EQ(play_.delay(Timer::kDrain).count(), 0);
  play_.time = SteadyTime(std::chrono::hours(1));
  play_.in_turn = true;
  play_ >> shutdown();
  EXPECT_EQ(play_.delay(Timer::kDrain), kLookAgain) << "an answer may take its time";
  play_.in_turn = false;
  play_ >> fired(Timer::kDrain) << "tap aborted shutdown 101" << "close 1 graceful" << "close 0 graceful";
  EXPECT_TRUE(play_.done());
}

TEST_F(WatchedTunnelTest, AtShutdownEndsOnlyAtRest) {
  play_.time = SteadyTime(std::chrono::hours(1));
  play_.may_end = false;
  play_ >> received(1, "said") << "send 0 said" << "tap origin said";
  play_ >> shutdown();
  EXPECT_EQ(play_.delay(Timer::kDrain), kBetweenTurns.after_origin);
  play_ >> received(kClient, "asked") << "send 1 asked" << "tap client asked";
  play_.time += kBetweenTurns.after_origin;
  play_ >> fired(Timer::kDrain);
  EXPECT_EQ(play_.delay(Timer::kDrain), kBetweenTurns.after_client - kBetweenTurns.after_origin);
  play_.writable = false;
  play_ >> received(1, "much") << "send 0 much" << "pause 1" << "tap origin much";
  play_.time += kBetweenTurns.after_client;
  play_ >> fired(Timer::kDrain);
  EXPECT_EQ(play_.delay(Timer::kDrain), kLookAgain);
  play_ >> drained(kClient) << "resume 1" >> fired(Timer::kDrain) << "tap aborted shutdown 101" << "close 1 graceful"
                                                                  << "close 0 graceful";
}

TEST_F(WatchedTunnelTest, TheTapSeesAnEndBeforeTheClientDoesAndAllElseAfterwards) {
  play_ >> received(kClient, "ask") << "send 1 ask" << "tap client ask" >> received(1, "end")
                                                                               << "tap origin end" << "send 0 end";
  play_.may_end = false;
  play_ >> received(1, "middle") << "send 0 middle" << "tap origin middle" >> eof(1) << "tap end" << "close 1 graceful"
                                                                                     << "close 0 graceful";
}

TEST_F(WatchedTunnelTest, TheTapIsToldWhichSideEndedFirst) {
  play_ >> eof(kClient) << "close 1 half" << "tap client ended" >> received(1, "bye") << "tap origin bye"
                                                                                      << "send 0 bye" >>
      eof(1) << "tap end" << "close 1 graceful" << "close 0 graceful";
}

TEST_F(WatchedTunnelTest, TheTapIsToldHowItBrokeOff) {
  play_ >> closed(kClient) << "tap aborted client_closed 101" << "close 1 reset";
  EXPECT_TRUE(play_.done());
}

TEST_F(WatchedTunnelTest, TheTapIsToldWhenTheOriginBreaksOff) {
  play_ >> closed(1, NetError::kReset) << "tap aborted origin_reset 101" << "close 0 graceful";
}

TEST_F(WatchedTunnelTest, EachSideIsPausedWhileTheOtherIsSlow) {
  play_.writable = false;
  play_ >> received(1, "much") << "tap origin much" << "send 0 much" << "pause 1" >>
      received(kClient, "more") << "send 1 more" << "pause 0" << "tap client more" >> drained(kClient) << "resume 1" >>
      drained(1) << "resume 0";
}

TEST(Http1SessionTest, ATunnelThatStandsAtShutdownEndsTooWhenItRests) {
  Playbook play;
  play >> received(kClient, "GET /acme/ws HTTP/1.1\r\nHost: us\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
              << kDial >>
      shutdown() >> connected(1) << "send 1 GET /ws HTTP/1.1\r\nHost: api.acme.example\r\nUpgrade: websocket\r\n"
                                    "Connection: Upgrade\r\n\r\n" >>
      received(1, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
          << "send 0 HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n";
  EXPECT_EQ(play.delay(Timer::kDrain), kLookAgain);
  play.time += kUnread.after_origin;
  play >> fired(Timer::kDrain) << "close 1 graceful" << "close 0 graceful";
  EXPECT_TRUE(play.done());
}

TEST(Http1SessionTest, WhatComesWithTheUpgradeIsSeenInTheTunnel) {
  Playbook play;
  play.measure();
  play.watches = true;
  play >>
      received(kClient, "GET /acme/ws HTTP/1.1\r\nHost: us\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly")
          << kDial << "tap open GET api.acme.example /ws " << "tap request end" << "pause 0" >>
      connected(1)
          << "send 1 GET /ws HTTP/1.1\r\nHost: api.acme.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n" >>
      received(1, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello")
          << "resume 0" << "tap head 101" << "tap tunnel" << "tap origin hello"
          << "send 0 HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello"
          << "send 1 early" << "tap client early";
}

TEST(Http1SessionTest, PausesTheFasterSide) {
  Playbook play;
  play >> received(kClient, "POST /acme/x HTTP/1.1\r\nHost: us\r\nContent-Length: 9\r\n\r\n") << kDial >>
      connected(1) << "send 1 POST /x HTTP/1.1\r\nHost: api.acme.example\r\nContent-Length: 9\r\n\r\n";
  play.writable = false;
  play >> received(kClient, "abc") << "send 1 abc" << "pause 0";
  EXPECT_EQ(play.delay(Timer::kRequestContent), std::chrono::milliseconds::zero());
  play.writable = true;
  play >> drained(1) << "resume 0" >> received(kClient, "defghi") << "send 1 defghi";
  play.writable = false;
  play >> received(1, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
              << "send 0 HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab" << "pause 1";
  play.writable = true;
  play >> drained(kClient) << "resume 1" >> received(1, "cd") << "send 0 cd" << "release 1";
}

TEST(Http1SessionTest, HoldsOnlySoMuchOfARequestUntilConnected) {
  Playbook play;
  play.context->settings.limits.held_bytes = 100;
  play >> received(kClient, "POST /acme/x HTTP/1.1\r\nHost: us\r\nContent-Length: 40\r\n\r\n") << kDial >>
      received(kClient, std::string(39, 'a')) << "pause 0" >>
      connected(1) << "send 1 POST /x HTTP/1.1\r\nHost: api.acme.example\r\nContent-Length: 40\r\n\r\n" +
                          std::string(39, 'a')
                   << "resume 0" >>
      received(kClient, "b") << "send 1 b";
}

TEST(Http1SessionTest, EveryCutOfBothSidesPassesTheSame) {
  const std::string request =
      "POST /acme/x HTTP/1.1\r\nHost: us\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  const std::string response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nT: 1\r\n\r\n";
  const std::string forwarded =
      "POST /x HTTP/1.1\r\nHost: api.acme.example\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  for (std::size_t cut = 1; cut < std::min(request.size(), response.size()); ++cut) {
    Playbook play;
    std::string to_origin;
    std::string to_client;
    const auto collect = [&] {
      for (std::string command = play.take(); !command.empty(); command = play.take()) {
        if (command.starts_with("send 1 ")) to_origin += command.substr(7);
        if (command.starts_with("send 0 ")) to_client += command.substr(7);
      }
    };
    play.session().on_bytes(kClient, request.substr(0, cut));
    play.session().on_bytes(kClient, request.substr(cut));
    play.session().on_connected(1, {});
    play.session().on_bytes(1, response.substr(0, cut));
    play.session().on_bytes(1, response.substr(cut));
    collect();
    EXPECT_EQ(to_origin, forwarded) << cut;
    EXPECT_EQ(to_client, response) << cut;
  }
}

}  // namespace
}  // namespace tokometer::proxy
