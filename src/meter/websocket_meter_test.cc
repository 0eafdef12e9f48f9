#include "meter/websocket_meter.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "embedded/embedded.h"
#include "provider/registry.h"
#include "wire/every_cut_test.h"
#include "wire/websocket_testing.h"

namespace tokometer::meter {
namespace {

using std::string_literals::operator""s;
using wire::websocket::Deflater;
using wire::websocket::frame;

constexpr std::string_view kTarget = "/v1/responses";
constexpr std::string_view kCreate = R"({"type":"response.create","model":"gpt-5"})";

std::string completed(int number) {
  return fmt::format(
      R"({{"type":"response.completed","response":{{"id":"resp_{}","status":"completed","model":"gpt-5","usage":{{"input_tokens":{},"output_tokens":2}}}}}})",
      number, 100 + number);
}

class WebSocketMeterTest : public testing::Test {
 protected:
  static const provider::Registry& registry() {
    static const auto loaded = provider::Registry::load(embedded::providers(), {});
    return **loaded;
  }

  WebSocketMeterTest() { reopen(); }

  void reopen(const Limits& limits = {}) {
    const provider::Spec* spec = registry().by_name("openai");
    meter_.emplace(*spec, *registry().endpoint(*spec, "GET", kTarget), kTarget, wire::Fields{}, now_, limits);
    turns_.clear();
  }
  void accept(std::string_view extensions) {
    const wire::Field field{"Sec-WebSocket-Extensions", extensions};
    meter_->accepted(wire::Fields(&field, 1));
  }
  void feed(Side from, std::string_view bytes) {
    const auto take = [this](Turn&& turn) { turns_.push_back(std::move(turn)); };
    meter_->feed(from, bytes, now_, take, [](const SideMessage&, wire::websocket::Kind) {});
  }
  std::optional<Turn> end(const WebSocketMeter::End& how = {}) {
    const auto take = [this](Turn&& turn) { turns_.push_back(std::move(turn)); };
    meter_->finish(how, now_, take);
    return meter_->connection(now_, faults_);
  }
  std::uint32_t faults(Fault fault) const { return faults_[static_cast<std::size_t>(fault)]; }

  SteadyTime now_{};
  std::optional<WebSocketMeter> meter_;
  std::vector<Turn> turns_;
  std::array<std::uint32_t, kFaultCount> faults_{};
};

std::string asked() { return frame(1, kCreate, {.masked = true}); }

TEST_F(WebSocketMeterTest, EveryCutOfACompressedConnectionGivesTheSameTurns) {
  Deflater deflater;
  std::string server;
  for (int i = 0; i < 3; ++i) {
    server += frame(1, deflater.message(R"({"type":"response.output_text.delta","delta":"…"})"), {.compressed = true});
    const std::string last = deflater.message(completed(i));
    server +=
        frame(1, last.substr(0, 9), {.fin = false, .compressed = true}) + frame(9, "ping") + frame(0, last.substr(9));
  }
  const std::string said = wire::same_for_every_cut(server, [&](const wire::Chunks& chunks) {
    reopen();
    accept("permessage-deflate; client_no_context_takeover");
    feed(Side::kClient, asked());
    chunks.for_each([&](std::string_view chunk) { feed(Side::kServer, chunk); });
    std::string text;
    for (const Turn& turn : turns_) {
      text += fmt::format("{} {} {};", turn.reading.response_id, *turn.reading.usage.input_tokens, turn.request_bytes);
    }
    return text;
  });
  EXPECT_EQ(said, fmt::format("resp_0 100 {};resp_1 101 0;resp_2 102 0;", kCreate.size()));
}

TEST_F(WebSocketMeterTest, ATurnIsGivenWithTheBytesThatEndIt) {
  accept("");
  feed(Side::kClient, asked());
  const std::string last = frame(1, completed(1));
  EXPECT_TRUE(meter_->may_end_turn(last.size()));
  feed(Side::kServer, last.substr(0, 20));
  EXPECT_FALSE(meter_->may_end_turn(20));
  EXPECT_TRUE(meter_->may_end_turn(last.size() - 20));
  feed(Side::kServer, last.substr(20, last.size() - 21));
  EXPECT_TRUE(turns_.empty());
  feed(Side::kServer, last.substr(last.size() - 1));
  EXPECT_EQ(turns_.size(), 1U);
}

TEST_F(WebSocketMeterTest, AConnectionWithTurnsThatIsClosedInOrderSaysNothingMore) {
  accept("");
  feed(Side::kClient, asked());
  feed(Side::kServer, frame(2, completed(1)) + frame(8, "\x03\xe8"));
  EXPECT_FALSE(end({.error = "client_closed", .harmless_idle = true}));
  EXPECT_EQ(turns_.size(), 1U) << "a binary message may be JSON as well";
}

TEST_F(WebSocketMeterTest, AConnectionWithoutATurnHasAWordOfItsOwn) {
  accept("");
  feed(Side::kServer, frame(8, "\x03\xe8"));
  const auto rest = end();
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->reading.error_type, "");
  EXPECT_TRUE(rest->reading.complete);
}

TEST_F(WebSocketMeterTest, HowAConnectionWasClosedIsSeen) {
  accept("");
  feed(Side::kServer, frame(8, "\x03\xf0 policy"));
  feed(Side::kClient, frame(8, "\x03\xf0", {.masked = true}));
  const auto refused = end();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reading.error_type, "websocket_close_1008");
  EXPECT_FALSE(refused->reading.complete);

