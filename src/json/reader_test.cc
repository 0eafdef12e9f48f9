#include "json/reader.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "json/split_test.h"

namespace tokometer::json {
namespace {

// Tokens as text, one a line, with the pieces of each put together: `name a @1-4`. A chunk is copied to
// the heap first, so that a read past its end is seen by the address sanitizer.
std::string read(const std::vector<std::string_view>& pieces, std::string_view skip_after = {}) {
  Reader reader;
  std::string out;
  std::string text;
  bool in_token = false;
  const auto take = [&](Token token) {
    if (token == Token::kName || token == Token::kString || token == Token::kNumber) {
      if (!in_token) text.clear();
      text += reader.piece();
      in_token = !reader.piece_is_last();
      if (in_token) return;
    } else {
      text.clear();
    }
    constexpr std::string_view kNames[] = {"more",  "error",   "{",       "}",    "[",     "]",
                                           "name ", "string ", "number ", "true", "false", "null"};
    out += kNames[static_cast<std::size_t>(token)];
    out += text + " @" + std::to_string(reader.token_begin()) + "-" + std::to_string(reader.position()) + "\n";
    const bool opens = token == Token::kBeginObject || token == Token::kBeginArray;
    if (token == Token::kName) in_token = false;
    if (opens && !skip_after.empty() && out.find(skip_after) != std::string::npos) reader.skip();
  };
  for (const std::string_view piece : pieces) {
    const std::vector<char> copy(piece.begin(), piece.end());
    reader.feed({copy.data(), copy.size()});
    for (Token token; (token = reader.next()) != Token::kMore;) {
      if (token == Token::kError) return out + to_string(reader.error());
      take(token);
    }
  }
  reader.feed({});
  for (Token token; (token = reader.finish()) != Token::kMore;) {
    if (token == Token::kError) return out + to_string(reader.error());
    take(token);
  }
  return out;
}

std::string reading_error(std::string_view text) {
  const std::string whole = read({text});
  const std::string last = whole.substr(whole.rfind('\n') + 1);
  for_each_split(text, [&](const auto& pieces) {
    const std::string cut = read(pieces);
    EXPECT_EQ(cut.substr(cut.rfind('\n') + 1), last);
  });
  return last;
}

TEST(Reader, TokensAndTheirPlacesWhateverTheCut) {
  constexpr std::string_view kText =
      " {\"a\" : [1, -2.5e+10 ,\"x\\n\\u00e9\"] ,\"\":{}, \"t\":[true,false,null,[]]}\r\n";
  constexpr std::string_view kTokens =
      "{ @1-2\n"
      "name a @2-5\n"
      "[ @8-9\n"
      "number 1 @9-10\n"
      "number -2.5e+10 @12-20\n"
      "string x\\n\\u00e9 @22-33\n"
      "] @33-34\n"
      "name  @36-38\n"
      "{ @39-40\n"
      "} @40-41\n"
      "name t @43-46\n"
      "[ @47-48\n"
      "true @48-52\n"
      "false @53-58\n"
      "null @59-63\n"
      "[ @64-65\n"
      "] @65-66\n"
      "] @66-67\n"
      "} @67-68\n";
  for_each_split(kText, [&](const auto& pieces) { EXPECT_EQ(read(pieces), kTokens); });
}

TEST(Reader, ScalarsAtTheTop) {
  for_each_split("-12.5", [](const auto& pieces) { EXPECT_EQ(read(pieces), "number -12.5 @0-5\n"); });
  for_each_split(" 0 ", [](const auto& pieces) { EXPECT_EQ(read(pieces), "number 0 @1-2\n"); });
  for_each_split("\"\"", [](const auto& pieces) { EXPECT_EQ(read(pieces), "string  @0-2\n"); });
  for_each_split("null", [](const auto& pieces) { EXPECT_EQ(read(pieces), "null @0-4\n"); });
}

TEST(Reader, PassesOverAByteOrderMark) {
  for_each_split("\xef\xbb\xbf[]", [](const auto& pieces) { EXPECT_EQ(read(pieces), "[ @3-4\n] @4-5\n"); });
  EXPECT_EQ(reading_error("\xef\xbb[]"), "byte 2: unexpected character");
  EXPECT_EQ(reading_error("[]\xef\xbb\xbf"), "byte 2: something after the end");
}

TEST(Reader, LongStringsAndNames) {
  const std::string long_text(1000, 'x');
  const std::string text = "{\"" + long_text + "\":\"" + long_text + "\\\\" + long_text + "\"}";
  const std::string whole = read({text});
  EXPECT_NE(whole.find("name " + long_text + " @1-1003\n"), std::string::npos);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(read({std::string_view(text).substr(0, cut), std::string_view(text).substr(cut)}), whole);
  }
}

TEST(Reader, SkipsContainers) {
  constexpr std::string_view kText =
      "{\"skip\":{\"a\":[1,{\"b\":\"]}\\\"\\\\\"}],\"long\":\"0123456789012345678901234567890123456789\\\\\",\"c\":{}},"
      "\"z\":3}";
  for_each_split(kText, [](const auto& pieces) {
    const std::string tokens = read(pieces, "name skip");
    EXPECT_TRUE(tokens.starts_with("{ @0-1\nname skip @1-7\n{ @8-9\n} @90-91\n")) << tokens;
    EXPECT_TRUE(tokens.ends_with("number 3 @96-97\n} @97-98\n")) << tokens;
  });
}

TEST(Reader, SkippedContainersMustCloseAsTheyOpened) {
  for_each_split("{\"skip\":[1,2},\"z\":3}", [](const auto& pieces) {
    EXPECT_TRUE(read(pieces, "name skip").ends_with("byte 12: unexpected character"));
  });
  for_each_split("{\"skip\":[\"",
                 [](const auto& pieces) { EXPECT_TRUE(read(pieces, "name skip").ends_with("byte 10: cut short")); });
}

TEST(Reader, IgnoresAMembersValue) {
  constexpr std::string_view kText = R"({"a":"x\ny","a":-1.5,"a":[{"a":"}"}],"a":{},"a":null,"b":[]})";
  for_each_split(kText, [&](const auto& pieces) {
    std::string tokens;
    Reader reader;
    for (const std::string_view piece : pieces) {
      reader.feed(piece);
      for (Token token; (token = reader.next()) > Token::kError;) {
        if (token == Token::kName && !reader.piece_is_last()) continue;
        tokens += std::to_string(static_cast<int>(token)) + " ";
        if (token == Token::kName && reader.piece_is_last() && reader.position() < kText.find("\"b\"")) {
          reader.ignore_value();
        }
      }
    }
    EXPECT_TRUE(reader.complete());
    EXPECT_EQ(tokens, "2 6 6 6 6 6 6 4 5 3 ");  // { six names [ ] }
  });
}

