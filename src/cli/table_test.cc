#include "cli/table.h"

#include <gtest/gtest.h>

namespace tokometer::cli {
namespace {

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width(""), 0U);
  EXPECT_EQ(display_width("gpt-5"), 5U);
  EXPECT_EQ(display_width("Modèle"), 6U);
  EXPECT_EQ(display_width("e\u0301"), 1U);  // a combining accent
  EXPECT_EQ(display_width("通义千问"), 8U);
  EXPECT_EQ(display_width("🚀"), 2U);
  EXPECT_EQ(display_width("─…"), 2U);
  EXPECT_EQ(display_width("\xff\xfe"), 2U);  // no UTF-8
  EXPECT_EQ(display_width("\xe9"), 1U);      // cut off
  EXPECT_EQ(display_width(Style(true).red("ab")), 2U);
}

TEST(Shorten, CutsToColumnsAndSaysSo) {
  EXPECT_EQ(shorten("abcdef", 6), "abcdef");
  EXPECT_EQ(shorten("abcdef", 5), "abcd…");
  EXPECT_EQ(shorten("abcdef", 1), "…");
  EXPECT_EQ(shorten("abcdef", 0), "");
  EXPECT_EQ(shorten("通义千问", 5), "通义…");
  EXPECT_EQ(shorten("通义千问", 4), "通…");
  EXPECT_EQ(shorten(Style(true).red("abcdef"), 3), Style(true).red("ab…"));
}

TEST(Pad, FillsUpToColumns) {
  EXPECT_EQ(pad("é", 3), "é  ");
  EXPECT_EQ(pad("é", 3, true), "  é");
  EXPECT_EQ(pad("long", 2), "long");
}

Table example_table() {
  Table table({{.title = "model", .min_width = 6},
               {.title = "calls", .align = Align::kRight},
               {.title = "client", .priority = 1, .min_width = 4},
               {.title = "path", .priority = 2}});
  table.add({"claude-sonnet", "12", "claude-code", "/v1/messages"});
  table.add({"gpt-5", "3,456", "codex", "/v1/responses"});
  return table;
}

std::string text_of_table(const Table& table, std::size_t columns) {
  return "\n" + table.render({.is_terminal = columns != 0, .columns = columns, .color = false}, Style(false));
}

TEST(Table, GivesAPipeEverything) {
  EXPECT_EQ(text_of_table(example_table(), 0), R"(
model          calls  client       path
claude-sonnet     12  claude-code  /v1/messages
gpt-5          3,456  codex        /v1/responses
)");
}

TEST(Table, LeavesOutTheLeastImportantColumnFirst) {
  EXPECT_EQ(text_of_table(example_table(), 40), R"(
model          calls  client
claude-sonnet     12  claude-code
gpt-5          3,456  codex
)");
}

TEST(Table, ShortensBeforeItLeavesOut) {
  EXPECT_EQ(text_of_table(example_table(), 28), R"(
model          calls  client
claude-sonnet     12  claud…
gpt-5          3,456  codex
)");
  EXPECT_EQ(text_of_table(example_table(), 20), R"(
model          calls
claude-sonnet     12
gpt-5          3,456
)");
  EXPECT_EQ(text_of_table(example_table(), 14), R"(
model    calls
claude…     12
gpt-5    3,456
)");
}

TEST(Table, NeverWraps) {
  Table table({{.title = "provider"}, {.title = "model"}, {.title = "input", .align = Align::kRight}});
  table.add({"alibaba_cloud", "a-model-with-a-long-name", "1.25"});
  EXPECT_EQ(text_of_table(table, 40), R"(
provider  model                    input
alibaba…  a-model-with-a-long-na…   1.25
)");
  EXPECT_EQ(text_of_table(table, 12), "\nprovider  m…\nalibaba…  a…\n");
}

TEST(Table, SetsTotalsOffByOneRule) {
  Table table({{.title = "day"}, {.title = "cost", .align = Align::kRight}});
  table.add({"Monday", "$1"});
  table.add_total({"sum", "$1"});
  table.add_total({"", "+ ?"});
  EXPECT_EQ(text_of_table(table, 80), "\nday     cost\nMonday    $1\n──────  ────\nsum       $1\n         + ?\n");
}

TEST(Table, KeepsStyledCellsAligned) {
  Table table({{.title = "a"}, {.title = "b"}});
  table.add({Style(true).green("yes"), "1"});
  table.add({"no", "2"});
  EXPECT_EQ(text_of_table(table, 80), "\na    b\n" + Style(true).green("yes") + "  1\nno   2\n");
}

TEST(Table, BreaksOffOnARowOfTheWrongLength) {
  Table table({{.title = "a"}});
  EXPECT_DEATH(table.add({"1", "2"}), "cells.size");
}

}  // namespace
}  // namespace tokometer::cli
