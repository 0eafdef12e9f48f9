#include "app/interception.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

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
  const std::string ours = open_authority(data_dir, {})->get()->pem();
  ASSERT_EQ(read_file(file).value(), ours);
  const std::string other = open_authority(data_dir / "other", {})->get()->pem();
  for (const std::string& broken : {std::string(), std::string("no certificate"), ours.substr(0, 80), other}) {
    ASSERT_TRUE(replace_file(file, broken));
    ASSERT_TRUE(open_authority(data_dir, {}));
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

}  // namespace
}  // namespace tokometer::app
