// How response fields tell of quotas, and whose quotas they are: the compiled form of
// a spec's `quotas` and `account`.
//
// Not here: the keys of the file and what they mean (docs/provider-spec.md, "Quotas"),
// the reading itself (quota/reader.h).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/query_set.h"

namespace tokometer::provider {

// A text with at most one "{name}" in it, which stands for one character or more.
struct CapturePattern {
  std::string before;  // lower case
  std::string after;
  std::string capture;  // its name; empty: the pattern is the text `before`

  // What the capture stands for in `text`, whose case does not matter; an empty view where the pattern has none.
  std::optional<std::string_view> match(std::string_view text) const;
  // The pattern with `value` in the place of its capture.
  std::string fill(std::string_view value) const;
  // How much the pattern itself says: of two that match, the greater is the more exact.
  std::size_t literal_length() const { return before.size() + after.size(); }
};

// What a value says of its quota.
enum class QuotaPart : std::uint8_t {
  kLimit,
  kRemaining,
  kUsed,
  kUsedPercent,
  kUsedFraction,
  kRemainingPercent,
  kReset,   // when it begins anew
  kWindow,  // how long it takes from one beginning to the next
  kStatus,  // the provider's own word: "allowed"
};
inline constexpr std::size_t kQuotaParts = 9;

// How a time or a length of time is written.
enum class TimeForm : std::uint8_t {
  kAny,  // told by its look: what none of the others but milliseconds and minutes could be
  kSeconds,
  kMilliseconds,
  kMinutes,
  kDuration,  // "1m26.4s", "6ms"
  kUnix,      // seconds since 1970
  kUnixMilliseconds,
  kRfc3339,
};

// One place where a part of a quota may be.
struct QuotaSource {
  CapturePattern field;
  std::string member;  // the value is a list "a=1&b=2" or "a=1;b=2": of which member; empty: all of it
  std::uint16_t quota = 0;
  QuotaPart part = QuotaPart::kLimit;
  std::uint8_t rank = 0;  // of several the one with the lowest rank wins
  TimeForm form = TimeForm::kAny;
};

struct Quota {
  CapturePattern name;
  bool per_model = false;                      // each model has one of its own
  std::optional<std::chrono::seconds> window;  // where no field says it
  std::vector<int> status_codes;               // only in responses with one of these; empty: in all
  bool is_wait = false;                        // has nothing but `reset`: used up until then
};

struct QuotaRules {
  std::vector<Quota> quotas;
  // The most exact patterns first. A field belongs to the quota of the first that matches.
  std::vector<QuotaSource> sources;

  bool empty() const { return sources.empty(); }
};

// Where an exchange carries what tells accounts apart.
struct AccountSource {
  enum class From : std::uint8_t {
    kField,     // of the request
    kQuery,     // a parameter of the target
    kPath,      // the target without its query
    kResponse,  // a field of the response
    kUser,      // whom the call says it is for
  };
  From from = From::kField;
  std::string name = {};   // of the field or query parameter, lower case
  std::string after = {};  // only what follows this text in the value; where it is not, there is no account
  std::string until = {};  // only what precedes this
  std::string of = {};     // only of credentials that begin with this
  // The value is a JSON Web Token: the answer to this one query in its claims.
  std::shared_ptr<const json::QuerySet> claim = nullptr;
};

struct AccountRules {
  std::vector<AccountSource> credential;  // in order: the first that is there counts
  std::vector<AccountSource> identity;    // the same, of who it is whatever the credential; goes before that
  std::vector<std::string> label_fields;  // response fields that name the account's organisation, lower case
};

}  // namespace tokometer::provider
