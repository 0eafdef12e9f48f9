#include "tokenizer/splitter.h"

#include <initializer_list>

#include "tokenizer/character_class.h"

namespace tokometer::tokenizer {
namespace {

using enum CharacterClass;

// A set of classes, one bit each.
using ClassSet = unsigned;
constexpr ClassSet set_of(std::initializer_list<CharacterClass> classes) {
  ClassSet set = 0;
  for (const CharacterClass one : classes) set |= 1U << static_cast<unsigned>(one);
  return set;
}
constexpr bool contains(ClassSet set, CharacterClass one) { return (set >> static_cast<unsigned>(one) & 1U) != 0; }

constexpr ClassSet kLetters = set_of({kUpper, kLower, kLetter});   // \p{L}
constexpr ClassSet kSpaces = set_of({kSpace, kNewline});           // \s
constexpr ClassSet kSymbols = set_of({kOther, kMark});             // [^\s\p{L}\p{N}]
constexpr ClassSet kPrefixes = set_of({kOther, kMark, kSpace});    // [^\r\n\p{L}\p{N}]
constexpr ClassSet kUpperWord = set_of({kUpper, kLetter, kMark});  // [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]
constexpr ClassSet kLowerWord = set_of({kLower, kLetter, kMark});  // [\p{Ll}\p{Lm}\p{Lo}\p{M}]
constexpr ClassSet kEitherWord = kUpperWord & kLowerWord;

// Where the run of characters of `set` that starts at `at` ends.
std::size_t run_end(ClassSet set, std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const Character character = character_at(text, at);
    if (!contains(set, character.kind)) break;
    at += character.size;
  }
  return at;
}

bool starts_with(ClassSet set, std::string_view text, std::size_t at) {
  return at < text.size() && contains(set, character_at(text, at).kind);
}

std::size_t digits_end(std::string_view text, std::size_t at, int most) {
  for (; most > 0 && starts_with(set_of({kNumber}), text, at); --most) at += character_at(text, at).size;
  return at;
}

std::size_t newlines_end(std::string_view text, std::size_t at, bool slashes) {
  while (at < text.size() && (text[at] == '\r' || text[at] == '\n' || (slashes && text[at] == '/'))) ++at;
  return at;
}

enum class Case { kExact, kIgnored };

// The end of 's, 't, 'm, 'd, 're, 've or 'll; `at` itself if there is none. The
// long s is an s too, as Unicode's simple case folding has it.
std::size_t contraction_end(std::string_view text, std::size_t at, Case letter_case) {
  if (at >= text.size() || text[at] != '\'') return at;
  const auto letter = [&](std::size_t i) {
    if (at + i >= text.size()) return '\0';
    const char c = text[at + i];
    return letter_case == Case::kIgnored && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  switch (letter(1)) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return at + 2;
    case 'r':
    case 'v':
      return letter(2) == 'e' ? at + 3 : at;
    case 'l':
      return letter(2) == 'l' ? at + 3 : at;
    default:
      break;
  }
  return letter_case == Case::kIgnored && text.substr(at + 1).starts_with("\u017F") ? at + 3 : at;
}

struct SpaceRules {
  bool whole_at_end;   // \s++$ comes first
  bool up_to_newline;  // then \s*[\r\n]+
};

// White space, of which there is at least one at `at`: lastly \s+(?!\S), which
// leaves the last one to the word that follows, and \s.
std::size_t spaces_end(SpaceRules rules, std::string_view text, std::size_t at) {
  std::size_t end = at;
  std::size_t last = at;     // start of the last character
  std::size_t newline = at;  // end of the last newline
  while (end < text.size()) {
    const Character character = character_at(text, end);
    if (!contains(kSpaces, character.kind)) break;
    last = end;
    end += character.size;
    if (character.kind == kNewline) newline = end;
  }
  const bool at_end = end == text.size();
  if (at_end && rules.whole_at_end) return end;
  if (rules.up_to_newline && newline > at) return newline;
  return at_end || last == at ? end : last;
}

// '(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s
std::size_t r50k_end(std::string_view text, std::size_t at) {
  if (const std::size_t end = contraction_end(text, at, Case::kExact); end > at) return end;
  const std::size_t word = text[at] == ' ' ? at + 1 : at;
  for (const ClassSet set : {kLetters, set_of({kNumber}), kSymbols}) {
    if (starts_with(set, text, word)) return run_end(set, text, word);
  }
  return spaces_end({.whole_at_end = true, .up_to_newline = false}, text, at);
}

// '(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s
std::size_t cl100k_end(std::string_view text, std::size_t at, bool whole_at_end) {
  if (const std::size_t end = contraction_end(text, at, Case::kIgnored); end > at) return end;
  const Character first = character_at(text, at);
  const std::size_t word = contains(kPrefixes, first.kind) ? at + first.size : at;
  if (starts_with(kLetters, text, word)) return run_end(kLetters, text, word);
  if (first.kind == kNumber) return digits_end(text, at, 3);
  const std::size_t symbols = text[at] == ' ' ? at + 1 : at;
  if (starts_with(kSymbols, text, symbols)) return newlines_end(text, run_end(kSymbols, text, symbols), false);
  return spaces_end({.whole_at_end = whole_at_end, .up_to_newline = true}, text, at);
}

struct CasedWord {
  std::size_t mixed;  // end of upper*lower+; its start if there is no such
  std::size_t upper;  // end of upper+; its start if there is no such
};

// The two forms of a word in o200k: [upper]*[lower]+ and [upper]+[lower]*, where
// letters without case and marks are both. Without a lower-case letter behind the
// run of upper ones, the first form goes back to the last that may be lower; what
// is behind that one is a word of its own.
CasedWord cased_word(std::string_view text, std::size_t at) {
  std::size_t end = at;
  std::size_t either = at;  // end of the last that is both
  while (end < text.size()) {
    const Character character = character_at(text, end);
    if (!contains(kUpperWord, character.kind)) break;
    end += character.size;
    if (contains(kEitherWord, character.kind)) either = end;
  }
  if (starts_with(kLowerWord, text, end)) return {run_end(kLowerWord, text, end), end};
  return {either, end};
}

// [^\r\n\p{L}\p{N}]?UPPER*LOWER+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?UPPER+LOWER*(?i:...)?
// |\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
std::size_t o200k_end(std::string_view text, std::size_t at, bool contractions, int digits) {
  const auto with_contraction = [&](std::size_t end) {
    return contractions ? contraction_end(text, end, Case::kIgnored) : end;
  };
  const Character first = character_at(text, at);
  const std::size_t start = contains(kPrefixes, first.kind) ? at + first.size : at;
  const CasedWord word = cased_word(text, start);
  if (word.mixed > start) return with_contraction(word.mixed);
  // A mark is a prefix or a word, and the first form without a prefix goes before the second.
  if (first.kind == kMark) return with_contraction(cased_word(text, at).mixed);
  if (word.upper > start) return with_contraction(word.upper);
  if (first.kind == kNumber) return digits_end(text, at, digits);
  const std::size_t symbols = text[at] == ' ' ? at + 1 : at;
  if (starts_with(kSymbols, text, symbols)) return newlines_end(text, run_end(kSymbols, text, symbols), true);
  return spaces_end({.whole_at_end = false, .up_to_newline = true}, text, at);
}

}  // namespace

std::size_t piece_end(Pattern pattern, std::string_view text, std::size_t at) {
  switch (pattern) {
    case Pattern::kR50k:
      return r50k_end(text, at);
    case Pattern::kCl100k:
      return cl100k_end(text, at, true);
    case Pattern::kLlama3:
      return cl100k_end(text, at, false);
    case Pattern::kO200k:
      return o200k_end(text, at, true, 3);
    case Pattern::kTekken:
      return o200k_end(text, at, false, 1);
  }
  return text.size();
}

// A letter ends its piece where a space follows: no pattern has a space but at
// the start of a piece or among other white space.
std::size_t last_sure_cut(std::string_view text, std::size_t from) {
  for (std::size_t at = text.size(); at > from + 1;) {
    at = text.rfind(' ', at - 1);
    if (at == std::string_view::npos || at <= from) break;
    const CharacterClass before = character_at(text, at - 1).kind;
    if (before == kLower || before == kUpper) return at;
  }
  return 0;
}

}  // namespace tokometer::tokenizer
