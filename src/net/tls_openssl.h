// OpenSSL's side of TlsStream, and what else the files of TLS share.
// Included by tls_*.cc and certificate_authority.cc only.
#pragma once

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "net/tls_stream.h"

namespace tokometer::net {

struct SslDeleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
};
using SslPtr = std::unique_ptr<SSL, SslDeleter>;
using SslContextPtr = std::unique_ptr<SSL_CTX, SslDeleter>;
using SslSessionPtr = std::unique_ptr<SSL_SESSION, SslDeleter>;
using X509Ptr = std::unique_ptr<X509, SslDeleter>;
using KeyPtr = std::unique_ptr<EVP_PKEY, SslDeleter>;
using BioMethodPtr = std::unique_ptr<BIO_METHOD, SslDeleter>;

// The last error that OpenSSL noted in this thread, in its words; clears them.
std::string take_ssl_error();

class OpensslStream final : public TlsStream {
 public:
  using KeepSession = std::function<void(SslSessionPtr)>;

  // Makes the BIO through which streams see the caller's bytes instead of a socket.
  static BioMethodPtr make_bio_method();

  // `ssl` is set up but for its BIO. `keep` gets the sessions that the peer
  // offers to go on with.
  OpensslStream(SslPtr ssl, const BIO_METHOD& method, KeepSession keep);
  // The stream that runs on `ssl`.
  static OpensslStream& of(const SSL* ssl);
  void keep(SslSessionPtr session) { keep_(std::move(session)); }

  Status start(std::string& out) override;
  Status receive(std::string_view wire, std::string& plaintext, std::string& out) override;
  Status send(std::initializer_list<std::string_view> pieces, std::string& out) override;
  void close(std::string& out) override;
  bool is_established() const override;
  bool is_resumed() const override;
  std::string_view version() const override;
  std::string_view protocol() const override;
  proxy::NetError fault() const override { return fault_; }
  bool has_shown_certificate() const override { return shown_certificate_; }
  std::string_view error() const override { return error_; }

 private:
  static int bio_read(BIO* bio, char* data, int size);
  static int bio_write(BIO* bio, const char* data, int size);
  static long bio_control(BIO* bio, int command, long argument, void* pointer);

  static void note_message(int written, int version, int type, const void* message, std::size_t size, SSL* ssl,
                           void* argument);

  Status shake_hands();
  Status failed();

  SslPtr ssl_;
  KeepSession keep_;
  std::string_view in_;         // of the running call
  std::string* out_ = nullptr;  // the same
  std::string error_;
  proxy::NetError fault_ = proxy::NetError::kTls;
  bool shown_certificate_ = false;
};

}  // namespace tokometer::net
