// Which encoding a model has, and by what rules its prompts are counted.
//
//   const auto table = ModelTable::load(embedded::tokenizers(), config_folder / "tokenizers");
//   const Model model = (*table)->find("claude-sonnet-4-5");
//   model.family->encoding;  // o200k_base, with model.family->ratio: an estimate
//
// A ModelTable is immutable once loaded and may be shared between threads.
//
// Not here: the files' format (model_file.h), tokenizers (library.h), counting (prompt.h).
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "embedded/embedded.h"
#include "tokenizer/model_file.h"

namespace tokometer::tokenizer {

// Pointers live as long as the table.
struct Model {
  const Family* family;    // never null: unknown models have a family too
  const ChatRule* chat;    // null: no rule
  const ImageRule* image;  // null: no rule
};

class ModelTable {
 public:
  // Reads `builtin`, and over it every *.json of `user_folder` (which may be
  // missing or empty): what is of the user's goes before ours, and replaces ours
  // of the same name. Fails on the first fault: "FILE:LINE: what".
  static Result<std::shared_ptr<const ModelTable>> load(std::span<const embedded::File> builtin,
                                                        const std::filesystem::path& user_folder);

  // By the model's name as calls give it, ignoring case: the first family with a
  // pattern that matches it whole, or what follows its last '/' ("openai/gpt-5").
  Model find(std::string_view model) const;

  // In the order in which they are tried.
  const std::vector<Family>& families() const { return families_; }

 private:
  ModelTable() = default;
  Model model(const Family& family) const;

  std::vector<Family> families_;
  std::vector<ChatRule> chats_;
  std::vector<ImageRule> images_;
  Family unknown_;
};

// Whether `text` matches `pattern`, in which each '*' stands for any text.
bool matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace tokometer::tokenizer
