#include "event/codec.h"

#include <gtest/gtest.h>

#include <set>

#include "event/event_json.h"
#include "event/event_samples.h"
#include "event/fields.h"

namespace tokometer::event {
namespace {

std::string encoded(const Event& event) {
  std::string bytes;
  encode(event, bytes);
  return bytes;
}

TEST(Fields, AreInAscendingOrderWithDifferentNames) {
  std::uint32_t last = 0;
  std::set<std::string_view> names;
  const Event event;
  for_each_field(event, [&](const Field& field, const auto&) {
    EXPECT_GT(field.number, last) << field.name;
    last = field.number;
    EXPECT_TRUE(names.insert(field.name).second) << field.name;
  });
}

TEST(Codec, KeepsEveryField) {
  const Event event = full_event();
  const auto again = decode(encoded(event));
  ASSERT_TRUE(again) << again.error().message;
  // The JSON form shows every field, so that a forgotten one is named.
  EXPECT_EQ(to_json(*again), to_json(event));
  // And no field of the sample has its default, so that a forgotten one shows.
  const Event fresh;
  for_each_field(event, [&](const Field& field, const auto& member) {
    for_each_field(fresh, [&](const Field& other, const auto& fresh_member) {
      if constexpr (std::is_same_v<decltype(member), decltype(fresh_member)>) {
        EXPECT_TRUE(field.number != other.number || member != fresh_member) << field.name;
      }
    });
  });
}

TEST(Codec, KeepsDefaults) {
  Event event;
  event.id.bytes[0] = 1;
  const auto again = decode(encoded(event));
  ASSERT_TRUE(again);
  EXPECT_EQ(to_json(*again), to_json(event));
  EXPECT_TRUE(again->complete);
  EXPECT_TRUE(again->billable);
  EXPECT_LT(encoded(event).size(), 40U);
}

TEST(Codec, TellsAbsentFromZero) {
  Event event = full_event();
  event.usage.input_tokens = 0;
  event.usage.output_tokens.reset();
  event.cost_picodollars = 0;
  const auto again = decode(encoded(event));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->usage.input_tokens, 0);
  EXPECT_FALSE(again->usage.output_tokens);
  EXPECT_EQ(again->cost_picodollars, 0);
}

TEST(Codec, KeepsTheEndsOfTheNumberRange) {
  for (const std::int64_t value : {INT64_MIN, INT64_MIN + 1, std::int64_t{-1}, INT64_MAX}) {
    Event event = full_event();
    event.usage.input_tokens = value;
    const auto again = decode(encoded(event));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->usage.input_tokens, value);
  }
}

TEST(Codec, SkipsFieldsOfANewerProgram) {
  Event event;
  event.id.bytes[0] = 1;
  event.source_id = "x";
  std::string bytes = encoded(event);
  bytes += std::string("\x86\x08\x2a", 3);  // field 515, varint 42
  bytes += std::string(
      "\x89\x08\x03"
      "abc",
      6);  // field 516, bytes "abc"
  const auto again = decode(bytes);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->source_id, "x");
}

TEST(Codec, RefusesEveryCut) {
  const std::string bytes = encoded(full_event());
  constexpr std::size_t kLastField = 2;  // usage_estimated
  const auto last_field = bytes.size() - kLastField;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto again = decode(std::string_view(bytes).substr(0, size));
    // A cut between two fields is a shorter event: that is what the journal's checksum is for.
    EXPECT_TRUE(!again || (size >= 18 && size <= last_field)) << size;
  }
}

TEST(Codec, RefusesWhatBreaksTheFormat) {
  const std::string id = encoded([] {
                           Event event;
                           event.id.bytes[0] = 1;
                           return event;
                         }())
                             .substr(0, 18);
  ASSERT_TRUE(decode(id));
  const std::string_view broken[] = {
      {"\x1d\x01", 2},                                       // field 14, a flag, as bytes that are not there
      {"\x0d\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11},  // a length of more than 64 bits
      {"\x0c\x02", 2},                                       // field 6, a text, as a number
      {"\x3d\x01x\x0d\x01x", 6},                             // field 30 as bytes, then field 6: descending
      {"\xff", 1},                                           // half a tag
      {"\x1e\xfe\xff\xff\xff\xff\x01", 7},                   // a status code beyond an int
  };
  for (const std::string_view bytes : broken) {
    const auto again = decode(id + std::string(bytes));
    ASSERT_FALSE(again) << testing::PrintToString(bytes);
    EXPECT_EQ(again.error().code, ErrorCode::kCorrupt);
  }
  EXPECT_FALSE(decode("")) << "no id";
}

TEST(Event, CountsAFailedCallWithoutUsageAsFree) {
  Event event = full_event();
  event.billable = true;
  event.cost_picodollars.reset();
  EXPECT_TRUE(is_cost_missing(event));
  event.usage = {};
  event.status_code = 200;
  event.complete = false;
  EXPECT_TRUE(is_cost_missing(event)) << "it broke off after it began: most providers bill that";
  event.complete = true;
  EXPECT_FALSE(is_cost_missing(event)) << "it has an error_type";
  event.status_code = 429;
  event.complete = false;
  EXPECT_FALSE(is_cost_missing(event)) << "it was refused";
  event.status_code = 200;
  event.complete = true;
  event.error_type.clear();
  EXPECT_TRUE(is_cost_missing(event)) << "it succeeded, and nobody knows what it used";
  event.operation.clear();
  EXPECT_FALSE(is_cost_missing(event));
}

TEST(Event, KnowsThatAStreamWhichBrokeOffUsedMoreThanItSaid) {
  Event event = full_event();
  event.status_code = 200;
  event.billable = true;
  event.complete = false;
  event.finish_reason.clear();
  ASSERT_TRUE(event.cost_picodollars);
  EXPECT_TRUE(is_partial(event));
  EXPECT_TRUE(is_cost_missing(event));
  event.finish_reason = "end_turn";
  EXPECT_FALSE(is_partial(event)) << "its last counts had come";
  EXPECT_FALSE(is_cost_missing(event));
  event.finish_reason.clear();
  event.complete = true;
  EXPECT_FALSE(is_partial(event));
}

TEST(Event, ImportsTheSameExchangeUnderTheSameId) {
  const UtcTime time = *parse_rfc3339("2026-11-22T20:37:51.123456Z");
  const Uuid id = imported_id(time, "abc/1");
  EXPECT_EQ(id, imported_id(time, "abc/1"));
  EXPECT_NE(id, imported_id(time, "abc/2"));
  EXPECT_EQ(id.text().substr(0, 15), "01a204fa-bd93-7") << id.text();
  EXPECT_NE(std::string("89ab").find(id.text()[19]), std::string::npos) << id.text();
}

}  // namespace
}  // namespace tokometer::event
