// What of OpenSSL is used besides TLS: a keyed hash and random bytes.
//
//   const auto hmac = HmacSha256::open(key);
//   auto digest = hmac->digest("text");  // 32 bytes
//
// HMAC (RFC 2104) with SHA-256.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

struct evp_mac_ctx_st;

namespace tokometer::net {

class HmacSha256 {
 public:
  using Digest = std::array<std::uint8_t, 32>;

  // kUnsupported where OpenSSL has no HMAC with SHA-256.
  static Result<HmacSha256> open(std::string_view key);

  // Any thread. Nothing where memory is short.
  std::optional<Digest> digest(std::string_view text) const;

 private:
  struct Deleter {
    void operator()(evp_mac_ctx_st* context) const;
  };
  explicit HmacSha256(evp_mac_ctx_st* context) : context_(context) {}

  std::unique_ptr<evp_mac_ctx_st, Deleter> context_;  // with the key taken up; copied for each digest
};

// `count` bytes that nobody can guess.
Result<std::string> random_bytes(std::size_t count);

}  // namespace tokometer::net
