#include "cli/settings.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "app/setting.h"

namespace tokometer::cli {
namespace {

OptionType option_type(const app::Field& field) {
  if (std::holds_alternative<app::field::Flag>(field)) return OptionType::kSwitch;
  if (std::holds_alternative<app::field::Number>(field)) return OptionType::kNumber;
  if (std::holds_alternative<app::field::Choice>(field)) return OptionType::kChoice;
  if (std::holds_alternative<app::field::Path>(field)) return OptionType::kFile;
  return OptionType::kText;
}

}  // namespace

app::Inputs settings_inputs(const Arguments& arguments, const Environment& environment) {
  app::Inputs inputs{.file = std::nullopt, .variable = environment.variable, .options = {}};
  inputs.variable_names = environment.variable_names;
  if (const auto file = arguments.value("config")) inputs.file = *file;
  for (const Arguments::Given& given : arguments.given()) {
    const Option& option = *given.option;
    if (option.setting.empty()) continue;
    inputs.options.emplace_back(option.setting, option.setting_value.empty() ? given.value : option.setting_value);
  }
  return inputs;
}

Error settings_error(const std::vector<app::Fault>& faults) {
  const bool all_by_options =
      std::ranges::all_of(faults, [](const app::Fault& fault) { return fault.place.starts_with("--"); });
  std::string text;
  for (const app::Fault& fault : faults) {
    if (!text.empty()) text += '\n';
    text += fault.text();
  }
  return {all_by_options ? ErrorCode::kUsage : ErrorCode::kInvalid, std::move(text)};
}

Result<app::Config> load_settings(const Arguments& arguments, const Environment& environment) {
  auto settings = app::load_settings(settings_inputs(arguments, environment));
  if (!settings) return fail(settings_error(settings.error()));
  // What is said of it holds in another folder, too.
  std::error_code error;
  if (auto absolute = std::filesystem::absolute(settings->config.data_dir, error); !error) {
    settings->config.data_dir = absolute.lexically_normal();
  }
  return std::move(settings->config);
}

std::vector<Option> setting_options() {
  std::vector<Option> options;
  for (const app::Setting& setting : app::settings_table()) {
    const bool global =
        std::ranges::any_of(global_options(), [&](const Option& shared) { return shared.setting == setting.key; });
    if (global) continue;
    Option option{.name = app::option_name(setting),
                  .type = option_type(setting.field),
                  .placeholder = std::string(setting.placeholder),
                  .fallback = std::string(setting.fallback),
                  .help = std::string(setting.help),
                  .repeats = app::holds_many(setting),
                  .setting = std::string(setting.key)};
    if (const auto* choice = std::get_if<app::field::Choice>(&setting.field)) {
      option.choices.assign(choice->names.begin(), choice->names.end());
    }
    options.push_back(std::move(option));
  }
  for (const auto& [name, help] :
       {std::pair{"panel", "Show a panel for each call"}, std::pair{"json", "Show each call as a line of JSON"},
        std::pair{"quiet", "Show no calls"}}) {
    options.push_back({.name = name, .help = help, .setting = "print", .setting_value = name});
  }
  return options;
}

}  // namespace tokometer::cli
