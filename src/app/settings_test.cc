#include "app/settings.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <map>

#include "app/setting.h"

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class SettingsTest : public testing::Test {
 protected:
  SettingsTest() {
    std::string name = testing::TempDir() + "settings_XXXXXX";
    home_ = mkdtemp(name.data());
    variables_["HOME"] = home_.string();
  }
  ~SettingsTest() override { fs::remove_all(home_); }

  fs::path write(const std::string& content, const std::string& name = ".config/tokometer/config.yaml") {
    const fs::path file = home_ / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << content;
    return file;
  }

  Inputs inputs() {
    return {.file = {},
            .variable = [this](std::string_view name) -> std::optional<std::string> {
              const auto found = variables_.find(std::string(name));
              return found == variables_.end() ? std::nullopt : std::optional(found->second);
            },
            .options = options_};
  }

  // All faults as one text; empty if there are none.
  std::string faults() {
    const auto settings = load_settings(inputs());
    std::string text;
    if (settings) return text;
    for (const Fault& fault : settings.error()) text += fault.text() + "\n";
    return text;
  }

  fs::path home_;
  std::map<std::string, std::string> variables_;
  std::vector<std::pair<std::string, std::string>> options_;
};

TEST_F(SettingsTest, HasDefaultsWithoutAnyFile) {
  const auto settings = load_settings(inputs());
  ASSERT_TRUE(settings);
  EXPECT_FALSE(settings->file_read);
  const Config& config = settings->config;
  EXPECT_EQ(config.listen, std::vector<std::string>{"127.0.0.1:4141"});
  EXPECT_EQ(config.data_dir, home_ / ".local/share/tokometer");
  EXPECT_EQ(config.config_dir, home_ / ".config/tokometer");
  EXPECT_EQ(config.timeouts.first_byte, 10min);
  EXPECT_EQ(config.timeouts.drain, 30s);
  EXPECT_EQ(config.journal.append_wait, 50ms);
  EXPECT_EQ(config.limits.request_tap_bytes, 8 << 20);
  EXPECT_EQ(config.limits.response_tap_bytes, 32 << 20);
  EXPECT_FALSE(config.capture.enabled);
  EXPECT_TRUE(config.store.enabled);
  EXPECT_EQ(config.on_client_close, OnClientClose::kCancel);
}

TEST_F(SettingsTest, HonoursXdgFoldersThatAreAbsolute) {
  variables_["XDG_DATA_HOME"] = "/d";
  variables_["XDG_CONFIG_HOME"] = "relative";
  const auto settings = load_settings(inputs());
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->config.data_dir, "/d/tokometer");
  EXPECT_EQ(settings->config.config_dir, home_ / ".config/tokometer");
}

TEST_F(SettingsTest, PutsOptionsOverVariablesOverTheFile) {
  const fs::path file = write("workers: 1\nmetrics: no\nlog_level: warn\n");
  variables_["TOKOMETER_WORKERS"] = "2";
  variables_["TOKOMETER_LOG_LEVEL"] = "error";
  options_ = {{"workers", "3"}};
  const auto settings = load_settings(inputs());
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->config.workers, 3);
  EXPECT_EQ(settings->config.log_level, LogLevel::kError);
  EXPECT_FALSE(settings->config.metrics);

  const auto of = [&](std::string_view key) {
    return settings->values[static_cast<std::size_t>(find_setting(key) - settings_table().data())];
  };
  EXPECT_EQ(of("workers").source, Source::kOption);
  EXPECT_EQ(of("workers").place, "--workers");
  EXPECT_EQ(of("log_level").place, "TOKOMETER_LOG_LEVEL");
  EXPECT_EQ(of("metrics").place, file.string() + ":2");
  EXPECT_EQ(of("listen").source, Source::kDefault);
}

TEST_F(SettingsTest, ReadsListsAndMapsFromEverywhere) {
  write("listen: [\"127.0.0.1:1\", \"127.0.0.1:2\"]\norigins:\n  openai: http://a\n  xai: http://b\n");
  auto settings = load_settings(inputs());
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->config.listen.size(), 2U);
  EXPECT_EQ(settings->config.origins.at("xai"), "http://b");

  variables_["TOKOMETER_LISTEN"] = "127.0.0.1:3, unix:/x";
  options_ = {{"origins", "openai=http://c"}, {"origins", "anthropic=http://d"}};
  settings = load_settings(inputs());
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->config.listen, (std::vector<std::string>{"127.0.0.1:3", "unix:/x"}));
  EXPECT_EQ(settings->config.origins.size(), 2U);
  EXPECT_EQ(settings->config.origins.at("openai"), "http://c");

  write("listen: 127.0.0.1:9\n");
  variables_.erase("TOKOMETER_LISTEN");
  EXPECT_EQ(load_settings(inputs())->config.listen, std::vector<std::string>{"127.0.0.1:9"});
}