TEST(Reader, RefusesWhatTheGrammarDoesNotHave) {
  EXPECT_EQ(reading_error("[1,]"), "byte 3: unexpected character");
  EXPECT_EQ(reading_error("[,1]"), "byte 1: unexpected character");
  EXPECT_EQ(reading_error("[1 2]"), "byte 3: unexpected character");
  EXPECT_EQ(reading_error("{\"a\":1,}"), "byte 7: unexpected character");
  EXPECT_EQ(reading_error("{\"a\" 1}"), "byte 5: unexpected character");
  EXPECT_EQ(reading_error("{a:1}"), "byte 1: unexpected character");
  EXPECT_EQ(reading_error("{1:1}"), "byte 1: unexpected character");
  EXPECT_EQ(reading_error("[1}"), "byte 2: unexpected character");
  EXPECT_EQ(reading_error("{\"a\":1]"), "byte 6: unexpected character");
  EXPECT_EQ(reading_error("]"), "byte 0: unexpected character");
  EXPECT_EQ(reading_error("nul!"), "byte 3: unexpected character");
  EXPECT_EQ(reading_error("NaN"), "byte 0: unexpected character");
  EXPECT_EQ(reading_error("'a'"), "byte 0: unexpected character");
  EXPECT_EQ(reading_error(std::string_view("\0", 1)), "byte 0: unexpected character");
  EXPECT_EQ(reading_error("/* */1"), "byte 0: unexpected character");
}

