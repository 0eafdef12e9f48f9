#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/shell_hook.h"
#include "cli/builtin.h"
#include "cli/run.h"

namespace {

std::vector<std::string> variable_names() {
  std::vector<std::string> names;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    names.emplace_back(text.substr(0, text.find('=')));
  }
  return names;
}

// What is opened first would stand in for a standard stream that is closed, and get what the program, or one that it
// runs, writes there: open(2) takes the lowest number. Reading and writing there fail as before.
void open_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    const int useless = stream == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (::fcntl(stream, F_GETFD) < 0 && ::open("/dev/null", useless) != stream) std::_Exit(EXIT_FAILURE);
  }
}

// What a shell with `tokometer install` has set leads to a proxy: not for one that is being started.
void leave_shells_proxy(int argc, char** argv) {
  if (argc < 2 || std::string_view(argv[1]) != "proxy") return;
  const char* const state =
      std::getenv(std::string(tokometer::app::kStateVariable).c_str());  // NOLINT(concurrency-mt-unsafe)
  if (state != nullptr) tokometer::app::take_back(tokometer::app::decode_state(state));
}

}  // namespace

int main(int argc, char** argv) {
  using namespace tokometer;

  open_standard_streams();
  leave_shells_proxy(argc, argv);

  const cli::Command program = cli::program();
  cli::StreamOutput out(stdout);
  cli::StreamOutput err(stderr);
  Log log;
  cli::Environment environment{
      .out = out,
      .err = err,
      .clock = system_clock(),
      .log = log,
      .variable = [](std::string_view name) -> std::optional<std::string> {
        const char* const value = std::getenv(std::string(name).c_str());  // NOLINT(concurrency-mt-unsafe)
        if (value == nullptr) return std::nullopt;
        return value;
      },
      .program = program,
      .variable_names = variable_names(),
  };
  out.set_form(cli::form_of(fileno(stdout), environment));
  err.set_form(cli::form_of(fileno(stderr), environment));
  // SIGPIPE keeps its default: a reader that has seen enough ends us without a
  // word, as it does with other tools. The proxy ignores it (net/).
  return static_cast<int>(cli::run(std::vector<std::string>(argv + 1, argv + argc), environment));
}
