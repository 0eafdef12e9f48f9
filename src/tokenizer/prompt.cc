#include "tokenizer/prompt.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>

#include "tokenizer/image_tokens.h"
#include "wire/base64.h"

namespace tokometer::tokenizer {
namespace {

using json::Member;
using json::Node;

// Deeper content is not read: results of tools within results of tools.
constexpr int kMaxDepth = 8;
constexpr std::string_view kReferred = "what is only referred to";
// A string instead of messages, a number instead of a text.
constexpr std::string_view kMisshapen = "what has another shape than requests have";
// Of an image's file, enough to find its size in.
constexpr std::size_t kImageHead = std::size_t{256} << 10;

// Appends the value without white space between its parts.
void append_compact(Node value, std::string& out) {
  bool quoted = false;
  bool escaped = false;
  for (const char c : value.raw()) {
    if (quoted) {
      quoted = escaped || c != '"';
      escaped = !escaped && c == '\\';
    } else {
      if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
      quoted = c == '"';
    }
    out += c;
  }
}

// The first of these members that is there.
Node any_of(Node object, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (const Node value = object[name]) return value;
  }
  return {};
}

std::string_view text_of(Node value) { return value.string().value_or(""); }

class PromptReader {
 public:
  PromptReader(const Model& model, const Tokenizer& tokenizer) : model_(model), tokenizer_(tokenizer) {}

  PromptCount read(Node body) {
    // Snippets of Google's API wrap the request once more.
    if (const Node wrapped = body["request"]; wrapped["contents"]) body = wrapped;
    if (const Node system = any_of(body, {"system", "instructions", "preamble"})) message(system);
    if (const Node system = any_of(body, {"systemInstruction", "system_instruction"})) message(system["parts"]);
    messages(body["messages"]);
    if (const Node turns = body["contents"]; turns && !turns.is_array() && !turns.is_object()) leave_out(kMisshapen);
    for (const Node turn : body["contents"].elements()) message(turn["parts"]);
    if (body["contents"].is_object()) message(body["contents"]["parts"]);
    input(any_of(body, {"input", "texts", "inputText"}));
    prompt(body["prompt"]);
    for (const Node turn : body["chat_history"].elements()) message(turn["message"]);
    if (const Node text = body["message"]) message(text);
    tools(any_of(body, {"tools", "functions"}));
    tools(body["toolConfig"]["tools"]);
    schemas(body);
    if (any_of(body, {"previous_response_id", "conversation", "cachedContent", "assistant_id", "thread_id"})
            .is_string()) {
      leave_out(kReferred);
    }
    return finish();
  }

 private:
  PromptCount finish() {
    if (!has_read_ && count_.left_out.empty()) leave_out(kMisshapen);
    const Family& family = *model_.family;
    count_.texts = own_tokens(family, text_tokens_);
    count_.tools = own_tokens(family, tool_tokens_);
    if (const ChatRule* const chat = model_.chat; chat != nullptr) {
      if (count_.messages > 0) {
        count_.frame += chat->per_request + chat->per_message * static_cast<std::int64_t>(count_.messages) +
                        chat->per_name * names_;
      }
      if (count_.tool_definitions > 0) {
        count_.tools += chat->tools_once + chat->per_tool * static_cast<std::int64_t>(count_.tool_definitions);
      }
    }
    return std::move(count_);
  }

  std::int64_t tokens(std::string_view utf8) {
    has_read_ = true;
    if (!tokenizer_.takes_whole_pieces(utf8)) count_.has_cut = true;
    return static_cast<std::int64_t>(tokenizer_.count(utf8));
  }
  void text(std::string_view utf8) { text_tokens_ += tokens(utf8); }
  void value(Node node) {
    if (const auto string = node.string()) return text(*string);
    std::string compact;
    append_compact(node, compact);
    text(compact);
  }
  void leave_out(std::string_view what) {
    if (std::ranges::find(count_.left_out, what) == count_.left_out.end()) count_.left_out.emplace_back(what);
  }

  void given() {
    has_read_ = true;
    ++count_.given;
  }

  void message(Node content_node) {
    has_read_ = true;
    ++count_.messages;
    content(content_node, 0);
  }

  void messages(Node list) {
    if (list && !list.is_array()) leave_out(kMisshapen);
    for (const Node one : list.elements()) {
      if (!one.is_object()) {
        leave_out(kMisshapen);
        continue;
      }
      message(one["content"]);
      if (const auto name = one["name"].string()) {
        text(*name);
        ++names_;
      }
      for (const Node call : one["tool_calls"].elements()) this->call(call["function"]);
      if (const Node function = one["function_call"]) call(function);
      for (const Node image : one["images"].elements()) encoded_image(text_of(image), Detail::kHigh);
    }
  }

