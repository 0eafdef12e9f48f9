#include "proxy/front.h"

#include <gtest/gtest.h>

#include "proxy/http2_playbook_testing.h"
#include "proxy/playbook_testing.h"
#include "proxy/tunnel_rest.h"
#include "wire/base64.h"

namespace tokometer::proxy {
namespace {

constexpr std::string_view kHostedSpec = R"({
  "name": "hosted", "title": "Hosted", "base_url": "https://api.hosted.example", "hosts": ["api.hosted.example"]
})";

std::string counted(std::string_view run, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>((run.size() >> (8 * i)) & 0xFFU);
  return text + std::string(run);
}
std::string hello(std::string_view name) {
  const std::string names = counted(std::string(1, '\0') + counted(name, 2), 2);
  const std::string body = "\x03\x03" + std::string(32, 'r') + counted("", 1) + counted("\x13\x01", 2) +
                           counted(std::string(1, '\0'), 1) +
                           counted(name.empty() ? "" : std::string(2, '\0') + counted(names, 2), 2);
  return "\x16\x03\x01" + counted("\x01" + counted(body, 3), 2);
}
std::string connect_to(std::string_view authority, std::string_view fields = "") {
  return fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\nUser-Agent: curl/8\r\n{1}\r\n", authority, fields);
}
constexpr std::string_view kStands = "send 0 HTTP/1.1 200 Connection established\r\n\r\n";

class FrontTest : public testing::Test {
 protected:
  FrontTest() { forward({}); }
  void forward(ForwardingOptions options) {
    const std::array<embedded::File, 1> files{{{"hosted.json", kHostedSpec}}};
    auto registry = *provider::Registry::load(files, {});
    options.own = {"127.0.0.1:4141"};
    play.context->router = *Router::make(registry, {});
    play.context->forwarding = std::make_shared<const Forwarding>(registry, std::move(options), distrust);
  }
  // Whether the answer that comes next has this status and code; it ends the connection.
  void expect_refusal(int status, std::string_view code) {
    const std::string answer = play.take();
    EXPECT_TRUE(answer.starts_with(fmt::format("send 0 HTTP/1.1 {} ", status))) << answer;
    EXPECT_TRUE(answer.contains(fmt::format("X-Tokometer-Error: {}\r\n", code))) << answer;
  }

  const std::shared_ptr<Distrust> distrust = std::make_shared<Distrust>();
  Playbook play;
};

TEST_F(FrontTest, TunnelsAHostThatNoSpecNames) {
  play >> received(kClient, connect_to("other.example:443") + "early") << "pause 0"
                                                                       << "connect http://other.example:443 fresh";
  play >> connected(1) << kStands << "send 1 early" << "resume 0";
  play >> received(kClient, "\x16\x03") << "send 1 \x16\x03";
  play >> received(1, "answer") << "send 0 answer";
  play.writable = false;
  play >> received(1, "more") << "send 0 more" << "pause 1";
  play >> drained(kClient) << "resume 1";
  play >> eof(kClient) << "close 1 half";
  play.writable = true;
  play >> received(1, "last") << "send 0 last";
  play >> eof(1) << "close 0 graceful" << "close 1 graceful";
  EXPECT_TRUE(play.done());
}

