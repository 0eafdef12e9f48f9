// Doubts about price files that load: what a person should look at.
//
// Loading refuses what is wrong in itself (price_file.h). Here is what is well
// formed and yet unlikely: entries that overlap or leave a gap, a name that two
// models claim, figures out of proportion.
//
//   for (const Problem& problem : check_files(files)) print(problem.where, problem.what);
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "embedded/embedded.h"

namespace tokometer::pricing {

struct Problem {
  enum class Severity { kError, kWarning };  // an error keeps the file from loading

  Severity severity = Severity::kWarning;
  std::string where;  // "anthropic.json:12" or "anthropic/claude-opus-4-8"
  std::string what;
};

// Everything there is to say about `files`, in their order; empty if all is well.
std::vector<Problem> check_files(std::span<const embedded::File> files);

}  // namespace tokometer::pricing