TEST(Reader, RefusesNumbersThatAreNone) {
  EXPECT_EQ(reading_error("[01]"), "byte 2: unexpected character");
  EXPECT_EQ(reading_error("[-]"), "byte 2: unexpected character");
  EXPECT_EQ(reading_error("[+1]"), "byte 1: unexpected character");
  EXPECT_EQ(reading_error("[.5]"), "byte 1: unexpected character");
  EXPECT_EQ(reading_error("[1.]"), "byte 3: unexpected character");
  EXPECT_EQ(reading_error("[1e]"), "byte 3: unexpected character");
  EXPECT_EQ(reading_error("[1e+]"), "byte 4: unexpected character");
  EXPECT_EQ(reading_error("[0x1]"), "byte 2: unexpected character");
  EXPECT_EQ(reading_error("1."), "byte 2: cut short");
  EXPECT_EQ(reading_error("-"), "byte 1: cut short");
}

TEST(Reader, RefusesBadStrings) {
  EXPECT_EQ(reading_error("\"a\nb\""), "byte 2: control character in a string");
  EXPECT_EQ(reading_error(std::string_view("\"\0\"", 3)), "byte 1: control character in a string");
  EXPECT_EQ(reading_error("\"0123456789012345678\x1f\""), "byte 20: control character in a string");
  EXPECT_EQ(reading_error("\"\\x\""), "byte 2: no such escape");
  EXPECT_EQ(reading_error("\"\\u12g4\""), "byte 5: no such escape");
  EXPECT_EQ(reading_error("\"\\u12"), "byte 5: cut short");
}

TEST(Reader, RefusesWhatIsMissingOrTooMuch) {
  EXPECT_EQ(reading_error(""), "byte 0: cut short");
  EXPECT_EQ(reading_error("  "), "byte 2: cut short");
  EXPECT_EQ(reading_error("{\"a\""), "byte 4: cut short");
  EXPECT_EQ(reading_error("[[]"), "byte 3: cut short");
  EXPECT_EQ(reading_error("tru"), "byte 3: cut short");
  EXPECT_EQ(reading_error("{} {}"), "byte 3: something after the end");
  EXPECT_EQ(reading_error("1 2"), "byte 2: something after the end");
}

TEST(Reader, StopsAtItsDepth) {
  const std::string open(Reader::kMaxDepth, '[');
  const std::string close(Reader::kMaxDepth, ']');
  EXPECT_TRUE(read({open + close}).ends_with("] @1023-1024\n"));
  EXPECT_TRUE(read({open + "[" + close + "]"}).ends_with("byte 512: nested too deep"));
}

TEST(Reader, StaysWrongUntilReset) {
  Reader reader;
  reader.feed("[}");
  EXPECT_EQ(reader.next(), Token::kBeginArray);
  EXPECT_EQ(reader.next(), Token::kError);
  reader.feed("]");
  EXPECT_EQ(reader.next(), Token::kError);
  EXPECT_EQ(reader.error(), (ReadError{ReadErrorCode::kUnexpected, 1}));
  reader.reset();
  reader.feed("[]");
  EXPECT_EQ(reader.next(), Token::kBeginArray);
  EXPECT_EQ(reader.next(), Token::kEndArray);
  EXPECT_TRUE(reader.complete());
}

}  // namespace
}  // namespace tokometer::json
