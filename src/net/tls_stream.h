// One TLS connection as a state machine: bytes in, bytes out, no socket.
//
// RFC 8446 (TLS 1.3) and RFC 5246 (1.2) as OpenSSL does them. The socket's bytes
// go in by `receive`, what is to be written comes out appended to a string, so
// that a connection costs one read and one write a turn however many records
// there are, and holds no buffer of its own between them.
//
// Not here: trust, resumption and making of streams (tls_client.h).
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/driver.h"

namespace tokometer::net {

class TlsStream {
 public:
  enum class Status {
    kOpen,    // goes on
    kClosed,  // the peer ended it properly (close_notify)
    kFailed   // error() says why
  };

  virtual ~TlsStream() = default;

  // Says hello. Appends what must be sent to `out`, here and below.
  virtual Status start(std::string& out) = 0;
  // Takes what the socket read; appends decrypted content to `plaintext`.
  virtual Status receive(std::string_view wire, std::string& plaintext, std::string& out) = 0;
  // Encrypts the pieces, in order.
  virtual Status send(std::initializer_list<std::string_view> pieces, std::string& out) = 0;
  // Says that nothing more will be sent.
  virtual void close(std::string& out) = 0;

  // The handshake is done and the peer is who it should be.
  virtual bool is_established() const = 0;
  // It went on with a session of an earlier connection.
  virtual bool is_resumed() const = 0;
  virtual std::string_view version() const = 0;  // "TLSv1.3"
  // What ALPN chose (RFC 7301): "h2", "http/1.1", or empty: nothing was agreed on.
  virtual std::string_view protocol() const = 0;
  // What failed in the handshake: kDistrusted if the peer does not accept our certificate (alerts of RFC 8446, 6.2),
  // one of kTls… if we don't accept its, else kTls.
  virtual proxy::NetError fault() const = 0;
  // The peer has been sent our certificate: not on a client's stream, nor where a session is resumed.
  virtual bool has_shown_certificate() const = 0;
  // Why it failed: names of faults and of hosts, never content.
  virtual std::string_view error() const = 0;
};

}  // namespace tokometer::net
