// `tokometer open`: the running proxy's page, in the user's browser.
#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/instance.h"
#include "app/interception.h"
#include "app/program.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/settings.h"

namespace tokometer::cli {
namespace {

using Words = std::vector<std::string>;

bool is_set(const Environment& environment, std::string_view name) {
  return !environment.variable(name).value_or("").empty();
}

bool has_screen(const Environment& environment) {
  if (is_set(environment, "DISPLAY") || is_set(environment, "WAYLAND_DISPLAY")) return true;
  utsname system{};
  return ::uname(&system) == 0 && std::string_view(system.sysname) == "Darwin" &&
         !is_set(environment, "SSH_CONNECTION");
}

Words split(std::string_view text, char at) {
  Words parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(at), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

// One of $BROWSER: a program and its arguments, "%s" being the URL, which else comes last.
Words filled(std::string_view command, const std::string& url) {
  constexpr std::string_view kPlace = "%s";
  Words words = split(command, ' ');
  bool placed = false;
  for (std::string& word : words) {
    const std::size_t at = word.find(kPlace);
    if (at == std::string::npos) continue;
    word.replace(at, kPlace.size(), url);
    placed = true;
  }
  if (!placed) words.push_back(url);
  return words;
}

// The words that show `url`: the first that there is of $BROWSER (which also works where it leads to another machine's
// browser, as editors that work over SSH set it), else the desktop's own way.
std::optional<Words> browser_words(const Environment& environment, const std::string& url) {
  Words commands = split(environment.variable("BROWSER").value_or(""), ':');
  constexpr std::array<std::string_view, 3> kDesktop{"wslview", "xdg-open", "open"};
  if (has_screen(environment)) commands.insert(commands.end(), kDesktop.begin(), kDesktop.end());
  const std::string path = environment.variable("PATH").value_or("");
  for (const std::string& command : commands) {
    Words words = filled(command, url);
    const auto program = app::find_program(words.front(), path);
    if (!program) continue;
    words.front() = *program;
    return words;
  }
  return std::nullopt;
}

// What SSH_CONNECTION says is "CLIENT PORT SERVER PORT", as the server sees it.
void explain_forwarding(const Environment& environment, std::string_view address) {
  const Words ends = split(environment.variable("SSH_CONNECTION").value_or(""), ' ');
  constexpr std::size_t kEnds = 4;
  const std::string user = environment.variable("USER").value_or("USER");
  const std::string port = ends.size() == kEnds && ends[3] != "22" ? fmt::format(" -p {}", ends[3]) : "";
  environment.err.print(
      "There is no browser here, at the far end of SSH. On your own machine:\n\n  ssh -N{} -L {}:{} {}@{}\n\n"
      "and open the address there while that runs.\n",
      port, address.substr(address.rfind(':') + 1), address, user, ends.size() == kEnds ? ends[2] : "HOST");
}

Result<app::Running> find_serving(const app::Config& config) {
  auto running = app::find_instance(config.data_dir);
  if (!running) {
    return fail(ErrorCode::kNotFound,
                fmt::format("no proxy runs on {}: start it by `tokometer up`", config.data_dir.string()));
  }
  if (!running->status || running->status->draining) {
    return fail(ErrorCode::kNotFound, fmt::format("process {} {}: try again when it has", running->pid,
                                                  running->status ? "is just ending" : "has not begun to serve yet"));
  }
  return std::move(*running);
}

Result<ExitCode> run_open(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const auto running = find_serving(*config);
  if (!running) return fail(running.error());
  const auto base = app::local_url(running->status->listening);
  if (!base) {
    return fail(ErrorCode::kUnsupported,
                "it listens on Unix sockets only, which browsers do not open: `tokometer "
                "restart --listen 127.0.0.1:4141`");
  }
  const std::string url = *base + "/-/";
  environment.out.print("{}\n", url);
  if (!environment.out.flush() || arguments.has("print")) return ExitCode::kOk;
  if (!std::ranges::all_of(running->status->listening, app::is_local_listener)) {
    environment.err.print("It asks for a password, since others can reach it: what stands in {} (any user name)\n",
                          app::proxy_token_file(config->data_dir).string());
  }
  if (const auto words = browser_words(environment, url)) {
    if (auto started = app::start_apart(*words); !started) return fail(started.error());
  } else if (is_set(environment, "SSH_CONNECTION")) {
    explain_forwarding(environment, std::string_view(*base).substr(std::string_view("http://").size()));
  } else {
    environment.err.write("No browser was found: open the address yourself, or name one in BROWSER.\n");
  }
  return ExitCode::kOk;
}

}  // namespace

Command open_command() {
  return {.name = "open",
          .summary = "Show the running proxy's page in a browser",
          .description =
              "Opens /-/ of the proxy on this data folder: tokens, cost and calls by model since its start, quotas, "
              "and what is wrong. The browser is that of BROWSER, else the desktop's. Its address is printed; where "
              "there is no browser, as over SSH, it is said how to come there.\n\n"
              "Exit codes: 0 if a proxy serves, 1 if none does.",
          .options = {{.name = "print", .help = "Print the address only"}},
          .examples = {{"tokometer open", "In the browser"},
                       {"tokometer open --print", "The address, for a script"},
                       {"BROWSER=firefox tokometer open", "In that browser"}},
          .run = run_open};
}

}  // namespace tokometer::cli
