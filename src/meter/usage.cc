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

std::string_view to_string(UsageStep step) {
  switch (step) {
    case UsageStep::kSpec:
      return "spec";
    case UsageStep::kAlternative:
      return "alternative";
    case UsageStep::kGeneric:
      return "generic";
    case UsageStep::kEstimate:
      return "estimate";
    case UsageStep::kGuess:
      return "guess";
    case UsageStep::kNone:
      break;
  }
  return "";
}

std::string_view to_string(EstimatedCounts counts) {
  switch (counts) {
    case EstimatedCounts::kInput:
      return "input";
    case EstimatedCounts::kOutput:
      return "output";
    case EstimatedCounts::kBoth:
      return "both";
    case EstimatedCounts::kUnsaid:
      break;
  }
  return "";
}

bool is_input_estimated(const Usage& usage) {
  return usage.source == UsageSource::kEstimated && usage.estimated != EstimatedCounts::kOutput;
}

bool is_output_estimated(const Usage& usage) {
  return usage.source == UsageSource::kEstimated && usage.estimated != EstimatedCounts::kInput;
}

}  // namespace tokometer::meter
