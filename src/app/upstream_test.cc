#include "app/upstream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace tokometer::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class UpstreamTest : public testing::Test {
 protected:
  Result<Upstream> find() {
    config.proxy_variables = proxy_variables([this](std::string_view name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    });
    return find_upstream(config, {"127.0.0.1:4141"});
  }
  using Found = std::pair<std::string, std::string>;
  // "ADDRESS (WHO)" of both schemes.
  Found found() {
    const auto upstream = find();
    if (!upstream) return {upstream.error().message, ""};
    const auto text = [](const auto& proxy, const std::string& from) {
      return proxy ? proxy->text() + " (" + from + ")" : std::string();
    };
    return {text(upstream->proxies.https, upstream->https_from), text(upstream->proxies.http, upstream->http_from)};
  }

  Config config;
  std::map<std::string, std::string, std::less<>> variables;
};

TEST_F(UpstreamTest, IsNoneWhereNobodyNamesOne) {
  EXPECT_EQ(found(), Found("", ""));
  variables = {{"HTTPS_PROXY", ""}, {"http_proxy", ""}};
  EXPECT_EQ(found(), Found("", ""));
}

TEST_F(UpstreamTest, ReadsVariablesAsCurlDoes) {
  variables = {{"HTTPS_PROXY", "http://a:1"}, {"HTTP_PROXY", "http://b:2"}, {"ALL_PROXY", "http://c:3"}};
  EXPECT_EQ(found(), Found("a:1 (HTTPS_PROXY)", "c:3 (ALL_PROXY)"));
  variables = {{"HTTPS_PROXY", "http://a:1"}, {"https_proxy", "http://b:2"}, {"http_proxy", "http://c:3"}};
  EXPECT_EQ(found(), Found("b:2 (https_proxy)", "c:3 (http_proxy)"));
  variables = {{"all_proxy", "http://a:1"}, {"ALL_PROXY", "http://b:2"}, {"https_proxy", ""}};
  EXPECT_EQ(found(), Found("a:1 (all_proxy)", "a:1 (all_proxy)"));
}

TEST_F(UpstreamTest, TheSettingGoesBeforeTheEnvironment) {
  variables = {{"HTTPS_PROXY", "http://a:1"}, {"http_proxy", "http://b:2"}};
  config.upstream_proxy = "http://c:3";
  EXPECT_EQ(found(), Found("c:3 (upstream_proxy)", "c:3 (upstream_proxy)"));
  config.upstream_proxy = "none";
  EXPECT_EQ(found(), Found("", ""));
}

TEST_F(UpstreamTest, LeavesItselfOut) {
  variables = {{"HTTPS_PROXY", "http://shell:secret@127.0.0.1:4141"}, {"http_proxy", "http://localhost:4141/"}};
  const auto upstream = find();
  ASSERT_TRUE(upstream);
  EXPECT_FALSE(upstream->proxies.https || upstream->proxies.http);
  EXPECT_THAT(upstream->remarks, ElementsAre("HTTPS_PROXY leads to this proxy itself, and is left out",
                                             "http_proxy leads to this proxy itself, and is left out"));
  variables = {{"ALL_PROXY", "http://127.0.0.1:4141"}};
  EXPECT_THAT(find()->remarks, ElementsAre("ALL_PROXY leads to this proxy itself, and is left out"));
  variables = {{"ALL_PROXY", "http://127.0.0.1:4142"}};
  EXPECT_EQ(found().first, "127.0.0.1:4142 (ALL_PROXY)");
}

TEST_F(UpstreamTest, RefusesWhatItCannotUseWithoutSayingItsPassword) {
  variables = {{"ALL_PROXY", "socks5://me:secret@a:1080"}};
  const auto upstream = find();
  ASSERT_FALSE(upstream);
  EXPECT_THAT(upstream.error().message, HasSubstr("ALL_PROXY: only http:// proxies"));
  EXPECT_THAT(upstream.error().message, HasSubstr("TOKOMETER_UPSTREAM_PROXY=none"));
  EXPECT_THAT(upstream.error().message, Not(HasSubstr("secret")));
  variables.emplace("HTTPS_PROXY", "http://b:1");
  variables.emplace("http_proxy", "http://b:1");
  EXPECT_TRUE(find()) << "nobody asks ALL_PROXY then";
}

TEST_F(UpstreamTest, ReadsExceptions) {
  variables = {{"HTTPS_PROXY", "http://a:1"}, {"NO_PROXY", "x.com, 10.0.0.0/8 y.com,,https://nonsense/"}};
  const auto upstream = find();
  ASSERT_TRUE(upstream);
  EXPECT_TRUE(upstream->proxies.except.contains("a.x.com", 443));
  EXPECT_TRUE(upstream->proxies.except.contains("10.1.1.1", 443));
  EXPECT_TRUE(upstream->proxies.except.contains("y.com", 443));
  EXPECT_THAT(upstream->remarks, ElementsAre(HasSubstr("NO_PROXY: \"https://nonsense/\"")));
  config.no_proxy = {"z.com"};
  const auto set = find();
  ASSERT_TRUE(set);
  EXPECT_TRUE(set->proxies.except.contains("z.com", 443));
  EXPECT_FALSE(set->proxies.except.contains("x.com", 443));
  EXPECT_THAT(set->remarks, IsEmpty());
}

}  // namespace
}  // namespace tokometer::app
