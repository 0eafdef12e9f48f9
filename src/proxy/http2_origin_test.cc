// Exchanges with origins in HTTP/2, of clients in either version.

#include <gtest/gtest.h>

#include <string>

#include "proxy/http2_playbook_testing.h"
#include "wire/http2_testing.h"

namespace tokometer::proxy {
namespace {

using wire::http2::Code;

constexpr std::string_view kOriginDial = "connect https://api.acme.example:443";
constexpr std::string_view kOriginGet =
    "at 1: 1 head :method=GET :scheme=https :authority=api.acme.example :path=/x end";
constexpr std::string_view kGetOfHttp1 = "GET /acme/x HTTP/1.1\r\nHost: us\r\n\r\n";

// Whatever else the origin has to say, once: its SETTINGS.
void greet(Playbook& play, ConnId conn) { play >> received(conn, play.http2(conn).bytes()); }

TEST(Http2OriginTest, AClientOfHttp1GetsItsResponse) {
  Playbook play;
  play.http2(1);
  play >> received(kClient, kGetOfHttp1) << kOriginDial >> connected_http2(1) << kOriginGet;
  EXPECT_EQ(play.last_offer, Offer::kAny);
  greet(play, 1);
  play >> received(1, play.http2(1).head(1, {{":status", "200"}, {"content-length", "5"}}))
              << "send 0 HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
  play >> received(1, play.http2(1).content(1, "hello", true)) << "send 0 hello" << "release 1";
  ASSERT_NE(play.released, nullptr);
}

TEST(Http2OriginTest, ContentWithoutALengthIsInChunksForHttp1) {
  Playbook play;
  play.http2(1);
  play >> received(kClient,
                   "POST /acme/x HTTP/1.1\r\nHost: us\r\nTransfer-Encoding: chunked\r\nConnection: x\r\nX: 1\r\n"
                   "TE: trailers\r\n\r\n3\r\nhel\r\n")
              << kOriginDial;
  play >>
      connected_http2(1) << "at 1: 1 head :method=POST :scheme=https :authority=api.acme.example :path=/x te=trailers"
                         << "at 1: 1 content hel";
  play >> received(kClient, "2\r\nlo\r\n0\r\nsum: 7\r\n\r\n") << "at 1: 1 content lo" << "at 1: 1 end sum=7";
  greet(play, 1);
  play >> received(1, play.http2(1).head(1, {{":status", "200"}}))
              << "send 0 HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
  play >> received(1, play.http2(1).content(1, "abc")) << "send 0 3\r\nabc\r\n";
  play >> received(1, play.http2(1).content(1, "de", true, {{"s", "1"}})) << "send 0 2\r\nde\r\n0\r\ns: 1\r\n\r\n"
                                                                          << "release 1";
}

TEST(Http2OriginTest, StreamsOfOneClientShareAConnection) {
  Http2Playbook play;
  play.http2(1);
  play.request({{":path", "/acme/x"}}) << kOriginDial;
  play.request({{":path", "/acme/y"}});
  play >> connected_http2(1) << kOriginGet
                             << "at 1: 3 head :method=GET :scheme=https :authority=api.acme.example :path=/y end";
  greet(play, 1);
  play.request({{":path", "/acme/z"}})
      << "at 1: 5 head :method=GET :scheme=https :authority=api.acme.example :path=/z end";
  play >> received(1, play.http2(1).answer(5, "z")) << "5 head 200" << "5 content z" << "5 end";
  play >> received(1, play.http2(1).answer(1, "x")) << "1 head 200" << "1 content x" << "1 end";
  play >> received(1, play.http2(1).answer(3, "y")) << "release 1" << "3 head 200" << "3 content y" << "3 end";
}

TEST(Http2OriginTest, TellsTheTapAsInHttp1) {
  Http2Playbook play;
  play.measure();
  play.http2(1);
  play.request({{":path", "/acme/v1/chat"}, {":method", "POST"}}, false)
      << kOriginDial << "tap open POST api.acme.example /v1/chat ";
  play.content(0, "ask", wire::http2::End::kYes) << "tap request ask" << "tap request end";
  play >> connected_http2(1) << "at 1: 1 head :method=POST :scheme=https :authority=api.acme.example :path=/v1/chat"
                             << "at 1: 1 content ask"
                             << "at 1: 1 end";
  greet(play, 1);
  play >> received(1, play.http2(1).answer(1, "told")) << "tap head 200" << "tap response told" << "tap end"
                                                       << "release 1" << "1 head 200" << "1 content told" << "1 end";
}

TEST(Http2OriginTest, AnIdleConnectionIsServedAndUsedAgain) {
  Playbook play;
  Http2OriginPeer& origin = play.http2(1);
  play >> received(kClient, kGetOfHttp1) << kOriginDial >> connected_http2(1) << kOriginGet;
  greet(play, 1);
  play >> received(1, origin.head(1, {{":status", "204"}}, true)) << "send 0 HTTP/1.1 204 Error\r\n\r\n" << "release 1";
  std::unique_ptr<IdleConnection> idle = std::move(play.released);
  std::string out;
  EXPECT_TRUE(idle->on_idle_bytes(origin.ping(), {}, out));
  origin.receive(out);
  play << "at 1: pong";
  play >> received(kClient, kGetOfHttp1) << kOriginDial;
  play.moved(1, 2);
  play >> Happening{[&](Session& session) {
            session.on_connected(2, {.reused = true, .protocol = Protocol::kHttp2, .idle = std::move(idle)});
          }} << "at 2: 3 head :method=GET :scheme=https :authority=api.acme.example :path=/x end";
  play >> received(2, play.http2(2).head(3, {{":status", "204"}}, true)) << "send 0 HTTP/1.1 204 Error\r\n\r\n"
                                                                         << "release 2";
  // A GOAWAY makes it useless.
  EXPECT_FALSE(play.released->on_idle_bytes(play.http2(2).goaway(), {}, out));
}

TEST(Http2OriginTest, RefusedStreamsAreSentOnceMoreWhateverTheirMethod) {
  Playbook play;
  play.http2(1);
  play.http2(2);
  play >> received(kClient, "POST /acme/x HTTP/1.1\r\nHost: us\r\nContent-Length: 2\r\n\r\nhi") << kOriginDial;
  const std::string head = "head :method=POST :scheme=https :authority=api.acme.example :path=/x content-length=2";
  play >> connected_http2(1) << "at 1: 1 " + head << "at 1: 1 content hi" << "at 1: 1 end";
  greet(play, 1);
  play >> received(1, play.http2(1).reset(1, Code::kRefusedStream))
              << std::string(kOriginDial) + " fresh" << "release 1";
  play >> connected_http2(2) << "at 2: 1 " + head << "at 2: 1 content hi" << "at 2: 1 end";
  greet(play, 2);
  play >> received(2, play.http2(2).reset(1, Code::kRefusedStream));
  const std::string answer = play.take();
  EXPECT_TRUE(answer.starts_with("send 0 HTTP/1.1 502 ")) << answer;
  play << "release 2";
}

TEST(Http2OriginTest, StreamsThatAGoawayLeavesOutAreSentOnceMore) {
  Http2Playbook play;
  play.http2(1);
  play.http2(2);
  play.request({{":path", "/acme/x"}}) << kOriginDial >> connected_http2(1) << kOriginGet;
  greet(play, 1);
  play.request({{":path", "/acme/x"}, {":method", "POST"}})
      << "at 1: 3 head :method=POST :scheme=https :authority=api.acme.example :path=/x content-length=0 end";
  const std::string goaway =
      wire::http2::frame(wire::http2::kGoaway, 0, 0, wire::http2::big_endian(1, 4) + wire::http2::big_endian(0, 4));
  play >> received(1, goaway) << std::string(kOriginDial) + " fresh";
  play >> connected_http2(2)
              << "at 2: 1 head :method=POST :scheme=https :authority=api.acme.example :path=/x content-length=0 end";
  play >> received(1, play.http2(1).answer(1, "x")) << "close 1 graceful" << "1 head 200" << "1 content x" << "1 end";
}

TEST(Http2OriginTest, AStreamThatBreaksOffIsNeverWhole) {
  {
    Http2Playbook play;
    play.http2(1);
    play.request({{":path", "/acme/x"}}) << kOriginDial >> connected_http2(1) << kOriginGet;
    greet(play, 1);
    play >> received(1, play.http2(1).head(1, {{":status", "200"}})) << "1 head 200";
    play >> received(1, play.http2(1).content(1, "half")) << "1 content half";
    play >> received(1, play.http2(1).reset(1, Code::kInternalError)) << "release 1" << "1 closed 2";
  }
  {
    Playbook play;
    play.http2(1);
    play >> received(kClient, kGetOfHttp1) << kOriginDial >> connected_http2(1) << kOriginGet;
    greet(play, 1);
    play >> received(1, play.http2(1).head(1, {{":status", "200"}}))
                << "send 0 HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    play >> closed(1) << "close 0 graceful";  // no last chunk
  }
}

TEST(Http2OriginTest, AClientThatLeavesResetsItsStreamOnly) {
  Http2Playbook play;
  play.http2(1);
  play.request({{":path", "/acme/x"}}) << kOriginDial >> connected_http2(1) << kOriginGet;
  greet(play, 1);
  play.request({{":path", "/acme/y"}})
      << "at 1: 3 head :method=GET :scheme=https :authority=api.acme.example :path=/y end";
  play.reset(0, Code::kCancel) << "at 1: 1 closed 8";
  play >> received(1, play.http2(1).answer(3, "y")) << "release 1" << "3 head 200" << "3 content y" << "3 end";
}

TEST(Http2OriginTest, UpgradesAskForHttp1) {
  Playbook play;
  play >> received(kClient, "GET /acme/live HTTP/1.1\r\nHost: us\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
              << kOriginDial;
  EXPECT_EQ(play.last_offer, Offer::kHttp1);
  play >> closed(1, NetError::kRefused);
  play.take();
}

TEST(Http2OriginTest, IsNotOfferedWhereThatIsTurnedOff) {
  Playbook play;
  play.context->settings.origin_http2 = false;
  play >> received(kClient, kGetOfHttp1) << kOriginDial;
  EXPECT_EQ(play.last_offer, Offer::kHttp1);
  play >> closed(1, NetError::kRefused);
  play.take();
}

TEST(Http2OriginTest, AConnectionThatIsFullIsNotWaitedFor) {
  Http2Playbook play;
  play.http2(1, {.max_streams = 1});
  play.request({{":path", "/acme/x"}}) << kOriginDial >> connected_http2(1) << kOriginGet;
  greet(play, 1);
  play.http2(2);
  play.request({{":path", "/acme/y"}}) << kOriginDial;
  play >> connected_http2(2) << "at 2: 1 head :method=GET :scheme=https :authority=api.acme.example :path=/y end";
  play >> received(1, play.http2(1).answer(1, "x")) << "release 1" << "1 head 200" << "1 content x" << "1 end";
  play.request({{":path", "/acme/z"}})
      << "at 2: 3 head :method=GET :scheme=https :authority=api.acme.example :path=/z end";
}

TEST(Http2OriginTest, ASlowClientClosesItsStreamsWindowOnly) {
  Http2Playbook play;
  play.consumes = false;
  play.silent = true;
  play.http2(1);
  play.request({{":path", "/acme/x"}}) << kOriginDial >> connected_http2(1) << kOriginGet;
  greet(play, 1);
  play.request({{":path", "/acme/y"}})
      << "at 1: 3 head :method=GET :scheme=https :authority=api.acme.example :path=/y end";
  Http2OriginPeer& origin = play.http2(1);
  play >> received(1, origin.head(1, {{":status", "200"}}));
  play >> received(1, origin.content(1, std::string(2'000'000, 'x'), true));
  for (int i = 0; i < 40; ++i) play >> received(1, origin.ping()) << "at 1: pong";
  // Two windows at most, ours and the client's, and what waits between them.
  EXPECT_LT(play.received_bytes, 300'000U);
  play >> received(1, origin.answer(3, "y"));
  bool released = false;
  for (int i = 0; i < 100 && play.received_bytes < 2'000'001; ++i) {
    play.consume_all(0);
    released = released || play.take() == "release 1";
    const std::string more = origin.bytes();
    if (!more.empty()) play >> received(1, more);
    released = released || play.take() == "release 1";
  }
  EXPECT_EQ(play.received_bytes, 2'000'001U);
  EXPECT_TRUE(released);
}

TEST(Http2OriginTest, ASlowOriginPausesItsClientsStream) {
  Http2Playbook play;
  play.http2(1).consumes = false;
  play.request({{":path", "/acme/x"}, {":method", "POST"}}, false) << kOriginDial >> connected_http2(1);
  play.take();
  greet(play, 1);
  for (int i = 0; i < 10; ++i) {
    play.content(0, std::string(100'000, 'x'));
    while (!play.take().empty()) continue;
  }
  EXPECT_EQ(play.http2(1).received_bytes, 256U * 1'024);
  EXPECT_GT(play.waiting(0), 300'000U);
}

}  // namespace
}  // namespace tokometer::proxy
