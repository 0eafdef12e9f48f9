#include "cli/checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "app/interception.h"
#include "cli/test_environment.h"

namespace tokometer::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(Checks, SeveralThatDoNotTrustUsAreOneLine) {
  const Finding other{.name = "proxy", .says = "process 1"};
  const auto distrust = [](std::string name) {
    return Finding{std::move(name), Verdict::kWarn, "trusts nobody", "a remedy", true};
  };
  const Findings folded = fold_distrust({other, distrust("system"), distrust("Node"), other, distrust("curl"), other});
  ASSERT_THAT(folded, SizeIs(4));
  EXPECT_EQ(folded[1].name, "trust");
  EXPECT_THAT(folded[1].says, HasSubstr("system, Node and curl do not trust our certificates"));
  EXPECT_THAT(folded[1].remedy, HasSubstr("tokometer ca install"));
  EXPECT_EQ(folded[2].name, "proxy");

  const Findings one = fold_distrust({other, distrust("Node"), other});
  ASSERT_THAT(one, SizeIs(3));
  EXPECT_EQ(one[1].says, "trusts nobody") << "a single one says more by itself";
}

class CertificateFile : public testing::Test {
 protected:
  CertificateFile() {
    config_.data_dir = test_.home();
    folder_ = app::authority_folder(config_.data_dir);
    file_ = net::CertificateAuthority::certificate_path(folder_);
  }

  Finding check() {
    const Environment environment = test_.make();
    const Patient patient{.config = config_,
                          .environment = environment,
                          .running = std::nullopt,
                          .health = fail(ErrorCode::kNotFound, "no proxy runs"),
                          .authority_folder = folder_,
                          .authority = net::CertificateAuthority::find(folder_).value()->info()};
    for (Finding& finding : check_authority(patient)) {
      if (finding.name == "certificate file") return std::move(finding);
    }
    return {};
  }

  TestEnvironment test_;
  app::Config config_;
  fs::path folder_;
  fs::path file_;
};

TEST_F(CertificateFile, MustHoldOursAlone) {
  const auto authority = net::CertificateAuthority::open(folder_, {}).value();
  EXPECT_EQ(check().verdict, Verdict::kOk);

  std::ofstream(file_, std::ios::app) << authority->pem();
  EXPECT_THAT(check().says, HasSubstr("holds more than our certificate"));

  std::ofstream(folder_ / "next.pem") << "another";
  EXPECT_THAT(check().says, HasSubstr("of a rotation, which goes on or was cut short"));
  EXPECT_EQ(check().verdict, Verdict::kWarn);
  fs::remove(folder_ / "next.pem");

  std::ofstream(file_) << "junk";
  EXPECT_THAT(check().says, HasSubstr("no certificate in PEM form"));
  EXPECT_THAT(check().remedy, HasSubstr("tokometer ca show"));

  const fs::path other = test_.home() / "other";
  ASSERT_TRUE(net::CertificateAuthority::open(other, {}));
  fs::copy_file(net::CertificateAuthority::certificate_path(other), file_, fs::copy_options::overwrite_existing);
  EXPECT_THAT(check().says, HasSubstr("holds another certificate"));

  fs::remove(file_);
  EXPECT_THAT(check().says, HasSubstr("is missing"));
  EXPECT_EQ(check().verdict, Verdict::kFail);
}

}  // namespace
}  // namespace tokometer::cli