TEST_F(FrontTest, AtShutdownEndsATunnelAsSoonAsItIsAtRest) {
  play >> received(kClient, connect_to("other.example:443")) << "pause 0" << "connect http://other.example:443 fresh";
  play >> connected(1) << kStands << "resume 0";
  EXPECT_EQ(play.delay(Timer::kIdle).count(), 0) << "it may rest for as long as it likes";
  const SteadyTime start{std::chrono::hours(1)};
  play.time = start + std::chrono::milliseconds(500);
  // The origin spoke last.
  play.passed = {{kClient, {.heard = start - std::chrono::seconds(5)}}, {1, {.heard = start}}};
  play >> shutdown();
  EXPECT_EQ(play.delay(Timer::kIdle), kUnread.after_origin - std::chrono::milliseconds(500));
  // The client did since.
  play.passed[kClient].heard = play.time = start + kUnread.after_origin;
  play >> fired(Timer::kIdle);
  EXPECT_EQ(play.delay(Timer::kIdle), kUnread.after_client);
  // Somebody takes nothing.
  play.time += kUnread.after_client;
  play.passed[1].waits = true;
  play >> fired(Timer::kIdle);
  EXPECT_EQ(play.delay(Timer::kIdle), kLookAgain);
  EXPECT_FALSE(play.done());
  play.passed[1].waits = false;
  play >> fired(Timer::kIdle) << "close 0 graceful" << "close 1 graceful";
  EXPECT_EQ(play.delay(Timer::kIdle).count(), 0);
  EXPECT_TRUE(play.done());
}

TEST_F(FrontTest, AtShutdownEndsATunnelAtOnceThatIsAtRest) {
  play >> received(kClient, connect_to("other.example:443")) << "pause 0" << "connect http://other.example:443 fresh";
  play >> connected(1) << kStands << "resume 0";
  play.time = SteadyTime(std::chrono::hours(1));
  play >> shutdown() << "close 0 graceful" << "close 1 graceful";
  EXPECT_TRUE(play.done());
}

TEST_F(FrontTest, AtShutdownEndsWhatIsReadAndIdle) {
  play >> received(kClient, connect_to("api.hosted.example:443") + hello("api.hosted.example"))
              << kStands << "resume 0";
  EXPECT_TRUE(play.take().starts_with("secure api.hosted.example "));
  play >> secured();
  play >> shutdown() << "close 0 graceful";
  EXPECT_TRUE(play.done());
}

TEST_F(FrontTest, AtShutdownEndsHttp2WithoutStreams) {
  play >> received(kClient, connect_to("api.hosted.example:443") + hello("api.hosted.example"))
              << kStands << "resume 0";
  EXPECT_TRUE(play.take().starts_with("secure api.hosted.example "));
  play >> secured(Protocol::kHttp2);
  while (!play.take().empty()) {
  }
  play >> shutdown();
  std::string last;
  for (std::string next = play.take(); !next.empty(); next = play.take()) last = std::move(next);
  EXPECT_EQ(last, "close 0 graceful");
  EXPECT_TRUE(play.done());
}

TEST_F(FrontTest, TellsWhichHostARunReachesUnread) {
  play.measure();
  client::CallContext context;
  context.run = "01a21512-44cb-777c-ac42-26febe228955";
  const std::string fields =
      fmt::format("Proxy-Authorization: Basic {}\r\n", wire::base64::encode(client::user_of_context(context) + ":run"));
  play >> received(kClient, connect_to("other.example:443", fields))
              << fmt::format("tap tunnelled other.example of {}", context.run) << "pause 0"
              << "connect http://other.example:443 fresh";
  play >> closed(kClient) << "close 1 reset";
}

TEST_F(FrontTest, SaysWhyATunnelCannotBe) {
  play >> received(kClient, connect_to("other.example:443")) << "pause 0" << "connect http://other.example:443 fresh";
  play >> closed(1, NetError::kRefused);
  expect_refusal(502, "origin_refused");
  play << "close 0 graceful";
}

TEST_F(FrontTest, BreaksATunnelWhoseOtherEndBreaks) {
  play >> received(kClient, connect_to("other.example:443")) << "pause 0" << "connect http://other.example:443 fresh";
  play >> connected(1) << kStands << "resume 0";
  play >> closed(1, NetError::kReset) << "close 0 reset";
  EXPECT_TRUE(play.done());
}

