#include "app/internal_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "app/overview_page.h"
#include "app/stopped_clock_testing.h"
#include "embedded/embedded.h"
#include "provider/registry.h"
#include "wire/base64.h"

namespace tokometer::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kSpite = "<script>alert('x')</script>";

event::Event call(std::string model, std::int64_t tokens) {
  event::Event event;
  event.provider = "openai";
  event.response_model = std::move(model);
  event.status_code = 200;
  event.usage.source = meter::UsageSource::kReported;
  event.usage.input_tokens = tokens;
  event.cost_picodollars = 1'250'000'000'000;
  return event;
}

class OverviewTest : public testing::Test {
 protected:
  void count(const event::Event& event) {
    metrics_.exchange_opened();
    metrics_.exchange_closed(event);
  }
  PageSources sources() {
    return {.clock = system_clock(), .metrics = metrics_, .start = &start_, .listening = {"127.0.0.1:4141"}};
  }
  static std::optional<proxy::InternalEndpoints::Reply> ask(PageSources sources, std::string_view path,
                                                            std::string_view authority, wire::Fields fields = {}) {
    proxy::RequestHead head;
    head.authority = authority;
    head.fields = fields;
    return InternalPages(std::move(sources)).reply(path, head);
  }

  Start start_{.version = "1.2.3"};
  Metrics metrics_;
};

TEST_F(OverviewTest, SaysWhatToSetWhileNothingIsCounted) {
  const std::string page = overview_page(sources());
  EXPECT_THAT(page, HasSubstr("OPENAI_BASE_URL=http://127.0.0.1:4141/openai/v1"));
  EXPECT_THAT(page, HasSubstr("version 1.2.3"));
  EXPECT_THAT(page, HasSubstr("not recorded")) << "there is no journal";
  auto one = sources();
  one.one_origin = true;
  EXPECT_THAT(overview_page(one), Not(HasSubstr("OPENAI_BASE_URL")));
}

