// TLS towards clients whose traffic is intercepted.
//
//   TlsServer tls([] { return CertificateAuthority::open(folder, domains); }, limits);
//   auto stream = tls.open("api.example.com");
//
// TLS 1.2 and later, sessions resumed by tickets, ALPN http/1.1. A certificate is made for each name
// and kept, Limits::max_leaf_certificates of them.
//
// The authority is asked for with the first stream: who intercepts nothing has
// none made. Thread-safe.
//
// Not here: which names (proxy/forwarding.h), making certificates (certificate_authority.h).
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/error.h"
#include "net/certificate_authority.h"
#include "net/limits.h"
#include "net/tls_stream.h"

namespace tokometer::net {

class TlsServer {
 public:
  using Source = std::function<Result<std::unique_ptr<CertificateAuthority>>()>;

  TlsServer(Source source, const Limits& limits);
  ~TlsServer();

  // Fails if there is no authority and none can be made.
  Result<std::unique_ptr<TlsStream>> open(std::string_view name);
  // Whether the authority covers `name`. Where there is none, open() says why.
  bool vouches_for(std::string_view name);
  // Asks for the authority anew, with the next stream.
  void reset();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tokometer::net
