#include "net/crypto.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

namespace tokometer::net {

void HmacSha256::Deleter::operator()(evp_mac_ctx_st* context) const { EVP_MAC_CTX_free(context); }

Result<HmacSha256> HmacSha256::open(std::string_view key) {
  EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  HmacSha256 hmac(EVP_MAC_CTX_new(mac));
  EVP_MAC_free(mac);
  std::string digest = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
                                   OSSL_PARAM_construct_end()};
  const auto* const bytes = reinterpret_cast<const unsigned char*>(key.data());
  if (!hmac.context_ || EVP_MAC_init(hmac.context_.get(), bytes, key.size(), parameters) != 1) {
    return fail(ErrorCode::kUnsupported, "openssl: no hmac with sha-256");
  }
  return hmac;
}

std::optional<HmacSha256::Digest> HmacSha256::digest(std::string_view text) const {
  const std::unique_ptr<evp_mac_ctx_st, Deleter> context(EVP_MAC_CTX_dup(context_.get()));
  Digest digest;
  std::size_t size = 0;
  const bool done =
      context && EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1 &&
      EVP_MAC_final(context.get(), digest.data(), &size, digest.size()) == 1 && size == digest.size();
  return done ? std::optional(digest) : std::nullopt;
}

Result<std::string> random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
    return fail(ErrorCode::kIo, "openssl: no random bytes");
  }
  return bytes;
}

}  // namespace tokometer::net
