#include "app/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A pipe's two ends, closed with us.
struct Pipe {
  int read_end = -1;
  int write_end = -1;

  Pipe() = default;
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_read();
    close_write();
  }
  bool open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read_end = ends[0];
    write_end = ends[1];
    return true;
  }
  void close_read() { shut(read_end); }
  void close_write() { shut(write_end); }

 private:
  static void shut(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
};

std::vector<char*> argv_of(const std::vector<std::string>& words) {
  std::vector<char*> list;
  list.reserve(words.size() + 1);
  for (const std::string& word : words) list.push_back(const_cast<char*>(word.c_str()));
  list.push_back(nullptr);
  return list;
}

// Our variables, those of `changes` set or taken out.
std::vector<std::string> changed_environment(const std::vector<std::pair<std::string, std::string>>& changes) {
  std::vector<std::string> variables;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::string_view name = text.substr(0, text.find('='));
    if (std::ranges::none_of(changes, [&](const auto& change) { return change.first == name; })) {
      variables.emplace_back(text);
    }
  }
  for (const auto& [name, value] : changes) {
    if (!value.empty()) variables.push_back(fmt::format("{}={}", name, value));
  }
  return variables;
}

// In the child, between fork and exec: only calls that are safe there (signal-safety(7)).
void clear_signals() {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
}

[[noreturn]] void become(const char* program, char* const* words, char* const* variables) {
  ::execve(program, words, variables);
  const char* const why = std::strerror(errno);  // NOLINT(concurrency-mt-unsafe): the only thread
  for (const char* const part : {program, ": ", why, "\n"}) {
    if (::write(STDERR_FILENO, part, std::strlen(part)) < 0) break;
  }
  ::_exit(127);
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// What is left until `deadline`, for poll(2).
int left(steady_clock::time_point deadline) {
  const auto rest = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(rest.count(), 0, 60'000));
}

// Reads once from `end`; false when it has ended.
template <typename Take>
bool read_some(int end, const Take& take) {
  std::array<char, 4096> buffer;
  const ssize_t got = ::read(end, buffer.data(), buffer.size());
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  if (got == 0) return false;
  take(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
  return true;
}

// Until both have ended; false when the time is over.
bool read_both(Pipe& out, Pipe& err, ProgramResult& result, std::size_t limit, steady_clock::time_point deadline) {
  const auto keep = [limit](std::string& text, std::string_view piece) {
    text += piece.substr(0, limit - std::min(limit, text.size()));
  };
  while (out.read_end >= 0 || err.read_end >= 0) {
    std::array<pollfd, 2> waits{{{out.read_end, POLLIN, 0}, {err.read_end, POLLIN, 0}}};
    const int ready = ::poll(waits.data(), waits.size(), left(deadline));
    if (ready < 0 && errno != EINTR) return false;
    if (ready == 0 && steady_clock::now() >= deadline) return false;
    if (ready <= 0) continue;
    if (waits[0].revents != 0 && !read_some(out.read_end, [&](auto piece) { keep(result.out, piece); }))
      out.close_read();
    if (waits[1].revents != 0 && !read_some(err.read_end, [&](auto piece) { keep(result.err, piece); }))
      err.close_read();
  }
  return true;
}

// The child closes its output before it ends; a child that closed it and goes on is killed as well.
std::optional<int> reap(pid_t child, steady_clock::time_point deadline) {
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (ended < 0 && errno != EINTR) return 127;
    if (steady_clock::now() >= deadline) return std::nullopt;
    ::usleep(2000);
  }
}

// Starts `words` as nobody's child, in a session of its own; what it says goes to `output`.
Result<void> start_in_own_session(const std::vector<std::string>& words, int output) {
  const auto arguments = argv_of(words);
  const pid_t child = ::fork();
  if (child < 0) return fail(io_error(words[0], errno));
  if (child == 0) {
    clear_signals();
    ::setsid();
    // The second fork leaves no leader of the session, which alone could get a terminal again.
    const pid_t grandchild = ::fork();
    if (grandchild != 0) ::_exit(grandchild < 0 ? 1 : 0);
    const int nothing = ::open("/dev/null", O_RDWR);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(output >= 0 ? output : nothing, STDOUT_FILENO);
    ::dup2(STDOUT_FILENO, STDERR_FILENO);
    ::close_range(3, ~0U, 0);
    become(words[0].c_str(), arguments.data(), environ);
  }
  if (wait_for(child) != 0) return fail(ErrorCode::kIo, fmt::format("{}: no process can be made", words[0]));
  return {};
}

bool is_executable(const fs::path& file) {
  std::error_code error;
  return fs::is_regular_file(file, error) && ::access(file.c_str(), X_OK) == 0;
}

}  // namespace

std::optional<std::string> find_program(std::string_view name, std::string_view path) {
  if (name.find('/') != std::string_view::npos) {
    return is_executable(name) ? std::optional(std::string(name)) : std::nullopt;
  }
  while (!path.empty()) {
    const std::size_t colon = path.find(':');
    const std::string_view folder = path.substr(0, colon);
    // An empty entry is the current folder, which is no place to take programs from.
    if (!folder.empty()) {
      std::string file = fmt::format("{}/{}", folder, name);
      if (is_executable(file)) return file;
    }
    if (colon == std::string_view::npos) break;
    path.remove_prefix(colon + 1);
  }
  return std::nullopt;
}

std::string_view ProgramResult::first_words() const {
  for (std::string_view text : {std::string_view(err), std::string_view(out)}) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) continue;
    text.remove_prefix(begin);
    return text.substr(0, text.find_first_of("\r\n"));
  }
  return {};
}

