#include "net/certificate_authority.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <system_error>
#include <utility>

#include "base/files.h"
#include "net/address.h"
#include "net/crypto.h"
#include "net/tls_openssl.h"
#include "wire/fields.h"

namespace tokometer::net {
namespace {

using std::chrono::days;

constexpr days kAuthorityLife{3'650};
constexpr days kLeafLife{90};
constexpr days kBackdated{2};  // for clocks that are slow

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  void operator()(NAME_CONSTRAINTS* constraints) const { NAME_CONSTRAINTS_free(constraints); }
};
using BioPtr = std::unique_ptr<BIO, BioDeleter>;

std::unexpected<Error> openssl_failure(std::string_view what) {
  return fail(ErrorCode::kUnsupported, fmt::format("{}: {}", what, take_ssl_error()));
}

std::string text_of(BIO& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(&bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

bool extend(X509& certificate, X509& issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(&certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool name(X509_NAME& subject, const char* part, const std::string& value) {
  return X509_NAME_add_entry_by_txt(&subject, part, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(value.c_str()), -1, -1, 0) == 1;
}

// A certificate with all but its subject and extensions; unsigned.
X509Ptr begin_certificate(EVP_PKEY& key, days life) {
  X509Ptr certificate(X509_new());
  std::array<unsigned char, 16> serial{};
  if (!certificate || RAND_bytes(serial.data(), static_cast<int>(serial.size())) != 1) return nullptr;
  serial[0] &= 0x7FU;  // positive (RFC 5280, 4.1.2.2)
  serial[0] |= 0x40U;
  BIGNUM* number = BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr);
  const bool numbered =
      number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.get())) != nullptr;
  BN_free(number);
  const auto seconds = [](days time) { return static_cast<long>(std::chrono::seconds(time).count()); };
  const bool good = numbered && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -seconds(kBackdated)) != nullptr &&
                    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), seconds(life)) != nullptr &&
                    X509_set_pubkey(certificate.get(), &key) == 1;
  return good ? std::move(certificate) : nullptr;
}

// "permitted;DNS:x.com,…": whoever heeds it takes our word for nothing else. This machine itself is always permitted.
std::string constraints_of(const std::vector<std::string>& permitted) {
  std::string text =
      "permitted;DNS:localhost,permitted;IP:127.0.0.0/255.0.0.0,permitted;IP:::1/"
      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
  for (const std::string& one : permitted) {
    const auto ip = Address::ip(one, 0);
    if (!ip) {
      text += fmt::format(",permitted;DNS:{}", one);
    } else if (ip->family() == Address::Family::kIpv4) {
      text += fmt::format(",permitted;IP:{}/255.255.255.255", one);
    } else {
      text += fmt::format(",permitted;IP:{}/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", one);
    }
  }
  return text;
}

// "10.0.0.9", "127.0.0.0/8", "fd00::9": an address and a mask of `size` bytes in all.
std::string network_text(const unsigned char* data, int size) {
  constexpr int kBitsOfByte = 8;
  const int half = size / 2;
  if (half != sizeof(in_addr) && half != sizeof(in6_addr)) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = half == sizeof(in_addr) ? AF_INET : AF_INET6;
  if (::inet_ntop(family, data, text.data(), text.size()) == nullptr) return {};
  int prefix = 0;
  for (int i = half; i < size; ++i) prefix += std::popcount(data[i]);
  return prefix == half * kBitsOfByte ? std::string(text.data()) : fmt::format("{}/{}", text.data(), prefix);
}

std::vector<std::string> permitted_by(const X509& certificate) {
  std::vector<std::string> permitted;
  const std::unique_ptr<NAME_CONSTRAINTS, BioDeleter> constraints(
      static_cast<NAME_CONSTRAINTS*>(X509_get_ext_d2i(&certificate, NID_name_constraints, nullptr, nullptr)));
  if (!constraints || constraints->permittedSubtrees == nullptr) return permitted;
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees); ++i) {
    const GENERAL_NAME* base = sk_GENERAL_SUBTREE_value(constraints->permittedSubtrees, i)->base;
    const ASN1_STRING* value = base->type == GEN_DNS     ? base->d.dNSName
                               : base->type == GEN_IPADD ? base->d.iPAddress
                                                         : nullptr;
    if (value == nullptr) continue;
    const auto* data = ASN1_STRING_get0_data(value);
    const int size = ASN1_STRING_length(value);
    if (base->type == GEN_DNS) {
      permitted.emplace_back(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
    } else if (std::string network = network_text(data, size); !network.empty()) {
      permitted.push_back(std::move(network));
    }
  }
  return permitted;
}

UtcTime time_of(const ASN1_TIME& time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(&time, &parts) != 1) return {};
  return UtcTime(std::chrono::seconds(timegm(&parts)));
}

