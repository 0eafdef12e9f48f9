// Takes out of an event stream what came only because its usage was asked for:
// the event with usage and without choices, and `"usage": null` in all others.
//
//   UsageStrip strip;
//   strip.feed(content, out);  // as often as it comes; appends to out
//   strip.finish(out);
//
// Everything else is handed on byte for byte, each event as soon as it is whole:
// half an event is of no use to a client. One longer than kMaxHeldBytes is
// handed on as it is. Lines end as they may (WHATWG HTML, 9.2.6): \n, \r\n or \r.
//
// Not here: asking for it (usage_request.h).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tokometer::proxy {

class UsageStrip {
 public:
  static constexpr std::size_t kMaxHeldBytes = std::size_t{256} << 10U;

  void feed(std::string_view content, std::string& out);
  // The stream has ended: what is held is its last event.
  void finish(std::string& out);

 private:
  void end_line(std::string& out);

  std::string held_;           // of an event that is not whole yet
  bool line_is_empty_ = true;  // of the line being read nothing has come
  bool after_cr_ = false;      // the line before ended with a \r, of which a \n may be a part
  bool passing_ = false;       // the event is too long to be held
  bool handed_on_ = true;      // the event before was, or some of it
};

}  // namespace tokometer::proxy
