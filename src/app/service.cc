#include "app/service.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "app/program.h"
#include "base/check.h"
#include "base/files.h"
#include "embedded/embedded.h"

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::string_view kUnit = "tokometer.service";
constexpr std::string_view kOwn = "# Made by `tokometer service enable`; `tokometer service disable` takes it away.\n";
constexpr std::chrono::seconds kManagerLimit{60};  // `stop` waits for running calls to end
constexpr std::chrono::seconds kQuestionLimit{3};

std::string_view unit_template(std::string_view name) {
  const auto units = embedded::service_units();
  const auto unit = std::ranges::find(units, name, &embedded::File::name);
  TOKOMETER_CHECK(unit != units.end());
  return unit->content;
}

std::string filled(std::string text, std::string_view name, std::string_view value) {
  const std::string place = fmt::format("@{}@", name);
  for (std::size_t at = text.find(place); at != std::string::npos; at = text.find(place, at + value.size())) {
    text.replace(at, place.size(), value);
  }
  return text;
}

// systemd.service(5), command lines: in quotes, with what is special there escaped.
std::string systemd_word(std::string_view path) {
  std::string word = "\"";
  for (const char c : path) {
    if (c == '"' || c == '\\') word += '\\';
    if (c == '%' || c == '$') word += c;
    word += c;
  }
  return word + "\"";
}

std::string xml_text(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&') {
      escaped += "&amp;";
    } else if (c == '<') {
      escaped += "&lt;";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

std::string launchd_domain() { return fmt::format("gui/{}", getuid()); }
std::string launchd_service() { return launchd_domain() + "/tokometer"; }

constexpr std::string_view kNoManager =
    "neither systemd's user manager nor launchd answers here, as in most containers and in sessions begun by `su`: "
    "start the proxy by `tokometer up` where the machine or container starts, or as the container's own program by "
    "`tokometer proxy`; where systemd runs, log in as the user itself (`machinectl shell USER@`, ssh) and try again";

}  // namespace

ServiceSurroundings service_surroundings(const Variable& variable) {
  const fs::path home = variable("HOME").value_or("");
  std::string config = variable("XDG_CONFIG_HOME").value_or("");
  if (!config.starts_with('/')) config = home / ".config";
  return {.path = variable("PATH").value_or(""),
          .config_home = config,
          .home = home,
          .user = variable("USER").value_or("")};
}

Service::Service(ServiceSurroundings surroundings)
    : surroundings_(std::move(surroundings)),
      systemctl_(find_program("systemctl", surroundings_.path)),
      launchctl_(find_program("launchctl", surroundings_.path)) {}

Result<std::string> Service::manager_says(const std::vector<std::string>& words) const {
  ProgramOptions options{.limit = kManagerLimit};
  // Where su or sudo has begun the session it is not set, though the manager is there.
  const fs::path runtime = fmt::format("/run/user/{}", getuid());
  std::error_code error;
  if (fs::exists(runtime / "systemd", error)) options.variables.emplace_back("XDG_RUNTIME_DIR", runtime.string());
  const auto done = run_program(words, options);
  if (!done) return fail(done.error());
  if (done->exit_code != 0) {
    return fail(ErrorCode::kIo, fmt::format("{}: {}", fmt::join(words, " "), done->first_words()));
  }
  return std::string(trimmed(done->out));
}

fs::path Service::own_file() const {
  if (systemctl_) return surroundings_.config_home / "systemd" / "user" / kUnit;
  return surroundings_.home / "Library" / "LaunchAgents" / "tokometer.plist";
}

bool Service::is_own(const fs::path& file) const {
  const auto content = read_file(file);
  return content && (launchctl_ || content->starts_with(kOwn));
}

Result<void> Service::write_own(const fs::path& program) const {
  const fs::path file = own_file();
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) return fail(io_error(file.parent_path().string(), error.value()));
  if (systemctl_) {
    const std::string unit(unit_template("tokometer.service.in"));
    return replace_file(file, std::string(kOwn) + filled(unit, "program", systemd_word(program.string())));
  }
  const fs::path log = surroundings_.home / "Library" / "Logs" / "tokometer.log";
  std::string plist(unit_template("tokometer.plist.in"));
  plist = filled(std::move(plist), "program", xml_text(program.string()));
  return replace_file(file, filled(std::move(plist), "log", xml_text(log.string())));
}

ServiceState Service::systemd_state() const {
  ServiceState state{.kind = ServiceKind::kSystemd};
  const auto properties = manager_says({*systemctl_, "--user", "show", "-p", "UnitFileState", "-p", "ActiveState", "-p",
                                        "FragmentPath", std::string(kUnit)});
  if (!properties) return {.kind = ServiceKind::kNone, .remedy = std::string(kNoManager)};
  std::string_view rest = *properties;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, equals);
    const std::string_view value = line.substr(equals + 1);
    if (name == "UnitFileState") state.enabled = value == "enabled";
    if (name == "ActiveState") state.active = value == "active" || value == "reloading" || value == "activating";
    if (name == "FragmentPath") state.unit_file = value;
  }
  if (const auto loginctl = find_program("loginctl", surroundings_.path); loginctl && !surroundings_.user.empty()) {
    const auto asked =
        run_program({*loginctl, "show-user", surroundings_.user, "-p", "Linger", "--value"}, {.limit = kQuestionLimit});
    if (asked && trimmed(asked->out) == "no") state.lingers = false;
  }
  return state;
}

