// Exchanges whose usage is asked for: `stream_usage: inject`.

#include "proxy/usage_injection.h"

#include <gtest/gtest.h>

#include <string>

#include "proxy/playbook_testing.h"

namespace tokometer::proxy {
namespace {

constexpr std::string_view kInjectionDial = "connect https://api.acme.example:443";
constexpr std::string_view kSpec = R"({
  "name": "acme", "base_url": "https://api.acme.example", "route": "acme",
  "endpoints": { "chat": { "operation": "chat", "path": "/chat", "format": "chat" },
                 "other": { "operation": "chat", "path": "/other", "format": "other" } },
  "formats": { "chat": { "stream": { "framings": ["sse"], "usage_on_request": true, "events": {} } },
               "other": { "stream": { "framings": ["sse"], "events": {} } } }
})";
constexpr std::string_view kAsked = R"({"stream_options":{"include_usage":true},"stream":true})";

class Injecting : public Playbook {
 public:
  explicit Injecting(std::uint64_t limit = 1000) {
    const embedded::File file{"acme.json", kSpec};
    auto registry = provider::Registry::load(std::span(&file, 1), {});
    Context changed{*Router::make(*registry, {}), {}, nullptr, nullptr};
    changed.settings.stream_usage = StreamUsage::kInject;
    changed.settings.limits.injection_bytes = limit;
    context = std::make_shared<Context>(std::move(changed));
  }
};

Happening request(std::string_view fields, std::string_view content, std::string_view path = "/acme/chat") {
  return received(kClient, "POST " + std::string(path) + " HTTP/1.1\r\nHost: us\r\n" + std::string(fields) +
                               "Content-Length: " + std::to_string(content.size()) + "\r\n\r\n" + std::string(content));
}

constexpr std::string_view kJson = "Content-Type: application/json\r\n";

TEST(UsageInjectionTest, AsksAndTakesTheAnswerOut) {
  Injecting play;
  play.measure();
  play >> request("Content-Type: application/json; charset=utf-8\r\nAccept-Encoding: gzip\r\n", R"({"stream":true})")
              << "tap open POST api.acme.example /chat " << R"(tap request {"stream":true})" << kInjectionDial
              << "tap request end" >>
      connected(1) << "send 1 POST /chat HTTP/1.1\r\nHost: api.acme.example\r\nContent-Type: application/json; "
                      "charset=utf-8\r\nContent-Length: 55\r\nAccept-Encoding: identity\r\n\r\n" +
                          std::string(kAsked) >>
      received(1,
               "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
               "26\r\ndata: {\"choices\":[1],\"usage\":null}\n\nda\r\n")
          << "send 0 HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
             "17\r\ndata: {\"choices\":[1]}\n\n\r\n"
          << "tap head 200" << "tap response data: {\"choices\":[1],\"usage\":null}\n\nda" >>
      received(1, "1f\r\nta: {\"choices\":[],\"usage\":{}}\n\n\r\n")
          << "tap response ta: {\"choices\":[],\"usage\":{}}\n\n" >>
      received(1, "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n") << "tap response data: [DONE]\n\n"
                                                        << "tap end"
                                                        << "send 0 e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
                                                        << "release 1";
}

TEST(UsageInjectionTest, KeepsChunksChunks) {
  Injecting play;
  play >> received(kClient,
                   "POST /acme/chat HTTP/1.1\r\nHost: us\r\nContent-Type: application/json\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n8\r\n{\"stream\r\n") >>
      received(kClient, "7\r\n\":true}\r\n0\r\n\r\n") << kInjectionDial >>
      connected(1) << "send 1 POST /chat HTTP/1.1\r\nHost: api.acme.example\r\nContent-Type: application/json\r\n"
                      "Transfer-Encoding: chunked\r\nAccept-Encoding: identity\r\n\r\n37\r\n" +
                          std::string(kAsked) + "\r\n0\r\n\r\n";
}

TEST(UsageInjectionTest, SendsWhatIsNotForItOnAsItIs) {
  for (const std::string_view content :
       {R"({"stream":false})", R"({"stream":true,"stream_options":{"include_usage":true}})", "no json"}) {
    Injecting play;
    play >> request(kJson, content) << kInjectionDial >>
        connected(1) << "send 1 POST /chat HTTP/1.1\r\nHost: api.acme.example\r\nContent-Type: application/json\r\n"
                        "Content-Length: " +
                            std::to_string(content.size()) + "\r\n\r\n" + std::string(content) >>
        received(1,
                 "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 42\r\n\r\n"
                 "data: {\"choices\":[],\"usage\":{\"total\":1}}\n\n")
            << "send 0 HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 42\r\n\r\n"
               "data: {\"choices\":[],\"usage\":{\"total\":1}}\n\n"
            << "release 1";
  }
}

