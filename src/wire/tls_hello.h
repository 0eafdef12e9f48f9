// The first message of a TLS client: which name it asks for, and who it is.
//
//   tls::ClientHello hello;
//   switch (tls::read_client_hello(bytes, hello)) {  // all bytes so far, from the first
//     case tls::Hello::kMore: …      // not whole yet
//     case tls::Hello::kWhole: …     // hello.server_name, hello.fingerprint
//     case tls::Hello::kNone: …      // no TLS
//   }
//
// RFC 8446, 4.1.2 and 5.1; server_name RFC 6066, 3; ALPN RFC 7301, 3.1. Only
// read: the handshake itself is OpenSSL's (net/tls_server.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tokometer::wire::tls {

// A hello that is longer is none. Today's, with keys against quantum computers, have some 2 KiB.
inline constexpr std::size_t kMaxHelloBytes = std::size_t{32} * 1024;

enum class Hello : std::uint8_t { kMore, kWhole, kNone };

struct ClientHello {
  std::string server_name;             // lower case; empty: none sent
  std::vector<std::string> protocols;  // offered by ALPN, in the client's order
  // Alike for the connections of one program and, nearly always, different for another: a hash of the versions,
  // ciphers, extensions, groups and protocols that it offers, without what changes from one hello to the next.
  std::uint64_t fingerprint = 0;
};

Hello read_client_hello(std::string_view bytes, ClientHello& hello);

}  // namespace tokometer::wire::tls
