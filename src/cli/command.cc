#include "cli/command.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"

namespace tokometer::cli {

const std::vector<Option>& global_options() {
  static const std::vector<Option> options{
      {.name = "config",
       .type = OptionType::kFile,
       .placeholder = "FILE",
       .help = "Read the settings from FILE instead of ~/.config/tokometer/config.yaml"},
      {.name = "data-dir",
       .type = OptionType::kFolder,
       .placeholder = "DIR",
       .help = "Keep and read recorded calls in DIR",
       .setting = "data_dir"},
      {.name = "color",
       .type = OptionType::kChoice,
       .placeholder = "WHEN",
       .fallback = "auto",
       .help = "Use colours",
       .choices = {"auto", "always", "never"}},
      {.name = "help", .letter = 'h', .help = "Show help"},
  };
  return options;
}

const Option& Arguments::declared(std::string_view option) const {
  const auto named = [&](const Option& candidate) { return candidate.name == option; };
  const auto own = std::ranges::find_if(command_->options, named);
  if (own != command_->options.end()) return *own;
  const auto global = std::ranges::find_if(global_options(), named);
  TOKOMETER_CHECK(global != global_options().end());
  return *global;
}

bool Arguments::has(std::string_view option) const {
  const Option* const wanted = &declared(option);
  return std::ranges::any_of(given_, [&](const Given& given) { return given.option == wanted; });
}

std::optional<std::string_view> Arguments::value(std::string_view option) const {
  const auto all = values(option);
  if (all.empty()) return std::nullopt;
  return all.back();
}

std::vector<std::string_view> Arguments::values(std::string_view option) const {
  const Option& wanted = declared(option);
  std::vector<std::string_view> result;
  for (const Given& given : given_) {
    if (given.option == &wanted) result.push_back(given.value);
  }
  if (result.empty() && !wanted.fallback.empty()) result.push_back(wanted.fallback);
  return result;
}

std::optional<std::int64_t> Arguments::number(std::string_view option) const {
  TOKOMETER_CHECK(declared(option).type == OptionType::kNumber);
  const auto text = value(option);
  if (!text) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  // The parser has refused what is no number; a default that is none is a bug.
  TOKOMETER_CHECK(error == std::errc() && end == text->data() + text->size());
  return number;
}

std::optional<std::string_view> Arguments::positional(std::size_t index) const {
  if (index >= positionals_.size()) return std::nullopt;
  return positionals_[index];
}

}  // namespace tokometer::cli