TEST_F(OverviewTest, CountsByModelAndInAll) {
  event::Event failed = call("gpt-5", 0);
  failed.status_code = 429;
  failed.billable = false;
  for (const event::Event& event : {call("gpt-5", 1'000'000), call("gpt-5", 500'000), call("gpt-6", 7), failed}) {
    count(event);
  }
  const std::string page = overview_page(sources());
  EXPECT_THAT(page, HasSubstr("<dd>1,500,007</dd>"));
  EXPECT_THAT(page, HasSubstr("<dd>$3.75</dd>"));
  EXPECT_THAT(page, HasSubstr(R"(data-label="Input">1,500,000<)"));
  EXPECT_THAT(page, HasSubstr(R"(data-label="Calls">3<small>1 failed</small>)"));
  EXPECT_THAT(page, Not(HasSubstr("OPENAI_BASE_URL")));
}

TEST_F(OverviewTest, EscapesNamesFromTheWire) {
  count(call(std::string(kSpite), 1));
  quota::Board quotas;
  quota::Snapshot snapshot;
  snapshot.name = snapshot.label = kSpite;
  snapshot.used_fraction = 0.5;
  quotas.offer(std::span(&snapshot, 1));
  proxy::Distrust distrust;
  proxy::Distrust::Client client;
  client.name = client.host = kSpite;
  distrust.refused(client, sources().clock.steady());
  auto all = sources();
  all.quotas = &quotas;
  all.distrust = &distrust;
  const std::string page = overview_page(all);
  EXPECT_THAT(page, Not(HasSubstr("<script>")));
  std::size_t shown = 0;
  for (std::size_t at = page.find("&lt;script&gt;"); at != std::string::npos;
       at = page.find("&lt;script&gt;", at + 1)) {
    ++shown;
  }
  EXPECT_EQ(shown, 5U);
}

TEST_F(OverviewTest, SaysHowLongClientsPassUnread) {
  const StoppedClock clock;
  PageSources all{.clock = clock, .metrics = metrics_, .start = &start_, .listening = {"127.0.0.1:4141"}};
  proxy::Distrust distrust;
  all.distrust = &distrust;
  distrust.refused({.name = "curl/8", .host = "a.example", .run = {}, .address = {}}, clock.steady());
  const std::string page = overview_page(all);
  EXPECT_THAT(page, HasSubstr(R"(pass unread until <time datetime="2026-01-02T04:05:00.000000Z">04:05 UTC</time>)"));
  EXPECT_THAT(page, HasSubstr("<code>tokometer reload</code>"));
  EXPECT_THAT(ask(all, "/-/health", "localhost")->body, HasSubstr(R"("until":"2026-01-02T04:04:05.000000Z")"));

  distrust.clear();
  distrust.refused({.name = "curl/8", .host = "a.example", .run = "r", .address = {}, .held = true}, clock.steady());
  EXPECT_THAT(overview_page(all), HasSubstr("fail, as its run has a hard budget. <code>tokometer doctor"));
  EXPECT_THAT(overview_page(all), Not(HasSubstr("tokometer reload")));
}

TEST_F(OverviewTest, IsBounded) {
  for (int i = 0; i < 5; ++i) count(call(fmt::format("model-{}", i), i + 1));
  const std::string page = overview_page(sources(), {.models = 2});
  EXPECT_THAT(page, HasSubstr("model-4"));
  EXPECT_THAT(page, HasSubstr("model-3"));
  EXPECT_THAT(page, Not(HasSubstr("model-2")));
  EXPECT_THAT(page, HasSubstr("And 3 more"));
}

TEST_F(OverviewTest, IsForNoOtherSiteToFrameOrRead) {
  for (const std::string_view host : {"127.0.0.1:4141", "localhost", "[::1]:80", "LOCALHOST:1", "localhost.:4141"}) {
    const auto reply = ask(sources(), "/-/", host);
    ASSERT_TRUE(reply) << host;
    EXPECT_EQ(reply->status, 200) << host;
    EXPECT_THAT(*wire::find(reply->fields, "content-security-policy"), HasSubstr("frame-ancestors 'none'"));
    EXPECT_EQ(wire::find(reply->fields, "x-frame-options"), "DENY");
    EXPECT_EQ(wire::find(reply->fields, "x-content-type-options"), "nosniff");
    EXPECT_EQ(wire::find(reply->fields, "cache-control"), "no-store");
  }
  count(call("gpt-5", 1));
  proxy::Distrust distrust;
  auto with_clients = sources();
  with_clients.distrust = &distrust;
  TunnelledHosts tunnelled;
  with_clients.tunnelled = &tunnelled;
  for (const std::string_view host : {"rebound.example:4141", "127.0.0.1.example", "", "192.0.2.1", "[::1"}) {
    for (const std::string_view path : {"/-/", "/-/metrics", "/-/tunnelled/e30"}) {
      const auto reply = ask(with_clients, path, host);
      ASSERT_TRUE(reply) << path << " by " << host;
      EXPECT_EQ(reply->status, 403) << path << " by " << host;
      EXPECT_THAT(reply->body, Not(HasSubstr("gpt-5")));
    }
    EXPECT_THAT(ask(with_clients, "/-/health", host)->body, Not(HasSubstr("distrustful"))) << host;
  }
  EXPECT_THAT(ask(with_clients, "/-/health", "localhost")->body, HasSubstr("distrustful"));
}

TEST_F(OverviewTest, IsFoundWithoutItsSlash) {
  const auto reply = ask(sources(), "/-", "localhost");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 308);
  EXPECT_EQ(wire::find(reply->fields, "location"), "/-/");
}

TEST_F(OverviewTest, AsksOthersForTheToken) {
  const auto registry = provider::Registry::load(embedded::providers(), {});
  ASSERT_TRUE(registry);
  auto open = sources();
  open.beyond_loopback = true;
  EXPECT_EQ(ask(open, "/-/", "127.0.0.1:4141")->status, 401) << "nobody knows the token";
  open.forwarding = std::make_shared<const proxy::Forwarding>(
      *registry, proxy::ForwardingOptions{.intercept = {}, .tunnel = {}, .token = "s3cret", .own = {}},
      std::make_shared<proxy::Distrust>());
  const auto refused = ask(open, "/-/", "127.0.0.1:4141");
  EXPECT_EQ(refused->status, 401);
  EXPECT_EQ(wire::find(refused->fields, "www-authenticate"), "Basic realm=\"tokometer\"");
  const auto with = [&](std::string_view password, std::string_view path) {
    const std::string value = "Basic " + wire::base64::encode(fmt::format("me:{}", password));
    return *ask(open, path, "gateway.example:4141", std::array{wire::Field{.name = "Authorization", .value = value}});
  };
  for (const std::string_view path : {"/-/", "/-/metrics"}) {
    EXPECT_EQ(with("wrong", path).status, 401) << path;
    EXPECT_EQ(with("s3cret", path).status, 200) << path;
  }
  proxy::Distrust distrust;
  open.distrust = &distrust;
  EXPECT_EQ(with("wrong", "/-/health").status, 200) << "load balancers have no token";
  EXPECT_THAT(with("wrong", "/-/health").body, Not(HasSubstr("distrustful")));
  EXPECT_THAT(with("s3cret", "/-/health").body, HasSubstr("distrustful"));
}

TEST_F(OverviewTest, ServesWhatThePageLoadsAndNoTemplate) {
  const std::string page = overview_page(sources());
  for (const std::string_view file : {"/-/overview.css", "/-/overview.js"}) {
    EXPECT_THAT(page, HasSubstr(std::string(file)));
    const auto reply = ask(sources(), file, "localhost");
    ASSERT_TRUE(reply) << file;
    EXPECT_EQ(reply->status, 200) << file;
    EXPECT_THAT(reply->content_type, HasSubstr(file.ends_with("css") ? "text/css" : "javascript"));
  }
  EXPECT_FALSE(ask(sources(), "/-/overview.html", "localhost"));
  EXPECT_FALSE(ask(sources(), "/-/x", "localhost"));
}

}  // namespace
}  // namespace tokometer::app
