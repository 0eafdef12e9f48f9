// The terminal that a program was started on, and whether it is still there.
//
//   const Terminal terminal;  // at the start, before signals are changed
//   … SIGHUP: if (terminal.has_gone()) end(); else reload();
//
// SIGHUP means two things: a terminal was closed (POSIX, General Terminal
// Interface), and, to a service without one, read your settings again.
#pragma once

namespace tokometer::app {

class Terminal {
 public:
  // The controlling terminal of the process, if it has one and does not ignore its end (nohup).
  Terminal();

  // Whether there was one that has gone.
  bool has_gone() const;

 private:
  bool was_there_;
};

}  // namespace tokometer::app
