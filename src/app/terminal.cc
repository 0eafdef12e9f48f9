#include "app/terminal.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

namespace tokometer::app {
namespace {

bool can_open_terminal() {
  const int descriptor = ::open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return false;
  ::close(descriptor);
  return true;
}

bool ignores_hangup() {
  struct sigaction action{};
  return ::sigaction(SIGHUP, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

Terminal::Terminal() : was_there_(!ignores_hangup() && can_open_terminal()) {}

bool Terminal::has_gone() const { return was_there_ && !can_open_terminal(); }

}  // namespace tokometer::app
