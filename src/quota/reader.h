// Reads the fields of a response head by the `quotas` of a spec.
//
//   quota::Reading reading = quota::read(*spec, status, fields, clock.now());
//   for (quota::Snapshot& snapshot : reading.snapshots) …  // account and model are the caller's to fill in
//
// No I/O, no clock. What is malformed is left out and counted, whatever a peer sends.
//
// Not here: what the keys of a spec mean (docs/provider-spec.md, "Quotas"), how values
// are written (value.h), whose quotas they are (credential.h).
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "provider/spec.h"
#include "quota/snapshot.h"
#include "wire/fields.h"

namespace tokometer::quota {

// Of one response; what is beyond is left out.
struct Limits {
  std::size_t snapshots = 32;
  std::size_t name_bytes = 64;    // of a quota's name, as far as the provider gives it
  std::size_t value_bytes = 256;  // of a field that is read
  std::size_t text_bytes = 64;    // of a status, and of an account's label; cut off there
};

struct Reading {
  std::vector<Snapshot> snapshots;  // in the order of their first fields
  std::vector<bool> per_model;      // of each: whether it is of the model that was asked
  std::size_t malformed = 0;        // values that could not be read, or were too many
};

Reading read(const provider::Spec& spec, int status, wire::Fields fields, UtcTime now, const Limits& limits = {});

}  // namespace tokometer::quota
