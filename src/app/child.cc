#include "app/child.h"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <utility>

#include "app/program.h"

namespace tokometer::app {
namespace {

// What our own faults raise. All others that can be caught go on to the child.
constexpr std::array kOurs = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
constexpr std::array kStops = {SIGTSTP, SIGTTIN, SIGTTOU};
// Timers of a program that has become us: it meant them for the program that we run ("alarm 5; exec …").
constexpr std::array kTimers = {SIGALRM, SIGVTALRM, SIGPROF};

std::vector<char*> argument_pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  list.reserve(texts.size() + 1);
  for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

sigset_t set_of(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  return set;
}

void forget_pending(int signal) {
  const sigset_t set = set_of(signal);
  const timespec no_time{};
  sigtimedwait(&set, nullptr, &no_time);
}

// 0, or an errno.
int try_spawn(pid_t& child, const std::vector<std::string>& words, const std::vector<std::string>& environment,
              const sigset_t& mask) {
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &mask);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  const int failed = posix_spawnp(&child, words.front().c_str(), nullptr, &attributes, argument_pointers(words).data(),
                                  argument_pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  return failed;
}

// As execvp(3) has a script without "#!" run; the same words where there is no such file.
std::vector<std::string> as_script(std::vector<std::string> words) {
  const char* const path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): as posix_spawnp looked
  if (auto file = find_program(words.front(), path != nullptr ? path : "")) {
    words.front() = std::move(*file);
    words.insert(words.begin(), "/bin/sh");
  }
  return words;
}

Result<pid_t> spawn(const std::vector<std::string>& words, const std::vector<std::string>& environment,
                    const sigset_t& mask) {
  pid_t child = 0;
  int failed = try_spawn(child, words, environment, mask);
  if (failed == ENOEXEC) failed = try_spawn(child, as_script(words), environment, mask);
  if (failed == 0) return child;
  if (failed == ENOENT) return fail(ErrorCode::kNotFound, fmt::format("{}: no such command", words.front()));
  return fail(io_error(words.front(), failed));
}

// As a shell's job would: stops here until somebody continues us. Where no shell watches (an orphaned process group),
// the system lets it pass.
void stop_like_child(pid_t child, int signal) {
  const sigset_t stop = set_of(signal);
  raise(signal);
  pthread_sigmask(SIG_UNBLOCK, &stop, nullptr);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  kill(child, SIGCONT);
  forget_pending(SIGCONT);
}

std::optional<ChildEnd> look_after(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, WNOHANG | WUNTRACED) == child) {
    if (WIFEXITED(status)) return ChildEnd{.code = WEXITSTATUS(status)};
    if (WIFSIGNALED(status)) return ChildEnd{.signal = WTERMSIG(status)};
    if (WIFSTOPPED(status) && WSTOPSIG(status) != SIGSTOP) stop_like_child(child, WSTOPSIG(status));
  }
  return std::nullopt;
}

// What the terminal sent, the child has got as well; only what a process sent was for us alone. What we write to where
// nobody reads comes as if from a process, ourselves.
bool is_for_child(const siginfo_t& info) {
  if (std::ranges::find(kTimers, info.si_signo) != kTimers.end()) return true;
  return info.si_signo != SIGCHLD && info.si_code <= 0 && info.si_pid != getpid();
}

void hand_on(const siginfo_t& info, pid_t child) {
  if (info.si_code == SI_QUEUE) {
    sigqueue(child, info.si_signo, info.si_value);
  } else {
    kill(child, info.si_signo);
  }
}

}  // namespace

// Those that stop are among them: we stop when the child did, so that nobody waits for the wrong one. SIGCHLD may have
// been left ignored, and the child's end would be lost with it.
HeldSignals::HeldSignals() {
  sigfillset(&all_);
  for (const int signal : kOurs) sigdelset(&all_, signal);
  pthread_sigmask(SIG_BLOCK, &all_, &before_);
  struct sigaction heard{};
  heard.sa_handler = SIG_DFL;
  sigaction(SIGCHLD, &heard, &child_before_);
}

HeldSignals::~HeldSignals() {
  const timespec no_time{};
  while (sigtimedwait(&all_, nullptr, &no_time) > 0) {
  }
  sigaction(SIGCHLD, &child_before_, nullptr);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void HeldSignals::let_stop() const {
  sigset_t mask = all_;
  for (const int signal : kStops) {
    if (sigismember(&before_, signal) == 0) sigdelset(&mask, signal);
  }
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
}

Result<ChildEnd> run_child(const HeldSignals& held, const std::vector<std::string>& words,
                           const std::vector<std::string>& environment, const std::function<void()>& tick,
                           std::chrono::milliseconds every) {
  const auto child = spawn(words, environment, held.before());
  if (!child) return fail(child.error());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(every);
  const timespec patience{.tv_sec = seconds.count(), .tv_nsec = std::chrono::nanoseconds(every - seconds).count()};
  for (;;) {
    siginfo_t info{};
    const int signal = tick ? sigtimedwait(&held.all(), &info, &patience) : sigwaitinfo(&held.all(), &info);
    // First that: one that stops it goes with the stop of ours, if it stopped by itself.
    if (signal > 0 && is_for_child(info)) hand_on(info, *child);
    if (const auto end = look_after(*child)) {
      held.let_stop();
      return *end;
    }
    if (tick) tick();
  }
}

}  // namespace tokometer::app