ServiceState Service::launchd_state() const {
  ServiceState state{.kind = ServiceKind::kLaunchd};
  std::error_code error;
  const fs::path file = own_file();
  state.enabled = fs::exists(file, error);
  if (state.enabled) state.unit_file = file;
  const auto asked = run_program({*launchctl_, "print", launchd_service()}, {.limit = kQuestionLimit});
  state.active = asked && asked->exit_code == 0 && asked->out.find("state = running") != std::string::npos;
  return state;
}

ServiceState Service::state() const {
  if (systemctl_) return systemd_state();
  if (launchctl_) return launchd_state();
  return {.kind = ServiceKind::kNone, .remedy = std::string(kNoManager)};
}

bool Service::is_enabled() const {
  std::error_code error;
  if (systemctl_) {
    const fs::path link = surroundings_.config_home / "systemd" / "user" / "default.target.wants" / kUnit;
    return fs::is_symlink(link, error) && state().enabled;
  }
  return launchctl_ && fs::exists(own_file(), error);
}

Result<void> Service::enable(const fs::path& program) const {
  const ServiceState before = state();
  if (before.kind == ServiceKind::kNone) return fail(ErrorCode::kUnsupported, before.remedy);
  if (before.kind == ServiceKind::kLaunchd) {
    if (auto written = write_own(program); !written) return written;
    if (before.active) {
      if (auto said = manager_says({*launchctl_, "bootout", launchd_service()}); !said) return fail(said.error());
    }
    if (auto said = manager_says({*launchctl_, "bootstrap", launchd_domain(), own_file().string()}); !said) {
      return fail(std::move(said.error()));
    }
    return {};
  }
  // One that came with the program is as good, if it starts this very program.
  bool own = true;
  if (!before.unit_file.empty() && !is_own(before.unit_file)) {
    const auto installed = read_file(before.unit_file);
    own = !installed || installed->find(fmt::format("ExecStart={} ", program.string())) == std::string::npos;
  }
  if (own) {
    if (auto written = write_own(program); !written) return written;
  }
  for (const std::vector<std::string>& words : {std::vector<std::string>{*systemctl_, "--user", "daemon-reload"},
                                                {*systemctl_, "--user", "enable", "--now", std::string(kUnit)}}) {
    if (auto said = manager_says(words); !said) return fail(std::move(said.error()));
  }
  return {};
}

Result<void> Service::disable() const {
  const ServiceState before = state();
  std::error_code error;
  if (before.kind == ServiceKind::kLaunchd) {
    if (before.active) {
      if (auto said = manager_says({*launchctl_, "bootout", launchd_service()}); !said) return fail(said.error());
    }
    fs::remove(own_file(), error);
    return {};
  }
  if (before.kind == ServiceKind::kSystemd && (before.enabled || before.active)) {
    if (auto said = manager_says({*systemctl_, "--user", "disable", "--now", std::string(kUnit)}); !said) {
      return fail(said.error());
    }
  }
  if (systemctl_ && is_own(own_file())) {
    fs::remove(own_file(), error);
    // Of a unit that was enabled while a manager ran, and none does now.
    fs::remove(own_file().parent_path() / "default.target.wants" / kUnit, error);
    if (before.kind == ServiceKind::kSystemd) {
      if (auto said = manager_says({*systemctl_, "--user", "daemon-reload"}); !said) return fail(said.error());
    }
  }
  return {};
}

Result<void> Service::start() const {
  if (!systemctl_ && !launchctl_) return fail(ErrorCode::kUnsupported, std::string(kNoManager));
  const auto said = systemctl_ ? manager_says({*systemctl_, "--user", "start", std::string(kUnit)})
                               : manager_says({*launchctl_, "kickstart", launchd_service()});
  if (!said) return fail(said.error());
  return {};
}

Result<void> Service::stop() const {
  if (!systemctl_ && !launchctl_) return fail(ErrorCode::kUnsupported, std::string(kNoManager));
  // Without waiting: the caller watches the proxy itself end.
  const auto said = systemctl_ ? manager_says({*systemctl_, "--user", "--no-block", "stop", std::string(kUnit)})
                               : manager_says({*launchctl_, "kill", "SIGTERM", launchd_service()});
  if (!said) return fail(said.error());
  return {};
}

std::optional<std::vector<std::string>> Service::log_command(std::int64_t lines, bool follow) const {
  const std::string count = std::to_string(lines);
  if (systemctl_) {
    const auto journalctl = find_program("journalctl", surroundings_.path);
    if (!journalctl) return std::nullopt;
    std::vector<std::string> words = {*journalctl,  "--user",  "--unit", std::string(kUnit),
                                      "--no-pager", "--lines", count};
    if (follow) words.emplace_back("--follow");
    return words;
  }
  const auto tail = find_program("tail", surroundings_.path);
  if (!launchctl_ || !tail) return std::nullopt;
  std::vector<std::string> words = {*tail, "-n", count};
  if (follow) words.emplace_back("-F");
  words.push_back((surroundings_.home / "Library" / "Logs" / "tokometer.log").string());
  return words;
}

}  // namespace tokometer::app
