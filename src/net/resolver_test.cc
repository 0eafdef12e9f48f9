#include "net/resolver.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <string>

#include "net/loopback_peer.h"

namespace tokometer::net {
namespace {

using std::chrono::milliseconds;

class StoppedClock final : public Clock {
 public:
  UtcTime now() const override { return {}; }
  SteadyTime steady() const override { return SteadyTime(milliseconds(ms.load())); }
  std::atomic<int> ms{1'000'000};
};

class ResolverTest : public testing::Test {
 protected:
  Resolver::Answer ask(Resolver& resolver, const std::string& name) {
    Resolver::Answer answer;
    const auto lookup = resolver.lookup(name, loop_->mailbox(), [&](const Resolver::Answer& found) {
      answer = found;
      loop_->stop();
    });
    loop_->run();
    return answer;
  }
  Resolver::Source counting_source() {
    return [this](const std::string& name) -> Resolver::Answer {
      ++asked_;
      if (name == "none.example") return fail(ErrorCode::kNetwork, "none.example: no address");
      return Resolver::Addresses{*Address::ip("192.0.2.1", 0)};
    };
  }

  StoppedClock clock_;
  Limits limits_;
  std::atomic<int> asked_{0};
  std::unique_ptr<Loop> loop_ = std::move(*Loop::open(system_clock()));
};

TEST_F(ResolverTest, KnowsLiteralsAndLocalhostWithoutAsking) {
  const Resolver resolver(limits_, clock_, counting_source());
  EXPECT_EQ((**resolver.cached("127.0.0.9"))[0].text(), "127.0.0.9:0");
  EXPECT_EQ((**resolver.cached("::1"))[0].text(), "[::1]:0");
  EXPECT_EQ((**resolver.cached("LocalHost")).size(), 2U);
  EXPECT_TRUE(resolver.cached("api.localhost"));
  EXPECT_FALSE(resolver.cached("a.example"));
  EXPECT_EQ(asked_, 0);
}

TEST_F(ResolverTest, KeepsAnswersForTheirTime) {
  Resolver resolver(limits_, clock_, counting_source());
  EXPECT_EQ((*ask(resolver, "A.example"))[0].text(), "192.0.2.1:0");
  EXPECT_EQ((*ask(resolver, "a.EXAMPLE"))[0].text(), "192.0.2.1:0");
  EXPECT_EQ(asked_, 1);
  clock_.ms += static_cast<int>(limits_.name_ttl.count());
  EXPECT_FALSE(resolver.cached("a.example"));
  EXPECT_TRUE(ask(resolver, "a.example"));
  EXPECT_EQ(asked_, 2);
}

TEST_F(ResolverTest, KeepsFailuresForAMoment) {
  Resolver resolver(limits_, clock_, counting_source());
  EXPECT_EQ(ask(resolver, "none.example").error().code, ErrorCode::kNetwork);
  ASSERT_TRUE(resolver.cached("none.example"));
  EXPECT_FALSE(*resolver.cached("none.example"));
  clock_.ms += static_cast<int>(limits_.failed_name_ttl.count());
  EXPECT_FALSE(resolver.cached("none.example"));
}

TEST_F(ResolverTest, HoldsNoMoreNamesThanItsLimit) {
  limits_.max_cached_names = 2;
  Resolver resolver(limits_, clock_, counting_source());
  int known = 0;
  for (const char* name : {"a.example", "b.example", "c.example"}) ASSERT_TRUE(ask(resolver, name));
  for (const char* name : {"a.example", "b.example", "c.example"}) known += resolver.cached(name) ? 1 : 0;
  EXPECT_EQ(known, 2);
}

TEST_F(ResolverTest, AsksOnceForManyAndForgetsWhoGaveUp) {
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  Resolver resolver(limits_, clock_, [&, opened](const std::string&) -> Resolver::Answer {
    ++asked_;
    opened.wait();
    return Resolver::Addresses{*Address::ip("192.0.2.1", 0)};
  });
  int answers = 0;
  const auto count = [&](const Resolver::Answer&) {
    if (++answers == 2) loop_->stop();
  };
  const auto first = resolver.lookup("a.example", loop_->mailbox(), count);
  {
    const auto given_up = resolver.lookup("a.example", loop_->mailbox(), [](const auto&) { FAIL(); });
  }
  const auto second = resolver.lookup("a.example", loop_->mailbox(), count);
  gate.set_value();
  loop_->run();
  EXPECT_EQ(answers, 2);
  EXPECT_EQ(asked_, 1);
}

TEST_F(ResolverTest, RefusesMoreThanItsQueueHolds) {
  limits_.max_pending_lookups = 1;
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  Resolver resolver(limits_, clock_, [opened](const std::string&) -> Resolver::Answer {
    opened.wait();
    return Resolver::Addresses{};
  });
  const auto first = resolver.lookup("a.example", loop_->mailbox(), [](const auto&) {});
  EXPECT_EQ(ask(resolver, "b.example").error().code, ErrorCode::kTooLarge);
  gate.set_value();
}

TEST_F(ResolverTest, DoesNotWaitForAHangingLookupWhenItGoes) {
  auto gate = std::make_shared<std::promise<void>>();
  auto opened = gate->get_future().share();
  auto resolver = std::make_unique<Resolver>(limits_, clock_, [opened](const std::string&) -> Resolver::Answer {
    opened.wait();
    return Resolver::Addresses{};
  });
  const auto lookup = resolver->lookup("a.example", loop_->mailbox(), [](const auto&) { FAIL(); });
  resolver.reset();
  gate->set_value();
}

TEST_F(ResolverTest, TheSystemKnowsNoInvalidName) {
  // RFC 6761, 6.4: .invalid never resolves, with or without a network.
  EXPECT_FALSE(Resolver::system_source()("tokometer.invalid"));
}

}  // namespace
}  // namespace tokometer::net
