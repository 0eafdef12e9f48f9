#include "cli/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "base/nearest.h"

namespace tokometer::cli {
namespace {

using Failure = std::unexpected<WrongUse>;

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates, std::string_view dashes) {
  const auto meant = nearest(word, candidates);
  return meant ? fmt::format("; did you mean \"{}{}\"?", dashes, *meant) : "";
}

std::string listed(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += ", ";
    text += word;
  }
  return text;
}

// What is wrong with `value` for something of this type, if anything.
std::optional<std::string> fault_of(OptionType type, std::span<const std::string_view> choices,
                                    std::string_view value) {
  if (type == OptionType::kNumber) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error == std::errc() && end == value.data() + value.size() && number >= 0) return std::nullopt;
    return fmt::format("\"{}\" is not a whole number", value);
  }
  if (!choices.empty() && std::ranges::find(choices, value) == choices.end()) {
    return fmt::format("\"{}\" is not one of {}{}", value, listed(choices), did_you_mean(value, choices, ""));
  }
  if ((type == OptionType::kFile || type == OptionType::kFolder) && value.empty()) return "the path is empty";
  return std::nullopt;
}

}  // namespace

class Parser {
 public:
  Parser(const Command& program, std::span<const std::string> words) : words_(words) {
    result_.command_ = &program;
    result_.path_ = program.name;
  }

  std::expected<Arguments, WrongUse> run() {
    while (next_ < words_.size()) {
      const std::string& word = words_[next_++];
      std::optional<std::string> fault;
      if (options_ended_ || word.size() < 2 || word[0] != '-') {
        fault = take_argument(word);
      } else if (word == "--") {
        options_ended_ = true;
      } else if (word[1] == '-') {
        fault = take_long(std::string_view(word).substr(2));
      } else {
        fault = take_short(std::string_view(word).substr(1));
      }
      if (fault) return Failure({std::move(*fault), result_.path_});
    }
    if (const auto fault = missing()) return Failure({*fault, result_.path_});
    return std::move(result_);
  }

 private:
  using Fault = std::optional<std::string>;

  Fault take_argument(const std::string& word) {
    const Command& command = *result_.command_;
    if (!command.subcommands.empty() && result_.positionals_.empty()) {
      const auto found = std::ranges::find(command.subcommands, word, &Command::name);
      if (found != command.subcommands.end()) return descend(*found);
      if (command.positionals.empty()) return unknown_command(word);
    }
    const std::size_t index = result_.positionals_.size();
    const bool more = !command.positionals.empty() && command.positionals.back().repeats;
    if (index >= command.positionals.size() && !more) {
      return fmt::format("\"{}\" is one argument too many", word);
    }
    const Positional& positional = command.positionals[std::min(index, command.positionals.size() - 1)];
    if (const auto fault = fault_of(positional.type, positional.choices, word)) {
      return fmt::format("{}: {}", positional.name, *fault);
    }
    result_.positionals_.push_back(word);
    options_ended_ = options_ended_ || command.runs_command;
    return std::nullopt;
  }

  Fault descend(const Command& command) {
    for (const Arguments::Given& given : result_.given_) {
      const bool shared = std::ranges::any_of(global_options(), [&](const Option& o) { return &o == given.option; });
      if (!shared) return fmt::format("--{} belongs to \"{}\"", given.option->name, result_.path_);
    }
    result_.command_ = &command;
    result_.path_ += ' ';
    result_.path_ += command.name;
    return std::nullopt;
  }

  std::string unknown_command(std::string_view word) const {
    std::vector<std::string_view> names;
    for (const Command& command : result_.command_->subcommands) names.push_back(command.name);
    return fmt::format("there is no command \"{}\"{}", word, did_you_mean(word, names, ""));
  }

  template <typename Predicate>
  const Option* find(const Predicate& matches) const {
    for (const auto* options : {&result_.command_->options, &global_options()}) {
      const auto found = std::ranges::find_if(*options, matches);
      if (found != options->end()) return &*found;
    }
    return nullptr;
  }

  Fault take_long(std::string_view text) {
    const std::size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    std::optional<std::string_view> value;
    if (equals != std::string_view::npos) value = text.substr(equals + 1);

    const Option* option = find([&](const Option& o) { return o.name == name; });
    bool on = true;
    if (option == nullptr && name.starts_with("no-")) {
      option = find([&](const Option& o) { return o.type == OptionType::kSwitch && o.name == name.substr(3); });
      on = false;
    }
    if (option == nullptr) return unknown_option(name);
    return take(*option, fmt::format("--{}", name), value, on);
  }

  // -f, -fo for two flags, -nVALUE or -n VALUE.
  Fault take_short(std::string_view letters) {
    while (!letters.empty()) {
      const char letter = letters.front();
      letters.remove_prefix(1);
      const Option* option = find([&](const Option& o) { return o.letter == letter; });
      if (option == nullptr) return fmt::format("there is no option \"-{}\"", letter);
      std::optional<std::string_view> value;
      if (option->takes_value() && !letters.empty()) value = std::exchange(letters, {});
      if (auto fault = take(*option, fmt::format("-{}", letter), value, true)) return fault;
    }
    return std::nullopt;
  }

  Fault take(const Option& option, std::string_view shown, std::optional<std::string_view> value, bool on) {
    if (!option.takes_value()) {
      if (value) return fmt::format("{} takes no value", shown);
      std::string given;
      if (option.type == OptionType::kSwitch) given = on ? "true" : "false";
      result_.given_.push_back({&option, std::move(given)});
      return std::nullopt;
    }
    if (!value) {
      if (next_ == words_.size()) return fmt::format("{} needs a value: {}", shown, option.placeholder);
      value = words_[next_++];
    }
    if (const auto fault = fault_of(option.type, option.choices, *value)) {
      return fmt::format("{}: {}", shown, *fault);
    }
    result_.given_.push_back({&option, std::string(*value)});
    return std::nullopt;
  }

  std::string unknown_option(std::string_view name) const {
    std::vector<std::string_view> names;
    for (const auto* options : {&result_.command_->options, &global_options()}) {
      for (const Option& option : *options) names.push_back(option.name);
    }
    return fmt::format("there is no option \"--{}\"{}", name, did_you_mean(name, names, "--"));
  }

  Fault missing() const {
    const Command& command = *result_.command_;
    if (result_.has("help")) return std::nullopt;
    if (command.run == nullptr) return result_.path_ + " needs a command";
    const std::size_t given = result_.positionals_.size();
    if (given < command.positionals.size() && command.positionals[given].required) {
      return fmt::format("{} is missing", command.positionals[given].name);
    }
    return std::nullopt;
  }

  std::span<const std::string> words_;
  std::size_t next_ = 0;
  bool options_ended_ = false;
  Arguments result_;
};

std::expected<Arguments, WrongUse> parse(const Command& program, std::span<const std::string> words) {
  return Parser(program, words).run();
}

}  // namespace tokometer::cli
