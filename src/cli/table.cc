#include "cli/table.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/check.h"

namespace tokometer::cli {
namespace {

constexpr std::string_view kGap = "  ";
constexpr std::size_t kLeastText = 8;

struct Range {
  char32_t first;
  char32_t last;
};

// The blocks of Unicode that terminals draw two columns wide (East Asian Width W
// and F, and emoji). Whole blocks: an unassigned code point in one does not matter.
constexpr std::array<Range, 18> kWideBlocks{{{0x1100, 0x115f},
                                             {0x231a, 0x231b},
                                             {0x23e9, 0x23ec},
                                             {0x2e80, 0x303e},
                                             {0x3041, 0x33ff},
                                             {0x3400, 0x4dbf},
                                             {0x4e00, 0x9fff},
                                             {0xa000, 0xa4cf},
                                             {0xa960, 0xa97f},
                                             {0xac00, 0xd7a3},
                                             {0xf900, 0xfaff},
                                             {0xfe30, 0xfe6f},
                                             {0xff00, 0xff60},
                                             {0xffe0, 0xffe6},
                                             {0x1f300, 0x1f64f},
                                             {0x1f680, 0x1f6ff},
                                             {0x1f900, 0x1f9ff},
                                             {0x20000, 0x3fffd}}};

// Marks that combine with the character before them, and characters without any shape.
constexpr std::array<Range, 9> kZeroBlocks{{{0x0300, 0x036f},
                                            {0x0483, 0x0489},
                                            {0x0591, 0x05bd},
                                            {0x064b, 0x065f},
                                            {0x1ab0, 0x1aff},
                                            {0x200b, 0x200f},
                                            {0x20d0, 0x20ff},
                                            {0xfe00, 0xfe0f},
                                            {0xfe20, 0xfe2f}}};

bool in(std::span<const Range> ranges, char32_t c) {
  return std::ranges::any_of(ranges, [c](const Range& range) { return c >= range.first && c <= range.last; });
}

struct Glyph {
  std::size_t bytes = 1;
  std::size_t width = 1;
  bool escape = false;
};

// An escape sequence (ECMA-48, 5.4: CSI, parameters, one final byte) at the start of `text`.
std::size_t escape_length(std::string_view text) {
  if (text.size() < 2 || text[0] != '\x1b' || text[1] != '[') return 0;
  for (std::size_t i = 2; i < text.size(); ++i) {
    if (text[i] >= 0x40 && text[i] <= 0x7e) return i + 1;
  }
  return 0;
}

// The first glyph of `text`, which is not empty.
Glyph first_glyph(std::string_view text) {
  if (const std::size_t length = escape_length(text); length != 0) return {length, 0, true};
  const auto lead = static_cast<std::uint8_t>(text[0]);
  std::size_t length = 1;
  char32_t code = lead;
  if (lead >= 0xf0 && lead < 0xf8) {
    length = 4;
    code = lead & 0x07U;
  } else if (lead >= 0xe0 && lead < 0xf0) {
    length = 3;
    code = lead & 0x0fU;
  } else if (lead >= 0xc2 && lead < 0xe0) {
    length = 2;
    code = lead & 0x1fU;
  }
  if (length == 1 || length > text.size()) return {};
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if ((byte & 0xc0U) != 0x80) return {};
    code = (code << 6U) | (byte & 0x3fU);
  }
  if (in(kZeroBlocks, code)) return {length, 0};
  return {length, in(kWideBlocks, code) ? 2U : 1U};
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Glyph glyph = first_glyph(text);
    width += glyph.width;
    text.remove_prefix(glyph.bytes);
  }
  return width;
}

std::string shorten(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::string result;
  std::size_t used = 0;
  bool cut = false;
  while (!text.empty()) {
    const Glyph glyph = first_glyph(text);
    if (!cut && used + glyph.width > width - 1) {
      result += kEllipsis;
      cut = true;
    }
    // What closes a style comes after the cut and must stay.
    if (!cut || glyph.escape) result += text.substr(0, glyph.bytes);
    used += glyph.width;
    text.remove_prefix(glyph.bytes);
  }
  return result;
}

std::string pad(std::string_view text, std::size_t width, bool right) {
  const std::size_t used = display_width(text);
  const std::string spaces(used < width ? width - used : 0, ' ');
  return right ? spaces + std::string(text) : std::string(text) + spaces;
}

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::add(std::vector<std::string> cells) {
  TOKOMETER_CHECK(cells.size() == columns_.size());
  rows_.push_back({std::move(cells), false});
}

void Table::add_total(std::vector<std::string> cells) {
  TOKOMETER_CHECK(cells.size() == columns_.size());
  rows_.push_back({std::move(cells), true});
}

std::vector<std::size_t> Table::fit(std::size_t columns) const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(display_width(column.title));
  for (const Row& row : rows_) {
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], display_width(row.cells[i]));
  }
  if (columns == 0) return widths;

  const auto total = [&] {
    std::size_t sum = 0;
    for (const std::size_t width : widths) sum += width == 0 ? 0 : width + kGap.size();
    return sum == 0 ? 0 : sum - kGap.size();
  };
  // First shorten, then leave out, each from the least important column on.
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < columns_.size(); ++i) order.push_back(i);
  std::ranges::stable_sort(order,
                           [&](std::size_t a, std::size_t b) { return columns_[a].priority > columns_[b].priority; });
  for (const std::size_t i : order) {
    if (total() <= columns) return widths;
    const std::size_t excess = total() - columns;
    const std::size_t minimum = columns_[i].min_width;
    if (minimum != 0 && widths[i] > minimum) widths[i] = std::max(minimum, widths[i] - std::min(excess, widths[i]));
    if (total() > columns && columns_[i].priority > 0) widths[i] = 0;
  }
  // Then whatever is text, before figures would be cut off.
  for (std::size_t i = 0; i < columns_.size() && total() > columns; ++i) {
    if (columns_[i].align == Align::kRight || widths[i] <= kLeastText) continue;
    widths[i] = std::max(kLeastText, widths[i] - std::min(total() - columns, widths[i]));
  }
  return widths;
}

std::string Table::render(const Output::Form& form, const Style& style) const {
  const std::vector<std::size_t> widths = fit(form.columns);
  std::string text;
  const auto line = [&](const auto& cell) {
    std::string row;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (widths[i] == 0) continue;
      if (!row.empty()) row += kGap;
      row += pad(cell(i), widths[i], columns_[i].align == Align::kRight);
    }
    row.erase(row.find_last_not_of(' ') + 1);
    text += form.columns == 0 ? row : shorten(row, form.columns);
    text += '\n';
  };
  line([&](std::size_t i) { return style.bold(shorten(columns_[i].title, widths[i])); });
  bool ruled = false;
  for (const Row& row : rows_) {
    if (row.total && !ruled) {
      line([&](std::size_t i) {
        std::string rule;
        for (std::size_t k = 0; k < widths[i]; ++k) rule += "─";
        return style.dim(rule);
      });
    }
    ruled = row.total;
    line([&](std::size_t i) { return shorten(row.cells[i], widths[i]); });
  }
  return text;
}

}  // namespace tokometer::cli
