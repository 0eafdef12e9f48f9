#include "net/tls_client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "net/server.h"
#include "net/tls_test_peer.h"

namespace tokometer::net {
namespace {

class TlsTest : public testing::Test {
 protected:
  TlsTest() {
    char pattern[] = "/tmp/tokometer-tls-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    write_pem(ca_, folder_ / "ca.pem");
    options_.tls = {.origin_ca = folder_ / "ca.pem", .system_store = false};
    options_.listen = {*Address::parse("127.0.0.1:0")};
    options_.names = [](const std::string&) -> Resolver::Answer {
      return Resolver::Addresses{*Address::ip("127.0.0.1", 0)};
    };
  }
  ~TlsTest() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  // Relays to the origin by the name `host`.
  void serve(const std::string& host) {
    auto server = Server::open(options_, system_clock(), log_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    const proxy::Origin origin{.tls = true, .host = host, .port = origin_.port()};
    ASSERT_TRUE(server_->start(std::make_shared<TestFactory>(
        [this, origin](proxy::Driver& driver) { return std::make_unique<RelaySession>(driver, seen_, origin); })));
  }
  Peer client() const {
    Peer peer = Peer::connect(server_->addresses()[0]);
    peer.send("ping");
    return peer;
  }
  // What a client gets that asks `host` of an origin with this certificate.
  void expect_refused(const Certificate& certificate, const std::string& host, std::string_view fault,
                      std::string_view reason) {
    serve(host);
    const auto context = server_context(certificate, TLS1_3_VERSION);
    Peer peer = client();
    TlsPeer(context.get(), origin_.accept());
    EXPECT_TRUE(seen_.wait(fmt::format("origin closed: {}", fault)));
    const std::lock_guard lock(log_mutex_);
    EXPECT_NE(logged_.find(reason), std::string::npos) << logged_;
  }

  std::filesystem::path folder_;
  const Certificate ca_ = make_certificate("", nullptr);
  const Certificate good_ = make_certificate("DNS:origin.example,DNS:localhost,IP:127.0.0.1", &ca_);
  ServerOptions options_;
  std::mutex log_mutex_;
  std::string logged_;
  Log log_{LogLevel::kWarn, [this](LogLevel, std::string_view line) {
             const std::lock_guard lock(log_mutex_);
             logged_ += std::string(line) + "\n";
           }};
  Sightings seen_;
  PeerListener origin_;
  std::unique_ptr<Server> server_;
};

TEST_F(TlsTest, SpeaksToATrustedOrigin) {
  serve("origin.example");
  const auto context = server_context(good_, TLS1_3_VERSION);
  Peer peer = client();
  TlsPeer at_origin(context.get(), origin_.accept());
  ASSERT_TRUE(at_origin.ok());
  EXPECT_EQ(at_origin.server_name(), "origin.example");
  EXPECT_EQ(at_origin.protocol(), "http/1.1");
  EXPECT_EQ(at_origin.receive(4), "ping");
  at_origin.send("pong");
  EXPECT_EQ(peer.receive(4), "pong");
  at_origin.end(true);
  EXPECT_EQ(peer.receive_all(), "");
  EXPECT_TRUE(peer.at_end());
  EXPECT_TRUE(seen_.wait("origin eof"));
}

TEST_F(TlsTest, ChecksAnAddressAgainstTheCertificateAndNamesNoServer) {
  serve("127.0.0.1");
  const auto context = server_context(good_, TLS1_2_VERSION);
  const Peer peer = client();
  TlsPeer at_origin(context.get(), origin_.accept());
  ASSERT_TRUE(at_origin.ok());
  EXPECT_EQ(at_origin.server_name(), "");
  EXPECT_EQ(at_origin.receive(4), "ping");
}

TEST_F(TlsTest, CarriesMuchBothWays) {
  serve("origin.example");
  const auto context = server_context(good_, TLS1_3_VERSION);
  std::string sent;
  for (int i = 0; sent.size() < 4U << 20U; ++i) sent += std::to_string(i) + ",";
  Peer peer = client();
  TlsPeer at_origin(context.get(), origin_.accept());
  std::thread writer([&] { peer.send(sent); });
  EXPECT_EQ(at_origin.receive(4 + sent.size()), "ping" + sent);
  writer.join();
  std::thread back([&] { at_origin.send(sent); });
  EXPECT_EQ(peer.receive(sent.size()), sent);
  back.join();
}

TEST_F(TlsTest, AnEndWithoutCloseNotifyIsABreak) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    serve("origin.example");
    const auto context = server_context(good_, version);
    Peer peer = client();
    TlsPeer at_origin(context.get(), origin_.accept());
    EXPECT_EQ(at_origin.receive(4), "ping");
    at_origin.send("half an ans");
    EXPECT_EQ(peer.receive(11), "half an ans");
    at_origin.end(false);
    EXPECT_TRUE(seen_.wait("origin closed: reset", version == TLS1_2_VERSION ? 1 : 2));
  }
}

TEST_F(TlsTest, ResumesSessions) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    serve("origin.example");
    const auto context = server_context(good_, version);
    for (const bool again : {false, true}) {
      Peer peer = client();
      TlsPeer at_origin(context.get(), origin_.accept());
      ASSERT_TRUE(at_origin.ok());
      EXPECT_EQ(at_origin.resumed(), again) << version;
      EXPECT_EQ(at_origin.receive(4), "ping");
      at_origin.send("pong");  // behind it come the tickets
      EXPECT_EQ(peer.receive(4), "pong");
      at_origin.end(true);
      peer.receive_all();
    }
  }
}

