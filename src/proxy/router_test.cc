#include "proxy/router.h"

#include <gtest/gtest.h>

#include <string>

#include "proxy/playbook_testing.h"

namespace tokometer::proxy {
namespace {

Router router(const RouterOptions& options) {
  auto made = Router::make(test_registry(), options);
  EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().message);
  return std::move(*made);
}

std::string routed(const Router& router, std::string_view target) {
  std::string buffer;
  const Route route = router.route("POST", target, {}, buffer);
  if (route.to == nullptr) return "none";
  return fmt::format("{}:{}{}", route.to->authority, route.target,
                     route.project.empty() ? "" : fmt::format(" project={}", route.project));
}

TEST(RouterTest, RoutesByPrefixAndBarePath) {
  const Router plain = router({});
  EXPECT_EQ(routed(plain, "/acme/v1/chat?x=1"), "api.acme.example:/v1/chat?x=1");
  EXPECT_EQ(routed(plain, "/v1/chat"), "api.acme.example:/v1/chat");
  EXPECT_EQ(routed(plain, "/v1/other"), "none");
  EXPECT_EQ(routed(plain, "/homeless/x"), "none");
  EXPECT_EQ(routed(plain, "*"), "none");
}

TEST(RouterTest, TakesTheProjectOffTheFront) {
  const Router plain = router({});
  EXPECT_EQ(routed(plain, "/p/team-a/acme/x"), "api.acme.example:/x project=team-a");
  EXPECT_EQ(routed(plain, "/p/team-a/v1/chat"), "api.acme.example:/v1/chat project=team-a");
  EXPECT_EQ(routed(plain, "/p//acme/x"), "none");
  EXPECT_EQ(routed(plain, "/p/a%2Fb/acme/x"), "none");
  EXPECT_EQ(routed(plain, "/p/acme"), "none");
}

TEST(RouterTest, TakesTheContextOffTheFront) {
  const Router plain = router({});
  const client::CallContext context{.project = "shop", .run = "r1"};
  const std::string front = "/c/" + client::encode_context(context);
  std::string buffer;
  for (const std::string& target : {front + "/acme/x", "/p/mine" + front + "/acme/x", front + "/p/mine/acme/x"}) {
    const Route route = plain.route("POST", target, {}, buffer);
    ASSERT_NE(route.to, nullptr) << target;
    EXPECT_EQ(route.target, "/x");
    EXPECT_EQ(route.project, target.starts_with("/c/") && !target.contains("/p/") ? "" : "mine");
    ASSERT_NE(route.context, nullptr) << target;
    EXPECT_EQ(*route.context, context);
  }
  EXPECT_EQ(routed(plain, "/c//acme/x"), "none");
  EXPECT_EQ(routed(plain, front), "none");
}

TEST(RouterTest, AContextThatCannotBeReadIsLeftOut) {
  const Router plain = router({});
  std::string buffer;
  const Route route = plain.route("POST", "/c/bm90IGpzb24/acme/x", {}, buffer);
  ASSERT_NE(route.to, nullptr);
  EXPECT_EQ(route.target, "/x");
  EXPECT_EQ(route.context, nullptr);
  EXPECT_FALSE(route.context_fault.empty());
}

TEST(RouterTest, OverridesOrigins) {
  const Router local = router({.origins = {{"acme", "http://127.0.0.1:8080/up/"}, {"homeless", "http://[::1]"}}});
  EXPECT_EQ(routed(local, "/acme/v1/chat"), "127.0.0.1:8080:/up/v1/chat");
  EXPECT_EQ(routed(local, "/acme/up/v1/chat"), "127.0.0.1:8080:/up/v1/chat");
  EXPECT_EQ(routed(local, "/acme/upper"), "127.0.0.1:8080:/up/upper");
  EXPECT_EQ(routed(local, "/homeless/x"), "[::1]:/x");
}

TEST(RouterTest, SingleProviderTakesEverything) {
  const Router single = router({.base_url = "https://gate.example/llm", .type = "acme"});
  EXPECT_EQ(routed(single, "/anything"), "gate.example:/llm/anything");
  EXPECT_EQ(routed(single, "/p/x/anything"), "gate.example:/llm/anything project=x");
  EXPECT_EQ(routed(single, "/acme/x"), "gate.example:/llm/x");
  EXPECT_EQ(routed(single, "/homeless/x"), "gate.example:/llm/homeless/x");
  std::string buffer;
  ASSERT_NE(single.route("GET", "/y", {}, buffer).spec, nullptr);
}

TEST(RouterTest, RefusesWhatItCannotUse) {
  EXPECT_FALSE(Router::make(test_registry(), {.origins = {{"nobody", "http://a"}}}).has_value());
  EXPECT_FALSE(Router::make(test_registry(), {.origins = {{"acme", "a"}}}).has_value());
  EXPECT_FALSE(Router::make(test_registry(), {.base_url = "http://a", .type = "nobody"}).has_value());
  // An origin that no spec describes, whatever its host.
  const Router unknown = router({.base_url = "https://gate.example/llm", .type = "unknown"});
  std::string buffer;
  const Route to = unknown.route("POST", "/v9/ask", {}, buffer);
  EXPECT_EQ(to.spec, nullptr);
  EXPECT_EQ(to.endpoint, nullptr);
  EXPECT_EQ(to.target, "/llm/v9/ask");
}

TEST(RouterTest, ReadsBaseUrls) {
  const auto to = parse_base_url("HTTPS://a.example:8443/x/y//");
  ASSERT_TRUE(to.has_value());
  EXPECT_EQ(to->origin, (Origin{.tls = true, .host = "a.example", .port = 8443}));
  EXPECT_EQ(to->authority, "a.example:8443");
  EXPECT_EQ(to->path, "/x/y");
  EXPECT_EQ(parse_base_url("http://a:80")->authority, "a");
  for (const std::string_view bad :
       {"", "a.example", "ftp://a", "http://", "http://:80", "http://a:0", "http://a:99999", "http://a:8x",
        "http://u:p@a", "http://a?x", "http://a#x", "http://a b", "http://[::1", "http://[::1]x"}) {
    EXPECT_FALSE(parse_base_url(bad).has_value()) << bad;
  }
}

TEST(RouterTest, NamesItsRoutes) { EXPECT_EQ(router({}).describe_routes(), "/acme/"); }

}  // namespace
}  // namespace tokometer::proxy
