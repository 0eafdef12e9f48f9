// Runs a command line from its words to its exit code.
#pragma once

#include <span>
#include <string>

#include "cli/command.h"
#include "cli/environment.h"

namespace tokometer::cli {

// Says on environment.err what went wrong. Output that could not be written (a
// full disk) is a failure, whatever the command says.
ExitCode run(std::span<const std::string> words, Environment& environment);

// How text is shown on the stream of `descriptor`: whether it is a terminal and
// its width, which COLUMNS overrides. Colours are decided later, by --color.
Output::Form form_of(int descriptor, const Environment& environment);

}  // namespace tokometer::cli