TEST_F(FrontTest, ReadsAHostThatASpecNames) {
  play.measure();
  play >> received(kClient, connect_to("api.hosted.example:443")) << kStands << "resume 0";
  const std::string first = hello("api.hosted.example");
  play >> received(kClient, first.substr(0, 7));
  play >> received(kClient, first.substr(7)) << fmt::format("secure api.hosted.example with {} bytes", first.size());
  play >> secured();
  play >> received(kClient, "GET /v1/chat HTTP/1.1\r\nHost: api.hosted.example\r\n\r\n")
              << "connect https://api.hosted.example:443"
              << "tap open GET api.hosted.example /v1/chat " << "tap request end";
  play >> connected(1) << "send 1 GET /v1/chat HTTP/1.1\r\nHost: api.hosted.example\r\n\r\n";
  play >> closed(kClient) << "tap aborted client_closed 0" << "close 1 reset";
  EXPECT_TRUE(play.done());
}

TEST_F(FrontTest, KeepsTheHostThatTheClientSent) {
  play >> received(kClient, connect_to("api.hosted.example:443") + hello("")) << kStands << "resume 0";
  EXPECT_TRUE(play.take().starts_with("secure api.hosted.example "));
  play >> secured();
  play >> received(kClient, "GET /-/health HTTP/1.1\r\nHost: api.hosted.example:443\r\n\r\n")
              << "connect https://api.hosted.example:443";
  play >> connected(1) << "send 1 GET /-/health HTTP/1.1\r\nHost: api.hosted.example:443\r\n\r\n";
  play >> closed(kClient) << "close 1 reset";
}

// Whatever Host says: that is the client's own.
TEST_F(FrontTest, TellsOfTheHostThatIsRead) {
  play.measure();
  play >> received(kClient, connect_to("API.Hosted.Example:443") + hello("")) << kStands << "resume 0";
  EXPECT_TRUE(play.take().starts_with("secure api.hosted.example "));
  play >> secured();
  play >> received(kClient, "GET /x HTTP/1.1\r\nHost: another.example:443\r\n\r\n")
              << "connect https://api.hosted.example:443" << "tap open GET api.hosted.example /x " << "tap request end";
  play >> connected(1) << "send 1 GET /x HTTP/1.1\r\nHost: another.example:443\r\n\r\n";
  play >> closed(kClient) << "tap aborted client_closed 0" << "close 1 reset";
}

TEST_F(FrontTest, TellsOfTheHostThatIsReadInHttp2) {
  Http2Playbook h2;
  h2.context = play.context;
  h2.measure();
  h2.plain = true;
  h2 >> received(kClient, connect_to("api.hosted.example:443") + hello("")) << kStands << "resume 0";
  EXPECT_TRUE(h2.take().starts_with("secure api.hosted.example "));
  h2.plain = false;
  h2 >> secured(Protocol::kHttp2);
  h2.request({{":scheme", "https"}, {":path", "/x"}, {":authority", "another.example"}})
      << "connect https://api.hosted.example:443" << "tap open GET api.hosted.example /x " << "tap request end";
  h2 >> connected(1) << "send 1 GET /x HTTP/1.1\r\nhost: another.example\r\n\r\n";
}

TEST_F(FrontTest, TunnelsAClientThatDistrustsUsFromThenOn) {
  play.measure();
  play >> received(kClient, connect_to("api.hosted.example:443") + hello("api.hosted.example"))
              << kStands << "resume 0";
  play.take();
  play >> closed(kClient, NetError::kDistrusted) << "tap distrusted curl/8 api.hosted.example";
  EXPECT_TRUE(play.done());

  play.destroy_session();
  play >> received(kClient, connect_to("api.hosted.example:443") + hello("api.hosted.example"))
              << kStands << "resume 0"
              << "pause 0" << "connect http://api.hosted.example:443 fresh";
  play >> connected(1) << "send 1 " + hello("api.hosted.example") << "resume 0";
  play >> closed(kClient) << "close 1 reset";
}

