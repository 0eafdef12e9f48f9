#include "app/interception.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tokometer::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

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
