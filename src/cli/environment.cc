#include "cli/environment.h"

#include <stdio_ext.h>

#include <cerrno>

namespace tokometer::cli {

StreamOutput::StreamOutput(std::FILE* stream) : stream_(stream) {}

void StreamOutput::write(std::string_view text) {
  if (error_ == 0 && std::fwrite(text.data(), 1, text.size(), stream_) != text.size()) failed(errno);
}

bool StreamOutput::flush() {
  if (error_ == 0 && std::fflush(stream_) != 0) failed(errno);
  return error_ == 0;
}

void StreamOutput::failed(int number) {
  error_ = number;
  __fpurge(stream_);  // the program's end would try to write it again, and hang where this was broken off
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
