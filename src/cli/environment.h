// What a command is given to work with: its outputs, the clock, the process's
// environment variables and log. Commands touch nothing else of the process, so
// that a test can run them whole.
//
//   environment.out.print("{} calls\n", calls);
//   if (!environment.out.ok()) return ExitCode::kFailed;  // a long loop: the reader has gone
//   environment.err.print("tokometer: nothing to show\n");
//
// Not here: reading the settings (settings.h).
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "cli/command.h"
#include "cli/style.h"

namespace tokometer::cli {

// Text on its way to the user. Not thread-safe.
class Output {
 public:
  // How the text is shown. A file or pipe has no width: nothing is shortened there.
  struct Form {
    bool is_terminal = false;
    std::size_t columns = 0;  // of the terminal; 0: unlimited
    bool color = false;
  };

  virtual ~Output() = default;

  virtual void write(std::string_view text) = 0;
  // Hands on what is buffered. False once any write has failed.
  virtual bool flush() = 0;
  // False once a write has failed: stop making more.
  virtual bool ok() const = 0;

  template <typename... Args>
  void print(fmt::format_string<Args...> format, Args&&... args) {
    write(fmt::format(format, std::forward<Args>(args)...));
  }

  const Form& form() const { return form_; }
  void set_form(Form form) { form_ = form; }
  Style style() const { return Style(form_.color); }

 private:
  Form form_;
};

// An Output to a stdio stream, buffered as that is.
class StreamOutput final : public Output {
 public:
  explicit StreamOutput(std::FILE* stream);
  void write(std::string_view text) override;
  bool flush() override;
  bool ok() const override { return error_ == 0; }
  // errno's value of the first write that failed; 0 if none has.
  int error() const { return error_; }

 private:
  void failed(int number);

  std::FILE* stream_;
  int error_ = 0;
};

// An Output that keeps everything, for tests.
class StringOutput final : public Output {
 public:
  void write(std::string_view text) override { text_ += text; }
  bool flush() override { return true; }
  bool ok() const override { return true; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

struct Environment {
  Output& out;
  Output& err;
  const Clock& clock;
  Log& log;
  // The value of an environment variable, if it is set.
  std::function<std::optional<std::string>(std::string_view name)> variable;
  // The whole program: its subcommands are all commands, in their order.
  const Command& program;
  // The names of all environment variables; empty if nobody says.
  std::vector<std::string> variable_names{};

  // Says on `err` what is wrong with the command line, for what the parser cannot see:
  // `return environment.wrong_use(arguments, "--until is before --since")`.
  ExitCode wrong_use(const Arguments& arguments, std::string_view message);
};

// Whether colours may be used on an output: `choice` is --color's value
// ("auto", "always", "never"); auto follows the terminal, NO_COLOR and TERM=dumb.
bool color_allowed(std::string_view choice, bool is_terminal, const Environment& environment);

}  // namespace tokometer::cli
