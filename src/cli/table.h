// Aligned tables that fit the terminal.
//
//   Table table({{.title = "model"},
//                {.title = "input", .align = Align::kRight},
//                {.title = "path", .priority = 3, .min_width = 8}});
//   table.add({"gpt-5", "12,345", "/v1/responses"});
//   environment.out.write(table.render(environment.out.form(), environment.out.style()));
//
// Too wide: the column with the highest priority number is shortened to its
// min_width (ending in "…"), then left out; then the next. Priority 0 is never
// left out. A file or pipe gets every column in full.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/environment.h"
#include "cli/style.h"

namespace tokometer::cli {

// What stands for the part of a text that was cut off.
inline constexpr std::string_view kEllipsis = "…";

// Columns that `text` takes on a terminal: wide characters take two, combining
// marks and escape sequences none. Bytes that are not UTF-8 count one each.
std::size_t display_width(std::string_view text);

// `text` cut to `width` columns, its last one an ellipsis if something was cut.
// Escape sequences stay whole.
std::string shorten(std::string_view text, std::size_t width);

// `text` with spaces after (before, if `right`) up to `width` columns.
std::string pad(std::string_view text, std::size_t width, bool right = false);

enum class Align { kLeft, kRight };

struct Column {
  std::string_view title;
  Align align = Align::kLeft;
  int priority = 0;           // what may go first when it is too wide: the highest; 0 stays
  std::size_t min_width = 0;  // shortened down to this before it is left out; 0: not shortened
};

class Table {
 public:
  explicit Table(std::vector<Column> columns);

  // One row: a cell for every column; cells may be styled.
  void add(std::vector<std::string> cells);
  // A row that is set off from those above by a rule: totals.
  void add_total(std::vector<std::string> cells);

  bool empty() const { return rows_.empty(); }

  // The whole table with its title line; every line ends in a line feed and fits the form's columns.
  std::string render(const Output::Form& form, const Style& style) const;

 private:
  struct Row {
    std::vector<std::string> cells;
    bool total = false;
  };
  // The width of each column; 0 for one that is left out.
  std::vector<std::size_t> fit(std::size_t columns) const;

  std::vector<Column> columns_;
  std::vector<Row> rows_;
};

}  // namespace tokometer::cli
