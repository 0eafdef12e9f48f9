#include "net/tls_client.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdlib>
#include <mutex>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/address.h"
#include "net/tls_openssl.h"

namespace tokometer::net {
namespace {

// RFC 7301, 3.1: length-prefixed names.
constexpr unsigned char kAlpn[] = {2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
constexpr std::size_t kH2Bytes = 3;  // of it, in front

// Where systems keep their CAs, for a binary whose OpenSSL was built for another.
constexpr const char* kBundles[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                    "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

bool exists(const char* path) {
  struct stat info{};
  return ::stat(path, &info) == 0;
}

void trust_system(SSL_CTX* context) {
  SSL_CTX_set_default_verify_paths(context);
  const bool own_place = exists(X509_get_default_cert_file()) || exists(X509_get_default_cert_dir()) ||
                         std::getenv(X509_get_default_cert_file_env()) != nullptr ||
                         std::getenv(X509_get_default_cert_dir_env()) != nullptr;
  if (own_place) return;
  for (const char* bundle : kBundles) {
    if (exists(bundle) && SSL_CTX_load_verify_file(context, bundle) == 1) return;
  }
}

// Sessions to go on with, by origin.
class Sessions {
 public:
  explicit Sessions(const Limits& limits)
      : max_per_origin_(limits.max_tls_sessions_per_origin), max_(limits.max_tls_sessions) {}

  void keep(const std::string& origin, SslSessionPtr session) {
    const std::lock_guard lock(mutex_);
    if (size_ >= max_) {
      sessions_.clear();  // rare: a proxy has few origins
      size_ = 0;
    }
    auto& kept = sessions_[origin];
    if (kept.size() >= max_per_origin_) {
      kept.erase(kept.begin());
      --size_;
    }
    kept.push_back(std::move(session));
    ++size_;
  }

  // The newest. A TLS 1.3 ticket serves once (RFC 8446, appendix C.4), an older
  // session again and again.
  SslSessionPtr take(const std::string& origin) {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(origin);
    if (found == sessions_.end() || found->second.empty()) return nullptr;
    SSL_SESSION* newest = found->second.back().get();
    if (SSL_SESSION_get_protocol_version(newest) < TLS1_3_VERSION) {
      SSL_SESSION_up_ref(newest);
      return SslSessionPtr(newest);
    }
    SslSessionPtr session = std::move(found->second.back());
    found->second.pop_back();
    --size_;
    return session;
  }

 private:
  const std::size_t max_per_origin_;
  const std::size_t max_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::vector<SslSessionPtr>> sessions_;  // each oldest first
  std::size_t size_ = 0;
};

}  // namespace

class TlsClient::Impl {
 public:
  Impl(TlsOptions options, const Limits& limits) : options_(std::move(options)), sessions_(limits) {}

  Result<void> prepare() {
    const std::lock_guard lock(mutex_);
    if (context_) return {};
    SslContextPtr context(SSL_CTX_new(TLS_client_method()));
    if (!context) return fail(ErrorCode::kUnsupported, "TLS: " + take_ssl_error());
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    // Buffers of a record's size are given back between records.
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context.get(), [](SSL* ssl, SSL_SESSION* session) {
      OpensslStream::of(ssl).keep(SslSessionPtr(session));
      return 1;  // the reference is ours
    });
    if (options_.system_store) trust_system(context.get());
    if (!options_.origin_ca.empty() && !exists(options_.origin_ca.c_str())) {
      return fail(ErrorCode::kNotFound, options_.origin_ca + ": no such file");
    }
    if (!options_.origin_ca.empty() && SSL_CTX_load_verify_file(context.get(), options_.origin_ca.c_str()) != 1) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("{}: no certificates in PEM form: {}", options_.origin_ca, take_ssl_error()));
    }
    ERR_clear_error();
    method_ = OpensslStream::make_bio_method();
    context_ = std::move(context);
    return {};
  }

  Result<std::unique_ptr<TlsStream>> open(std::string_view host, std::uint16_t port, bool offer_http2) {
    if (auto ready = prepare(); !ready) return fail(ready.error());
    SslPtr ssl(SSL_new(context_.get()));
    if (!ssl) return fail(ErrorCode::kUnsupported, "TLS: " + take_ssl_error());
    const std::string name(host);
    bool set = false;
    if (Address::ip(host, port)) {
      // SNI carries names only (RFC 6066, 3).
      set = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), name.c_str()) == 1;
    } else {
      SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
      set = SSL_set1_host(ssl.get(), name.c_str()) == 1 && SSL_set_tlsext_host_name(ssl.get(), name.c_str()) == 1;
    }
    if (!set) return fail(ErrorCode::kInvalid, fmt::format("TLS: {}: not a host name", host));
    const auto offer = std::span(kAlpn).subspan(offer_http2 ? 0 : kH2Bytes);
    if (SSL_set_alpn_protos(ssl.get(), offer.data(), static_cast<unsigned>(offer.size())) != 0) {
      return fail(ErrorCode::kUnsupported, "TLS: " + take_ssl_error());
    }
    SSL_set_connect_state(ssl.get());
    std::string origin = fmt::format("{}:{}", host, port);
    if (const SslSessionPtr session = sessions_.take(origin)) SSL_set_session(ssl.get(), session.get());
    return std::make_unique<OpensslStream>(
        std::move(ssl), *method_,
        [this, origin = std::move(origin)](SslSessionPtr session) { sessions_.keep(origin, std::move(session)); });
  }

 private:
  const TlsOptions options_;
  Sessions sessions_;
  std::mutex mutex_;  // guards the making of the two below
  BioMethodPtr method_;
  SslContextPtr context_;
};

TlsClient::TlsClient(TlsOptions options, const Limits& limits)
    : impl_(std::make_unique<Impl>(std::move(options), limits)) {}

TlsClient::~TlsClient() = default;

Result<void> TlsClient::prepare() { return impl_->prepare(); }

Result<std::unique_ptr<TlsStream>> TlsClient::open(std::string_view host, std::uint16_t port, bool offer_http2) {
  return impl_->open(host, port, offer_http2);
}

}  // namespace tokometer::net
