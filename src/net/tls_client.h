// TLS to origins: whom we trust, and sessions to go on with.
//
//   TlsClient tls({.origin_ca = "ca.pem"}, limits);
//   auto stream = tls.open("api.example.com", 443);
//
// Always verified (RFC 5280, RFC 6125): against the system's store and, if
// given, one more file of CAs; the name or IP address asked for must be in the
// certificate. TLS 1.2 and later, ALPN, SNI for names. Nothing turns
// that off.
//
// OpenSSL is included by tls_*.cc only, and its context is made with the first
// stream: who speaks to plain origins only never pays for it. Thread-safe.
//
// Not here: the stream itself (tls_stream.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/limits.h"
#include "net/tls_stream.h"

namespace tokometer::net {

struct TlsOptions {
  std::string origin_ca;     // PEM file of CAs trusted besides the system's; empty: none
  bool system_store = true;  // trust the system's CAs
};

class TlsClient {
 public:
  TlsClient(TlsOptions options, const Limits& limits);
  ~TlsClient();

  // Makes the context now: fails if the file of CAs can't be read. Without it,
  // that failure meets the first stream.
  Result<void> prepare();
  // Offers http/1.1 by ALPN, and h2 before it if `offer_http2`.
  Result<std::unique_ptr<TlsStream>> open(std::string_view host, std::uint16_t port, bool offer_http2 = false);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tokometer::net
