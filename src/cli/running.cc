#include "cli/running.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <thread>
#include <utility>

#include "app/log_file.h"
#include "app/program.h"
#include "base/format.h"

namespace tokometer::cli {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kStartLimit{30};
constexpr std::chrono::seconds kReloadLimit{5};
constexpr milliseconds kAskEvery{20};
// Past the proxy's own limit for running calls: what is left to do then is storing what was metered.
constexpr std::chrono::seconds kPastDrain{15};

bool takes_path(const Option& option) {
  if (option.type == OptionType::kFile || option.type == OptionType::kFolder) return true;
  return false;
}

// One line on a terminal that is written over, and goes at the end.
class DrainLine {
 public:
  explicit DrainLine(Output& out) : out_(out) {}
  DrainLine(const DrainLine&) = delete;
  DrainLine& operator=(const DrainLine&) = delete;
  ~DrainLine() {
    if (!shown_.empty()) out_.write("\r\x1b[K");
    out_.flush();
  }
  void show(std::string text) {
    if (!out_.form().is_terminal || text == shown_) return;
    out_.print("\r\x1b[K{}", text);
    out_.flush();
    shown_ = std::move(text);
  }

 private:
  Output& out_;
  std::string shown_;
};

}  // namespace

std::vector<std::string> option_words(const Arguments& arguments) {
  std::vector<std::string> words;
  for (const Arguments::Given& given : arguments.given()) {
    const Option& option = *given.option;
    if (option.setting.empty() && option.name != "config") continue;
    if (option.type == OptionType::kFlag) {
      words.push_back("--" + option.name);
    } else if (option.type == OptionType::kSwitch) {
      words.push_back((given.value == "true" ? "--" : "--no-") + option.name);
    } else {
      std::error_code error;
      std::string value = given.value;
      if (takes_path(option) && !value.empty() && !value.starts_with('~')) value = fs::absolute(value, error).string();
      if (option.setting == "listen" && value.starts_with("unix:")) {
        value = "unix:" + fs::absolute(value.substr(5), error).string();
      }
      words.push_back(fmt::format("--{}={}", option.name, value));
    }
  }
  return words;
}

std::vector<std::string> without_place(std::vector<std::string> words) {
  std::erase_if(words, [](const std::string& word) {
    return word.starts_with("--data-dir=") || word.starts_with("--config=") || word.starts_with("--config-dir=");
  });
  return words;
}

Result<app::Running> wait_until_serving(const app::Config& config, const Environment& environment, milliseconds limit) {
  const SteadyTime deadline = environment.clock.steady() + limit;
  for (;;) {
    auto running = app::find_instance(config.data_dir);
    if (running && running->status && !running->status->listening.empty()) return std::move(*running);
    if (environment.clock.steady() >= deadline) {
      return fail(ErrorCode::kTimeout, fmt::format("no proxy serves on {} after {} s", config.data_dir.string(),
                                                   std::chrono::ceil<std::chrono::seconds>(limit).count()));
    }
    std::this_thread::sleep_for(kAskEvery);
  }
}

void say_waiting(std::string_view what, Environment& environment) {
  environment.err.print("tokometer: {}\n", what);
  environment.err.flush();
}

Result<app::Running> start_in_background(const app::Config& config, const std::vector<std::string>& options,
                                         Environment& environment, app::RunBy run_by) {
  const auto program = app::own_program();
  if (!program) return fail(program.error());
  std::vector<std::string> words = {program->string(), "proxy", "--run-by", std::string(app::name_of(run_by))};
  words.insert(words.end(), options.begin(), options.end());
  bool spoke = false;
  const auto started = app::start_daemon(words, kStartLimit, [&](std::string_view text) {
    environment.err.write(text);
    environment.err.flush();
    spoke = true;
  });
  if (!started) {
    return fail(started.error().code,
                fmt::format("{}; it goes on in the background: see `tokometer logs`", started.error().message));
  }
  auto running = app::find_instance(config.data_dir);
  if (running && running->status && !running->status->listening.empty()) return std::move(*running);
  return fail(ErrorCode::kNotFound, spoke ? "the proxy did not start, for the reason above"
                                          : fmt::format("the proxy ended as it started; {} may say why",
                                                        app::log_file(config.data_dir).string()));
}

Result<void> stop_running(const app::Config& config, const app::Running& running, bool at_once,
                          Environment& environment) {
  const auto ask = [&]() -> Result<void> {
    if (kill(running.pid, SIGTERM) == 0 || errno == ESRCH) return {};
    return fail(io_error(fmt::format("process {}", running.pid), errno));
  };
  if (auto asked = ask(); !asked) return asked;
  const auto limit = config.timeouts.drain + kPastDrain;
  const SteadyTime begin = environment.clock.steady();
  bool asked_twice = false;
  DrainLine progress(environment.err);
  for (;;) {
    const auto now = app::find_instance(config.data_dir);
    if (!now || now->pid != running.pid) return {};
    const bool draining = now->status && now->status->draining;
    if (at_once && draining && !asked_twice) {
      // The first signal must have been taken before the second means anything.
      if (auto asked = ask(); !asked) return asked;
      asked_twice = true;
    }
    const auto passed = environment.clock.steady() - begin;
    if (passed >= limit) {
      return fail(ErrorCode::kTimeout,
                  fmt::format("process {} has not ended within {} s: `kill -9 {}` ends it, and loses nothing that "
                              "clients have seen",
                              running.pid, std::chrono::ceil<std::chrono::seconds>(limit).count(), running.pid));
    }
    if (draining && now->status->open_calls > 0) {
      const auto rest = std::max(milliseconds(0), std::chrono::ceil<milliseconds>(config.timeouts.drain - passed));
      progress.show(fmt::format(
          "waiting for {} to end, at most {} more (Ctrl-C: they go on; `tokometer down --now` cuts "
          "them off)",
          format::calls(now->status->open_calls), format::duration(std::chrono::ceil<std::chrono::seconds>(rest))));
    }
    std::this_thread::sleep_for(kAskEvery);
  }
}

Result<std::string> reload_running(const app::Config& config, const app::Running& running,
                                   const Environment& environment) {
  const std::int64_t before = running.status ? running.status->reloads : 0;
  if (kill(running.pid, SIGHUP) != 0) return fail(io_error(fmt::format("process {}", running.pid), errno));
  const SteadyTime deadline = environment.clock.steady() + kReloadLimit;
  for (;;) {
    const bool is_last = environment.clock.steady() >= deadline;  // we may have been stopped meanwhile
    const auto now = app::find_instance(config.data_dir);
    if (!now) return fail(ErrorCode::kNetwork, fmt::format("process {} has ended", running.pid));
    if (now->status && now->status->reloads > before) {
      if (!now->status->reload_ok) return fail(ErrorCode::kInvalid, now->status->message);
      return now->status->message;
    }
    if (is_last) {
      return fail(ErrorCode::kTimeout,
                  fmt::format("process {} did not answer within {} s", running.pid, kReloadLimit.count()));
    }
    std::this_thread::sleep_for(kAskEvery);
  }
}

std::string where_text(const app::Running& running) {
  return fmt::format("{} (process {})",
                     running.status ? fmt::format("{}", fmt::join(running.status->listening, ", ")) : std::string("?"),
                     running.pid);
}

}  // namespace tokometer::cli
