#include "net/certificate_authority.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "net/address.h"
#include "net/tls_openssl.h"

namespace tokometer::net {
namespace {

namespace fs = std::filesystem;

class AuthorityTest : public testing::Test {
 protected:
  AuthorityTest() {
    std::string name = (fs::temp_directory_path() / "authority_XXXXXX").string();
    folder = fs::path(::mkdtemp(name.data())) / "ca";
  }
  ~AuthorityTest() override { fs::remove_all(folder.parent_path()); }

  std::unique_ptr<CertificateAuthority> open(const std::vector<std::string>& permitted = {}) const {
    auto opened = CertificateAuthority::open(folder, permitted);
    EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().message);
    return std::move(*opened);
  }
  static mode_t mode(const fs::path& path) {
    struct stat info{};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777U;
  }
  // As a client verifies it that trusts this authority alone: X509_V_OK, or what is wrong.
  int verify(const CertificateAuthority& authority, const std::string& name) const {
    const auto leaf = authority.issue(name);
    EXPECT_TRUE(leaf.has_value());
    X509_STORE* store = X509_STORE_new();
    EXPECT_EQ(X509_STORE_load_file(store, CertificateAuthority::certificate_path(folder).c_str()), 1);
    X509_STORE_CTX* context = X509_STORE_CTX_new();
    EXPECT_EQ(X509_STORE_CTX_init(context, store, leaf->get(), nullptr), 1);
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
    if (Address::ip(name, 0)) {
      X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str());
    } else {
      X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), 0);
    }
    X509_verify_cert(context);
    const int result = X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return result;
  }

  fs::path folder;
};

TEST_F(AuthorityTest, IsMadeOnceAndKeptFromOthers) {
  const std::string first = open()->info().fingerprint;
  EXPECT_EQ(first.size(), 32 * 3 - 1);
  EXPECT_EQ(open()->info().fingerprint, first);
  EXPECT_EQ(mode(CertificateAuthority::key_path(folder)), 0600);
  EXPECT_EQ(mode(folder), 0700);
  std::ifstream file(CertificateAuthority::certificate_path(folder));
  const std::string pem((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(pem, open()->pem());
  EXPECT_THAT(pem, testing::Not(testing::HasSubstr("PRIVATE")));
}

TEST_F(AuthorityTest, VouchesForNamesAndAddresses) {
  const auto authority = open();
  for (const char* name : {"api.example.com", "10.1.2.3", "::1", "a-name_with.odd.parts"}) {
    EXPECT_EQ(verify(*authority, name), X509_V_OK) << name;
  }
  EXPECT_EQ(verify(*authority, std::string(60, 'a') + "." + std::string(60, 'b') + ".example"), X509_V_OK);
}

TEST_F(AuthorityTest, IsGoodForItsDomainsOnly) {
  const auto authority = open({"openai.com", "10.0.0.9", "fd00::9"});
  EXPECT_THAT(authority->info().permitted,
              testing::IsSupersetOf({"openai.com", "localhost", "127.0.0.0/8", "10.0.0.9", "fd00::9"}));
  for (const char* name :
       {"openai.com", "api.openai.com", "API.OpenAI.com", "10.0.0.9", "fd00::9", "127.0.0.1", "::1", "localhost"}) {
    EXPECT_EQ(verify(*authority, name), X509_V_OK) << name;
    EXPECT_TRUE(authority->covers(name)) << name;
  }
  for (const char* name : {"example.com", "notopenai.com", "127.example.com", "10.0.0.8", "fd00::8"}) {
    EXPECT_EQ(verify(*authority, name), X509_V_ERR_PERMITTED_VIOLATION) << name;
    EXPECT_FALSE(authority->covers(name)) << name;
  }
}

TEST_F(AuthorityTest, IsReplacedByAnother) {
  const auto before = open();
  auto rotated = CertificateAuthority::make({"example.com"});
  ASSERT_TRUE(rotated) << rotated.error().message;
  ASSERT_TRUE((*rotated)->put_key(folder, false));
  EXPECT_EQ(open()->info().fingerprint, before->info().fingerprint) << "one that is there stays";
  ASSERT_TRUE((*rotated)->put_key(folder, true));
  EXPECT_NE((*rotated)->info().fingerprint, before->info().fingerprint);
  EXPECT_EQ(open()->info().fingerprint, (*rotated)->info().fingerprint);
  EXPECT_EQ(verify(*before, "example.com"), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
  EXPECT_EQ(verify(**rotated, "example.com"), X509_V_OK);
  EXPECT_EQ(mode(CertificateAuthority::key_path(folder)), 0600);
}

TEST_F(AuthorityTest, SaysWhatIsWrongWithItsFiles) {
  EXPECT_EQ(CertificateAuthority::find(folder).error().code, ErrorCode::kNotFound);
  open();
  std::ofstream(CertificateAuthority::key_path(folder)) << "no key\n";
  const auto broken = CertificateAuthority::open(folder, {});
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().message, testing::HasSubstr("ca.key: no key with its certificate"));
}

TEST_F(AuthorityTest, IssuesNothingForWhatIsNoName) {
  const auto authority = open();
  for (const char* name : {"a b", "a,DNS:b", "a\n", "*"}) EXPECT_FALSE(authority->issue(name)) << name;
}

}  // namespace
}  // namespace tokometer::net
