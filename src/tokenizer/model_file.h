// One file of what is known of models' tokenizers: data/tokenizers/*.json, or the user's own, as values.
//
// The format is told in docs/tokenizers.md and data/schema/tokenizers.schema.json.
// Reading is strict: an unknown key is a mistake.
//
// Not here: which family a model is of (model_table.h), counting by it (prompt.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/mistakes.h"
#include "tokenizer/encoding.h"

namespace tokometer::tokenizer {

// What the frame of a chat adds to its texts, in tokens of the model's own.
struct ChatRule {
  // How the definitions of tools are written for the model.
  enum class ToolForm : std::uint8_t {
    kSignature,  // as OpenAI's cookbook has it: names, types and descriptions, each with its frame
    kJson        // their JSON
  };
  std::string name;
  std::int64_t per_request = 0;
  std::int64_t per_message = 0;
  std::int64_t per_name = 0;  // of who speaks
  ToolForm tool_form = ToolForm::kJson;
  std::int64_t tools_once = 0;  // if there are tools at all
  std::int64_t per_tool = 0;
  std::string source;
};

// What an image counts.
struct ImageRule {
  enum class Kind : std::uint8_t {
    kTiles,    // OpenAI: scaled into 2048 x 2048 and to 768 on its shorter side, then tiles of 512
    kPatches,  // OpenAI: patches of 32 x 32, at most `max` of them
    kArea,     // Anthropic: pixels, scaled into `max` on its longer side
    kGrid,     // Google: tiles of 768, one for what is 384 at most
    kFixed     // the same for every image
  };
  std::string name;
  Kind kind = Kind::kFixed;
  double base = 0;  // once an image
  double per = 0;   // a tile or patch; of kArea: pixels a token
  std::int64_t max = 0;
  std::string source;
};

// Models that count alike.
struct Family {
  std::string name;
  std::vector<std::string> models;  // patterns, in lower case: "gpt-4o*"
  Encoding encoding = Encoding::kO200kBase;
  // Tokens for each of the encoding's, where the model has a tokenizer of its own that is not public.
  std::optional<double> ratio;
  double bytes_per_token = 3.6;  // for a first guess without a table
  // Percent, as measured: half of all requests are within; of those with tools, if that differs.
  std::optional<double> error;
  std::optional<double> tools_error;
  std::string provider;  // whose prices are meant, unless said; empty: anyone's
  std::string chat;      // names of rules; empty: none
  std::string image;
};

struct ModelFile {
  std::vector<ChatRule> chats;
  std::vector<ImageRule> images;
  std::vector<Family> families;
};

// Reads `content`; what is wrong is added to `mistakes`.
ModelFile read_model_file(std::string_view content, json::Mistakes& mistakes);

}  // namespace tokometer::tokenizer
