#include <cstdio>
#include <cstdlib>

#include "cli/builtin.h"
#include "cli/run.h"

int main(int argc, char** argv) {
  using namespace tokometer;

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
  };
  out.set_form(cli::form_of(fileno(stdout), environment));
  err.set_form(cli::form_of(fileno(stderr), environment));
  // SIGPIPE keeps its default: a reader that has seen enough ends us without a
  // word, as it does with other tools. The proxy ignores it (net/).
  return static_cast<int>(cli::run(std::vector<std::string>(argv + 1, argv + argc), environment));
}
