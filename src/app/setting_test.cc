#include "app/setting.h"

#include <gtest/gtest.h>

#include <set>

namespace tokometer::app {
namespace {

std::string fault(std::string_view key, std::vector<std::string> values) {
  Config config;
  const auto result = assign(*find_setting(key), values, config);
  return result ? "" : result.error().message;
}

TEST(SettingsTable, HasEveryDefaultRightAndEveryNameOnce) {
  std::set<std::string> options;
  std::set<std::string> variables;
  for (const Setting& setting : settings_table()) {
    EXPECT_FALSE(setting.help.empty()) << setting.key;
    EXPECT_FALSE(setting.help.ends_with('.')) << setting.key;
    EXPECT_TRUE(options.insert(option_name(setting)).second) << setting.key;
    EXPECT_TRUE(variables.insert(variable_name(setting)).second) << setting.key;
    EXPECT_EQ(find_setting(setting.key), &setting);
    if (!setting.fallback.empty()) {
      EXPECT_EQ(fault(setting.key, {std::string(setting.fallback)}), "") << setting.key;
    }
  }
}

TEST(FindSetting, KnowsEntriesOfMapsButNoOthers) {
  EXPECT_EQ(find_setting("origins.openai"), find_setting("origins"));
  EXPECT_EQ(find_setting("listen.x"), nullptr);
  EXPECT_EQ(find_setting("originsx"), nullptr);
  EXPECT_EQ(find_setting("timeouts"), nullptr);
}

TEST(SettingNames, FollowFromTheKey) {
  EXPECT_EQ(option_name(*find_setting("timeouts.first_byte")), "timeouts-first-byte");
  EXPECT_EQ(variable_name(*find_setting("timeouts.first_byte")), "TOKOMETER_TIMEOUTS_FIRST_BYTE");
  EXPECT_EQ(option_name(*find_setting("origins")), "origin");
  EXPECT_EQ(option_name(*find_setting("capture.enabled")), "capture");
}

TEST(Assign, TakesListenAddressesAndNothingElse) {
  for (const char* address : {"127.0.0.1:4141", "localhost:0", "[::1]:4141", "0.0.0.0:65535", "unix:/run/t.sock"}) {
    EXPECT_EQ(fault("listen", {address}), "") << address;
  }
  for (const char* address : {"4141", ":4141", "::1:4141", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                              "unix:", "http://127.0.0.1:4141", "127.0.0.1:x"}) {
    EXPECT_NE(fault("listen", {address}), "") << address;
  }
  EXPECT_NE(fault("listen", {"unix:/" + std::string(108, 'x')}), "");
  EXPECT_EQ(fault("listen", {}), "the list is empty");
}

TEST(Assign, TakesOriginsByNameAndNeverRepeatsAPassword) {
  Config config;
  const std::vector<std::string> values{"openai=http://127.0.0.1:9000/base", "anthropic=https://a.example"};
  ASSERT_TRUE(assign(*find_setting("origins"), values, config));
  EXPECT_EQ(config.origins.at("openai"), "http://127.0.0.1:9000/base");
  EXPECT_EQ(config.origins.size(), 2U);

  EXPECT_EQ(fault("origins", {"https://a.example"}), "\"https://a.example\" is not NAME=VALUE");
  EXPECT_EQ(fault("origins", {"a=ftp://x"}), "a: \"ftp://x\" does not start with https:// or http://");
  EXPECT_EQ(fault("base_url", {"https://"}), "\"https://\" names no host");
  EXPECT_EQ(fault("base_url", {"https://x:y"}), "\"https://x:y\" has a wrong port");
  EXPECT_NE(fault("base_url", {"https://x/?key=1"}), "");
  EXPECT_EQ(fault("base_url", {"https://[::1]:80/v1"}), "");
  const std::string secret = fault("base_url", {"https://user:hunter2@x"});
  EXPECT_NE(secret, "");
  EXPECT_EQ(secret.find("hunter2"), std::string::npos);
}

TEST(Assign, SaysWhatAValueShouldBe) {
  EXPECT_EQ(fault("workers", {"many"}), "\"many\" is not a whole number");
  EXPECT_EQ(fault("workers", {"-1"}), "-1 is not from 0 to 1024");
  EXPECT_EQ(fault("store.max_rows", {"-1"}), "-1 is less than 0");
  EXPECT_EQ(fault("timeouts.connect", {"10"}), "\"10\" is not a duration: say it like 250ms, 30s, 10m or 7d");
  EXPECT_EQ(fault("timeouts.connect", {"0"}), "0 is less than 1ms");
  EXPECT_EQ(fault("limits.head_bytes", {"big"}), "\"big\" is not a size: say it like 64KiB or 16MiB");
  EXPECT_EQ(fault("limits.head_bytes", {"1"}), "1 is less than 1KiB");
  EXPECT_EQ(fault("metrics", {"maybe"}), "\"maybe\" is neither true nor false");
  EXPECT_EQ(fault("print", {"pannel"}), "\"pannel\" is not one of line, panel, json, quiet; did you mean panel?");
}

TEST(Assign, SetsChoices) {
  Config config;
  ASSERT_TRUE(assign(*find_setting("on_client_close"), std::vector<std::string>{"drain"}, config));
  EXPECT_EQ(config.on_client_close, OnClientClose::kDrain);
  ASSERT_TRUE(assign(*find_setting("log_level"), std::vector<std::string>{"off"}, config));
  EXPECT_EQ(config.log_level, LogLevel::kOff);
  ASSERT_TRUE(assign(*find_setting("journal.sync"), std::vector<std::string>{"each"}, config));
  EXPECT_EQ(config.journal.sync, JournalSync::kEach);
  ASSERT_TRUE(assign(*find_setting("print"), std::vector<std::string>{"json"}, config));
  EXPECT_EQ(config.print, Print::kJson);
}

}  // namespace
}  // namespace tokometer::app