std::string common_name(const X509& certificate) {
  std::array<char, 128> buffer{};
  const int size =
      X509_NAME_get_text_by_NID(X509_get_subject_name(&certificate), NID_commonName, buffer.data(), buffer.size());
  return {buffer.data(), static_cast<std::size_t>(std::max(size, 0))};
}

std::string fingerprint_of(const X509& certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(&certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
  std::string text;
  for (unsigned i = 0; i < size; ++i) text += fmt::format("{}{:02X}", i == 0 ? "" : ":", digest[i]);
  return text;
}

CertificateAuthority::Info info_of(const X509& certificate) {
  return {.name = common_name(certificate),
          .fingerprint = fingerprint_of(certificate),
          .not_before = time_of(*X509_get0_notBefore(&certificate)),
          .not_after = time_of(*X509_get0_notAfter(&certificate)),
          .permitted = permitted_by(certificate)};
}

}  // namespace

struct CertificateAuthority::Keys {
  KeyPtr key;
  X509Ptr certificate;
  KeyPtr leaf_key;
};

std::filesystem::path CertificateAuthority::certificate_path(const std::filesystem::path& folder) {
  return folder / "ca.pem";
}
std::filesystem::path CertificateAuthority::key_path(const std::filesystem::path& folder) { return folder / "ca.key"; }

CertificateAuthority::CertificateAuthority(std::unique_ptr<Keys> keys, Info info)
    : keys_(std::move(keys)), info_(std::move(info)) {}
CertificateAuthority::~CertificateAuthority() = default;

Result<std::unique_ptr<CertificateAuthority>> CertificateAuthority::from(std::unique_ptr<Keys> keys) {
  keys->leaf_key = KeyPtr(EVP_EC_gen("P-256"));
  if (!keys->leaf_key) return openssl_failure("key of certificates");
  Info info = info_of(*keys->certificate);
  return std::unique_ptr<CertificateAuthority>(new CertificateAuthority(std::move(keys), std::move(info)));
}

