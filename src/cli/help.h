// Help texts, made from the commands' tables.
//
// Not here: the man page (man.h) and docs/cli.md (reference.h), which share the
// pieces below.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/environment.h"

namespace tokometer::cli {

// "tokometer store purge [OPTION]... --before DATE": `path` is the command's full name.
std::string usage_line(std::string_view path, const Command& command);

// "-f, --follow", "--since TIME", "--[no-]capture".
std::string option_label(const Option& option);

// The option's help with its choices and default: "Use colours: auto, always, never (default: auto)".
std::string option_help(const Option& option);
std::string positional_help(const Positional& positional);

// `text` in lines of at most `width` columns, each but the first after `indent` spaces.
std::string wrap(std::string_view text, std::size_t width, std::size_t indent);

// The paragraphs of a description: separated by empty lines.
std::vector<std::string_view> paragraphs(std::string_view text);

// What --help prints for a command; for the program itself, all its commands.
std::string help_text(std::string_view path, const Command& command, const Output& out);

}  // namespace tokometer::cli
