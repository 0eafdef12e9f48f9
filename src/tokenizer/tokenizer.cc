#include "tokenizer/tokenizer.h"

#include <array>
#include <utility>

#include "tokenizer/special.h"

namespace tokometer::tokenizer {
namespace {

Pattern pattern_of(Encoding encoding) {
  switch (encoding) {
    case Encoding::kO200kBase:
    case Encoding::kO200kHarmony:
      return Pattern::kO200k;
    case Encoding::kCl100kBase:
      return Pattern::kCl100k;
    case Encoding::kP50kBase:
    case Encoding::kR50kBase:
      return Pattern::kR50k;
    case Encoding::kTekken:
      return Pattern::kTekken;
    case Encoding::kLlama3:
      return Pattern::kLlama3;
  }
  return Pattern::kO200k;
}

}  // namespace

Tokenizer::Tokenizer(Encoding encoding, std::shared_ptr<const Vocabulary> vocabulary)
    : encoding_(encoding), pattern_(pattern_of(encoding)), vocabulary_(std::move(vocabulary)) {}

// Some pieces are found before the first of them is looked up, so that the table's lines are on their way: it is larger
// than the caches near the processor.
std::size_t Tokenizer::count(std::string_view utf8, Merger& merger) const {
  std::array<std::string_view, 16> pieces;
  std::size_t tokens = 0;
  for (std::size_t at = 0; at < utf8.size();) {
    std::size_t found = 0;
    for (; found < pieces.size() && at < utf8.size(); ++found) {
      const std::size_t end = piece_end(pattern_, utf8, at);
      pieces[found] = utf8.substr(at, end - at);
      vocabulary_->prefetch(pieces[found]);
      at = end;
    }
    for (std::size_t i = 0; i < found; ++i) tokens += merger.count(pieces[i]);
  }
  return tokens;
}

std::size_t Tokenizer::count(std::string_view utf8) const {
  Merger merger(*vocabulary_);
  return count(utf8, merger);
}

bool Tokenizer::takes_whole_pieces(std::string_view utf8) const {
  constexpr std::size_t kLongest = Merger::Limits().max_piece_bytes;
  for (std::size_t at = 0; utf8.size() - at > kLongest;) {
    const std::size_t end = piece_end(pattern_, utf8, at);
    if (end - at > kLongest) return false;
    at = end;
  }
  return true;
}

void Tokenizer::encode(std::string_view utf8, std::vector<Token>& tokens, Merger& merger) const {
  for (std::size_t at = 0; at < utf8.size();) {
    const std::size_t end = piece_end(pattern_, utf8, at);
    merger.encode(utf8.substr(at, end - at), tokens);
    at = end;
  }
}

std::vector<Token> Tokenizer::encode(std::string_view utf8) const {
  Merger merger(*vocabulary_);
  std::vector<Token> tokens;
  encode(utf8, tokens, merger);
  return tokens;
}

std::vector<Token> Tokenizer::encode_with_specials(std::string_view utf8) const {
  Merger merger(*vocabulary_);
  std::vector<Token> tokens;
  std::size_t at = 0;
  while (const auto special = find_special(encoding_, utf8, at)) {
    encode(utf8.substr(at, special->at - at), tokens, merger);
    tokens.push_back(special->token);
    at = special->at + special->size;
  }
  encode(utf8.substr(at), tokens, merger);
  return tokens;
}

std::string Tokenizer::decode(const std::vector<Token>& tokens) const {
  std::string text;
  for (const Token token : tokens) text += vocabulary_->bytes_of(token);
  return text;
}

void Counter::feed(std::string_view utf8) {
  while (!utf8.empty()) {
    const std::string_view part = utf8.substr(0, limits_.max_open_bytes - open_.size());
    open_ += part;
    utf8.remove_prefix(part.size());
    if (open_.size() < searched_ + limits_.batch_bytes && open_.size() < limits_.max_open_bytes) continue;
    std::size_t cut = last_sure_cut(open_, searched_);
    searched_ = open_.size() - 1;
    if (cut == 0 && open_.size() == limits_.max_open_bytes) {
      cut = open_.size();
      has_cut_ = true;
    }
    if (cut == 0) continue;
    tokens_ += tokenizer_.count(std::string_view(open_).substr(0, cut), merger_);
    open_.erase(0, cut);
    searched_ = 0;
  }
}

std::size_t Counter::finish() {
  tokens_ += tokenizer_.count(open_, merger_);
  open_.clear();
  searched_ = 0;
  return std::exchange(tokens_, 0);
}

}  // namespace tokometer::tokenizer
