#include <fmt/format.h>

#include <filesystem>

#include "app/setting.h"
#include "app/start_check.h"
#include "base/files.h"
#include "base/format.h"
#include "cli/builtin.h"
#include "cli/environment.h"
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
      writer.member("value", app::shown_value(setting, value.values.front()));
    }
    writer.member("source", source_name(value.source)).member_unless_empty("place", value.place);
    writer.end_object();
  }
  writer.end_object();
  return text + "\n";
}

Result<ExitCode> run_config_show(const Arguments& arguments, Environment& environment) {
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
    const app::Setting& setting = app::settings_table()[i];
    std::string text = printable(app::shown_value(setting, fmt::format("{}", fmt::join(value.values, ", "))));
    if (text.empty()) text = format::kAbsent;
    table.add(
        {std::string(setting.key), changed ? style.green(text) : text, changed ? value.place : style.dim("default")});
  }
  environment.out.write(table.render(environment.out.form(), style));
  if (!settings->file_read) environment.out.print("\nThere is no {}.\n", settings->file.string());
  return ExitCode::kOk;
}

Result<ExitCode> run_config_check(const Arguments& arguments, Environment& environment) {
  app::Inputs inputs = settings_inputs(arguments, environment);
  const auto named = arguments.positional(0);
  const fs::path file = named ? fs::path(*named) : inputs.file.value_or(app::default_file(inputs));
  inputs.file = file;
  for (const std::string& line : app::unknown_variables(inputs))
    environment.err.print("tokometer: warning: {}\n", line);
  const auto settings = app::load_settings(inputs);
  const std::vector<app::Fault> faults = settings ? app::start_faults(*settings) : settings.error();
  for (const app::Fault& fault : faults) environment.out.print("{}\n", fault.text());
  if (!faults.empty()) return ExitCode::kFailed;
  environment.out.print("{}: {}\n", file.string(), environment.out.style().green("ok"));
  return ExitCode::kOk;
}

Result<ExitCode> run_config_init(const Arguments& arguments, Environment& environment) {
  const app::Inputs inputs = settings_inputs(arguments, environment);
  const fs::path file = inputs.file.value_or(app::default_file(inputs));
  std::error_code error;
  if (file.has_parent_path()) fs::create_directories(file.parent_path(), error);
  if (error) return fail(io_error(file.parent_path().string(), error.value()));
  const auto made = make_file(file, app::example_file());
  if (!made) return fail(made.error());
  if (!*made) {
    return fail(ErrorCode::kIo, file.string() +
                                    " is there already, and stays as it is: rename it to have a new one, or "
                                    "see `tokometer config show` for what holds");
  }
  environment.out.print("{}: written; every setting is there, commented out\n", file.string());
  return ExitCode::kOk;
}

}  // namespace

Command config_command() {
  return {
      .name = "config",
      .summary = "Check, show and start the configuration file",
      .subcommands = {
          {.name = "check",
           .summary = "Say what is wrong with a configuration file",
           .description = "Each fault is named by file, line and key, with what would be right. The exit code is 1 "
                          "if there are any. What the proxy would say at its start is said here: variables that are "
                          "set, providers that origins and type name, certificates and rules are looked at too.",
           .positionals = {{.name = "FILE",
                            .type = OptionType::kFile,
                            .help = "The file, if not the one in use",
                            .required = false}},
           .examples = {{"tokometer config check", "Check the file in use"}},
           .run = run_config_check},
          {.name = "show",
           .summary = "Show which value of each setting holds and where it came from",
           .options = {{.name = "json", .help = "Print one JSON object"}},
           .examples = {{"TOKOMETER_WORKERS=4 tokometer config show", "See a variable at work"}},
           .run = run_config_show},
          {.name = "init",
           .summary = "Write a configuration file with every setting, commented out",
           .description = "A file that is there already is left as it is.",
           .examples = {{"tokometer config init", "Write ~/.config/tokometer/config.yaml"}},
           .run = run_config_init}}};
}

}  // namespace tokometer::cli
