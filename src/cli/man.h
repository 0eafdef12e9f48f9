// The manual page and the reference pages of docs/, made from the tables of
// commands and settings, so that none of them can say something else than the
// program does.
//
// docs/cli.md and docs/configuration.md are what the two *_reference functions
// give; a test compares them (see reference_test.cc for how to write them anew).
#pragma once

#include <string>

#include "cli/command.h"

namespace tokometer::cli {

// roff with the man macros: tokometer(1).
std::string man_page(const Command& program);

// Markdown.
std::string command_reference(const Command& program);
std::string settings_reference();

}  // namespace tokometer::cli
