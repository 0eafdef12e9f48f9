#include "net/tls_server.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <list>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "net/tls_openssl.h"

namespace tokometer::net {
namespace {

// RFC 7301, 3.1: length-prefixed names, the first that the client offers too is taken.
constexpr unsigned char kServerAlpn[] = {2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int choose_protocol(SSL* /*ssl*/, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void* /*argument*/) {
  unsigned char* chosen = nullptr;
  const int result = SSL_select_next_proto(&chosen, size, kServerAlpn, sizeof kServerAlpn, offered, offered_size);
  *out = chosen;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

// The certificates made last, by name.
class Leaves {
 public:
  explicit Leaves(std::size_t max) : max_(max) {}

  std::shared_ptr<x509_st> find(const std::string& name) {
    const auto found = places_.find(name);
    if (found == places_.end()) return nullptr;
    used_.splice(used_.begin(), used_, found->second);
    return found->second->second;
  }
  void keep(const std::string& name, std::shared_ptr<x509_st> leaf) {
    if (used_.size() >= max_) {
      places_.erase(used_.back().first);
      used_.pop_back();
    }
    used_.emplace_front(name, std::move(leaf));
    places_[name] = used_.begin();
  }
  void clear() {
    places_.clear();
    used_.clear();
  }

 private:
  using Used = std::list<std::pair<std::string, std::shared_ptr<x509_st>>>;
  const std::size_t max_;
  Used used_;  // the last used first
  std::unordered_map<std::string, Used::iterator> places_;
};

}  // namespace

class TlsServer::Impl {
 public:
  Impl(Source source, const Limits& limits) : source_(std::move(source)), leaves_(limits.max_leaf_certificates) {}

  Result<std::unique_ptr<TlsStream>> open(std::string_view host) {
    std::string name(host);
    const std::unique_lock lock(mutex_);
    if (auto ready = prepare(); !ready) return fail(ready.error());
    // Made anew well before it ends: leaves live for ninety days.
    if (std::chrono::steady_clock::now() - leaves_since_ > kRenewal) forget_leaves();
    std::shared_ptr<x509_st> leaf = leaves_.find(name);
    if (!leaf) {
      auto issued = authority_->issue(name);
      if (!issued) return fail(issued.error());
      leaf = std::move(*issued);
      leaves_.keep(name, leaf);
    }
    SslPtr ssl(SSL_new(context_.get()));
    if (!ssl || SSL_use_certificate(ssl.get(), leaf.get()) != 1 ||
        SSL_use_PrivateKey(ssl.get(), authority_->leaf_key()) != 1) {
      return fail(ErrorCode::kUnsupported, "TLS to clients: " + take_ssl_error());
    }
    SSL_set_accept_state(ssl.get());
    return std::make_unique<OpensslStream>(std::move(ssl), *method_, [](const SslSessionPtr&) {});
  }

  bool vouches_for(std::string_view name) {
    const std::lock_guard lock(mutex_);
    return !prepare() || authority_->covers(name);
  }

  void reset() {
    const std::lock_guard lock(mutex_);
    authority_.reset();
    forget_leaves();
  }

 private:
  static constexpr std::chrono::hours kRenewal{24 * 30};

  void forget_leaves() {
    leaves_.clear();
    leaves_since_ = std::chrono::steady_clock::now();
  }

  Result<void> prepare() {
    if (!authority_) {
      auto found = source_();
      if (!found) return fail(found.error());
      authority_ = std::move(*found);
    }
    if (context_) return {};
    SslContextPtr context(SSL_CTX_new(TLS_server_method()));
    if (!context) return fail(ErrorCode::kUnsupported, "TLS to clients: " + take_ssl_error());
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_options(context.get(),
                        SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    // Tickets only: they cost us no memory.
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context.get(), 1);
    constexpr std::string_view kId = "tokometer";
    SSL_CTX_set_session_id_context(context.get(), reinterpret_cast<const unsigned char*>(kId.data()), kId.size());
    SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
    ERR_clear_error();
    method_ = OpensslStream::make_bio_method();
    context_ = std::move(context);
    return {};
  }

  const Source source_;
  std::mutex mutex_;
  std::unique_ptr<CertificateAuthority> authority_;
  Leaves leaves_;
  std::chrono::steady_clock::time_point leaves_since_ = std::chrono::steady_clock::now();
  BioMethodPtr method_;
  SslContextPtr context_;
};

TlsServer::TlsServer(Source source, const Limits& limits) : impl_(std::make_unique<Impl>(std::move(source), limits)) {}
TlsServer::~TlsServer() = default;

Result<std::unique_ptr<TlsStream>> TlsServer::open(std::string_view name) { return impl_->open(name); }
bool TlsServer::vouches_for(std::string_view name) { return impl_->vouches_for(name); }
void TlsServer::reset() { impl_->reset(); }

}  // namespace tokometer::net