  // Of OpenAI's responses and embeddings, and what follows them.
  void input(Node node) {
    if (node.is_string()) return message(node);
    if (node && !node.is_array() && !node.is_null()) leave_out(kMisshapen);
    for (const Node item : node.elements()) {
      if (item.is_number()) {
        given();
      } else if (item.is_array()) {
        prompt(item);
      } else if (item.is_string()) {
        text(*item.string());
      } else {
        message(item["content"] ? item["content"] : item);
      }
    }
  }

  // Completions take a text, several, or ids of tokens.
  void prompt(Node node) {
    if (const auto string = node.string()) return text(*string);
    if (node.is_number() || node.is_bool()) leave_out(kMisshapen);
    for (const Node item : node.elements()) {
      if (item.is_number()) {
        given();
      } else {
        prompt(item);
      }
    }
    if (node.is_object()) content(node["content"] ? node["content"] : node, 0);
  }

  void call(Node function) {
    text(text_of(function["name"]));
    if (const Node arguments = any_of(function, {"arguments", "args", "input", "response"})) value(arguments);
  }

  // A text, a part of one of many kinds, or an array of them.
  void content(Node node, int depth) {
    if (depth > kMaxDepth) return leave_out("what is nested too deeply");
    if (const auto string = node.string()) return text(*string);
    for (const Node part : node.elements()) content(part, depth + 1);
    if (node.is_number() || node.is_bool()) leave_out(kMisshapen);
    if (!node.is_object()) return;
    const std::string_view type = text_of(node["type"]);
    if (type == "thinking" || node["thought"].boolean() == true)
      return;  // of earlier answers: not given to the model again
    if (const Node plain = node["text"]; plain.is_string()) {
      text(*plain.string());
    } else if (const Node called = any_of(node, {"functionCall", "functionResponse", "toolUse"})) {
      call(called);
    } else if (type == "tool_use" || type == "function_call" || type == "server_tool_use") {
      call(node);
    } else if (type == "function_call_output") {
      content(node["output"], depth + 1);
    } else if (const Node result = node["toolResult"]) {
      content(result["content"], depth + 1);
    } else if (type == "tool_result") {
      content(node["content"], depth + 1);
    } else if (const Node data = node["json"]) {
      value(data);
    } else {
      medium(node, type);
    }
  }

  void medium(Node node, std::string_view type) {
    if (const Node image = node["image_url"]) {
      const Node url = image.is_object() ? image["url"] : image;
      const std::string_view detail = text_of(image.is_object() ? image["detail"] : node["detail"]);
      return image_at(text_of(url), detail == "low" ? Detail::kLow : Detail::kHigh);
    }
    if (const Node inline_data = any_of(node, {"inlineData", "inline_data"})) {
      const std::string_view kind = text_of(any_of(inline_data, {"mimeType", "mime_type"}));
      if (kind.starts_with("image/")) return encoded_image(text_of(inline_data["data"]), Detail::kHigh);
      return leave_out(kind.starts_with("audio/") ? "audio" : kind.starts_with("video/") ? "video" : "documents");
    }
    if (const Node image = node["image"]; image.is_object()) {
      return encoded_image(text_of(image["source"]["bytes"]), Detail::kHigh);
    }
    if (type == "image") return encoded_image(text_of(node["source"]["data"]), Detail::kHigh);
    if (type.find("audio") != std::string_view::npos) return leave_out("audio");
    if (type.find("video") != std::string_view::npos || node["video"]) return leave_out("video");
    if (type.find("file") != std::string_view::npos || type == "document" || node["document"] || node["fileData"] ||
        node["file_data"]) {
      return leave_out("documents");
    }
    if (type == "reasoning" || type == "redacted_thinking") return leave_out("encrypted reasoning");
    if (type == "item_reference") return leave_out(kReferred);
  }

  void image_at(std::string_view url, Detail detail) {
    constexpr std::string_view kMark = ";base64,";
    const std::size_t mark = url.substr(0, 200).find(kMark);
    encoded_image(url.starts_with("data:") && mark != std::string_view::npos ? url.substr(mark + kMark.size()) : "",
                  detail);
  }

  void encoded_image(std::string_view base64, Detail detail) {
    ++count_.image_count;
    std::optional<ImageSize> size;
    if (const auto head = wire::base64::decode(base64.substr(0, kImageHead))) size = image_size(*head);
    const auto tokens = model_.image == nullptr ? std::nullopt : image_tokens(*model_.image, size, detail);
    if (!tokens) return leave_out(model_.image == nullptr ? "images" : "images of unknown size");
    count_.images += *tokens;
  }

