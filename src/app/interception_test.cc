#include "app/interception.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/files.h"

namespace tokometer::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(Authority, MendsTheFileThatClientsTrust) {
  std::string pattern = testing::TempDir() + "authority_XXXXXX";
  const std::filesystem::path data_dir = mkdtemp(pattern.data());
  const auto file = net::CertificateAuthority::certificate_path(authority_folder(data_dir));
  Log log(LogLevel::kError);
  const std::string ours = open_authority(data_dir, {}, log)->get()->pem();
  ASSERT_EQ(read_file(file).value(), ours);
  const std::string other = open_authority(data_dir / "other", {}, log)->get()->pem();
  for (const std::string& broken : {std::string(), std::string("no certificate"), ours.substr(0, 80), other}) {
    ASSERT_TRUE(replace_file(file, broken));
    ASSERT_TRUE(open_authority(data_dir, {}, log));
    EXPECT_EQ(read_file(file).value(), ours) << broken;
  }
  std::filesystem::remove_all(data_dir);
}

TEST(UncoveredDomains, AreThoseThatTheAuthorityWasNotMadeFor) {
  const net::CertificateAuthority::Info authority{
      .name = {}, .fingerprint = {}, .not_before = {}, .not_after = {}, .permitted = {"openai.com", "localhost"}};
  EXPECT_THAT(uncovered_domains(authority, {"api.openai.com", "llm.example", "openai.com"}),
              ElementsAre("llm.example"));
  EXPECT_THAT(uncovered_domains(authority, {}), ElementsAre("*")) << "any host is wanted";
  EXPECT_THAT(uncovered_domains({}, {"llm.example"}), IsEmpty()) << "it is good for any";
  EXPECT_THAT(uncovered_domains({}, {}), IsEmpty());
}

TEST(UncoveredDomains, AreNamedWithTheRemedy) {
  EXPECT_THAT(uncovered_text({"a.example", "b.example"}), HasSubstr("before a.example, b.example was to be"));
  EXPECT_THAT(uncovered_text({"a.example"}), HasSubstr("calls there pass unread until `tokometer ca rotate`"));
  EXPECT_THAT(uncovered_text({"a.example"}, true),
              HasSubstr("calls there fail, as --hard lets none pass unread, until"));
  const std::string many = uncovered_text({"a", "b", "c", "d", "e", "f", "g"});
  EXPECT_THAT(many, HasSubstr("a, b, c, d, e and 2 more was"));
  EXPECT_THAT(many, HasSubstr("tokometer ca rotate"));
  EXPECT_THAT(many, Not(HasSubstr("f,")));
}

TEST(InterceptedDomains, AreAnyWhereAPatternEndsInNone) {
  const auto registry = provider::Registry::load({}, {}).value();
  const auto domains = [&](std::vector<std::string> intercept) {
    Config config;
    config.intercept = std::move(intercept);
    return intercepted_domains(*registry, config);
  };
  EXPECT_THAT(domains({"a.example", "*.b.example", "c.*.d.example"}),
              ElementsAre("a.example", "b.example", "d.example"));
  for (const char* any : {"*", "x.*", "*.x.*", "10.*.0.7"}) EXPECT_THAT(domains({"a.example", any}), IsEmpty()) << any;
  EXPECT_THAT(domains({"a.example", "*.localhost"}), ElementsAre("a.example")) << "every authority is good for that";
}

class OpenAuthority : public testing::Test {
 protected:
  OpenAuthority() {
    std::string name = testing::TempDir() + "interception_XXXXXX";
    data_dir_ = mkdtemp(name.data());
  }
  ~OpenAuthority() override { std::filesystem::remove_all(data_dir_); }
  // What is logged when it is opened for these.
  std::vector<std::string> opened_for(const std::vector<std::string>& domains) {
    std::vector<std::string> lines;
    Log log(LogLevel::kInfo, [&](LogLevel, std::string_view line) { lines.emplace_back(line); });
    EXPECT_TRUE(open_authority(data_dir_, domains, log));
    return lines;
  }
  std::filesystem::path data_dir_;
};

TEST_F(OpenAuthority, SaysWhenOneForAnyHostIsMade) {
  EXPECT_THAT(opened_for({}), ElementsAre(HasSubstr("good for any host, as a pattern of `intercept`")));
  EXPECT_THAT(opened_for({}), IsEmpty()) << "it was there";
}

TEST_F(OpenAuthority, SaysNothingOfOneWithLimits) { EXPECT_THAT(opened_for({"a.example"}), IsEmpty()); }

TEST(UnlimitedText, SaysWhetherItIsStillAskedFor) {
  EXPECT_THAT(unlimited_text({}, {}), HasSubstr("as a pattern of `intercept`"));
  EXPECT_THAT(unlimited_text({}, {"a.example"}), HasSubstr("asks for that no longer (`tokometer ca rotate`"));
  const net::CertificateAuthority::Info limited{
      .name = {}, .fingerprint = {}, .not_before = {}, .not_after = {}, .permitted = {"a.example"}};
  EXPECT_EQ(unlimited_text(limited, {}), "");
}

}  // namespace
}  // namespace tokometer::app
