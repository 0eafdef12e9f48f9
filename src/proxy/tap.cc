#include "proxy/tap.h"

namespace tokometer::proxy {

std::string_view to_string(Abort abort) {
  switch (abort) {
    case Abort::kClientClosed:
      return "client_closed";
    case Abort::kOriginResolve:
      return "origin_resolve";
    case Abort::kOriginRefused:
      return "origin_refused";
    case Abort::kLoop:
      return "loop";
    case Abort::kOriginTls:
      return "origin_tls";
    case Abort::kOriginTlsIssuer:
      return "origin_tls_issuer";
    case Abort::kOriginTlsExpired:
      return "origin_tls_expired";
    case Abort::kOriginTlsName:
      return "origin_tls_name";
    case Abort::kOriginTlsCertificate:
      return "origin_tls_certificate";
    case Abort::kProxy:
      return "upstream_proxy";
    case Abort::kProxyTimeout:
      return "upstream_proxy_timeout";
    case Abort::kProxyUnauthorized:
      return "upstream_proxy_unauthorized";
    case Abort::kProxyRefused:
      return "upstream_proxy_refused";
    case Abort::kNoConnection:
      return "connections_exhausted";
    case Abort::kOriginReset:
      return "origin_reset";
    case Abort::kConnectTimeout:
      return "connect_timeout";
    case Abort::kFirstByteTimeout:
      return "first_byte_timeout";
    case Abort::kBetweenBytesTimeout:
      return "between_bytes_timeout";
    case Abort::kOriginProtocol:
      return "origin_protocol";
    case Abort::kClientProtocol:
      return "client_protocol";
    case Abort::kShutdown:
      return "shutdown";
    case Abort::kBudget:
      return "budget_exceeded";
  }
  return "unknown";
}

}  // namespace tokometer::proxy
