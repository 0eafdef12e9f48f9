#include "cli/installed_program.h"

#include <system_error>

#include "app/program.h"

namespace tokometer::cli {

Result<std::filesystem::path> installed_program(const Environment& environment) {
  auto own = app::own_program();
  if (!own) return own;
  const auto found = app::find_program("tokometer", environment.variable("PATH").value_or(""));
  std::error_code error;
  if (found && std::filesystem::equivalent(*found, *own, error)) return std::filesystem::absolute(*found, error);
  return own;
}

}  // namespace tokometer::cli