class DistrustfulClientTest : public FrontTest {
 protected:
  DistrustfulClientTest() { play.measure(); }
  // Whether a new connection of a client is taken for one of a host that is read, and how it goes on then.
  bool is_read(std::string_view fields = "") {
    play.destroy_session();
    play >> received(kClient, connect_to("api.hosted.example:443", fields) + hello("api.hosted.example"))
                << kStands << "resume 0";
    if (play.take().starts_with("secure ")) return true;
    play << "connect http://api.hosted.example:443 fresh";
    play >> closed(kClient) << "close 1 reset";
    return false;
  }
  void expect_refusal_is_told(std::string_view more = "") {
    play >> closed(kClient, NetError::kDistrusted) << fmt::format("tap distrusted curl/8 api.hosted.example{}", more);
  }
  static std::string in_run(std::string_view run, std::string_view budget = "") {
    client::CallContext context;
    context.run = run;
    if (!budget.empty()) context.budget = client::parse_budget(budget).value();
    return fmt::format("Proxy-Authorization: Basic {}\r\n",
                       wire::base64::encode(client::user_of_context(context) + ":run"));
  }
};

TEST_F(DistrustfulClientTest, IsNotAnotherRunsOrMachines) {
  ASSERT_TRUE(is_read(in_run("a")));
  expect_refusal_is_told();
  EXPECT_FALSE(is_read(in_run("a")));
  EXPECT_TRUE(is_read(in_run("b")));
  EXPECT_TRUE(is_read());
  play.address = "10.0.0.7";
  EXPECT_TRUE(is_read(in_run("a")));
}

TEST_F(DistrustfulClientTest, GetsAnotherChance) {
  ASSERT_TRUE(is_read());
  expect_refusal_is_told();
  play.time += Distrust::kLasts - std::chrono::seconds(1);
  EXPECT_FALSE(is_read());
  play.time += std::chrono::seconds(1);
  EXPECT_TRUE(is_read());
  expect_refusal_is_told();
}

TEST_F(DistrustfulClientTest, IsTrustedAsSoonAsItSpeaksUnderOurCertificate) {
  ASSERT_TRUE(is_read());
  play >> secured();
  const Distrust::Client client = [&] {
    Distrust::Client one{.name = "curl/8", .host = "api.hosted.example", .run = {}, .address = play.address};
    wire::tls::ClientHello read;
    EXPECT_EQ(wire::tls::read_client_hello(hello("api.hosted.example"), read), wire::tls::Hello::kWhole);
    one.fingerprint = read.fingerprint;
    return one;
  }();
  ASSERT_TRUE(distrust->refused(client, play.time)) << "by another connection meanwhile";
  play >> received(kClient, "GET");
  play >> closed(kClient);
  EXPECT_TRUE(is_read());
}

TEST_F(DistrustfulClientTest, DoesNotEscapeAHardBudget) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(is_read(in_run("a", "5usd hard"))) << "its own error shows";
    if (i == 0) {
      expect_refusal_is_told(" held");
    } else {
      play >> closed(kClient, NetError::kDistrusted);
    }
  }
  ASSERT_TRUE(is_read(in_run("b", "5usd")));
  expect_refusal_is_told();
  EXPECT_FALSE(is_read(in_run("b", "5usd")));
}

// A client without words: each of its connections, to where TLS is agreed on.
class SilentClientTest : public FrontTest {
 protected:
  SilentClientTest() { play.measure(); }
  void begin() {
    play.destroy_session();
    play.time += std::chrono::seconds(1);
    play >> received(kClient, connect_to("api.hosted.example:443") + hello("api.hosted.example"))
                << kStands << "resume 0";
    secured_ = play.take().starts_with("secure ");
  }
  bool secured_ = false;  // else it is tunnelled
};
constexpr std::string_view kTaken = "tap distrusted curl/8 api.hosted.example silently";

TEST_F(SilentClientTest, IsTunnelledWhenItHasClosedTwice) {
  begin();
  play >> closed(kClient, NetError::kTurnedAway);
  begin();
  EXPECT_TRUE(secured_) << "once may be an accident";
  play >> closed(kClient, NetError::kTurnedAway) << kTaken;
  EXPECT_TRUE(distrust->entries(play.time).at(0).silent);
  begin();
  EXPECT_FALSE(secured_);
  play << "connect http://api.hosted.example:443 fresh";
  play >> closed(kClient) << "close 1 reset";
}

