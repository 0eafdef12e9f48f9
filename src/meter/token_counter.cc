#include "meter/token_counter.h"

#include <string>

#include "json/document.h"
#include "tokenizer/prompt.h"

namespace tokometer::meter {

const tokenizer::Tokenizer* TokenCounter::tokenizer_of(const tokenizer::Model& model) const {
  const tokenizer::Encoding encoding = model.family->encoding;
  if (wait_ == Wait::kForTables) return library_->find(encoding);
  const tokenizer::Tokenizer* const ready = library_->ready(encoding);
  if (ready == nullptr) library_->prepare(encoding);
  return ready;
}

void TokenCounter::prepare(std::string_view model) const { tokenizer_of(models_->find(model)); }

TextCounter::State TokenCounter::state(std::string_view model) const {
  const tokenizer::Model found = models_->find(model);
  if (tokenizer_of(found) != nullptr) return State::kReady;
  return library_->is_settled(found.family->encoding) ? State::kMissing : State::kLoading;
}

void TokenCounter::load(std::string_view model) const { library_->find(models_->find(model).family->encoding); }

std::int64_t TokenCounter::count(std::string_view model, std::string_view text) const {
  const tokenizer::Model found = models_->find(model);
  const tokenizer::Tokenizer* const tokenizer = tokenizer_of(found);
  if (tokenizer == nullptr) return tokenizer::guessed_tokens(*found.family, text.size());
  return tokenizer::own_tokens(*found.family, static_cast<std::int64_t>(tokenizer->count(text)));
}

std::optional<std::int64_t> TokenCounter::count_request(std::string_view model, std::string_view body) const {
  const tokenizer::Model found = models_->find(model);
  const tokenizer::Tokenizer* const tokenizer = tokenizer_of(found);
  if (tokenizer == nullptr) return std::nullopt;
  const auto document = json::Document::parse(std::string(body));
  if (!document || !tokenizer::is_prompt(document->root())) return std::nullopt;
  return tokenizer::count_prompt(document->root(), found, *tokenizer).total();
}

}  // namespace tokometer::meter
