#include "cli/panel.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/table.h"

namespace tokometer::cli {
namespace {

constexpr std::size_t kMaxWidth = 60;  // of the whole panel, frame included
constexpr std::size_t kMinWidth = 20;
constexpr std::size_t kFrame = 4;  // "│ " and " │"

std::string repeated(std::string_view text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

}  // namespace

void Panel::row(std::string_view label, std::string_view value) {
  lines_.push_back({std::string(label), std::string(value)});
}

void Panel::rule() { lines_.emplace_back(); }

std::string Panel::render(const Output::Form& form, Color frame) const {
  std::string text;
  if (!form.is_terminal) {
    text = title_ + "\n";
    for (const Line& line : lines_) {
      if (!line.label.empty()) text += fmt::format("  {}: {}\n", line.label, line.value);
    }
    return text;
  }
  std::size_t labels = 0;
  for (const Line& line : lines_) labels = std::max(labels, display_width(line.label));
  std::size_t inner = display_width(title_) + 2;
  for (const Line& line : lines_) inner = std::max(inner, labels + 2 + display_width(line.value));
  const std::size_t most = form.columns == 0 ? kMaxWidth : std::clamp(form.columns, kMinWidth, kMaxWidth);
  inner = std::min(inner, most - kFrame);

  const Style style(form.color);
  const auto framed = [&](std::string_view part) { return (style.*frame)(part); };
  const std::string title = shorten(title_, inner - 2);
  text +=
      framed("╭─ ") + style.bold(title) + framed(" " + repeated("─", inner - display_width(title) - 1) + "╮") + "\n";
  for (const Line& line : lines_) {
    if (line.label.empty()) {
      text += framed("├" + repeated("─", inner + 2) + "┤") + "\n";
      continue;
    }
    const std::string content = shorten(pad(line.label, labels) + "  " + line.value, inner);
    text += framed("│") + " " + pad(content, inner) + " " + framed("│") + "\n";
  }
  return text + framed("╰" + repeated("─", inner + 2) + "╯") + "\n";
}

}  // namespace tokometer::cli
