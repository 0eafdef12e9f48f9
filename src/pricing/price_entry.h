// What the catalog knows of a model: its names, and its prices by date.
//
// These are plain values, filled by price_file.h from data/prices/*.json and
// never changed afterwards. docs/prices.md explains every field.
//
// Not here: which entry holds for an exchange (catalog.h), what it then costs (cost.h).
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "json/query.h"
#include "pricing/decimal.h"

namespace tokometer::pricing {

// What is priced by the token. A unit without a price of its own is priced as
// the unit that contains it (cost.h).
enum class Unit : std::uint8_t {
  kInput,           // text that went in, neither read from nor written to a cache
  kCacheRead,       // input read from a cache
  kCacheWrite,      // input written to a cache for five minutes, or for the provider's only lifetime
  kCacheWrite1h,    // input written to a cache for an hour
  kAudioInput,      // audio that went in, not cached
  kCacheReadAudio,  // audio read from a cache
  kImageInput,      // images that went in
  kOutput,          // text that came out
  kReasoning,       // output spent on reasoning, where it has a price of its own
  kAudioOutput,     // audio that came out
  kImageOutput,     // images that came out
};
inline constexpr std::size_t kUnitCount = 11;

// The unit's key in price files and in cost details: "cache_write_1h".
std::string_view to_string(Unit unit);
std::optional<Unit> unit_from(std::string_view name);

struct Rates {
  std::array<std::optional<Price>, kUnitCount> prices;

  const std::optional<Price>& operator[](Unit unit) const { return prices[static_cast<std::size_t>(unit)]; }
  std::optional<Price>& operator[](Unit unit) { return prices[static_cast<std::size_t>(unit)]; }

  friend bool operator==(const Rates&, const Rates&) = default;
};

// In USD per million tokens, above any price ever asked: o1-pro's output costs 600. What is above is a slip of the
// unit.
inline constexpr std::int64_t kDearestPerMillion = 2'000;

// Rates for the whole of a request whose input is longer than `above` tokens.
struct LongContext {
  std::int64_t above = 0;
  Rates rates;
};

// Rates by the length of the request: `base`, or the last of `long_context`
// (ascending) whose `above` the input exceeds.
struct Schedule {
  Rates base;
  std::vector<LongContext> long_context;
};

struct ServiceTier {
  std::string name;  // "priority", "flex", "batch"
  Schedule schedule;
};

// A daily window in UTC, [from, until); it may pass midnight.
struct Hours {
  std::chrono::minutes from{0};
  std::chrono::minutes until{0};

  bool holds(UtcTime time) const;

  friend bool operator==(const Hours&, const Hours&) = default;
};

// What about a call a price depends on, beside its tokens and its tier.
struct Condition {
  enum class Kind : std::uint8_t {
    kUsage,  // what `query` selects in the provider's usage object is `is`, as text or number, ignoring case
    kHost    // the call went to the host `is`, in which a '*' stands for anything
  };

  Kind kind = Kind::kUsage;
  std::shared_ptr<const json::Query> query;  // kUsage only
  std::string is;
};

// What every price of tokens is multiplied by where `when` holds: fast answers, processing in one country.
struct Surcharge {
  std::string name;  // in cost details: "fast"
  Condition when;
  Multiplier times;
};

// What a call costs beside its tokens.
struct RequestFee {
  std::optional<Condition> when;  // unset: always
  Price price;                    // times a thousand, as of tools
};

// Whose an entry is. What comes later is preferred over what comes earlier, as far as it says (Model::sort_entries).
enum class Origin : std::uint8_t {
  kBuiltin,   // ships with the program
  kImported,  // from a public list, by `tokometer prices update`
  kUser       // written by the user
};

struct Entry {
  std::string ref;               // "anthropic/claude-sonnet-4-5@2025-09-29"
  std::optional<UtcTime> from;   // first moment; unset: since ever
  std::optional<UtcTime> until;  // first moment no more; unset: until further notice
  std::optional<Hours> hours;    // only at these hours of the day
  Schedule standard;
  std::vector<ServiceTier> tiers;
  std::vector<std::pair<std::string, Price>> tools;  // by the name in meter::Usage::tool_calls
  std::vector<Surcharge> surcharges;                 // all that hold
  std::vector<RequestFee> requests;                  // the first that holds
  std::vector<std::string> sources;                  // where the figures are from, with the date
  std::string disputed;                              // where sources disagree: how; else empty
  Origin origin = Origin::kBuiltin;
};

struct Model {
  std::string provider;  // of the file that defines it
  std::string id;
  std::vector<std::string> aliases;   // other whole names
  std::vector<std::string> prefixes;  // every name that continues one after '-', '@' or ':'
  std::vector<Entry> entries;         // in the order of sort_entries()

  // Puts first what is preferred where several entries hold: the user's own
  // before all others, one with hours before one without, the later before the
  // earlier, an imported one before one of ours from the same date.
  void sort_entries();
  // The first entry that holds at `time`. Before the dates of all of them the
  // earliest of ours holds; in a gap between them, none does.
  const Entry* entry_at(UtcTime time) const;
};

}  // namespace tokometer::pricing
