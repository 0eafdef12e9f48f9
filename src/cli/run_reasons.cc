#include "cli/run_reasons.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <fstream>
#include <optional>
#include <utility>
#include <vector>

#include "app/instance.h"
#include "app/program.h"
#include "cli/health.h"
#include "cli/no_proxy.h"
#include "cli/style.h"

namespace tokometer::cli {
namespace {

// At most so many clients that do not take our certificate are named.
constexpr std::size_t kShownDistrust = 5;
// As much of a program's file as a first line may have.
constexpr std::size_t kFirstLine = 256;
constexpr std::chrono::milliseconds kNodeLimit{2000};
constexpr std::array<std::string_view, 2> kNodes = {"node", "nodejs"};

// Its clients that do not take our certificate, or never came to see it.
std::vector<std::string> distrustful(const Unread& unread, bool unreadable) {
  std::vector<std::string> names;
  for (const app::TunnelledHosts::Distrustful& one : unread.distrustful) {
    if (names.size() == kShownDistrust) break;
    if (one.unreadable != unreadable) continue;
    names.push_back(fmt::format("{} for {}", one.client.empty() ? "one without a name" : printable(one.client),
                                printable(one.host)));
  }
  return names;
}

bool is_within(std::string_view host, const std::string& domain) {
  return domain == "*" || host == domain || host.ends_with("." + domain);
}

// Hosts that its program reached unread, without their ports, as --intercept takes them; those of `uncovered` have
// another reason.
std::vector<std::string> tunnelled(const Unread& unread, const std::vector<std::string>& uncovered) {
  std::vector<std::string> hosts;
  for (const std::string& host : unread.hosts) {
    std::string name =
        printable(host.starts_with('[') ? host.substr(1, host.find(']') - 1) : host.substr(0, host.find(':')));
    const auto holds_it = [&name](const std::string& domain) { return is_within(name, domain); };
    if (std::ranges::any_of(uncovered, holds_it)) continue;
    if (std::ranges::find(hosts, name) == hosts.end()) hosts.push_back(std::move(name));
  }
  return hosts;
}

bool is_node(std::string_view path) {
  return std::ranges::find(kNodes, path.substr(path.rfind('/') + 1)) != kNodes.end();
}

std::string first_line(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string line(kFirstLine, '\0');
  stream.read(line.data(), static_cast<std::streamsize>(line.size()));
  line.resize(static_cast<std::size_t>(stream.gcount()));
  return line.substr(0, line.find('\n'));
}

// The version of the Node that runs `command`, if one does.
std::string node_of(const std::string& command, const Environment& environment) {
  const std::string path = environment.variable("PATH").value_or("");
  auto program = app::find_program(command, path);
  if (!program) return {};
  if (!is_node(*program)) {
    if (!is_node_script(first_line(*program))) return {};
    program = app::find_program(kNodes.front(), path);
    if (!program) return {};
  }
  const auto asked = app::run_program({*program, "--version"}, {.limit = kNodeLimit});
  if (!asked || asked->exit_code != 0) return {};
  return printable(asked->first_words());
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

pid_t proxy_process(const app::Config& config) {
  const auto running = app::find_instance(config.data_dir);
  return running ? running->pid : 0;
}

ProxyFate find_proxy_fate(const app::Config& config, pid_t process, const std::string& address) {
  const auto health = ask_health({address}, {});
  // One that is slow is there.
  if (!health && health.error().code != ErrorCode::kTimeout) return ProxyFate::kEnded;
  const pid_t now = proxy_process(config);
  if (now == 0) return ProxyFate::kEnded;
  return now == process ? ProxyFate::kServes : ProxyFate::kReplaced;
}

void find_past(ProgramRun& run, const provider::Registry& providers, const std::vector<std::string>& domains,
               const Environment& environment) {
  run.past = hosts_past_us(environment, providers, domains);
  // A run leaves that out of the list.
  std::erase(run.past, "*");
}

void find_unread(ProgramRun& run, const std::string& address, const std::filesystem::path& data_dir) {
  const Unread unread = ask_unread(address, data_dir, run.context.run);
  run.distrust = distrustful(unread, false);
  run.unreadable = distrustful(unread, true);
  run.tunnelled = tunnelled(unread, run.uncovered);
}

void find_node(ProgramRun& run, const Environment& environment) {
  // What asked for a tunnel heeds proxies, whatever its Node does by itself.
  if (!run.distrust.empty() || !run.unreadable.empty() || !run.tunnelled.empty()) return;
  std::string version = node_of(run.command.front(), environment);
  if (!version.empty() && !heeds_proxies(version)) run.node = std::move(version);
}

bool heeds_proxies(std::string_view node_version) {
  constexpr int kPatchedMajor = 22;
  constexpr int kPatchedMinor = 21;
  constexpr int kMajor = 24;
  constexpr int kMinor = 5;
  if (node_version.starts_with('v')) node_version.remove_prefix(1);
  const auto dot = std::min(node_version.find('.'), node_version.size());
  const std::string_view rest = node_version.substr(std::min(dot + 1, node_version.size()));
  const auto major = number(node_version.substr(0, dot));
  const auto minor = number(rest.substr(0, rest.find('.')));
  // What is not understood is not accused.
  if (!major || !minor) return true;
  return *major > kMajor || (*major == kMajor && *minor >= kMinor) ||
         (*major == kPatchedMajor && *minor >= kPatchedMinor);
}

bool is_node_script(std::string_view first_line) {
  constexpr std::string_view kBlanks = " \t\r";
  if (!first_line.starts_with("#!")) return false;
  first_line.remove_prefix(2);
  while (!first_line.empty()) {
    const std::string_view word = first_line.substr(0, first_line.find_first_of(kBlanks));
    if (is_node(word)) return true;
    // env(1), its options and its variables come before the program's name.
    const bool before = word.empty() || word.ends_with("/env") || word.starts_with('-') || word.contains('=');
    if (!before) return false;
    first_line.remove_prefix(std::min(word.size() + 1, first_line.size()));
  }
  return false;
}

}  // namespace tokometer::cli