  // What the answer has to look like, which the model reads too.
  void schemas(Node body) {
    const Node google = any_of(body, {"generationConfig", "generation_config"});
    for (const Node schema :
         {body["response_format"]["json_schema"], body["text"]["format"]["schema"], body["output_format"]["schema"],
          body["output_config"]["format"]["schema"], any_of(google, {"responseSchema", "responseJsonSchema"})}) {
      if (!schema.is_object()) continue;
      ++count_.schemas;
      std::string compact;
      append_compact(schema["schema"] ? schema["schema"] : schema, compact);
      tool_tokens_ += tokens(compact);
    }
  }

  void tools(Node list) {
    for (const Node tool : list.elements()) {
      // Google's and Amazon's are one deeper.
      if (const Node declarations = any_of(tool, {"functionDeclarations", "function_declarations"})) {
        tools(declarations);
        continue;
      }
      const Node function = any_of(tool, {"function", "toolSpec"});
      tool_definition(function.is_object() ? function : tool);
    }
  }

  void tool_definition(Node function) {
    ++count_.tool_definitions;
    if (model_.chat != nullptr && model_.chat->tool_form == ChatRule::ToolForm::kSignature) {
      return signature(function);
    }
    std::string compact;
    append_compact(function, compact);
    tool_tokens_ += tokens(compact);
  }

  // OpenAI's cookbook, "How to count tokens with tiktoken", section 7.
  void signature(Node function) {
    constexpr std::int64_t kProperties = 3;
    constexpr std::int64_t kProperty = 3;
    constexpr std::int64_t kEnum = -3;
    constexpr std::int64_t kEnumItem = 3;
    const auto described = [&](std::string_view head, Node node) {
      std::string_view description = text_of(node["description"]);
      if (description.ends_with('.')) description.remove_suffix(1);
      tool_tokens_ += tokens(fmt::format("{}:{}", head, description));
    };
    described(text_of(function["name"]), function);
    const Node properties = function["parameters"]["properties"];
    if (properties.size() == 0) return;
    tool_tokens_ += kProperties;
    for (const Member property : properties.members()) {
      tool_tokens_ += kProperty;
      if (const Node values = property.value["enum"]; values.is_array()) {
        tool_tokens_ += kEnum;
        for (const Node one : values.elements()) tool_tokens_ += kEnumItem + tokens(text_of(one));
      }
      described(fmt::format("{}:{}", property.name, text_of(property.value["type"])), property.value);
    }
  }

  const Model& model_;
  const Tokenizer& tokenizer_;
  PromptCount count_;
  std::int64_t names_ = 0;
  std::int64_t text_tokens_ = 0;  // of the encoding
  std::int64_t tool_tokens_ = 0;
  bool has_read_ = false;  // anything at all
};

}  // namespace

bool is_prompt(Node body) {
  if (!body.is_object()) return false;
  constexpr std::array<std::string_view, 9> kNames{"messages", "contents",  "input",   "prompt",      "texts",
                                                   "system",   "inputText", "request", "instructions"};
  if (std::ranges::any_of(kNames, [&](std::string_view name) { return bool(body[name]); })) return true;
  return body["message"].is_string();
}

std::string_view prompt_model(Node body) { return text_of(any_of(body, {"model", "modelId"})); }

PromptCount count_prompt(Node body, const Model& model, const Tokenizer& tokenizer) {
  return PromptReader(model, tokenizer).read(body);
}

Accuracy accuracy_of_text(const Model& model) {
  if (!model.family->ratio) return {.exact = true, .error_percent = std::nullopt};
  return {.exact = false, .error_percent = model.family->error};
}

Accuracy accuracy_of(const PromptCount& count, const Model& model) {
  // Nobody measured what is not in the count.
  if (!count.left_out.empty() || count.has_cut) return {};
  const bool plain = count.tool_definitions + count.schemas + count.image_count == 0;
  if (plain && count.messages == 0) return accuracy_of_text(model);
  const Family& family = *model.family;
  return {.exact = false, .error_percent = plain || !family.tools_error ? family.error : family.tools_error};
}

std::int64_t own_tokens(const Family& family, std::int64_t tokens) {
  return family.ratio ? std::llround(*family.ratio * static_cast<double>(tokens)) : tokens;
}

std::int64_t guessed_tokens(const Family& family, std::size_t bytes) {
  return std::llround(std::ceil(static_cast<double>(bytes) / family.bytes_per_token));
}

}  // namespace tokometer::tokenizer
