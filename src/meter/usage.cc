#include "meter/usage.h"

namespace tokometer::meter {

std::string_view to_string(UsageSource source) {
  switch (source) {
    case UsageSource::kReported:
      return "reported";
    case UsageSource::kEstimated:
      return "estimated";
    case UsageSource::kNone:
      break;
  }
  return "none";
}

}  // namespace tokometer::meter