TEST_F(SettingsTest, TakesNoPasswordFromTheCommandLine) {
  write("upstream_proxy: http://me:secret@proxy.example:3128\n");
  const auto settings = load_settings(inputs());
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->config.upstream_proxy, "http://me:secret@proxy.example:3128");
  const Setting& setting = *find_setting("upstream_proxy");
  EXPECT_EQ(shown_value(setting, settings->config.upstream_proxy), "http://***@proxy.example:3128");
  EXPECT_EQ(shown_value(setting, "me:secret@proxy.example"), "***@proxy.example");
  EXPECT_EQ(shown_value(setting, "http://proxy.example:3128"), "http://proxy.example:3128");
  EXPECT_EQ(shown_value(*find_setting("base_url"), "a@b"), "a@b");
  options_ = {{"upstream_proxy", "http://me:secret@proxy.example:3128"}};
  EXPECT_EQ(faults(),
            "--upstream-proxy: a password on the command line can be read by everybody on this machine (set "
            "upstream_proxy in the file, or TOKOMETER_UPSTREAM_PROXY)\n");
  options_ = {{"upstream_proxy", "http://proxy.example:3128"}};
  EXPECT_EQ(faults(), "");
}

TEST_F(SettingsTest, RepeatsNoPasswordInAFault) {
  variables_["TOKOMETER_UPSTREAM_PROXY"] = "https://me:secret@proxy.example";
  EXPECT_TRUE(faults().starts_with("TOKOMETER_UPSTREAM_PROXY: upstream_proxy: only http:// proxies")) << faults();
  EXPECT_EQ(faults().find("secret"), std::string::npos);
}

TEST_F(SettingsTest, PutsTheHomeFolderIntoPaths) {
  write("data_dir: ~/tokens\norigin_ca: ca.pem\n");
  const auto settings = load_settings(inputs());
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->config.data_dir, home_ / "tokens");
  EXPECT_EQ(settings->config.origin_ca, "ca.pem");
}

TEST_F(SettingsTest, TellsEveryFaultWithItsPlace) {
  const std::string file = write("lisen: 127.0.0.1:1\nworkers: many\ntimeouts:\n  conect: 5s\nzzz: 1\n").string();
  variables_["TOKOMETER_METRICS"] = "maybe";
  options_ = {{"print", "loud"}};
  EXPECT_EQ(faults(),
            file + ":1: unknown key \"lisen\" (did you mean \"listen\"?)\n" +  //
                file + ":2: workers: \"many\" is not a whole number (the default is 0)\n" + file +
                ":4: unknown key \"timeouts.conect\" (did you mean \"timeouts.connect\"?)\n" + file +
                ":5: unknown key \"zzz\" (`tokometer config init` writes all keys there are)\n" +
                "TOKOMETER_METRICS: metrics: \"maybe\" is neither true nor false (the default is true)\n"
                "--print: \"loud\" is not one of line, panel, json, quiet (the default is line)\n");
}

TEST_F(SettingsTest, RefusesPatternsThatMatchNoHost) {
  const std::string file =
      write("intercept: [good.example, 'a..b']\ntunnel:\n  - \"*.x.com\"\n  - x.com:443\n  - ::1\n").string();
  options_ = {{"intercept", "https://x.com"}};
  const std::string remedy = " is no host: say NAME, *.NAME, * or an IP address, without scheme, port and path\n";
  EXPECT_EQ(faults(), file + ":1: intercept: \"a..b\"" + remedy + file + ":3: tunnel: \"x.com:443\"" + remedy +
                          "--intercept: \"https://x.com\"" + remedy);
}

TEST_F(SettingsTest, RefusesKeysOfTheWrongShape) {
  const std::string file = write("workers: [1, 2]\nlisten:\n  a: 1\norigins: x\nprint:\ntype: a\ntype: b\n").string();
  EXPECT_EQ(faults(), file + ":1: workers: takes one value, not a list\n" +  //
                          file + ":3: unknown key \"listen.a\" (did you mean \"listen\"?)\n" + file +
                          ":4: origins: takes NAME: VALUE, one a line\n" + file +
                          ":5: print: has no value; comment the line out to have the default\n" + file +
                          ":7: type: stands twice (keep one)\n");
}

TEST_F(SettingsTest, TakesASectionWhoseKeysAreAllCommentedOut) {
  write("timeouts:\n  #connect: 5s\nworkers: 2\n");
  EXPECT_EQ(faults(), "");
}

