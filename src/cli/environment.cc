#include "cli/environment.h"

#include <cerrno>

namespace tokometer::cli {

StreamOutput::StreamOutput(std::FILE* stream) : stream_(stream) {}

void StreamOutput::write(std::string_view text) {
  if (error_ != 0) return;
  if (std::fwrite(text.data(), 1, text.size(), stream_) != text.size()) error_ = errno;
}

bool StreamOutput::flush() {
  if (error_ == 0 && std::fflush(stream_) != 0) error_ = errno;
  return error_ == 0;
}

ExitCode Environment::wrong_use(const Arguments& arguments, std::string_view message) {
  err.print("tokometer: {}\nTry \"{} --help\".\n", message, arguments.path());
  return ExitCode::kWrongUse;
}

bool color_allowed(std::string_view choice, bool is_terminal, const Environment& environment) {
  if (choice != "auto") return choice == "always";
  // https://no-color.org: set and not empty, whatever its value.
  const bool refused = !environment.variable("NO_COLOR").value_or("").empty();
  return is_terminal && !refused && environment.variable("TERM").value_or("") != "dumb";
}

}  // namespace tokometer::cli
