// A box with a title and lines of a label and a value.
//
//   Panel panel("Token usage");
//   panel.row("Input", style.blue("12,143"));
//   panel.rule();
//   out.write(panel.render(out.form(), &Style::blue));
//
// On a terminal it has a frame; elsewhere it is plain lines: "Input: 12,143".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/environment.h"
#include "cli/style.h"

namespace tokometer::cli {

class Panel {
 public:
  using Color = std::string (Style::*)(std::string_view) const;

  explicit Panel(std::string_view title) : title_(title) {}

  // `value` may be styled.
  void row(std::string_view label, std::string_view value);
  void rule();

  // `frame` is the colour of the frame. Ends in a line feed.
  std::string render(const Output::Form& form, Color frame) const;

 private:
  struct Line {
    std::string label;  // both empty: a rule
    std::string value;
  };
  std::string title_;
  std::vector<Line> lines_;
};

}  // namespace tokometer::cli