TEST_F(TlsTest, TakesConnectionsFromThePool) {
  serve("origin.example");
  const auto context = server_context(good_, TLS1_3_VERSION);
  Peer first = client();
  TlsPeer at_origin(context.get(), origin_.accept());
  EXPECT_EQ(at_origin.receive(4), "ping");
  first.half_close();
  first.receive_all();
  ASSERT_TRUE(eventually([&] { return server_->stats().idle == 1; }));
  Peer second = client();
  EXPECT_EQ(at_origin.receive(4), "ping");
  EXPECT_EQ(server_->stats().dialed, 1U);
}

TEST_F(TlsTest, RefusesAnUntrustedOrigin) {
  const Certificate stranger = make_certificate("", nullptr);
  expect_refused(make_certificate("DNS:origin.example", &stranger), "origin.example", "tls issuer", "local issuer");
}

TEST_F(TlsTest, RefusesASelfSignedOrigin) {
  expect_refused(make_certificate("DNS:origin.example", nullptr), "origin.example", "tls issuer", "self-signed");
}

TEST_F(TlsTest, RefusesAnExpiredCertificate) {
  expect_refused(make_certificate("DNS:origin.example", &ca_, true), "origin.example", "tls expired", "expired");
}

TEST_F(TlsTest, RefusesACertificateForAnotherName) {
  expect_refused(good_, "other.example", "tls name", "ostname mismatch");
}

TEST_F(TlsTest, RefusesACertificateForAnotherAddress) {
  expect_refused(make_certificate("DNS:localhost,IP:127.0.0.2", &ca_), "127.0.0.1", "tls name", "IP address mismatch");
}

TEST_F(TlsTest, RefusesOldVersions) {
  serve("origin.example");
  const auto context = server_context(good_, TLS1_1_VERSION);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_security_level(context.get(), 0);
  Peer peer = client();
  EXPECT_FALSE(TlsPeer(context.get(), origin_.accept()).ok());
  EXPECT_TRUE(seen_.wait("origin closed: tls"));
}

TEST_F(TlsTest, AnOriginThatSpeaksNoTls) {
  serve("origin.example");
  Peer peer = client();
  Peer at_origin = origin_.accept();
  at_origin.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_TRUE(seen_.wait("origin closed: tls"));
}

TEST_F(TlsTest, AnOriginThatLeavesDuringTheHandshake) {
  serve("origin.example");
  Peer peer = client();
  origin_.accept().close();
  EXPECT_TRUE(seen_.wait("origin closed: tls"));
}

TEST_F(TlsTest, AnOriginThatNeverShakesHands) {
  options_.limits.connect_timeout = std::chrono::milliseconds(100);
  serve("origin.example");
  Peer peer = client();
  const Peer at_origin = origin_.accept();
  EXPECT_TRUE(seen_.wait("origin closed: connect timeout"));
}

TEST_F(TlsTest, SaysWhatIsWrongWithAFileOfCas) {
  std::ofstream(folder_ / "junk.pem") << "junk";
  TlsClient junk({.origin_ca = folder_ / "junk.pem"}, Limits());
  EXPECT_EQ(junk.prepare().error().code, ErrorCode::kInvalid);
  EXPECT_FALSE(junk.open("origin.example", 443));
  TlsClient missing({.origin_ca = folder_ / "missing.pem"}, Limits());
  EXPECT_EQ(missing.prepare().error().code, ErrorCode::kNotFound);
}

TEST_F(TlsTest, TheSystemsStoreCanBeHad) {
  TlsClient client({}, Limits());
  EXPECT_TRUE(client.prepare());
  EXPECT_TRUE(client.open("origin.example", 443));
}

TEST(TlsClientTest, OffersHttp2OnlyWhereItIsWanted) {
  TlsClient client({.origin_ca = {}, .system_store = false}, Limits());
  for (const bool offers : {false, true}) {
    const auto stream = client.open("origin.example", 443, offers);
    ASSERT_TRUE(stream.has_value());
    std::string hello;
    (*stream)->start(hello);
    EXPECT_EQ(hello.find("\x02h2\x08http/1.1") != std::string::npos, offers);
    EXPECT_NE(hello.find("\x08http/1.1"), std::string::npos);
  }
}

}  // namespace
}  // namespace tokometer::net
