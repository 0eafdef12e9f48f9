// The certificate authority of this installation: it vouches for the hosts whose
// TLS we take apart, to the clients that were told to trust it.
//
//   auto authority = CertificateAuthority::open(data_dir / "ca", {"openai.com", "anthropic.com"});
//   authority->issue("api.openai.com");
//
// Made where there is none: an ECDSA key on P-256 and a certificate of its own
// for ten years (RFC 5280). The key never leaves its file, ca.key, mode 0600; what
// clients get is ca.pem. The certificate says for which domains it is good (name constraints,
// RFC 5280, 4.2.1.10), so that a stolen key is of little use with clients that look at that.
//
// Not here: TLS (tls_server.h), trust stores (app/).
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

struct x509_st;
struct evp_pkey_st;

namespace tokometer::net {

class CertificateAuthority {
 public:
  // What its certificate says.
  struct Info {
    std::string name;         // "Tokometer CA 3F09A2C1"
    std::string fingerprint;  // SHA-256, "AB:CD:…"
    UtcTime not_before;
    UtcTime not_after;
    std::vector<std::string> permitted;  // domains; empty: any

    // Whether clients that heed name constraints take its word for `host`.
    bool covers(std::string_view host) const;
  };

  // The one in `folder`; if there is none, one that is good for the domains `permitted` and what is below them
  // (and IP literals); empty: for any. ca.pem is made anew where its certificate is not there. Fails if the folder
  // can't be written or what is there is no authority.
  static Result<std::unique_ptr<CertificateAuthority>> open(const std::filesystem::path& folder,
                                                            const std::vector<std::string>& permitted);
  // A new one, which is in no folder yet.
  static Result<std::unique_ptr<CertificateAuthority>> make(const std::vector<std::string>& permitted);
  // Writes ca.key into `folder`, made if need be. Where one is there already, that stays, unless it is to be replaced:
  // clients must have been told by then (app/authority_rotation.h).
  Result<void> put_key(const std::filesystem::path& folder, bool replace) const;
  // Only reads; kNotFound if there is none.
  static Result<std::unique_ptr<CertificateAuthority>> find(const std::filesystem::path& folder);
  // What the first certificate in a PEM file says, without its key.
  static Result<Info> read(const std::filesystem::path& certificate);
  static std::filesystem::path certificate_path(const std::filesystem::path& folder);
  static std::filesystem::path key_path(const std::filesystem::path& folder);
  ~CertificateAuthority();

  const Info& info() const { return info_; }
  bool covers(std::string_view host) const { return info_.covers(host); }
  std::string pem() const;

  // A certificate for a host name or IP literal, for ninety days. All have the same key. Thread-safe.
  Result<std::shared_ptr<x509_st>> issue(std::string_view name) const;
  evp_pkey_st* leaf_key() const;

 private:
  struct Keys;
  CertificateAuthority(std::unique_ptr<Keys> keys, Info info);
  static Result<std::unique_ptr<CertificateAuthority>> from(std::unique_ptr<Keys> keys);

  std::unique_ptr<Keys> keys_;
  Info info_;
};

}  // namespace tokometer::net
