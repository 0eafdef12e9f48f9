// The proxy as a service of the user's: a systemd user unit, or a launchd agent
// on macOS.
//
//   const Service service(service_surroundings(variable));
//   if (auto enabled = service.enable(program)) …   // starts with the session from now on
//
// The unit is that of `make install` where there is one for this program, else a
// file of our own in the home folder, which disable() takes away. Both come from
// packaging/.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tokometer::app {

// What of the machine and user a service depends on.
struct ServiceSurroundings {
  std::string path;                   // PATH, where systemctl and launchctl are looked for
  std::filesystem::path config_home;  // $XDG_CONFIG_HOME or ~/.config
  std::filesystem::path home;
  std::string user;
};
using Variable = std::function<std::optional<std::string>(std::string_view name)>;
ServiceSurroundings service_surroundings(const Variable& variable);

enum class ServiceKind { kNone, kSystemd, kLaunchd };

struct ServiceState {
  ServiceKind kind = ServiceKind::kNone;
  std::string remedy = {};               // kNone: why there is none, and what to do instead
  bool enabled = false;                  // starts by itself
  bool active = false;                   // runs now
  std::filesystem::path unit_file = {};  // that is in force; empty if there is none
  bool lingers = true;                   // goes on after the user has logged out
};

class Service {
 public:
  explicit Service(ServiceSurroundings surroundings);

  // Asks the manager, for some milliseconds.
  ServiceState state() const;
  // Without asking a manager where no unit is enabled.
  bool is_enabled() const;

  // Writes what is needed for `program` and starts it now and with every session. kUnsupported with the remedy where
  // there is no manager.
  Result<void> enable(const std::filesystem::path& program) const;
  // Stops it, for good. Fine if it was not enabled.
  Result<void> disable() const;
  Result<void> start() const;
  Result<void> stop() const;

  // The words of a program that shows what the service has said; nothing if its manager keeps no log of it.
  std::optional<std::vector<std::string>> log_command(std::int64_t lines, bool follow) const;

 private:
  Result<std::string> manager_says(const std::vector<std::string>& words) const;
  std::filesystem::path own_file() const;
  bool is_own(const std::filesystem::path& file) const;
  Result<void> write_own(const std::filesystem::path& program) const;
  ServiceState systemd_state() const;
  ServiceState launchd_state() const;

  ServiceSurroundings surroundings_;
  std::optional<std::string> systemctl_;
  std::optional<std::string> launchctl_;
};

}  // namespace tokometer::app