TEST_F(SilentClientTest, IsTunnelledWhenItClosesOnceTlsStands) {
  begin();
  play >> secured();
  play >> eof(kClient) << "close 0 graceful";
  begin();
  play >> secured(Protocol::kHttp2);
  play.take();  // our settings
  play >> closed(kClient) << kTaken;
  begin();
  EXPECT_FALSE(secured_);
  play << "connect http://api.hosted.example:443 fresh";
  play >> closed(kClient) << "close 1 reset";
}

TEST_F(SilentClientTest, MayOpenConnectionsAheadOnceItHasSpoken) {
  begin();
  play >> closed(kClient, NetError::kTurnedAway);
  begin();
  play >> secured();
  play >> received(kClient, "GET");
  play >> closed(kClient);
  for (int i = 0; i < 3; ++i) {
    begin();
    play >> secured();
    play >> eof(kClient) << "close 0 graceful";
  }
  EXPECT_TRUE(distrust->entries(play.time).empty());
}

TEST_F(SilentClientTest, MayHaveNoUseForAConnection) {
  for (int i = 0; i < 3; ++i) {
    begin();
    play >> secured();
    play.time += std::chrono::seconds(10);
    play >> eof(kClient) << "close 0 graceful";
  }
  EXPECT_TRUE(distrust->entries(play.time).empty());
}

TEST_F(SilentClientTest, IsNotBlamedForWhatWeBreak) {
  for (int i = 0; i < 3; ++i) {
    begin();
    play >> closed(kClient, NetError::kTls);
    begin();
    play >> secured();
    play >> closed(kClient, NetError::kStopped);
  }
  EXPECT_TRUE(distrust->entries(play.time).empty());
}

TEST_F(DistrustfulClientTest, IsAnyOfAHostThatWeCannotVouchFor) {
  play.uncovered = "api.hosted.example";
  EXPECT_FALSE(is_read());
  EXPECT_TRUE(is_read(in_run("a", "5usd hard"))) << "but does not escape";
  play.uncovered = "other.example";
  EXPECT_TRUE(is_read());
}

TEST_F(DistrustfulClientTest, DoesNotEscapeAHardBudgetByWhatCannotBeRead) {
  const std::string too_long = "\x16\x03\x01\x3f\xff\x01" + counted(std::string(wire::tls::kMaxHelloBytes, 'h'), 3);
  const auto begin = [&](std::string_view run, std::string_view budget, std::string_view bytes) {
    play.destroy_session();
    play >> received(kClient, connect_to("api.hosted.example:443", in_run(run, budget))) << kStands << "resume 0";
    play >> received(kClient, bytes);
  };
  for (const std::string_view bytes : {std::string_view("SSH-2.0-x\r\n"), std::string_view(too_long)}) {
    begin("a", "5usd hard", bytes);
    play << "tap unreadable curl/8 api.hosted.example" << "close 0 reset";
    EXPECT_TRUE(play.done());
    begin("b", "5usd", bytes);
    play << "tap unreadable curl/8 api.hosted.example" << "pause 0" << "connect http://api.hosted.example:443 fresh";
    play >> closed(kClient) << "close 1 reset";
  }
  // Of a host that nobody wants to read, it is nobody's business.
  play.destroy_session();
  play >> received(kClient, connect_to("10.0.0.7:443", in_run("a", "5usd hard")) + "SSH-2.0-x\r\n")
              << kStands << "resume 0"
              << "tap tunnelled 10.0.0.7 of a" << "pause 0" << "connect http://10.0.0.7:443 fresh";
  play >> closed(kClient) << "close 1 reset";
}

