#include "proxy/failure.h"

namespace tokometer::proxy {

Abort abort_of(NetError why) {
  switch (why) {
    case NetError::kResolve:
      return Abort::kOriginResolve;
    case NetError::kRefused:
      return Abort::kOriginRefused;
    case NetError::kLimit:
      return Abort::kNoConnection;
    case NetError::kConnectTimeout:
      return Abort::kConnectTimeout;
    case NetError::kLoop:
      return Abort::kLoop;
    case NetError::kTls:
    case NetError::kDistrusted:
    case NetError::kTurnedAway:
      return Abort::kOriginTls;
    case NetError::kTlsIssuer:
      return Abort::kOriginTlsIssuer;
    case NetError::kTlsExpired:
      return Abort::kOriginTlsExpired;
    case NetError::kTlsName:
      return Abort::kOriginTlsName;
    case NetError::kTlsCertificate:
      return Abort::kOriginTlsCertificate;
    case NetError::kProxy:
      return Abort::kProxy;
    case NetError::kProxyTimeout:
      return Abort::kProxyTimeout;
    case NetError::kProxyUnauthorized:
      return Abort::kProxyUnauthorized;
    case NetError::kProxyRefused:
      return Abort::kProxyRefused;
    case NetError::kStopped:
      return Abort::kShutdown;
    case NetError::kNone:
    case NetError::kReset:
      break;
  }
  return Abort::kOriginReset;
}

Failure failure(Abort why) {
  switch (why) {
    case Abort::kOriginResolve:
      return {502, "origin_resolve", "the origin's name has no address"};
    case Abort::kOriginRefused:
      return {502, "origin_refused", "the origin refused the connection or can't be reached"};
    case Abort::kLoop:
      return {508, "loop",
              "the way to this host leads back to tokometer itself: give the provider's own address in origins or "
              "base_url, or leave the host out of what goes through the proxy (NO_PROXY)"};
    case Abort::kOriginTls:
      return {502, "origin_tls", "no TLS connection to the origin (`tokometer logs` says why)"};
    case Abort::kOriginTlsIssuer:
      return {502, "origin_tls_issuer",
              "no trusted TLS connection to the origin: its certificate is self-signed or of an unknown issuer (see "
              "--origin-ca for a CA of your own)"};
    case Abort::kOriginTlsExpired:
      return {502, "origin_tls_expired",
              "no trusted TLS connection to the origin: its certificate has expired, or is not valid yet by this "
              "machine's clock"};
    case Abort::kOriginTlsName:
      return {502, "origin_tls_name",
              "no trusted TLS connection to the origin: its certificate is for another host (name mismatch)"};
    case Abort::kOriginTlsCertificate:
      return {502, "origin_tls_certificate",
              "no trusted TLS connection to the origin: its certificate can't be accepted (`tokometer logs` says why)"};
    case Abort::kProxy:
      return {502, "upstream_proxy",
              "the upstream proxy can't be reached (see upstream_proxy and HTTPS_PROXY; `tokometer doctor` says which "
              "is used, no_proxy names origins that are asked directly)"};
    case Abort::kProxyTimeout:
      return {504, "upstream_proxy_timeout",
              "the upstream proxy did not connect to the origin in time (`tokometer doctor` says which is used)"};
    case Abort::kProxyUnauthorized:
      return {502, "upstream_proxy_unauthorized",
              "the upstream proxy answered 407: it asks for a user and password, or for others than it was given "
              "(upstream_proxy or HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT)"};
    case Abort::kProxyRefused:
      return {502, "upstream_proxy_refused",
              "the upstream proxy does not connect to this origin (`tokometer logs` has its answer; no_proxy names "
              "origins that are asked directly)"};
    case Abort::kNoConnection:
      return {503, "connections_exhausted",
              "tokometer has no connection left to the origin (see limits.connections, ulimit -n)"};
    case Abort::kOriginReset:
      return {502, "origin_reset", "the origin closed the connection before its response"};
    case Abort::kConnectTimeout:
      return {504, "connect_timeout", "the origin did not accept the connection in time"};
    case Abort::kFirstByteTimeout:
      return {504, "first_byte_timeout", "the origin did not begin its response in time"};
    case Abort::kBetweenBytesTimeout:
      return {504, "between_bytes_timeout", "the origin stopped sending"};
    case Abort::kOriginProtocol:
      return {502, "origin_protocol", "the origin's response is not valid HTTP/1.1"};
    case Abort::kClientClosed:
    case Abort::kClientProtocol:
    case Abort::kShutdown:
    case Abort::kBudget:
      break;
  }
  return {503, "shutdown", "tokometer is stopping"};
}

}  // namespace tokometer::proxy
