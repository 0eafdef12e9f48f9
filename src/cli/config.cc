#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "app/setting.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/format.h"
#include "cli/settings.h"
#include "cli/table.h"
#include "json/writer.h"

namespace tokometer::cli {
namespace {

namespace fs = std::filesystem;

std::string_view source_name(app::Source source) {
  switch (source) {
    case app::Source::kDefault:
      return "default";
    case app::Source::kFile:
      return "file";
    case app::Source::kVariable:
      return "variable";
    case app::Source::kOption:
      return "option";
  }
  return "";
}

std::string settings_json(const app::Settings& settings) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  for (std::size_t i = 0; i < settings.values.size(); ++i) {
    const app::Setting& setting = app::settings_table()[i];
    const app::Settings::Value& value = settings.values[i];
    writer.name(setting.key).begin_object();
    if (app::holds_many(setting)) {
      writer.name("value").begin_array();
      for (const std::string& item : value.values) writer.string(item);
      writer.end_array();
    } else {
      writer.member("value", value.values.front());
    }
    writer.member("source", source_name(value.source)).member_unless_empty("place", value.place);
    writer.end_object();
  }
  writer.end_object();
  return text + "\n";
}

Result<ExitCode> run_show(const Arguments& arguments, Environment& environment) {
  const auto settings = app::load_settings(settings_inputs(arguments, environment));
  if (!settings) return fail(settings_error(settings.error()));
  if (arguments.has("json")) {
    environment.out.write(settings_json(*settings));
    return ExitCode::kOk;
  }
  const Style style = environment.out.style();
  Table table({{.title = "setting"}, {.title = "value", .min_width = 12}, {.title = "from", .priority = 1}});
  for (std::size_t i = 0; i < settings->values.size(); ++i) {
    const app::Settings::Value& value = settings->values[i];
    const bool changed = value.source != app::Source::kDefault;
    std::string text = printable(fmt::format("{}", fmt::join(value.values, ", ")));
    if (text.empty()) text = format::kAbsent;
    table.add({std::string(app::settings_table()[i].key), changed ? style.green(text) : text,
               changed ? value.place : style.dim("default")});
  }
  environment.out.write(table.render(environment.out.form(), style));
  if (!settings->file_read) environment.out.print("\nThere is no {}.\n", settings->file.string());
  return ExitCode::kOk;
}

Result<ExitCode> run_check(const Arguments& arguments, Environment& environment) {
  const app::Inputs inputs = settings_inputs(arguments, environment);
  const auto named = arguments.positional(0);
  const fs::path file = named ? fs::path(*named) : inputs.file.value_or(app::default_file(inputs));
  const std::vector<app::Fault> faults = app::check_file(file, inputs);
  for (const app::Fault& fault : faults) environment.out.print("{}\n", fault.text());
  if (!faults.empty()) return ExitCode::kFailed;
  environment.out.print("{}: {}\n", file.string(), environment.out.style().green("ok"));
  return ExitCode::kOk;
}

Result<ExitCode> run_init(const Arguments& arguments, Environment& environment) {
  const app::Inputs inputs = settings_inputs(arguments, environment);
  const fs::path file = inputs.file.value_or(app::default_file(inputs));
  std::error_code error;
  if (file.has_parent_path()) fs::create_directories(file.parent_path(), error);
  if (error) return fail(io_error(file.parent_path().string(), error.value()));
  // O_EXCL: a file that is there stays as it is, whoever made it and when.
  const int descriptor = open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return fail(io_error(file.string(), errno));
  const std::string text = app::example_file();
  const ssize_t written = write(descriptor, text.data(), text.size());
  const int write_error = errno;
  close(descriptor);
  if (written != static_cast<ssize_t>(text.size())) return fail(io_error(file.string(), write_error));
  environment.out.print("{}: written; every setting is there, commented out\n", file.string());
  return ExitCode::kOk;
}

}  // namespace

Command config_command() {
  return {.name = "config",
          .summary = "Check, show and start the configuration file",
          .subcommands = {
              {.name = "check",
               .summary = "Say what is wrong with a configuration file",
               .description = "Each fault is named by file, line and key, with what would be right. The exit code is 1 "
                              "if there are any.",
               .positionals = {{.name = "FILE",
                                .type = OptionType::kFile,
                                .help = "The file, if not the one in use",
                                .required = false}},
               .examples = {{"tokometer config check", "Check the file in use"}},
               .run = run_check},
              {.name = "show",
               .summary = "Show which value of each setting holds and where it came from",
               .options = {{.name = "json", .help = "Print one JSON object"}},
               .examples = {{"TOKOMETER_WORKERS=4 tokometer config show", "See a variable at work"}},
               .run = run_show},
              {.name = "init",
               .summary = "Write a configuration file with every setting, commented out",
               .description = "A file that is there already is left as it is.",
               .examples = {{"tokometer config init", "Write ~/.config/tokometer/config.yaml"}},
               .run = run_init}}};
}

}  // namespace tokometer::cli
