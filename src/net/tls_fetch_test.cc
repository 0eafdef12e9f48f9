#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "net/fetch.h"
#include "net/tls_test_peer.h"

namespace tokometer::net {
namespace {

class FetchTest : public testing::Test {
 protected:
  FetchTest() {
    char pattern[] = "/tmp/tokometer-fetch-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    write_pem(ca_, folder_ / "ca.pem");
    options_.tls = {.origin_ca = folder_ / "ca.pem", .system_store = false};
    options_.timeout = std::chrono::milliseconds(kPeerPatienceMs);
    options_.names = [](const std::string&) -> Resolver::Answer {
      return Resolver::Addresses{*Address::ip("127.0.0.1", 0)};
    };
  }
  ~FetchTest() override { std::filesystem::remove_all(folder_); }

  std::string url(const std::string& target = "/list.json") const {
    return "https://lists.example:" + std::to_string(origin_.port()) + target;
  }

  // What fetch() makes of `answers`, one a connection; how the last connection ends.
  Result<std::string> get(const std::vector<std::string>& answers, bool properly = true, std::string first = {}) {
    const auto context = server_context(certificate_, TLS1_3_VERSION);
    std::thread server([&] {
      for (const std::string& answer : answers) {
        TlsPeer peer(context.get(), origin_.accept());
        if (!peer.ok()) continue;
        std::string request;
        while (!request.ends_with("\r\n\r\n")) {
          const std::string byte = peer.receive(1);
          if (byte.empty()) break;
          request += byte;
        }
        requests_.push_back(request);
        peer.send(answer);
        peer.end(properly);
      }
    });
    auto result = fetch(first.empty() ? url() : first, options_);
    server.join();
    return result;
  }

  std::filesystem::path folder_;
  const Certificate ca_ = make_certificate("", nullptr);
  Certificate certificate_ = make_certificate("DNS:lists.example", &ca_);
  PeerListener origin_;
  FetchOptions options_;
  std::vector<std::string> requests_;
};

TEST_F(FetchTest, GetsADocument) {
  const auto content = get({"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n[1,2,3]"});
  ASSERT_TRUE(content) << content.error().message;
  EXPECT_EQ(*content, "[1,2,3]");
  ASSERT_EQ(requests_.size(), 1u);
  EXPECT_TRUE(requests_[0].starts_with("GET /list.json HTTP/1.1\r\nHost: lists.example:")) << requests_[0];
}

TEST_F(FetchTest, GetsEveryFraming) {
  EXPECT_EQ(*get({"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n"}),
            "{\"a\":1}");
  EXPECT_EQ(*get({"HTTP/1.1 200 OK\r\n\r\nuntil the end"}), "until the end");
  EXPECT_EQ(*get({"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"}), "{}");
}

TEST_F(FetchTest, FollowsRedirects) {
  const std::string there = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: ";
  const std::string here = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
  EXPECT_EQ(*get({there + url("/b") + "\r\n\r\n", there + "/c\r\n\r\n", here}), "{}");
  EXPECT_TRUE(requests_.back().starts_with("GET /c "));
  options_.max_redirects = 1;
  const auto often = get({there + "/b\r\n\r\n", there + "/c\r\n\r\n"});
  ASSERT_FALSE(often);
  EXPECT_EQ(often.error().message, "lists.example: redirects too often");
  for (const char* elsewhere :
       {"http://lists.example/", "//lists.example/", "file:///etc/passwd", "", "https://u@x/"}) {
    EXPECT_FALSE(get({there + elsewhere + "\r\n\r\n"})) << elsewhere;
  }
}

TEST_F(FetchTest, RefusesWhatIsNoDocument) {
  EXPECT_EQ(get({"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(get({"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"}).error().message,
            "lists.example: answered with status 500");
  EXPECT_FALSE(get({"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"}));
  EXPECT_FALSE(get({"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"}));  // broken off
  EXPECT_FALSE(get({"HTTP/1.1 200 OK\r\n\r\nmaybe not all"}, false));     // cut: no close_notify
  EXPECT_FALSE(get({"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}"}));
  options_.max_bytes = 4;
  EXPECT_EQ(get({"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345"}).error().code, ErrorCode::kTooLarge);
}

TEST_F(FetchTest, TrustsOnlyWhoItKnows) {
  certificate_ = make_certificate("DNS:other.example", &ca_);
  EXPECT_EQ(get({"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"}).error().code, ErrorCode::kNetwork);
  certificate_ = make_certificate("DNS:lists.example", nullptr);
  EXPECT_EQ(get({"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"}).error().code, ErrorCode::kNetwork);
  EXPECT_TRUE(requests_.empty());
}

TEST_F(FetchTest, GivesUpInTime) {
  options_.timeout = std::chrono::milliseconds(50);
  // Nobody accepts: the handshake gets no answer.
  EXPECT_EQ(fetch(url(), options_).error().code, ErrorCode::kTimeout);
  options_.names = [](const std::string&) -> Resolver::Answer { return fail(ErrorCode::kNetwork, "no such name"); };
  EXPECT_EQ(fetch(url(), options_).error().message, "no such name");
  origin_.close();
  options_.names = [](const std::string&) -> Resolver::Answer {
    return Resolver::Addresses{*Address::ip("127.0.0.1", 0)};
  };
  EXPECT_FALSE(fetch(url(), options_));
}

TEST_F(FetchTest, TakesHttpsOnly) {
  for (const char* text : {"http://lists.example/", "lists.example", "https://", "https://a b/", "https://x:0/",
                           "https://x:port/", "https://user@x/", "file:///x"}) {
    EXPECT_EQ(fetch(text, options_).error().code, ErrorCode::kInvalid) << text;
  }
}

}  // namespace
}  // namespace tokometer::net
