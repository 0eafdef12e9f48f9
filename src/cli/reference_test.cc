#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

#include "app/setting.h"
#include "cli/builtin.h"
#include "cli/completion.h"
#include "cli/man.h"
#include "cli/settings.h"
#include "cli/test_environment.h"

namespace tokometer::cli {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// The file in docs/ must be what the tables say. TOKOMETER_WRITE_DOCS=1 writes it anew.
void expect_current(const std::string& name, const std::string& text) {
  const fs::path file = fs::path(TOKOMETER_SOURCE_DIR) / "docs" / name;
  if (std::getenv("TOKOMETER_WRITE_DOCS") != nullptr) std::ofstream(file, std::ios::binary) << text;
  EXPECT_EQ(read(file), text) << "run TOKOMETER_WRITE_DOCS=1 cli_test --gtest_filter='Reference.*'";
}

TEST(Reference, IsWhatTheTablesSay) {
  expect_current("cli.md", command_reference(program()));
  expect_current("configuration.md", settings_reference());
}

void for_each(const Command& command, const std::string& path,
              const std::function<void(const std::string&, const Command&)>& visit) {
  visit(path, command);
  for (const Command& sub : command.subcommands) for_each(sub, path + " " + std::string(sub.name), visit);
}

TEST(Tables, AreSound) {
  for_each(program(), "tokometer", [](const std::string& path, const Command& command) {
    EXPECT_FALSE(command.summary.empty()) << path;
    EXPECT_FALSE(command.summary.ends_with('.')) << path;
    EXPECT_TRUE(command.run != nullptr || !command.subcommands.empty()) << path;
    std::set<std::string> names;
    std::set<char> letters;
    for (const std::vector<Option>* const options : {&command.options, &global_options()}) {
      for (const Option& option : *options) {
        const std::string what = path + " --" + option.name;
        EXPECT_TRUE(names.insert(option.name).second) << what << " stands twice";
        if (option.letter != '\0') {
          EXPECT_TRUE(letters.insert(option.letter).second) << what;
        }
        const bool flag = option.type == OptionType::kFlag || option.type == OptionType::kSwitch;
        EXPECT_EQ(flag, option.placeholder.empty()) << what;
        EXPECT_FALSE(option.help.empty()) << what;
        EXPECT_FALSE(option.help.ends_with('.')) << what;
        EXPECT_EQ(option.type == OptionType::kChoice, !option.choices.empty()) << what;
        if (!option.setting.empty()) {
          EXPECT_NE(app::find_setting(option.setting), nullptr) << what;
        }
      }
    }
    bool may_be_missing = false;
    for (const Positional& positional : command.positionals) {
      EXPECT_FALSE(may_be_missing && positional.required) << path;
      may_be_missing = !positional.required;
    }
    for (const Example& example : command.examples)
      EXPECT_NE(example.line.find("tokometer"), std::string::npos) << path;
  });
}

TEST(Tables, GiveEverySettingAnOption) {
  const std::vector<Option> options = setting_options();
  for (const app::Setting& setting : app::settings_table()) {
    const auto sets = [&](const Option& option) { return option.setting == setting.key; };
    EXPECT_TRUE(std::ranges::any_of(options, sets) || std::ranges::any_of(global_options(), sets)) << setting.key;
  }
}

TEST(Help, IsThereForEveryCommandAndFitsTheTerminal) {
  TestEnvironment test;
  test.form = {.is_terminal = true, .columns = 80, .color = false};
  for_each(program(), "tokometer", [&](const std::string& path, const Command& command) {
    std::vector<std::string> words;
    for (std::size_t at = path.find(' '); at != std::string::npos;) {
      const std::size_t end = path.find(' ', at + 1);
      words.push_back(path.substr(at + 1, end == std::string::npos ? end : end - at - 1));
      at = end;
    }
    words.push_back("--help");
    words.push_back("--color=never");
    EXPECT_EQ(test.run(words), ExitCode::kOk) << path;
    EXPECT_TRUE(test.out().starts_with(command.summary.substr(0, 20))) << test.out();
    for (const Option& option : command.options) EXPECT_NE(test.out().find(option.name), std::string::npos) << path;

    std::istringstream lines(test.out());
    for (std::string text; std::getline(lines, text);) EXPECT_LE(text.size(), 80U) << text;

    words.pop_back();
    words.back() = "--color=never";
    words.insert(words.begin(), "help");
    const std::string by_option = test.out();
    EXPECT_EQ(test.run(words), ExitCode::kOk) << path;
    EXPECT_EQ(test.out(), by_option) << path;
  });
}

TEST(Help, KnowsNoCommandThatIsNotThere) {
  TestEnvironment test;
  EXPECT_EQ(test.run({"help", "config", "shwo"}), ExitCode::kWrongUse);
}

// Runs `command` with `input` in a file; its output and exit code.
std::pair<int, std::string> shell(const TestEnvironment& test, const std::string& command) {
  const std::string line = "cd '" + test.home().string() + "' && " + command + " 2>&1";
  std::FILE* const pipe = popen(line.c_str(), "r");
  std::string output;
  std::array<char, 4096> buffer;
  for (std::size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    output.append(buffer.data(), got);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

bool has_program(const TestEnvironment& test, const std::string& name) {
  return shell(test, "command -v " + name).first == 0;
}

// What bash offers for a command line whose last word is being written.
std::string complete(const TestEnvironment& test, const std::string& words, int index) {
  const auto [code, output] =
      shell(test, "bash -c 'source ./tokometer.bash; COMP_WORDS=(" + words + "); COMP_CWORD=" + std::to_string(index) +
                      "; _tokometer; echo \"${COMPREPLY[*]}\"'");
  return output;
}

TEST(Completion, WorksInBash) {
  TestEnvironment test;
  if (!has_program(test, "bash")) GTEST_SKIP() << "no bash";
  test.write("tokometer.bash", bash_completion(program()));
  test.write("notes.har", "");
  EXPECT_EQ(complete(test, "tokometer comp", 1), "completion\n");
  EXPECT_EQ(complete(test, "tokometer config sh", 2), "show\n");
  EXPECT_EQ(complete(test, "tokometer config show --js", 3), "--json\n");
  EXPECT_EQ(complete(test, "tokometer --color al", 2), "always\n");
  EXPECT_EQ(complete(test, "tokometer --color never completion f", 4), "fish\n");
  EXPECT_EQ(complete(test, "tokometer meter not", 2), "notes.har\n");
  EXPECT_EQ(complete(test, "tokometer meter --config not", 3), "notes.har\n");
  EXPECT_EQ(complete(test, "tokometer nonsense", 1), "\n");
}

TEST(Completion, IsSoundInZshAndFish) {
  TestEnvironment test;
  test.write("_tokometer", zsh_completion(program()));
  test.write("tokometer.fish", fish_completion(program()));
  bool ran = false;
  for (const auto& [name, command] :
       {std::pair{"zsh", "zsh -n _tokometer"}, std::pair{"fish", "fish -n tokometer.fish"}}) {
    if (!has_program(test, name)) continue;
    const auto [code, output] = shell(test, command);
    EXPECT_EQ(code, 0) << output;
    ran = true;
  }
  if (!ran) GTEST_SKIP() << "neither zsh nor fish";
}

TEST(Completion, QuotesWhatShellsWouldRead) {
  const Command odd{
      .name = "tokometer",
      .summary = "Odd",
      .subcommands = {
          {.name = "odd", .summary = "It's odd: [really]", .options = {{.name = "x", .help = "don't [a:b]"}}}}};
  EXPECT_NE(zsh_completion(odd).find("'--x[don'\\''t \\[a\\:b\\]]'"), std::string::npos) << zsh_completion(odd);
  EXPECT_NE(fish_completion(odd).find("-d 'It\\'s odd: [really]'"), std::string::npos) << fish_completion(odd);
}

TEST(ManPage, IsRoffWithoutWarnings) {
  TestEnvironment test;
  if (!has_program(test, "groff")) GTEST_SKIP() << "no groff";
  test.write("tokometer.1", man_page(program()));
  const auto [code, output] = shell(test, "groff -man -Tutf8 -ww -z tokometer.1");
  EXPECT_EQ(code, 0);
  EXPECT_EQ(output, "");
  const std::string page = man_page(program());
  for (const char* const part : {".SH EXIT STATUS", ".SH ENVIRONMENT", ".SH FILES", "tokometer config show"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
}

}  // namespace
}  // namespace tokometer::cli
