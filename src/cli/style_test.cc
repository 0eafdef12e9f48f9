#include "cli/style.h"

#include <gtest/gtest.h>

namespace tokometer::cli {
namespace {

TEST(Style, ColoursOnlyWhereItIsAllowed) {
  EXPECT_EQ(Style(true).blue("x"), "\x1b[34mx\x1b[0m");
  EXPECT_EQ(Style(true).bold(""), "");
  EXPECT_EQ(Style(false).blue("x"), "x");
}

TEST(Printable, TakesOutWhatATerminalWouldObey) {
  EXPECT_EQ(printable("gpt-5 é 通"), "gpt-5 é 通");
  EXPECT_EQ(printable("a\x1b[2Jb\nc\td\x7f"), "a?[2Jb?c?d?");
  EXPECT_EQ(printable("a\xc2\x9b"
                      "2Jb"),
            "a?2Jb");  // CSI as one C1 character
  EXPECT_EQ(printable("\xc2\xa0"), "\xc2\xa0");
}

}  // namespace
}  // namespace tokometer::cli
