// What was last heard of one quota: how much of it is used, and when it begins anew.
//
// A quota belongs to an account (a fingerprint, app/accounts.h) on a provider, and to one
// model where the provider has one for each.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/time.h"

namespace tokometer::quota {

struct Snapshot {
  std::string provider;
  std::string account;  // its fingerprint; empty: the request carried no credential
  std::string label;    // of the account: its organisation, where the provider names one
  std::string name;     // "requests", "5h", "premium_interactions"
  std::string model;    // empty: for all models
  std::string status;   // the provider's own word: "allowed", "unlimited"

  // Each absent where it was neither stated nor follows from the others.
  std::optional<double> limit;
  std::optional<double> remaining;
  std::optional<double> used_fraction;  // 0 to 1, more where the quota was passed
  std::optional<std::chrono::seconds> window;
  std::optional<UtcTime> resets_at;

  UtcTime seen_at;

  // Of several snapshots with the same key the newest holds.
  auto key() const { return std::tie(provider, account, name, model); }

  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

// When the window that `snapshot` is of ends, or ended; nothing where nobody can tell.
std::optional<UtcTime> window_end(const Snapshot& snapshot);

}  // namespace tokometer::quota
