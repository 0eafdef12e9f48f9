// Clients that are intercepted, as their session sees how the handshake ends: tls_server.h, connection.h.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <thread>

#include "net/server.h"
#include "net/tls_server.h"
#include "net/tls_test_peer.h"

namespace tokometer::net {
namespace {

// Goes on in TLS with the client's first bytes.
class SecureSession final : public TestSession {
 public:
  using TestSession::TestSession;
  void on_secured(proxy::Protocol /*protocol*/) override { sightings_.add("secured"); }
  void on_bytes(proxy::ConnId /*conn*/, std::string_view bytes) override {
    if (!std::exchange(begun_, true)) return driver_.secure("api.example", bytes);
    sightings_.add(std::string(bytes));
  }
  void on_eof(proxy::ConnId conn) override {
    TestSession::on_eof(conn);
    finish(proxy::Close::kGraceful);
  }

 private:
  bool begun_ = false;
};

class TlsServerTest : public testing::Test {
 protected:
  TlsServerTest() {
    char pattern[] = "/tmp/tokometer-tls-server-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    options_.listen = {*Address::parse("127.0.0.1:0")};
    options_.authority = [this] { return CertificateAuthority::open(folder_ / "ca", {"example"}); };
    server_ = std::move(*Server::open(options_, system_clock(), log_));
    EXPECT_TRUE(server_->start(std::make_shared<TestFactory>(
        [this](proxy::Driver& driver) { return std::make_unique<SecureSession>(driver, seen_); })));
  }
  ~TlsServerTest() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  Peer connect() const { return Peer::connect(server_->addresses()[0]); }
  // The first message of a client that speaks `version`.
  static std::string hello(int version) {
    const std::unique_ptr<SSL_CTX, TestSslDeleter> context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_max_proto_version(context.get(), version);
    const std::unique_ptr<SSL, TestSslDeleter> ssl(SSL_new(context.get()));
    BIO* const out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
    SSL_connect(ssl.get());
    ERR_clear_error();
    char* data = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(out, &data));
    return {data, size};
  }
  // A client that has the beginning of the server's answer, its certificate among that.
  Peer shown(int version) const {
    Peer peer = connect();
    peer.send(hello(version));
    EXPECT_FALSE(peer.receive(1).empty());
    return peer;
  }

  std::filesystem::path folder_;
  ServerOptions options_;
  Log log_{LogLevel::kOff};
  Sightings seen_;
  std::unique_ptr<Server> server_;
};

TEST_F(TlsServerTest, TellsWhoEndsTheHandshakeOnSeeingOurCertificate) {
  int times = 0;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    shown(version).close();  // with an RST, as the rest of the answer is unread
    EXPECT_TRUE(seen_.wait("client closed: turned away", ++times)) << version;
    Peer half = shown(version);
    half.half_close();
    EXPECT_TRUE(seen_.wait("client closed: turned away", ++times)) << version;
    Peer polite = shown(version);
    polite.send(std::string("\x15\x03\x03\x00\x02\x01\x00", 7));  // close_notify, which says no more
    EXPECT_TRUE(seen_.wait("client closed: turned away", ++times)) << version;
  }
}

TEST_F(TlsServerTest, TellsWhoSaysThatItDoesNotTrustUs) {
  Peer peer = shown(TLS1_2_VERSION);
  peer.send(std::string("\x15\x03\x03\x00\x02\x02\x30", 7));  // unknown_ca
  EXPECT_TRUE(seen_.wait("client closed: distrusted"));
}

TEST_F(TlsServerTest, BlamesNobodyWhoHasNotSeenOurCertificate) {
  Peer peer = connect();
  peer.send(hello(TLS1_3_VERSION).substr(0, 20));
  peer.half_close();
  EXPECT_TRUE(seen_.wait("client closed: tls"));
}

TEST_F(TlsServerTest, BlamesNobodyWhoBreaksTheProtocol) {
  Peer peer = shown(TLS1_2_VERSION);
  peer.send("nonsense\r\n\r\n");
  EXPECT_TRUE(seen_.wait("client closed: tls"));
}

TEST_F(TlsServerTest, VouchesForWhatItsAuthorityCovers) {
  TlsServer server([this] { return CertificateAuthority::open(folder_ / "ca", {"example"}); }, Limits());
  EXPECT_TRUE(server.vouches_for("api.example"));
  EXPECT_FALSE(server.vouches_for("api.elsewhere"));
  TlsServer none([] { return Result<std::unique_ptr<CertificateAuthority>>(fail(ErrorCode::kIo, "no folder")); },
                 Limits());
  EXPECT_TRUE(none.vouches_for("api.elsewhere")) << "the reason that there is none is told with the first stream";
  EXPECT_FALSE(none.open("api.elsewhere"));
}

}  // namespace
}  // namespace tokometer::net