Result<std::unique_ptr<CertificateAuthority>> CertificateAuthority::make(const std::vector<std::string>& permitted) {
  auto keys = std::make_unique<Keys>();
  keys->key = KeyPtr(EVP_EC_gen("P-256"));
  if (!keys->key) return openssl_failure("key of the CA");
  keys->certificate = begin_certificate(*keys->key, kAuthorityLife);
  const auto random = random_bytes(4);
  if (!keys->certificate || !random) return openssl_failure("certificate of the CA");
  std::string id;
  for (const char c : *random) id += fmt::format("{:02X}", static_cast<unsigned char>(c));
  X509& certificate = *keys->certificate;
  X509_NAME& subject = *X509_get_subject_name(&certificate);
  const bool good =
      name(subject, "O", "Tokometer on this machine") && name(subject, "CN", "Tokometer CA " + id) &&
      X509_set_issuer_name(&certificate, &subject) == 1 &&
      extend(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      extend(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
      extend(certificate, certificate, NID_ext_key_usage, "serverAuth") &&
      extend(certificate, certificate, NID_subject_key_identifier, "hash") &&
      (permitted.empty() || extend(certificate, certificate, NID_name_constraints, constraints_of(permitted))) &&
      X509_sign(&certificate, keys->key.get(), EVP_sha256()) > 0;
  if (!good) return openssl_failure("certificate of the CA");
  return from(std::move(keys));
}

Result<std::unique_ptr<CertificateAuthority>> CertificateAuthority::find(const std::filesystem::path& folder) {
  const std::filesystem::path path = key_path(folder);
  const BioPtr file(BIO_new_file(path.c_str(), "rb"));
  if (!file) {
    const int number = errno;
    ERR_clear_error();
    if (number == ENOENT) return fail(ErrorCode::kNotFound, path.string() + ": no such file");
    return fail(io_error(path.string(), number));
  }
  // The key and its certificate stand in one file, so that they can't be of two minds.
  auto keys = std::make_unique<Keys>();
  keys->key = KeyPtr(PEM_read_bio_PrivateKey(file.get(), nullptr, nullptr, nullptr));
  if (keys->key) keys->certificate = X509Ptr(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
  if (!keys->certificate || X509_check_private_key(keys->certificate.get(), keys->key.get()) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::kInvalid,
                path.string() + ": no key with its certificate in PEM form; make a new one by `tokometer ca rotate`");
  }
  return from(std::move(keys));
}

Result<CertificateAuthority::Info> CertificateAuthority::read(const std::filesystem::path& certificate) {
  const BioPtr file(BIO_new_file(certificate.c_str(), "rb"));
  const X509Ptr read(file ? PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr) : nullptr);
  ERR_clear_error();
  if (!file) return fail(ErrorCode::kNotFound, certificate.string() + ": cannot be opened");
  if (!read) return fail(ErrorCode::kInvalid, certificate.string() + ": no certificate in PEM form");
  return info_of(*read);
}

Result<std::unique_ptr<CertificateAuthority>> CertificateAuthority::open(const std::filesystem::path& folder,
                                                                         const std::vector<std::string>& permitted) {
  auto found = find(folder);
  if (!found && found.error().code == ErrorCode::kNotFound) {
    auto made = make(permitted);
    if (!made) return made;
    if (auto written = (*made)->put_key(folder, false); !written) return fail(written.error());
    found = find(folder);  // perhaps another process was first
  }
  // A rotation has the file name what the folder holds at all times; one may have come and gone since we looked.
  constexpr int kTries = 3;
  for (int i = 0; i < kTries && found; ++i) {
    const auto listed = read_file(certificate_path(folder));
    if (listed && listed->contains((*found)->pem())) break;
    auto again = find(folder);
    if (again && (*again)->pem() == (*found)->pem()) {
      auto written = replace_file(certificate_path(folder), (*found)->pem(), 0644);
      if (!written) return fail(std::move(written.error()));
    }
    found = std::move(again);
  }
  return found;
}

Result<void> CertificateAuthority::put_key(const std::filesystem::path& folder, bool replace) const {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(io_error(folder.string(), error.value()));
  if (::chmod(folder.c_str(), 0700) != 0) return fail(io_error(folder.string(), errno));
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_PrivateKey(bio.get(), keys_->key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      PEM_write_bio_X509(bio.get(), keys_->certificate.get()) != 1) {
    return openssl_failure("key of the CA");
  }
  // It appears whole or not at all.
  const std::filesystem::path key = key_path(folder);
  if (replace) return replace_file(key, text_of(*bio), 0600);
  const std::filesystem::path fresh = fmt::format("{}.{}", key.string(), ::getpid());
  if (auto written = replace_file(fresh, text_of(*bio), 0600); !written) return written;
  const int result = ::link(fresh.c_str(), key.c_str());
  const int number = errno;
  ::unlink(fresh.c_str());
  if (result != 0 && number != EEXIST) return fail(io_error(key.string(), number));
  return {};
}

bool CertificateAuthority::Info::covers(std::string_view host) const {
  if (permitted.empty()) return true;
  const auto ip = Address::ip(host, 0);
  // The networks of this machine are whole.
  if (ip && ip->family() == Address::Family::kIpv4 && host.starts_with("127.")) return true;
  return std::ranges::any_of(permitted, [&](const std::string& domain) {
    if (ip) {
      const auto other = Address::ip(domain, 0);
      return other && other->text() == ip->text();
    }
    if (host.size() < domain.size() || !wire::iequals(host.substr(host.size() - domain.size()), domain)) return false;
    return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
  });
}

std::string CertificateAuthority::pem() const {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), keys_->certificate.get()) != 1) return {};
  return text_of(*bio);
}

Result<std::shared_ptr<x509_st>> CertificateAuthority::issue(std::string_view host) const {
  constexpr std::size_t kMaxCommonName = 64;
  const std::string text(host);
  for (const char c : host) {
    // What could mean something else in OpenSSL's notation.
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '.' ||
                         c == '-' || c == '_' || c == ':';
    if (!allowed) return fail(ErrorCode::kInvalid, fmt::format("certificate for \"{}\": no host name", host));
  }
  const bool is_ip = Address::ip(host, 0).has_value();
  // An address as common name would be held against the names that are permitted.
  const bool has_common_name = !is_ip && text.size() <= kMaxCommonName;
  X509Ptr leaf = begin_certificate(*keys_->leaf_key, kLeafLife);
  X509& issuer = *keys_->certificate;
  const bool good =
      leaf &&
      name(*X509_get_subject_name(leaf.get()), has_common_name ? "CN" : "O", has_common_name ? text : "Tokometer") &&
      X509_set_issuer_name(leaf.get(), X509_get_subject_name(&issuer)) == 1 &&
      extend(*leaf, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
      extend(*leaf, issuer, NID_key_usage, "critical,digitalSignature") &&
      extend(*leaf, issuer, NID_ext_key_usage, "serverAuth") &&
      extend(*leaf, issuer, NID_authority_key_identifier, "keyid") &&
      extend(*leaf, issuer, NID_subject_alt_name, fmt::format("{}:{}", is_ip ? "IP" : "DNS", host)) &&
      X509_sign(leaf.get(), keys_->key.get(), EVP_sha256()) > 0;
  if (!good) return openssl_failure(fmt::format("certificate for \"{}\"", host));
  return std::shared_ptr<x509_st>(leaf.release(), [](x509_st* certificate) { X509_free(certificate); });
}

evp_pkey_st* CertificateAuthority::leaf_key() const { return keys_->leaf_key.get(); }

}  // namespace tokometer::net
