// The values of response fields that tell of quotas: amounts, times and lists.
//
//   read_amount("35.5")                                    35.5
//   read_moment("1m26.4s", TimeForm::kAny, now)            now + 86.4 s
//   read_moment("1759845420000", TimeForm::kAny, now)      2025-10-07T13:57:00Z
//   member("ent=300&rem=35.5&rst=2026-04-01", "rem")       "35.5"
//
// Whatever a peer sends gives a value within the limits below, or nothing.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "provider/quota_rules.h"

namespace tokometer::quota {

// The largest amount either way, and the furthest time, that are believed.
inline constexpr double kMaxAmount = 1e15;
inline constexpr std::chrono::hours kMaxAhead{24 * 400};

// A decimal number, perhaps after a dollar sign.
std::optional<double> read_amount(std::string_view text);

// A length of time, not negative.
std::optional<std::chrono::microseconds> read_length(std::string_view text, provider::TimeForm form);

// A time, or how long it takes from `now`. A time before `now` is a time too: the window is over.
std::optional<UtcTime> read_moment(std::string_view text, provider::TimeForm form, UtcTime now);

// The value of `name` in a list of NAME=VALUE between "&", ";" or ",", percent-decoded and without quotes.
std::optional<std::string> member(std::string_view list, std::string_view name);

}  // namespace tokometer::quota