// Held or not: what goes out at once, before the content is whole, is not held.
TEST(UsageInjectionTest, HoldsNothingThatItWouldNotChange) {
  const std::string_view head = "Host: us\r\n";
  for (const std::string_view start :
       {"POST /acme/other HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n",
        "POST /acme/else HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n",
        "POST /acme/chat HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 1001\r\n",
        "POST /acme/chat HTTP/1.1\r\nContent-Type: application/json\r\nContent-Encoding: zstd\r\nContent-Length: 9\r\n",
        "POST /acme/chat HTTP/1.1\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 9\r\n",
        "POST /acme/chat HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n"}) {
    Injecting play;
    play >> received(kClient, std::string(start) + std::string(head) + "\r\n") << kInjectionDial;
  }
}

TEST(UsageInjectionTest, LetsGoOfWhatGrowsTooLarge) {
  Injecting play(20);
  const std::string_view head =
      "HTTP/1.1\r\nHost: api.acme.example\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
  play >> received(kClient,
                   "POST /acme/chat HTTP/1.1\r\nHost: us\r\nContent-Type: application/json\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n8\r\n{\"stream\r\n") >>
      received(kClient, "c\r\n\":true,\"a\":1\r\n") << kInjectionDial >>
      connected(1) << "send 1 POST /chat " + std::string(head) + "8\r\n{\"stream\r\nc\r\n\":true,\"a\":1\r\n" >>
      received(kClient, "1\r\n}\r\n0\r\n\r\n") << "send 1 1\r\n}\r\n0\r\n\r\n";
}

TEST(UsageInjectionTest, ReframesContentOfAStatedLength) {
  Injecting play;
  play >> request(kJson, R"({"stream":true})") << kInjectionDial >> connected(1);
  play.take();
  play >> received(1,
                   "HTTP/1.1 200 OK\r\nContent-Length: 35\r\nContent-Type: text/event-stream\r\n\r\n"
                   "data: {\"choices\":[],\"usage\":{}}\n\nx\n")
              << "send 0 HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "2\r\nx\n\r\n0\r\n\r\n"
              << "release 1";
}

TEST(UsageInjectionTest, LeavesErrorsAndDocumentsAlone) {
  for (const std::string_view response :
       {"HTTP/1.1 400 Bad Request\r\nContent-Type: text/event-stream\r\nContent-Length: 12\r\n\r\n{\"usage\":{}}",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"usage\":{}}",
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nContent-Length: "
        "2\r\n\r\nxy"}) {
    Injecting play;
    play >> request(kJson, R"({"stream":true})") << kInjectionDial >> connected(1);
    play.take();
    play >> received(1, response) << "send 0 " + std::string(response) << "release 1";
  }
}

TEST(UsageInjectionTest, EndsCleanlyWhenTheClientLeavesWhileItsRequestIsHeld) {
  Injecting play;
  play.measure();
  play >> received(kClient,
                   "POST /acme/chat HTTP/1.1\r\nHost: us\r\nContent-Type: application/json\r\n"
                   "Content-Length: 15\r\n\r\n{\"str")
              << "tap open POST api.acme.example /chat " << "tap request {\"str" >>
      closed(kClient) << "tap aborted client_closed 0";
  EXPECT_TRUE(play.done());
}

TEST(UsageInjectionTest, TimesARequestThatStopsComing) {
  Injecting play;
  play >> received(kClient,
                   "POST /acme/chat HTTP/1.1\r\nHost: us\r\nContent-Type: application/json\r\n"
                   "Content-Length: 15\r\n\r\n{\"str");
  EXPECT_GT(play.delay(Timer::kRequestContent).count(), 0);
  play >> fired(Timer::kRequestContent);
  EXPECT_TRUE(play.take().starts_with("send 0 HTTP/1.1 408"));
  EXPECT_EQ(play.take(), "close 0 graceful");
}

}  // namespace
}  // namespace tokometer::proxy
