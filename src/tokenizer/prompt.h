// How many tokens a request to a model has: texts, the frame of a chat, tools and images.
//
// Reads the bodies of OpenAI's chat, responses, completion and embedding APIs,
// of Anthropic's, Google's, Amazon's Converse, Cohere's and Ollama's, and of all
// that follow one of them.
//
//   const auto body = json::Document::parse(text);
//   if (is_prompt(body->root())) count = count_prompt(body->root(), table->find(model), *tokenizer);
//
// Not here: which tokenizer and rules a model has (model_table.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/document.h"
#include "tokenizer/model_table.h"
#include "tokenizer/tokenizer.h"

namespace tokometer::tokenizer {

struct PromptCount {
  // Tokens of the model's own.
  std::int64_t texts = 0;  // of messages, instructions, calls of tools and their results
  std::int64_t frame = 0;  // what the chat's form adds
  std::int64_t tools = 0;  // definitions of tools
  std::int64_t images = 0;
  std::int64_t given = 0;  // as ids, in the request itself

  std::size_t messages = 0;
  std::size_t tool_definitions = 0;
  std::size_t schemas = 0;
  std::size_t image_count = 0;
  // What is in the request and not in the count: "audio", "documents", …, each once.
  std::vector<std::string> left_out;
  bool has_cut = false;  // a text has a piece so long that its count may be off

  std::int64_t total() const { return texts + frame + tools + images + given; }
};

// Whether `body` has the shape of a request to a model.
bool is_prompt(json::Node body);

// The name of the model in the body; empty if it is not there.
std::string_view prompt_model(json::Node body);

// `tokenizer` is of model.family->encoding.
PromptCount count_prompt(json::Node body, const Model& model, const Tokenizer& tokenizer);

// What is known of the count: whether it is exact, or else the error in percent, if that was measured.
struct Accuracy {
  bool exact = false;
  std::optional<double> error_percent;
};
Accuracy accuracy_of(const PromptCount& count, const Model& model);
Accuracy accuracy_of_text(const Model& model);

// Tokens of the model's own for a text that has `tokens` of its family's encoding.
std::int64_t own_tokens(const Family& family, std::int64_t tokens);

// A first guess, for when no table is at hand.
std::int64_t guessed_tokens(const Family& family, std::size_t bytes);

}  // namespace tokometer::tokenizer
