// Colours of the terminal, only where they are allowed.
//
//   const Style style = environment.out.style();
//   environment.out.print("{}\n", style.green("ok"));
//
// Styled text may go into a Table or a Panel: their widths do not count it.
#pragma once

#include <string>
#include <string_view>

namespace tokometer::cli {

class Style {
 public:
  explicit Style(bool enabled = false) : enabled_(enabled) {}

  bool enabled() const { return enabled_; }

  std::string bold(std::string_view text) const { return wrap("1", text); }
  std::string dim(std::string_view text) const { return wrap("2", text); }
  std::string red(std::string_view text) const { return wrap("31", text); }
  std::string green(std::string_view text) const { return wrap("32", text); }
  std::string yellow(std::string_view text) const { return wrap("33", text); }
  std::string blue(std::string_view text) const { return wrap("34", text); }
  std::string magenta(std::string_view text) const { return wrap("35", text); }

 private:
  // ECMA-48, 8.3.117: select graphic rendition `code`, then back to the default.
  std::string wrap(std::string_view code, std::string_view text) const;

  bool enabled_;
};

// `text` with everything taken out that a terminal would obey: control
// characters become "?". For text that came over the network or from a file.
std::string printable(std::string_view text);

}  // namespace tokometer::cli
