// For tests: a CA, certificates, and the server's side of TLS on a Peer.
// Included by tls_*_test.cc only.
#pragma once

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "net/loopback_peer.h"

namespace tokometer::net {

struct TestSslDeleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

struct Certificate {
  std::unique_ptr<X509, TestSslDeleter> x509;
  std::unique_ptr<EVP_PKEY, TestSslDeleter> key;
};

// `names` as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1"; empty for a CA.
// Signed by `issuer`, or by itself. Valid for a day from now, or until an hour ago.
inline Certificate make_certificate(const std::string& names, const Certificate* issuer, bool expired = false) {
  static int serial = 1;
  Certificate made{.x509 = std::unique_ptr<X509, TestSslDeleter>(X509_new()),
                   .key = std::unique_ptr<EVP_PKEY, TestSslDeleter>(EVP_EC_gen("P-256"))};
  X509* x509 = made.x509.get();
  X509_set_version(x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), serial++);
  X509_gmtime_adj(X509_getm_notBefore(x509), -86'400);
  X509_gmtime_adj(X509_getm_notAfter(x509), expired ? -3'600 : 86'400);
  X509_set_pubkey(x509, made.key.get());
  const std::string common_name = "tokometer test " + std::to_string(serial);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
  X509_set_issuer_name(x509, X509_get_subject_name(issuer != nullptr ? issuer->x509.get() : x509));
  const auto extend = [&](int kind, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
    TOKOMETER_CHECK(extension != nullptr);
    X509_add_ext(x509, extension, -1);
    X509_EXTENSION_free(extension);
  };
  extend(NID_basic_constraints, names.empty() ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (!names.empty()) extend(NID_subject_alt_name, names);
  TOKOMETER_CHECK(X509_sign(x509, (issuer != nullptr ? issuer->key : made.key).get(), EVP_sha256()) > 0);
  return made;
}

inline void write_pem(const Certificate& certificate, const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  TOKOMETER_CHECK(file != nullptr && PEM_write_X509(file, certificate.x509.get()) == 1);
  std::fclose(file);
}

// The server's context: one for all its connections, so that sessions resume.
inline std::unique_ptr<SSL_CTX, TestSslDeleter> server_context(const Certificate& certificate, int max_version) {
  std::unique_ptr<SSL_CTX, TestSslDeleter> context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_max_proto_version(context.get(), max_version);
  TOKOMETER_CHECK(SSL_CTX_use_certificate(context.get(), certificate.x509.get()) == 1 &&
                  SSL_CTX_use_PrivateKey(context.get(), certificate.key.get()) == 1);
  SSL_CTX_set_alpn_select_cb(
      context.get(),
      [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in, unsigned, void*) {
        *out = in + 1;  // the client's first wish
        *size = in[0];
        return SSL_TLSEXT_ERR_OK;
      },
      nullptr);
  return context;
}

class TlsPeer {
 public:
  // Takes the peer's socket over and shakes hands; `ok` says how that went.
  TlsPeer(SSL_CTX* context, Peer peer) : peer_(std::move(peer)), ssl_(SSL_new(context)) {
    ::fcntl(peer_.number(), F_SETFL, ::fcntl(peer_.number(), F_GETFL) & ~O_NONBLOCK);
    const timeval patience{.tv_sec = kPeerPatienceMs / 1'000, .tv_usec = 0};
    ::setsockopt(peer_.number(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    SSL_set_fd(ssl_.get(), peer_.number());
    ok_ = SSL_accept(ssl_.get()) == 1;
    ERR_clear_error();
  }

  bool ok() const { return ok_; }
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  std::string server_name() const {
    const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
  }
  std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const int count = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  // Until `size` bytes are there or the peer ends.
  std::string receive(std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < size) {
      const int count = SSL_read(ssl_.get(), bytes.data() + have, static_cast<int>(size - have));
      if (count <= 0) break;
      have += static_cast<std::size_t>(count);
    }
    bytes.resize(have);
    ERR_clear_error();
    return bytes;
  }
  // Ends what we send: properly, or as if cut off.
  void end(bool properly) {
    if (properly) SSL_shutdown(ssl_.get());
    peer_.half_close();
  }

 private:
  Peer peer_;
  std::unique_ptr<SSL, TestSslDeleter> ssl_;
  bool ok_ = false;
};

}  // namespace tokometer::net
