// How many tokens a text has, by a model's own rules.
//
//   const Tokenizer* tokenizer = library.find(Encoding::kO200kBase);
//   if (tokenizer != nullptr) tokens = tokenizer->count("hello world");  // 2
//
// Counts are those of tiktoken (encode_ordinary): special tokens in the text are
// text. The time is linear in the text's length, but for pieces without a break
// ("aaaa…"), which take O(n log n).
//
//   Counter counter(*tokenizer);  // the same for a text that comes in parts
//   while (read(buffer)) counter.feed(buffer);
//   tokens = counter.finish();
//
// A Tokenizer is immutable and may be shared between threads.
//
// Not here: which encoding a model has (model_table.h), what a chat's frame adds
// (prompt.h), where tables come from (library.h).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/encoding.h"
#include "tokenizer/merge.h"
#include "tokenizer/splitter.h"
#include "tokenizer/vocabulary.h"

namespace tokometer::tokenizer {

class Tokenizer {
 public:
  Tokenizer(Encoding encoding, std::shared_ptr<const Vocabulary> vocabulary);

  Encoding encoding() const { return encoding_; }

  std::size_t count(std::string_view utf8) const;
  // Whether no piece of the text is so long that it is taken as several, by which count() may be a few tokens off.
  bool takes_whole_pieces(std::string_view utf8) const;
  std::vector<Token> encode(std::string_view utf8) const;
  // The same, with the encoding's special tokens taken for what they are (tiktoken's allowed_special="all").
  std::vector<Token> encode_with_specials(std::string_view utf8) const;
  // The bytes that the tokens stand for; special and unknown tokens stand for none.
  std::string decode(const std::vector<Token>& tokens) const;

 private:
  friend class Counter;
  std::size_t count(std::string_view utf8, Merger& merger) const;
  void encode(std::string_view utf8, std::vector<Token>& tokens, Merger& merger) const;

  Encoding encoding_;
  Pattern pattern_;
  std::shared_ptr<const Vocabulary> vocabulary_;
};

// Counts a text that comes in parts, however it is cut. The memory is bounded:
// up to max_open_bytes are held until a place comes at which every piece ends (a
// space behind an ASCII letter). In text without one, the cut that is then made may cost a token more.
class Counter {
 public:
  struct Limits {
    std::size_t batch_bytes = std::size_t{64} << 10;
    std::size_t max_open_bytes = std::size_t{4} << 20;
  };

  // The tokenizer must outlive the counter.
  explicit Counter(const Tokenizer& tokenizer) : Counter(tokenizer, Limits()) {}
  Counter(const Tokenizer& tokenizer, const Limits& limits)
      : tokenizer_(tokenizer), limits_(limits), merger_(*tokenizer.vocabulary_) {}

  void feed(std::string_view utf8);
  // The count of all that was fed. Feeding may start anew then, from 0.
  std::size_t finish();
  // Whether a cut was ever made where a piece may not end: then the count may be off.
  bool has_cut() const { return has_cut_; }

 private:
  const Tokenizer& tokenizer_;
  Limits limits_;
  Merger merger_;
  std::string open_;          // not yet counted
  std::size_t searched_ = 0;  // of open_: no sure cut before
  std::size_t tokens_ = 0;
  bool has_cut_ = false;
};

}  // namespace tokometer::tokenizer
