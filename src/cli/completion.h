// Shell completions, made from the commands' tables.
#pragma once

#include <string>

#include "cli/command.h"

namespace tokometer::cli {

std::string bash_completion(const Command& program);
std::string zsh_completion(const Command& program);
std::string fish_completion(const Command& program);

}  // namespace tokometer::cli
