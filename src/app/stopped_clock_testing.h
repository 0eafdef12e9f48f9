// A clock for tests that always says 2026-01-02T03:04:05Z.
#pragma once

#include <chrono>

#include "base/time.h"

namespace tokometer::app {

class StoppedClock final : public Clock {
 public:
  UtcTime now() const override { return UtcTime(std::chrono::seconds(1'767'323'045)); }
  SteadyTime steady() const override { return {}; }
};

}  // namespace tokometer::app
