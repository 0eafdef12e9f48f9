// The counts are tiktoken's: its own vectors and those made with it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "embedded/embedded.h"
#include "json/document.h"
#include "tokenizer/library.h"

namespace tokometer::tokenizer {
namespace {

TEST(TiktokenSuite, EveryVector) {
  const std::filesystem::path file = std::filesystem::path(TOKOMETER_SHARED_DIR) / "data/suites/tiktoken/vectors.jsonl";
  std::ifstream stream(file);
  const Library library(embedded::rank_tables(), {});
  if (!stream || library.find(Encoding::kO200kBase) == nullptr) {
    ASSERT_EQ(std::getenv("CI"), nullptr) << "the suite or a table of tokens is missing";
    GTEST_SKIP() << "no " << file << ", or no tables of tokens";
  }
  std::size_t count = 0;
  for (std::string line; std::getline(stream, line);) {
    const auto document = json::Document::parse(line);
    ASSERT_TRUE(document) << document.error().message;
    const json::Node row = document->root();
    SCOPED_TRACE(line.substr(0, 200));
    const auto encoding = encoding_named(row["encoding"].string().value_or(""));
    ASSERT_TRUE(encoding);
    const Tokenizer* tokenizer = library.find(*encoding);
    ASSERT_NE(tokenizer, nullptr) << library.why(*encoding).message;
    std::vector<Token> expected;
    for (const json::Node id : row["ids"].elements()) expected.push_back(static_cast<Token>(id.int64().value()));
    const std::string_view text = row["text"].string().value();
    if (row["allowed_special"]) {
      EXPECT_EQ(tokenizer->encode_with_specials(text), expected);
    } else {
      EXPECT_EQ(tokenizer->encode(text), expected);
      EXPECT_EQ(tokenizer->count(text), expected.size());
      EXPECT_EQ(tokenizer->decode(expected), text);
    }
    ++count;
  }
  EXPECT_EQ(count, 393U);
}

}  // namespace
}  // namespace tokometer::tokenizer
