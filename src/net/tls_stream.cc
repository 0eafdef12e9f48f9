#include "net/tls_stream.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "net/tls_openssl.h"

namespace tokometer::net {
namespace {

// The most that one record carries (RFC 8446, 5.1).
constexpr std::size_t kRecordBytes = std::size_t{16} * 1024;

// The peer's alerts that mean our certificate.
bool is_distrust(unsigned long code) {
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return false;
  switch (ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
      return true;
    default:
      return false;
  }
}

// Of the peer's certificate.
proxy::NetError fault_of(long verified) {
  switch (verified) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
      return proxy::NetError::kTlsIssuer;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return proxy::NetError::kTlsExpired;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return proxy::NetError::kTlsName;
    default:
      return proxy::NetError::kTlsCertificate;
  }
}

}  // namespace

std::string take_ssl_error() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown TLS error" : reason;
}

BioMethodPtr OpensslStream::make_bio_method() {
  BioMethodPtr method(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tokometer"));
  TOKOMETER_CHECK(method != nullptr);
  BIO_meth_set_read(method.get(), bio_read);
  BIO_meth_set_write(method.get(), bio_write);
  BIO_meth_set_ctrl(method.get(), bio_control);
  return method;
}

OpensslStream::OpensslStream(SslPtr ssl, const BIO_METHOD& method, KeepSession keep)
    : ssl_(std::move(ssl)), keep_(std::move(keep)) {
  BIO* bio = BIO_new(&method);
  TOKOMETER_CHECK(bio != nullptr);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);  // owns it from here on
  SSL_set_app_data(ssl_.get(), this);
  if (SSL_is_server(ssl_.get()) == 1) SSL_set_msg_callback(ssl_.get(), note_message);
}

OpensslStream& OpensslStream::of(const SSL* ssl) { return *static_cast<OpensslStream*>(SSL_get_app_data(ssl)); }

TlsStream::Status OpensslStream::start(std::string& out) {
  in_ = {};
  out_ = &out;
  return shake_hands();
}

TlsStream::Status OpensslStream::receive(std::string_view wire, std::string& plaintext, std::string& out) {
  in_ = wire;
  out_ = &out;
  if (!is_established()) {
    const Status status = shake_hands();
    if (status != Status::kOpen || !is_established()) return status;
  }
  for (;;) {
    // Grows by whole records, so that one read never leaves a part behind.
    const std::size_t size = plaintext.size();
    int count = 0;
    ERR_clear_error();
    plaintext.resize_and_overwrite(size + kRecordBytes, [&](char* data, std::size_t) {
      count = SSL_read(ssl_.get(), data + size, static_cast<int>(kRecordBytes));
      return size + static_cast<std::size_t>(std::max(count, 0));
    });
    if (count > 0) {
      if (in_.empty() && SSL_pending(ssl_.get()) == 0) return Status::kOpen;  // saves the read that finds nothing
      continue;
    }
    switch (SSL_get_error(ssl_.get(), count)) {
      case SSL_ERROR_WANT_READ:
        return Status::kOpen;  // all of `wire` is taken in
      case SSL_ERROR_ZERO_RETURN:
        return Status::kClosed;
      default:
        return failed();
    }
  }
}

TlsStream::Status OpensslStream::send(std::initializer_list<std::string_view> pieces, std::string& out) {
  in_ = {};
  out_ = &out;
  // Small pieces share a record.
  std::string record;
  const auto encrypt = [&](std::string_view bytes) {
    if (bytes.empty()) return true;
    ERR_clear_error();
    return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
  };
  if (pieces.size() == 1) return encrypt(*pieces.begin()) ? Status::kOpen : failed();
  for (const std::string_view piece : pieces) {
    if (record.size() + piece.size() <= kRecordBytes) {
      record.append(piece);
      continue;
    }
    if (!encrypt(record) || !encrypt(piece)) return failed();
    record.clear();
  }
  return encrypt(record) ? Status::kOpen : failed();
}

void OpensslStream::close(std::string& out) {
  in_ = {};
  out_ = &out;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

bool OpensslStream::is_established() const { return SSL_is_init_finished(ssl_.get()) != 0; }

bool OpensslStream::is_resumed() const { return SSL_session_reused(ssl_.get()) != 0; }

std::string_view OpensslStream::version() const { return SSL_get_version(ssl_.get()); }

std::string_view OpensslStream::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

TlsStream::Status OpensslStream::shake_hands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    SSL_set_msg_callback(ssl_.get(), nullptr);
    return Status::kOpen;
  }
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Status::kOpen;
    case SSL_ERROR_ZERO_RETURN:
      return Status::kClosed;
    default:
      return failed();
  }
}

void OpensslStream::note_message(int written, int /*version*/, int type, const void* message, std::size_t size,
                                 SSL* ssl, void* /*argument*/) {
  if (written == 0 || type != SSL3_RT_HANDSHAKE || size == 0) return;
  if (*static_cast<const unsigned char*>(message) == SSL3_MT_CERTIFICATE) of(ssl).shown_certificate_ = true;
}

TlsStream::Status OpensslStream::failed() {
  const long verified = SSL_get_verify_result(ssl_.get());
  if (is_distrust(ERR_peek_last_error())) fault_ = proxy::NetError::kDistrusted;
  error_ = take_ssl_error();
  if (verified != X509_V_OK) {
    fault_ = fault_of(verified);
    error_ = X509_verify_cert_error_string(verified);
  }
  return Status::kFailed;
}

int OpensslStream::bio_read(BIO* bio, char* data, int size) {
  auto& self = *static_cast<OpensslStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (self.in_.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t count = std::min(self.in_.size(), static_cast<std::size_t>(size));
  std::memcpy(data, self.in_.data(), count);
  self.in_.remove_prefix(count);
  return static_cast<int>(count);
}

int OpensslStream::bio_write(BIO* bio, const char* data, int size) {
  auto& self = *static_cast<OpensslStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  self.out_->append(data, static_cast<std::size_t>(size));
  return size;
}

long OpensslStream::bio_control(BIO* /*bio*/, int command, long /*argument*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

}  // namespace tokometer::net