TEST_F(FrontTest, LooksForTheNameBehindAnAddress) {
  play >> received(kClient, connect_to("10.0.0.7:443")) << kStands << "resume 0";
  play >> received(kClient, hello("api.hosted.example"));
  EXPECT_TRUE(play.take().starts_with("secure api.hosted.example "));
  play >> secured();
  play >> received(kClient, "GET / HTTP/1.1\r\nHost: api.hosted.example\r\n\r\n")
              << "connect https://api.hosted.example:443 at 10.0.0.7";
  play >> closed(kClient) << "close 1 reset";
}

TEST_F(FrontTest, ReadsHttpInATunnel) {
  forward({.intercept = {"*.plain.example"}, .tunnel = {}, .token = {}, .own = {}});
  play >> received(kClient, connect_to("a.plain.example:80")) << kStands << "resume 0";
  play.measure();
  play >> received(kClient, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
              << "connect http://a.plain.example:80" << "tap open GET a.plain.example / " << "tap request end";
  play >> closed(kClient) << "tap aborted client_closed 0" << "close 1 reset";
}

TEST_F(FrontTest, TunnelsWhatIsNoTlsOnItsPort) {
  play >> received(kClient, connect_to("api.hosted.example:443") + "SSH-2.0-x\r\n")
              << kStands << "resume 0"
              << "pause 0" << "connect http://api.hosted.example:443 fresh";
  play >> connected(1) << "send 1 SSH-2.0-x\r\n" << "resume 0";
  play >> eof(1) << "close 0 half";
  play >> closed(kClient) << "close 1 reset";
}

TEST_F(FrontTest, TunnelGoesBeforeInterceptAndSpec) {
  forward({.intercept = {"*"}, .tunnel = {"api.hosted.example"}, .token = {}, .own = {}});
  play >> received(kClient, connect_to("api.hosted.example:443")) << "pause 0"
                                                                  << "connect http://api.hosted.example:443 fresh";
  play >> closed(kClient) << "close 1 reset";
}

// What a client says of itself is kept, logged and shown: not more of it than that.
TEST_F(FrontTest, KeepsOnlySoMuchOfAClientsName) {
  play.measure();
  play >> received(kClient, fmt::format("CONNECT api.hosted.example:443 HTTP/1.1\r\nHost: x\r\nUser-Agent: {}\r\n\r\n",
                                        std::string(1'000, 'a')) +
                                hello("api.hosted.example"))
              << kStands << "resume 0";
  EXPECT_TRUE(play.take().starts_with("secure api.hosted.example "));
  play >> closed(kClient, NetError::kDistrusted)
              << fmt::format("tap distrusted {} api.hosted.example", std::string(Distrust::kMaxNameBytes, 'a'));
}

TEST_F(FrontTest, RefusesATunnelToItself) {
  play >> received(kClient, connect_to("localhost:4141"));
  expect_refusal(400, "loop");
  play << "close 0 graceful";
}

TEST_F(FrontTest, RefusesATunnelThatTurnsOutToLeadToItself) {
  play >> received(kClient, connect_to("2130706433:4141")) << "pause 0" << "connect http://2130706433:4141 fresh";
  play >> closed(1, NetError::kLoop);
  expect_refusal(400, "loop");
  play << "close 0 graceful";
}

TEST_F(FrontTest, RefusesATargetThatIsNone) {
  play >> received(kClient, connect_to("a.example:0"));
  expect_refusal(400, "target");
  play << "close 0 graceful";
}

TEST_F(FrontTest, AsksForItsToken) {
  forward({.intercept = {}, .tunnel = {}, .token = "secret", .own = {}});
  play >> received(kClient, connect_to("other.example:443"));
  const std::string answer = play.take();
  EXPECT_TRUE(answer.contains("407 Proxy Authentication Required\r\n")) << answer;
  EXPECT_TRUE(answer.contains("Proxy-Authenticate: Basic realm=\"tokometer\"\r\n")) << answer;
  const auto credentials = [](std::string_view text) {
    return fmt::format("Proxy-Authorization: Basic {}\r\n", wire::base64::encode(text));
  };
  play >> received(kClient, connect_to("other.example:443", credentials("user:wrong")));
  EXPECT_TRUE(play.take().contains("407"));
  play >> received(kClient, connect_to("other.example:443", credentials("user:secret")))
              << "pause 0"
              << "connect http://other.example:443 fresh";
  play >> closed(kClient) << "close 1 reset";
}

TEST_F(FrontTest, ForwardsATargetInAbsoluteForm) {
  play.measure();
  play >>
      received(kClient, "GET http://plain.example/x HTTP/1.1\r\nHost: plain.example\r\nProxy-Authorization: x\r\n\r\n")
          << "connect http://plain.example:80" << "tap open GET plain.example /x " << "tap request end";
  play >> connected(1) << "send 1 GET /x HTTP/1.1\r\nHost: plain.example\r\n\r\n";
  play >> closed(kClient) << "tap aborted client_closed 0" << "close 1 reset";
}

TEST_F(FrontTest, ATargetInAbsoluteFormSaysWhichHostItIsFor) {
  play.measure();
  play >> received(kClient, "GET http://Plain.Example:80/x HTTP/1.1\r\nHost: another.example\r\n\r\n")
              << "connect http://plain.example:80" << "tap open GET plain.example /x " << "tap request end";
  play >> connected(1) << "send 1 GET /x HTTP/1.1\r\nHost: plain.example\r\n\r\n";
  play >> closed(kClient) << "tap aborted client_closed 0" << "close 1 reset";
}

// What no spec names is the client's business, in a tunnel or not.
TEST_F(FrontTest, OnlyWhereTunnelsLeadIsPrivate) {
  for (const auto& [request, is_private] :
       {std::pair{connect_to("other.example:443"), true},
        std::pair{std::string("GET http://other.example/ HTTP/1.1\r\nHost: other.example\r\n\r\n"), true},
        std::pair{std::string("GET http://api.hosted.example/ HTTP/1.1\r\nHost: api.hosted.example\r\n\r\n"), false}}) {
    play >> received(kClient, request);
    while (!play.take().empty()) continue;
    EXPECT_EQ(play.last_origin.is_private, is_private) << request;
    play.destroy_session();
  }
}

TEST_F(FrontTest, RefusesAnAbsoluteTargetThatIsNone) {
  play >> received(kClient, "GET http://a.example:0/ HTTP/1.1\r\nHost: a.example\r\n\r\n");
  expect_refusal(400, "target");
}

TEST_F(FrontTest, AnAbsoluteTargetThatLeadsToItselfIsALoop) {
  play >> received(kClient, "GET http://2130706433:4141/ HTTP/1.1\r\nHost: a.example\r\n\r\n")
              << "connect http://2130706433:4141";
  play >> closed(1, NetError::kLoop);
  expect_refusal(508, "loop");
}

TEST_F(FrontTest, AsksForItsTokenBeforeItForwards) {
  forward({.intercept = {}, .tunnel = {}, .token = "secret", .own = {}});
  play >> received(kClient, "GET http://plain.example/x HTTP/1.1\r\nHost: plain.example\r\n\r\n");
  EXPECT_TRUE(play.take().contains("407"));
}

TEST_F(FrontTest, TakesAnAbsoluteTargetOfItsOwnAsAPath) {
  play >> received(kClient, "GET http://127.0.0.1:4141/nothing HTTP/1.1\r\nHost: 127.0.0.1:4141\r\n\r\n");
  EXPECT_TRUE(play.take().contains("X-Tokometer-Error: no_route"));
}

TEST_F(FrontTest, EndsAHandshakeThatHangs) {
  play >> received(kClient, connect_to("api.hosted.example:443")) << kStands << "resume 0";
  EXPECT_GT(play.delay(Timer::kHead).count(), 0);
  play >> fired(Timer::kHead) << "close 0 reset";
  EXPECT_TRUE(play.done());
}

}  // namespace
}  // namespace tokometer::proxy
