// `tokometer logs`: what the proxy in the background has said of itself.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/instance.h"
#include "app/log_file.h"
#include "app/program.h"
#include "app/service.h"
#include "base/files.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/settings.h"

namespace tokometer::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kReadEvery{200};

// The last `count` lines of `text`.
std::string_view last_lines(std::string_view text, std::size_t count) {
  std::size_t begin = text.size();
  for (std::size_t found = 0; begin > 0; --begin) {
    if (text[begin - 1] != '\n' || begin == text.size()) continue;
    if (++found == count) break;
  }
  return text.substr(begin);
}

std::size_t count_lines(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// The last lines of the newest file and, where it has too few, of those before it; and how far the newest was read.
std::pair<std::string, std::size_t> newest_lines(const fs::path& file, std::size_t wanted) {
  std::string text;
  std::size_t size = 0;
  for (std::size_t age = 0; age <= app::LogFileLimits().kept; ++age) {
    const auto part = read_file(age == 0 ? file : app::rotated(file, age));
    if (!part) break;
    if (age == 0) size = part->size();
    text.insert(0, *part);
    if (count_lines(text) >= wanted) break;
  }
  return {wanted == 0 ? std::string() : std::string(last_lines(text, wanted)), size};
}

// Shows what is appended from `offset` on, across rotations, until the reader goes.
void follow(const fs::path& file, std::size_t offset, Output& out) {
  int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor >= 0) ::lseek(descriptor, static_cast<off_t>(offset), SEEK_SET);
  const auto copy = [&] {
    std::array<char, 8192> buffer;
    for (ssize_t got = 1; descriptor >= 0 && got > 0;) {
      got = ::read(descriptor, buffer.data(), buffer.size());
      if (got > 0) out.write(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
    }
  };
  while (out.flush() && out.ok()) {
    std::this_thread::sleep_for(kReadEvery);
    copy();
    struct stat open_one{};
    struct stat named{};
    if (::stat(file.c_str(), &named) != 0) continue;
    if (descriptor >= 0 && ::fstat(descriptor, &open_one) == 0 && open_one.st_ino == named.st_ino) continue;
    copy();  // what came between reading and its being renamed
    if (descriptor >= 0) ::close(descriptor);
    descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  }
  if (descriptor >= 0) ::close(descriptor);
}

Result<ExitCode> run_logs(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const std::int64_t lines = arguments.number("lines").value_or(0);
  const bool follows = arguments.has("follow");
  const auto running = app::find_instance(config->data_dir);
  const app::RunBy run_by = running && running->status ? running->status->start.run_by : app::RunBy::kBackground;
  const fs::path file = app::log_file(config->data_dir);
  std::error_code error;
  const app::Service service(app::service_surroundings(environment.variable));
  const bool of_service = run_by == app::RunBy::kSystemd || run_by == app::RunBy::kLaunchd ||
                          (!running && !fs::exists(file, error) && service.is_enabled());
  if (of_service) {
    if (const auto command = service.log_command(lines, follows)) {
      environment.out.flush();
      const auto shown = app::run_program(*command, {.keeps_terminal = true});
      if (!shown) return fail(shown.error());
      return shown->exit_code == 0 ? ExitCode::kOk : ExitCode::kFailed;
    }
    return fail(ErrorCode::kNotFound, "the service's manager keeps its log, and the program that shows it is not here");
  }
  if (running && run_by == app::RunBy::kTerminal) {
    environment.err.print("tokometer: process {} runs in a terminal and says there what it has to say\n", running->pid);
  }
  if (!fs::exists(file, error) && !follows) {
    return fail(ErrorCode::kNotFound, fmt::format("{}: no log yet: `tokometer up` makes one", file.string()));
  }
  const auto [text, size] = newest_lines(file, static_cast<std::size_t>(lines));
  environment.out.write(text);
  if (follows) follow(file, size, environment.out);
  return ExitCode::kOk;
}

}  // namespace

Command logs_command() {
  return {.name = "logs",
          .summary = "Show what the proxy in the background says of itself",
          .description =
              "Its starts and ends, warnings and faults, never calls: those are in `tokometer events --follow`. Of a "
              "service, its manager's log is shown; otherwise DATA_DIR/logs/tokometer.log, of which the last 16 MiB "
              "are kept.",
          .options = {{.name = "follow", .letter = 'f', .help = "Go on with lines as they are written"},
                      {.name = "lines",
                       .letter = 'n',
                       .type = OptionType::kNumber,
                       .placeholder = "COUNT",
                       .fallback = "50",
                       .help = "At most so many lines, the newest"}},
          .examples = {{"tokometer logs -f", "Watch it"}},
          .run = run_logs};
}

}  // namespace tokometer::cli
