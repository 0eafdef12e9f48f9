// UUID version 7 (RFC 9562, section 5.7): time-ordered ids of events.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace tokometer {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  // "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b", lower case.
  std::string text() const;
  // Reads the form that text() writes, in either case.
  static std::optional<Uuid> parse(std::string_view text);

  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

// Makes ids that are unique across threads and processes, and that sort by
// their time (milliseconds), within one maker strictly in order of making.
// Not thread-safe: one maker a thread.
class UuidMaker {
 public:
  UuidMaker();
  Uuid make(UtcTime now);

 private:
  std::uint64_t random();

  std::uint64_t state_[2];
  std::int64_t last_ms_ = 0;
  std::uint32_t counter_ = 0;  // the 12 bits of rand_a, then spilling into last_ms_
};

}  // namespace tokometer
