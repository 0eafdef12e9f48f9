// Runs commands in tests: outputs kept, variables and clock made up.
//
//   TestEnvironment test;
//   test.variables["HOME"] = folder;
//   EXPECT_EQ(test.run({"config", "check"}), ExitCode::kOk);
//   EXPECT_EQ(test.out(), "…: ok\n");
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/run.h"

namespace tokometer::cli {

class FixedClock final : public Clock {
 public:
  UtcTime now() const override { return UtcTime(std::chrono::seconds(1'767'323'045)); }  // 2026-01-02T03:04:05Z
  SteadyTime steady() const override { return steady_; }
  void advance(std::chrono::microseconds by) { steady_ += by; }

 private:
  SteadyTime steady_;
};

class TestEnvironment {
 public:
  explicit TestEnvironment(Command root = cli::program()) : program_(std::move(root)) {
    std::string name = testing::TempDir() + "cli_XXXXXX";
    home_ = mkdtemp(name.data());
    variables["HOME"] = home_.string();
  }
  ~TestEnvironment() { std::filesystem::remove_all(home_); }
  TestEnvironment(const TestEnvironment&) = delete;
  TestEnvironment& operator=(const TestEnvironment&) = delete;

  ExitCode run(const std::vector<std::string>& words) {
    out_ = std::make_unique<StringOutput>();
    err_ = std::make_unique<StringOutput>();
    out_->set_form(form);
    err_->set_form(form);
    Environment environment = make();
    return cli::run(words, environment);
  }

  // An environment to use without running a command. Lives as long as the next run.
  Environment make() {
    if (!out_) out_ = std::make_unique<StringOutput>();
    if (!err_) err_ = std::make_unique<StringOutput>();
    return {.out = *out_,
            .err = *err_,
            .clock = clock,
            .log = log_,
            .variable = [this](std::string_view name) -> std::optional<std::string> {
              const auto found = variables.find(std::string(name));
              return found == variables.end() ? std::nullopt : std::optional(found->second);
            },
            .program = program_};
  }

  // A file in the home folder.
  std::filesystem::path write(const std::string& name, const std::string& content) {
    const std::filesystem::path file = home_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }

  const std::string& out() const { return out_->text(); }
  const std::string& err() const { return err_->text(); }
  const std::filesystem::path& home() const { return home_; }

  std::map<std::string, std::string> variables;
  Output::Form form;
  FixedClock clock;

 private:
  Command program_;
  Log log_{LogLevel::kOff};
  std::unique_ptr<StringOutput> out_;
  std::unique_ptr<StringOutput> err_;
  std::filesystem::path home_;
};

}  // namespace tokometer::cli
