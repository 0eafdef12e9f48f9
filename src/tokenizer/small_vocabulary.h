// A vocabulary for tests, made without the tables that packages carry: all bytes, and some tokens of more.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/vocabulary.h"
#include "wire/base64.h"

namespace tokometer::tokenizer {

// In the published text form; the ranks of `more` start at 256.
inline std::string small_table(const std::vector<std::string>& more) {
  std::string text;
  Token rank = 0;
  const auto add = [&](std::string_view token) {
    text += wire::base64::encode(token) + " " + std::to_string(rank++) + "\n";
  };
  for (int byte = 0; byte < 256; ++byte) {
    const char one = static_cast<char>(byte);
    add({&one, 1});
  }
  for (const std::string& token : more) add(token);
  return text;
}

// Runs of letters and of spaces, some words: what merges in several ways.
inline std::shared_ptr<const Vocabulary> small_vocabulary() {
  std::vector<std::string> more{"th",       "he",   "the",      " t",   " the", "in",    "ing",
                                "aa",       "aaaa", "aaaaaaaa", "ab",   "  ",   "    ",  "\n\n",
                                "\xC3\xA9", "er",   "her",      "ther", "hing", "thing", "something"};
  return std::make_shared<const Vocabulary>(std::move(*Vocabulary::parse(small_table(more))));
}

}  // namespace tokometer::tokenizer
