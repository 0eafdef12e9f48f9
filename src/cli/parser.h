// Reads a command line by the commands' tables.
//
//   auto arguments = parse(program, {"events", "--model=gpt-5", "-f"});
//   if (!arguments) say(arguments.error().message);
//
// --option VALUE, --option=VALUE, -oVALUE, -o VALUE, -abc for three flags, --
// before what is no option. Options may stand before, between and after
// arguments; those that all commands share also before the command's name.
#pragma once

#include <expected>
#include <span>
#include <string>

#include "cli/command.h"

namespace tokometer::cli {

struct WrongUse {
  std::string message;
  std::string path;  // of the command whose help is worth reading: "tokometer store"
};

// `program` must outlive the result. Once --help is given, missing arguments are no fault.
std::expected<Arguments, WrongUse> parse(const Command& program, std::span<const std::string> words);

}  // namespace tokometer::cli
