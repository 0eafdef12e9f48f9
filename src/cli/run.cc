#include "cli/run.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>

#include "cli/help.h"
#include "cli/parser.h"
#include "cli/version.h"

namespace tokometer::cli {
namespace {

void set_color(Output& output, std::string_view choice, const Environment& environment) {
  Output::Form form = output.form();
  form.color = color_allowed(choice, form.is_terminal, environment);
  output.set_form(form);
}

ExitCode run_parsed(const Arguments& arguments, Environment& environment) {
  const std::string_view color = *arguments.value("color");
  set_color(environment.out, color, environment);
  set_color(environment.err, color, environment);
  if (arguments.has("help")) {
    environment.out.write(help_text(arguments.path(), arguments.command(), environment.out));
    return ExitCode::kOk;
  }
  const auto result = arguments.command().run(arguments, environment);
  if (result) return *result;
  environment.out.flush();  // what was said before the failure comes before it
  if (result.error().code == ErrorCode::kUsage) return environment.wrong_use(arguments, result.error().message);
  environment.err.print("tokometer: {}\n", result.error().message);
  return ExitCode::kFailed;
}

}  // namespace

ExitCode run(std::span<const std::string> words, Environment& environment) {
  const Command& program = environment.program;
  if (words.empty()) {
    environment.err.write(help_text(program.name, program, environment.err));
    return ExitCode::kWrongUse;
  }
  if (words.size() == 1 && (words[0] == "--version" || words[0] == "-V")) {
    environment.out.print("tokometer {}\n", version());
    return environment.out.flush() ? ExitCode::kOk : ExitCode::kFailed;
  }
  const auto arguments = parse(program, words);
  if (!arguments) {
    environment.err.print("tokometer: {}\nTry \"{} --help\".\n", arguments.error().message, arguments.error().path);
    return ExitCode::kWrongUse;
  }
  const ExitCode code = run_parsed(*arguments, environment);
  if (environment.out.flush()) return code;
  environment.err.print("tokometer: the output could not be written\n");
  return code == ExitCode::kOk ? ExitCode::kFailed : code;
}

Output::Form form_of(int descriptor, const Environment& environment) {
  Output::Form form;
  form.is_terminal = isatty(descriptor) == 1;
  if (!form.is_terminal) return form;
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0) form.columns = size.ws_col;
  const std::string columns = environment.variable("COLUMNS").value_or("");
  std::size_t wanted = 0;
  const auto [end, error] = std::from_chars(columns.data(), columns.data() + columns.size(), wanted);
  if (error == std::errc() && end == columns.data() + columns.size()) form.columns = wanted;
  return form;
}

}  // namespace tokometer::cli