TEST_F(SettingsTest, RefusesWhatDoesNotGoTogether) {
  const std::string file = write("base_url: https://x.example\n").string();
  EXPECT_EQ(faults(), file + ":1: base_url: needs type: which provider's API the origin speaks, such as openai\n");
}

TEST_F(SettingsTest, RefusesAnOriginThatIsTheProxyItself) {
  const std::string loop = "leads back to this proxy itself (see listen): give the provider's own address\n";
  std::string file = write("base_url: http://127.0.0.1:4141\ntype: openai\n").string();
  EXPECT_EQ(faults(), file + ":1: base_url: " + loop);
  file = write("listen: 0.0.0.0:5000\norigins:\n  openai: http://localhost:5000/openai\n").string();
  EXPECT_EQ(faults(), file + ":3: origins: openai: " + loop);
  write("listen: 127.0.0.1:5000\norigins:\n  openai: http://localhost:4141/openai\n");
  EXPECT_EQ(faults(), "");
}

TEST_F(SettingsTest, MustHaveAFileThatWasNamed) {
  Inputs named = inputs();
  named.file = home_ / "none.yaml";
  const auto settings = load_settings(named);
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error()[0].text(), (home_ / "none.yaml").string() + ": cannot be read: no such file or directory");

  named.file = home_;
  ASSERT_FALSE(load_settings(named));
  EXPECT_EQ(load_settings(named).error()[0].text(), home_.string() + ": cannot be read: is a directory");

  named.file = write("", "empty.yaml");
  EXPECT_TRUE(load_settings(named));
}

TEST_F(SettingsTest, SaysThatASectionIsOneWhenItIsGivenAValue) {
  const std::string file = write("timeouts: 5s\n").string();
  EXPECT_TRUE(faults().starts_with(file + ":1: timeouts: is a section, not a setting (its settings stand below it, "
                                          "indented: "))
      << faults();
  EXPECT_NE(faults().find("first_byte"), std::string::npos) << faults();
}

TEST_F(SettingsTest, NamesVariablesThatLookLikeSettings) {
  Inputs given = inputs();
  given.variable_names = {"PATH", "TOKOMETER_LISTEN", "TOKOMETER_WORKRS", "TOKOMETER_BIN", "TOKOMETER_NOPE_NOPE"};
  EXPECT_EQ(
      unknown_variables(given),
      (std::vector<std::string>{
          "TOKOMETER_WORKRS: no setting has this name, so it changes nothing (did you mean TOKOMETER_WORKERS?)",
          "TOKOMETER_NOPE_NOPE: no setting has this name, so it changes nothing (`tokometer config show` lists the "
          "settings)"}));
}

TEST_F(SettingsTest, WritesAnExampleThatChangesNothing) {
  const auto defaults = load_settings(inputs());
  write(example_file());
  const auto settings = load_settings(inputs());
  ASSERT_TRUE(settings);
  EXPECT_TRUE(settings->file_read);
  for (const Settings::Value& value : settings->values) EXPECT_EQ(value.source, Source::kDefault);
}

// Every key of the example, its # taken away, must be one that is read.
TEST_F(SettingsTest, WritesAnExampleWhoseLinesAreRight) {
  std::string text = example_file();
  for (std::size_t at = 0; (at = text.find('#', at)) != std::string::npos;) {
    const bool setting = text[at + 1] != ' ' || text.compare(at, 4, "#  o") == 0;
    if (setting) text.erase(at, 1);
    ++at;
  }
  const std::string empty = "type: \"\"";  // goes with base_url, which is empty too
  ASSERT_NE(text.find(empty), std::string::npos);
  write(text);
  EXPECT_EQ(faults(), "");
  const auto settings = load_settings(inputs());
  ASSERT_TRUE(settings);
  for (std::size_t i = 0; i < settings->values.size(); ++i) {
    EXPECT_EQ(settings->values[i].source, Source::kFile) << settings_table()[i].key;
  }
}

TEST_F(SettingsTest, KeepsOnReloadWhatIsReadAtStartOnly) {
  const auto running = load_settings(inputs());
  write("listen: 127.0.0.1:9\nworkers: 0\nmetrics: false\n");
  const auto next = load_settings(inputs());
  ASSERT_TRUE(next);
  std::vector<std::string_view> kept;
  const Config config = reload(*running, *next, kept);
  EXPECT_EQ(kept, std::vector<std::string_view>{"listen"});
  EXPECT_EQ(config.listen, std::vector<std::string>{"127.0.0.1:4141"});
  EXPECT_FALSE(config.metrics);
}

}  // namespace
}  // namespace tokometer::app