  reopen();
  accept("");
  feed(Side::kClient, asked());
  feed(Side::kServer, frame(1, completed(1)));
  EXPECT_EQ(end()->reading.error_type, "websocket_close_1006") << "the origin hung up without a close frame";
  EXPECT_EQ(turns_.size(), 1U);

  reopen();
  accept("");
  feed(Side::kClient, asked());
  feed(Side::kServer, frame(1, completed(1)));
  EXPECT_FALSE(end({.error = "client_closed", .harmless_idle = true})) << "a client may go between turns";
}

TEST_F(WebSocketMeterTest, ATurnThatWasOpenHasTheConnectionsError) {
  accept("");
  feed(Side::kClient, asked());
  EXPECT_FALSE(end({.error = "origin_reset"})) << "once is enough";
  ASSERT_EQ(turns_.size(), 1U);
  EXPECT_EQ(turns_[0].reading.error_type, "origin_reset");
  EXPECT_FALSE(turns_[0].reading.complete);
}

TEST_F(WebSocketMeterTest, WhatCannotBeReadIsCountedAndLeftAlone) {
  accept("x-unknown");
  feed(Side::kServer, frame(1, completed(1)));
  EXPECT_FALSE(meter_->may_end_turn(1)) << "nothing has to wait";
  auto rest = end();
  ASSERT_TRUE(rest);
  EXPECT_EQ(faults(Fault::kContentCoding), 1U);
  EXPECT_TRUE(rest->reading.truncated);

  reopen();
  accept("");
  feed(Side::kClient, asked());
  feed(Side::kServer, "\x83\x00"s + frame(1, completed(1)));
  rest = end();
  ASSERT_TRUE(rest);
  EXPECT_EQ(faults(Fault::kFraming), 1U);
  ASSERT_EQ(turns_.size(), 1U) << "what was asked";
  EXPECT_FALSE(turns_[0].reading.complete);

  reopen({.max_event_bytes = 64});
  accept("");
  feed(Side::kClient, asked());
  feed(Side::kServer, frame(1, completed(1)) + frame(1, R"({"type":"error","error":{"code":"x"}})"));
  rest = end();
  ASSERT_TRUE(rest);
  EXPECT_EQ(faults(Fault::kTooLarge), 1U);
  ASSERT_EQ(turns_.size(), 1U);
  EXPECT_EQ(turns_[0].reading.error_type, "x");
}

}  // namespace
}  // namespace tokometer::meter