Result<ProgramResult> run_program(const std::vector<std::string>& words, const ProgramOptions& options) {
  if (!is_executable(words[0])) return fail(ErrorCode::kNotFound, words[0] + ": no such program");
  Pipe out;
  Pipe err;
  if (!options.keeps_terminal && (!out.open() || !err.open())) return fail(io_error(words[0], errno));
  const auto arguments = argv_of(words);
  const auto variable_texts = changed_environment(options.variables);
  const auto variables = argv_of(variable_texts);
  const auto deadline = steady_clock::now() + options.limit;
  const pid_t child = ::fork();
  if (child < 0) return fail(io_error(words[0], errno));
  if (child == 0) {
    clear_signals();
    if (!options.keeps_terminal) {
      ::setpgid(0, 0);  // so that what it starts can be killed with it
      const int nothing = ::open("/dev/null", O_RDONLY);
      ::dup2(nothing, STDIN_FILENO);
      ::dup2(out.write_end, STDOUT_FILENO);
      ::dup2(err.write_end, STDERR_FILENO);
    }
    become(words[0].c_str(), arguments.data(), variables.data());
  }
  ProgramResult result;
  if (options.keeps_terminal) {
    result.exit_code = wait_for(child);
    return result;
  }
  ::setpgid(child, child);  // whichever of us comes first
  out.close_write();
  err.close_write();
  const bool read = read_both(out, err, result, options.output_bytes, deadline);
  if (const auto code = read ? reap(child, deadline) : std::nullopt) {
    result.exit_code = *code;
    return result;
  }
  ::kill(-child, SIGKILL);
  wait_for(child);
  return fail(ErrorCode::kTimeout, fmt::format("{}: no end within {} ms", words[0], options.limit.count()));
}

Result<void> start_daemon(const std::vector<std::string>& words, milliseconds limit,
                          const std::function<void(std::string_view)>& said) {
  Pipe pipe;
  if (!pipe.open()) return fail(io_error(words[0], errno));
  const auto started = start_in_own_session(words, pipe.write_end);
  pipe.close_write();
  if (!started) return started;
  const auto deadline = steady_clock::now() + limit;
  for (;;) {
    pollfd wait{pipe.read_end, POLLIN, 0};
    const int ready = ::poll(&wait, 1, left(deadline));
    if (ready > 0 && !read_some(pipe.read_end, said)) return {};
    if (ready <= 0 && steady_clock::now() >= deadline) {
      return fail(ErrorCode::kTimeout, fmt::format("not ready within {} s", limit.count() / 1000));
    }
  }
}

Result<void> start_apart(const std::vector<std::string>& words) { return start_in_own_session(words, -1); }

Result<fs::path> own_program() {
  std::error_code error;
  fs::path file = fs::read_symlink("/proc/self/exe", error);
  if (error) return fail(io_error("/proc/self/exe", error.value()));
  // What Linux says of a program that was replaced since it started.
  constexpr std::string_view kDeleted = " (deleted)";
  if (const std::string text = file.string(); text.ends_with(kDeleted)) {
    file = text.substr(0, text.size() - kDeleted.size());
  }
  return file;
}

}  // namespace tokometer::app
