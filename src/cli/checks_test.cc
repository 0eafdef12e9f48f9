#include "cli/checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "app/interception.h"
#include "cli/test_environment.h"

namespace tokometer::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
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

TEST(TrustOfClients, SaysUntilWhenTheyPassUnread) {
  const TimeZone utc = TimeZone::local("UTC");
  Health health;
  EXPECT_THAT(check_trust_of_clients(health, utc), SizeIs(0));
  const UtcTime until(std::chrono::seconds(1'767'323'045));  // 2026-01-02T03:04:05Z
  health.distrustful = {{.client = "curl/8", .host = "a.example", .held = true, .until = until}};
  Finding finding = check_trust_of_clients(health, utc).at(0);
  EXPECT_THAT(finding.says, HasSubstr("curl/8 does not take our certificate for a.example: its calls there fail"));
  EXPECT_THAT(finding.remedy, Not(HasSubstr("tokometer reload")));
  health.distrustful.push_back({.client = "", .host = "a.example", .silent = true, .until = until});
  finding = check_trust_of_clients(health, utc).at(0);
  EXPECT_THAT(finding.says, HasSubstr("its calls there pass unread until 03:05"));
  EXPECT_THAT(finding.remedy, HasSubstr("`tokometer reload` has them read at once"));
}

TEST(Checks, NamesJavaAndItsStoreDifferently) {
  TestEnvironment test;
  app::Config config;
  config.data_dir = test.home();
  const fs::path folder = app::authority_folder(config.data_dir);
  Log log(LogLevel::kOff);
  ASSERT_TRUE(app::open_authority(config.data_dir, {}, log));
  for (const char* program : {"java", "keytool"}) {
    fs::permissions(test.write(program, "#!/bin/sh\n"), fs::perms::owner_all);
  }
  test.variables["PATH"] = test.home().string();
  const Environment environment = test.make();
  const Patient patient{.config = config,
                        .environment = environment,
                        .running = std::nullopt,
                        .health = fail(ErrorCode::kNotFound, "no proxy runs"),
                        .authority_folder = folder,
                        .authority = net::CertificateAuthority::find(folder).value()->info()};
  const Findings trust = check_java_trust(patient);
  ASSERT_THAT(trust, SizeIs(1));
  EXPECT_EQ(trust[0].name, "Java's store");
  EXPECT_EQ(trust[0].verdict, Verdict::kWarn);
  EXPECT_TRUE(std::ranges::any_of(check_clients(patient), [](const Finding& one) { return one.name == "java"; }));
}

class CertificateFile : public testing::Test {
 protected:
  CertificateFile() {
    config_.data_dir = test_.home();
    folder_ = app::authority_folder(config_.data_dir);
    file_ = net::CertificateAuthority::certificate_path(folder_);
  }

  Finding check(std::string_view name = "certificate file") {
    const Environment environment = test_.make();
    const Patient patient{.config = config_,
                          .environment = environment,
                          .running = std::nullopt,
                          .health = fail(ErrorCode::kNotFound, "no proxy runs"),
                          .authority_folder = folder_,
                          .authority = net::CertificateAuthority::find(folder_).value()->info()};
    for (Finding& finding : check_authority(patient)) {
      if (finding.name == name) return std::move(finding);
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

TEST_F(CertificateFile, IsNotGoodForAnyHostUnsaid) {
  ASSERT_TRUE(net::CertificateAuthority::open(folder_, {}));
  EXPECT_EQ(check("interception").verdict, Verdict::kWarn);
  EXPECT_THAT(check("interception").says, HasSubstr("good for any host, though `intercept` asks for that no longer"));
  EXPECT_TRUE(check("interception").remedy.starts_with("tokometer ca rotate"));
  config_.intercept = {"x.*"};
  EXPECT_THAT(check("interception").says, HasSubstr("good for any host, as a pattern of `intercept`"));
  EXPECT_TRUE(check("interception").remedy.starts_with("name domains in `intercept`"));
}

}  // namespace
}  // namespace tokometer::cli
