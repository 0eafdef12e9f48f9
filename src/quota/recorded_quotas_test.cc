// The response fields of every recorded exchange of the providers that we describe,
// read by their specs: whatever says how much is left must come out.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "embedded/embedded.h"
#include "json/document.h"
#include "json/number.h"
#include "provider/registry.h"
#include "quota/reader.h"
#include "wire/content_coding.h"

namespace tokometer::quota {
namespace {

struct Seen {
  std::size_t responses = 0;  // with a field that says what is left
  std::size_t snapshots = 0;
  std::size_t missed = 0;
  std::size_t malformed = 0;
  std::size_t unreadable = 0;  // values that the recorder spoiled
};

class RecordedQuotas {
 public:
  explicit RecordedQuotas(const provider::Registry& registry) : registry_(registry) {}

  void line(std::string_view text) {
    if (text.empty()) return;
    const auto row = json::Document::parse(std::string(text));
    ASSERT_TRUE(row);
    const provider::Spec* spec = registry_.by_host(row->root()["provider_host"].string().value_or(""));
    if (spec == nullptr) return;
    std::vector<wire::Field> fields;
    for (const auto [name, value] : row->root()["response_headers"].members()) {
      fields.push_back({name, value.string().value_or("")});
    }
    const int status = static_cast<int>(row->root()["status"].int64().value_or(0));
    // As of the time of the recording: resets are told in its times.
    const UtcTime now = recorded_at(fields);
    const Reading reading = read(*spec, status, fields, now);
    Seen& seen = seen_[spec->name];
    seen.malformed += reading.malformed;
    seen.snapshots += reading.snapshots.size();
    bool any = false;
    for (const wire::Field& field : fields) {
      const bool is_limit = wire::icontains(field.name, "limit") && !wire::icontains(field.name, "retry");
      if (!is_limit) continue;
      const auto amount = json::to_double(field.value);
      const bool is_spoiled = wire::icontains(field.value, "XXX") || wire::icontains(field.value, ", req_");
      if (!amount && is_spoiled) ++seen.unreadable;
      if (!amount || !wire::icontains(field.name, "remaining")) continue;
      any = true;
      const auto has_it = [&](const Snapshot& snapshot) { return snapshot.remaining == *amount; };
      if (std::ranges::none_of(reading.snapshots, has_it)) {
        ++seen.missed;
        ADD_FAILURE() << spec->name << " " << field.name << ": " << field.value;
      }
    }
    seen.responses += any ? 1 : 0;
    for (const Snapshot& snapshot : reading.snapshots) {
      if (snapshot.used_fraction) {
        EXPECT_GE(*snapshot.used_fraction, 0) << spec->name << " " << snapshot.name;
        EXPECT_LE(*snapshot.used_fraction, 1.1) << spec->name << " " << snapshot.name;
      }
    }
  }

  const std::map<std::string, Seen>& seen() const { return seen_; }

 private:
  // An RFC 3339 time among the fields is close enough to it; else any time does.
  static UtcTime recorded_at(const std::vector<wire::Field>& fields) {
    for (const wire::Field& field : fields) {
      if (!wire::icontains(field.name, "reset")) continue;
      if (const auto time = parse_rfc3339(field.value)) return *time;
      if (const auto number = json::to_double(field.value); number && *number > 1e12) {
        return UtcTime(std::chrono::milliseconds(std::llround(*number)));
      }
    }
    return *parse_rfc3339("2026-01-01");
  }

  const provider::Registry& registry_;
  std::map<std::string, Seen> seen_;
};

TEST(RecordedQuotas, WhateverIsLeftIsRead) {
  const auto path = std::filesystem::path(TOKOMETER_SHARED_DIR) / "data/exchanges/exchanges.jsonl.gz";
  if (!std::filesystem::exists(path)) {
    ASSERT_EQ(std::getenv("CI"), nullptr) << "CI needs the recorded exchanges";
    GTEST_SKIP() << "no recorded exchanges here";
  }
  const auto registry = provider::Registry::load(embedded::providers(), "");
  ASSERT_TRUE(registry);
  RecordedQuotas recorded(**registry);
  std::ifstream stream(path, std::ios::binary);
  const std::string packed{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  wire::content_coding::Limits limits;
  limits.max_output_bytes = std::uint64_t{4} << 30U;
  auto decoder = wire::content_coding::Decoder::open("gzip", limits);
  ASSERT_TRUE(decoder);
  std::string held;
  ASSERT_TRUE(decoder->feed(packed, [&](std::string_view piece) {
    for (auto end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n')) {
      held += piece.substr(0, end);
      recorded.line(held);
      held.clear();
      piece.remove_prefix(end + 1);
    }
    held += piece;
  }));
  recorded.line(held);

  std::size_t responses = 0;
  for (const auto& [provider, seen] : recorded.seen()) {
    EXPECT_LE(seen.malformed, seen.unreadable) << provider;
    if (seen.snapshots == 0) continue;
    responses += seen.responses;
    std::cout << provider << ": " << seen.responses << " responses, " << seen.snapshots << " snapshots, "
              << seen.unreadable << " values that the recorder spoiled\n";
  }
  EXPECT_GE(responses, 1300U);
}

}  // namespace
}  // namespace tokometer::quota
