#include "tokenizer/library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "tokenizer/small_vocabulary.h"
#include "wire/content_coding.h"

namespace tokometer::tokenizer {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class LibraryTest : public testing::Test {
 protected:
  LibraryTest() {
    std::string name = testing::TempDir() + "library_XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~LibraryTest() override { fs::remove_all(folder_); }
  void write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }

  fs::path folder_;
};

TEST_F(LibraryTest, SaysWhatIsMissingAndWhereItMayCome) {
  const Library library({}, folder_);
  EXPECT_EQ(library.find(Encoding::kLlama3), nullptr);
  EXPECT_EQ(library.ready(Encoding::kLlama3), nullptr);
  const Error error = library.why(Encoding::kLlama3);
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_THAT(error.message, HasSubstr("llama3.tiktoken"));
  EXPECT_THAT(error.message, HasSubstr(folder_.string()));
}

TEST_F(LibraryTest, TakesTheUsersTableFirst) {
  write("cl100k_base.tiktoken", small_table({"hello"}));
  const Library library({}, folder_);
  ASSERT_NE(library.find(Encoding::kCl100kBase), nullptr) << library.why(Encoding::kCl100kBase).message;
  EXPECT_EQ(library.find(Encoding::kCl100kBase)->count("hello"), 1U);
  EXPECT_EQ(library.ready(Encoding::kCl100kBase), library.find(Encoding::kCl100kBase));
}

TEST_F(LibraryTest, NamesAFileThatCannotBeRead) {
  write("cl100k_base.tiktoken", "nonsense");
  const Library library({}, folder_);
  EXPECT_EQ(library.find(Encoding::kCl100kBase), nullptr);
  EXPECT_THAT(library.why(Encoding::kCl100kBase).message, HasSubstr("cl100k_base.tiktoken: table of tokens: line 1"));
}

TEST_F(LibraryTest, LoadsOnceForAllThreads) {
  write("o200k_base.tiktoken", small_table({"hello"}));
  const Library library({}, folder_);
  library.prepare(Encoding::kO200kBase);
  library.prepare(Encoding::kO200kBase);
  std::vector<const Tokenizer*> found(8);
  {
    std::vector<std::jthread> threads;
    for (const Tokenizer*& place : found) {
      threads.emplace_back([&library, &place] { place = library.find(Encoding::kO200kBase); });
    }
  }
  ASSERT_NE(found[0], nullptr);
  for (const Tokenizer* tokenizer : found) EXPECT_EQ(tokenizer, found[0]);
  // harmony has o200k's table, and special tokens of its own.
  const Tokenizer* harmony = library.find(Encoding::kO200kHarmony);
  ASSERT_NE(harmony, nullptr);
  EXPECT_EQ(harmony->count("hello"), 1U);
  EXPECT_EQ(harmony->encode_with_specials("<|start|>").size(), 1U);
  EXPECT_GT(found[0]->encode_with_specials("<|start|>").size(), 1U);
}

TEST_F(LibraryTest, AddsRunsOfSpacesToP50k) {
  std::string plain = "256\n" + std::string(256, '\1');
  for (int byte = 0; byte < 256; ++byte) plain += static_cast<char>(byte);
  const std::string packed = wire::content_coding::encode(wire::content_coding::Coding::kBrotli, plain);
  const std::vector<embedded::File> tables{{"r50k_base.ranks", packed}};
  const Library library(tables, {});
  ASSERT_NE(library.find(Encoding::kR50kBase), nullptr) << library.why(Encoding::kR50kBase).message;
  EXPECT_EQ(library.find(Encoding::kR50kBase)->count(std::string(25, ' ')), 25U);
  EXPECT_EQ(library.find(Encoding::kP50kBase)->encode(std::string(25, ' ')), std::vector<Token>{50280});
  EXPECT_EQ(library.find(Encoding::kP50kBase)->encode("  "), std::vector<Token>{50257});
}

}  // namespace
}  // namespace tokometer::tokenizer
