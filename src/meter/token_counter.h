// Counts text for estimates as the model's tokenizer does, or as near to it as
// is known (tokenizer/).
//
// A table that is not loaded yet is loaded in the background, and until then
// the family's bytes a token stand in for it: no worker waits. Who reads
// recordings may wait instead.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "meter/estimate.h"
#include "tokenizer/library.h"
#include "tokenizer/model_table.h"

namespace tokometer::meter {

class TokenCounter final : public TextCounter {
 public:
  enum class Wait : std::uint8_t { kNever, kForTables };

  TokenCounter(std::shared_ptr<const tokenizer::Library> library, std::shared_ptr<const tokenizer::ModelTable> models,
               Wait wait)
      : library_(std::move(library)), models_(std::move(models)), wait_(wait) {}

  void prepare(std::string_view model) const override;
  State state(std::string_view model) const override;
  void load(std::string_view model) const override;
  std::int64_t count(std::string_view model, std::string_view text) const override;
  std::optional<std::int64_t> count_request(std::string_view model, std::string_view body) const override;

 private:
  // Null if there is no table, or not yet.
  const tokenizer::Tokenizer* tokenizer_of(const tokenizer::Model& model) const;

  std::shared_ptr<const tokenizer::Library> library_;
  std::shared_ptr<const tokenizer::ModelTable> models_;
  Wait wait_;
};

}  // namespace tokometer::meter
