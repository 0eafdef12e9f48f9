#include <fmt/format.h>

#include "app/stand_in.h"
#include "json/document.h"

namespace tokometer::app {
namespace {

constexpr std::string_view kWords[] = {"Tokens ",   "are ",   "counted ", "as ",   "they ", "pass, ",
                                       "streamed ", "or ",    "whole, ",  "with ", "what ", "they ",
                                       "cost ",     "shown ", "at ",      "once."};
constexpr std::size_t kOutputTokens = std::size(kWords);

struct Request {
  std::string model;
  bool stream = false;
  bool include_usage = false;
  std::size_t input_tokens = 0;
};

Request read_request(std::string_view body) {
  Request request;
  // Four bytes a token: near enough for a stand-in, and the same every time.
  request.input_tokens = body.size() / 4 + 1;
  const auto document = json::Document::parse(std::string(body));
  if (!document) return request;
  const json::Node root = document->root();
  request.model = root["model"].string().value_or("");
  request.stream = root["stream"].boolean().value_or(false);
  request.include_usage = root["stream_options"]["include_usage"].boolean().value_or(false);
  return request;
}

std::string whole_text() {
  std::string text;
  for (const std::string_view word : kWords) text += word;
  return text;
}

StandInAnswer openai(const Request& request) {
  const std::string usage = fmt::format(
      R"({{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{},"prompt_tokens_details":{{"cached_tokens":{}}}}})",
      request.input_tokens, kOutputTokens, request.input_tokens + kOutputTokens, request.input_tokens / 2);
  const auto head = fmt::format(R"("id":"chatcmpl-demo","created":1,"model":"{}")", request.model);
  if (!request.stream) {
    return {
        .pieces = {fmt::format(
            R"({{{},"object":"chat.completion","choices":[{{"index":0,"message":{{"role":"assistant","content":"{}"}},"finish_reason":"stop"}}],"usage":{}}})",
            head, whole_text(), usage)}};
  }
  StandInAnswer answer{.content_type = "text/event-stream"};
  for (const std::string_view word : kWords) {
    answer.pieces.push_back(fmt::format(
        "data: "
        "{{{},\"object\":\"chat.completion.chunk\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{}\"}}}}]}}"
        "\n\n",
        head, word));
  }
  answer.pieces.push_back(
      fmt::format("data: "
                  "{{{},\"object\":\"chat.completion.chunk\",\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_"
                  "reason\":\"stop\"}}]}}\n\n",
                  head));
  if (request.include_usage) {
    answer.pieces.push_back(
        fmt::format("data: {{{},\"object\":\"chat.completion.chunk\",\"choices\":[],\"usage\":{}}}\n\n", head, usage));
  }
  answer.pieces.emplace_back("data: [DONE]\n\n");
  return answer;
}

StandInAnswer anthropic(const Request& request) {
  const auto usage = [&](std::size_t output) {
    return fmt::format(
        R"({{"input_tokens":{},"cache_creation_input_tokens":0,"cache_read_input_tokens":{},"output_tokens":{}}})",
        request.input_tokens, request.input_tokens * 3, output);
  };
  const auto message = [&](std::string_view content, std::string_view stop, std::size_t output) {
    return fmt::format(
        R"({{"id":"msg_demo","type":"message","role":"assistant","model":"{}","content":[{}],"stop_reason":{},"usage":{}}})",
        request.model, content, stop, usage(output));
  };
  if (!request.stream) {
    return {.pieces = {message(fmt::format(R"({{"type":"text","text":"{}"}})", whole_text()), R"("end_turn")",
                               kOutputTokens)}};
  }
  StandInAnswer answer{.content_type = "text/event-stream"};
  const auto event = [&](std::string_view type, std::string_view members) {
    answer.pieces.push_back(fmt::format("event: {}\ndata: {{\"type\":\"{}\",{}}}\n\n", type, type, members));
  };
  event("message_start", fmt::format("\"message\":{}", message("", "null", 1)));
  event("content_block_start", R"("index":0,"content_block":{"type":"text","text":""})");
  for (const std::string_view word : kWords) {
    event("content_block_delta", fmt::format(R"("index":0,"delta":{{"type":"text_delta","text":"{}"}})", word));
  }
  event("content_block_stop", R"("index":0)");
  event("message_delta",
        fmt::format(R"("delta":{{"stop_reason":"end_turn"}},"usage":{{"output_tokens":{}}})", kOutputTokens));
  answer.pieces.emplace_back("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
  return answer;
}

StandInAnswer gemini(const Request& request, std::string_view model, bool stream) {
  const auto chunk = [&](std::string_view text, std::size_t output, std::string_view more) {
    return fmt::format(
        R"({{"candidates":[{{"content":{{"role":"model","parts":[{{"text":"{}"}}]}}{}}}],"usageMetadata":{{"promptTokenCount":{},"candidatesTokenCount":{},"thoughtsTokenCount":9,"totalTokenCount":{}}},"modelVersion":"{}","responseId":"demo"}})",
        text, more, request.input_tokens, output, request.input_tokens + output + 9, model);
  };
  constexpr std::string_view kStop = R"(,"finishReason":"STOP")";
  if (!stream) return {.pieces = {chunk(whole_text(), kOutputTokens, kStop)}};
  StandInAnswer answer{.content_type = "text/event-stream"};
  std::size_t output = 0;
  for (const std::string_view word : kWords) {
    ++output;
    answer.pieces.push_back("data: " + chunk(word, output, output == kOutputTokens ? kStop : "") + "\r\n\r\n");
  }
  return answer;
}

}  // namespace

StandInAnswer stand_in_answer(std::string_view target, std::string_view body) {
  constexpr std::string_view kGemini = "/v1beta/models/";
  const std::string_view path = target.substr(0, target.find('?'));
  const Request request = read_request(body);
  if (path == "/v1/chat/completions") return openai(request);
  if (path == "/v1/messages") return anthropic(request);
  if (path.starts_with(kGemini)) {
    const std::string_view rest = path.substr(kGemini.size());
    const std::string_view model = rest.substr(0, rest.find(':'));
    if (rest.ends_with(":generateContent")) return gemini(request, model, false);
    if (rest.ends_with(":streamGenerateContent")) return gemini(request, model, true);
  }
  return {.status = 404, .pieces = {R"({"error":{"message":"the stand-in has no such path","type":"not_found"}})"}};
}

}  // namespace tokometer::app
