#include "tokenizer/prompt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tokenizer/small_vocabulary.h"

namespace tokometer::tokenizer {
namespace {

using testing::ElementsAre;

// "a" is one token; every text here is of such letters, so that counts are lengths.
class PromptTest : public testing::Test {
 protected:
  PromptCount count(const std::string& body) {
    const auto document = json::Document::parse(body);
    EXPECT_TRUE(document) << document.error().message;
    EXPECT_TRUE(is_prompt(document->root())) << body;
    return count_prompt(document->root(), {&family_, &chat_, &image_}, tokenizer_);
  }

  Family family_;
  ChatRule chat_{.name = "c",
                 .per_request = 100,
                 .per_message = 10,
                 .per_name = 1,
                 .tool_form = ChatRule::ToolForm::kJson,
                 .tools_once = 1000,
                 .per_tool = 50,
                 .source = ""};
  ImageRule image_{.name = "i", .kind = ImageRule::Kind::kTiles, .base = 85, .per = 170, .max = 0, .source = ""};
  Tokenizer tokenizer_{Encoding::kO200kBase,
                       std::make_shared<const Vocabulary>(std::move(*Vocabulary::parse(small_table({}))))};
};

TEST_F(PromptTest, ReadsOpenAiChats) {
  const PromptCount got = count(R"({"model":"gpt-4o","messages":[
      {"role":"system","content":"abc"},
      {"role":"user","name":"xy","content":[{"type":"text","text":"de"}]},
      {"role":"assistant","content":null,"tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]},
      {"role":"tool","tool_call_id":"1","content":"ghi"}]})");
  EXPECT_EQ(got.texts, 3 + 2 + 2 + 1 + 2 + 3);
  EXPECT_EQ(got.frame, 100 + 4 * 10 + 1);
  EXPECT_EQ(got.messages, 4U);
  EXPECT_EQ(got.total(), got.texts + got.frame);
}

TEST_F(PromptTest, ReadsOpenAiResponses) {
  EXPECT_EQ(count(R"({"instructions":"ab","input":"cde"})").texts, 5);
  const PromptCount got = count(R"({"input":[{"role":"user","content":[{"type":"input_text","text":"ab"}]},
      {"type":"function_call","name":"f","arguments":"{}"},{"type":"function_call_output","output":"ghi"},
      {"type":"reasoning","encrypted_content":"zzzz"}],"text":{"format":{"schema":{"a": 1}}}})");
  EXPECT_EQ(got.texts, 2 + 3 + 3);
  EXPECT_EQ(got.tools, 7) << "the schema, compact";
  EXPECT_EQ(got.schemas, 1U);
  EXPECT_THAT(got.left_out, ElementsAre("encrypted reasoning"));
}

TEST_F(PromptTest, ReadsCompletionsAndEmbeddings) {
  EXPECT_EQ(count(R"({"prompt":"abc"})").total(), 3);
  EXPECT_EQ(count(R"({"prompt":["abc","de"]})").total(), 5);
  const PromptCount ids = count(R"({"input":[[1,2,3],[4]]})");
  EXPECT_EQ(ids.given, 4);
  EXPECT_EQ(ids.total(), 4);
  EXPECT_EQ(count(R"({"input":[1,2]})").given, 2);
  EXPECT_EQ(count(R"({"input":["ab","c"]})").total(), 3);
}

TEST_F(PromptTest, ReadsAnthropicMessages) {
  const PromptCount got = count(R"({"system":[{"type":"text","text":"ab"}],"messages":[
      {"role":"user","content":"cde"},
      {"role":"assistant","content":[{"type":"thinking","thinking":"zzzz"},{"type":"tool_use","name":"f","input":{ "x": "y z" }}]},
      {"role":"user","content":[{"type":"tool_result","content":[{"type":"text","text":"gh"}]}]}],
      "tools":[{"name":"f","input_schema":{}}]})");
  EXPECT_EQ(got.texts, 2 + 3 + (1 + 11) + 2);
  EXPECT_EQ(got.tools, 30 + 1000 + 50);
  EXPECT_EQ(got.tool_definitions, 1U);
}

TEST_F(PromptTest, ReadsGoogleAmazonCohereAndOllama) {
  const PromptCount google =
      count(R"({"systemInstruction":{"parts":[{"text":"ab"}]},"contents":[{"role":"user","parts":[
      {"text":"cde"},{"functionCall":{"name":"f","args":{}}},{"text":"zz","thought":true}]}],
      "tools":[{"functionDeclarations":[{"name":"f"},{"name":"g"}]}]})");
  EXPECT_EQ(google.texts, 2 + 3 + 1 + 2);
  EXPECT_EQ(google.tool_definitions, 2U);
  const PromptCount amazon = count(R"({"system":[{"text":"ab"}],"messages":[{"role":"user","content":[{"text":"cde"},
      {"toolResult":{"content":[{"json":{"a":1}}]}}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"f"}}]}})");
  EXPECT_EQ(amazon.texts, 2 + 3 + 7);
  EXPECT_EQ(amazon.tool_definitions, 1U);
  EXPECT_EQ(count(R"({"preamble":"ab","message":"cde","chat_history":[{"role":"USER","message":"f"}]})").texts, 6);
  EXPECT_EQ(count(R"({"model":"llama3","prompt":"abc","system":"de"})").texts, 5);
}

TEST_F(PromptTest, CountsToolsAsSignatures) {
  chat_.tool_form = ChatRule::ToolForm::kSignature;
  chat_.tools_once = 0;
  chat_.per_tool = 0;
  const PromptCount got =
      count(R"({"messages":[],"tools":[{"type":"function","function":{"name":"f","description":"ab.",
      "parameters":{"type":"object","properties":{"x":{"type":"s","description":"d","enum":["p","qq"]}}}}}]})");
  // "f:ab", the properties, one of them with its values, "x:s:d".
  EXPECT_EQ(got.tools, 4 + 3 + 3 + (-3 + 3 + 1 + 3 + 2) + 5);
}

TEST_F(PromptTest, CountsImagesBySize) {
  // A PNG's first 24 bytes: 1024 x 1024.
  const std::string png = "iVBORw0KGgoAAAANSUhEUgAABAAAAAQA";
  const auto with = [&](const std::string& part) {
    return count(R"({"messages":[{"role":"user","content":[)" + part + "]}]}");
  };
  EXPECT_EQ(with(R"({"type":"image_url","image_url":{"url":"data:image/png;base64,)" + png + R"("}})").images, 765);
  EXPECT_EQ(with(R"({"type":"image_url","image_url":{"url":"https://x/y.png","detail":"low"}})").images, 85);
  EXPECT_EQ(with(R"({"type":"input_image","image_url":"data:image/png;base64,)" + png + R"("})").images, 765);
  EXPECT_EQ(with(R"({"type":"image","source":{"type":"base64","data":")" + png + R"("}})").images, 765);
  EXPECT_EQ(with(R"({"inlineData":{"mimeType":"image/png","data":")" + png + R"("}})").images, 765);
  EXPECT_EQ(with(R"({"image":{"format":"png","source":{"bytes":")" + png + R"("}}})").images, 765);
  const PromptCount unknown = with(R"({"type":"image_url","image_url":{"url":"https://x/y.png"}})");
  EXPECT_EQ(unknown.images, 0);
  EXPECT_EQ(unknown.image_count, 1U);
  EXPECT_THAT(unknown.left_out, ElementsAre("images of unknown size"));
}

TEST_F(PromptTest, SaysWhatItLeavesOut) {
  const PromptCount got = count(R"({"previous_response_id":"r","messages":[{"role":"user","content":[
      {"type":"input_audio","input_audio":{}},{"type":"file","file":{}},{"type":"document","source":{}},
      {"inlineData":{"mimeType":"video/mp4"}}]}]})");
  EXPECT_THAT(got.left_out, ElementsAre("audio", "documents", "video", "what is only referred to"));
  EXPECT_FALSE(accuracy_of(got, {&family_, &chat_, &image_}).error_percent);
}

TEST_F(PromptTest, EstimatesWhereTheTokenizerIsNotPublic) {
  family_.ratio = 1.5;
  family_.error = 7;
  family_.tools_error = 20;
  const Model model{&family_, &chat_, &image_};
  const PromptCount got = count(R"({"messages":[{"role":"user","content":"abcd"}]})");
  EXPECT_EQ(got.texts, 6);
  EXPECT_EQ(got.frame, 110) << "the frame is in tokens of the model's own";
  EXPECT_EQ(accuracy_of(got, model).error_percent, 7);
  EXPECT_EQ(accuracy_of(count(R"({"messages":[],"tools":[{"name":"f"}]})"), model).error_percent, 20);
  EXPECT_EQ(accuracy_of_text(model).error_percent, 7);
  EXPECT_FALSE(accuracy_of_text(model).exact);
  family_.ratio.reset();
  EXPECT_TRUE(accuracy_of_text(model).exact);
  EXPECT_TRUE(accuracy_of(count(R"({"prompt":"abc"})"), model).exact);
  EXPECT_EQ(guessed_tokens(family_, 36), 10);
}

TEST_F(PromptTest, SaysThatARequestHasAnotherShape) {
  for (const char* body :
       {R"({"model":"gpt-4o","messages":"hello"})", R"({"messages":["hello"]})",
        R"({"messages":[{"role":"user","content":7}]})", R"({"messages":[{"content":[true]}]})", R"({"input":7})",
        R"({"input":{"prompt":"hello"}})", R"({"prompt":7})", R"({"contents":"hello"})", R"({"request":"hello"})"}) {
    EXPECT_THAT(count(body).left_out, ElementsAre("what has another shape than requests have")) << body;
  }
  for (const char* body :
       {R"({"messages":[{"role":"assistant","content":null}]})", R"({"prompt":""})", R"({"input":[1,2]})"}) {
    EXPECT_THAT(count(body).left_out, testing::IsEmpty()) << body;
  }
}

TEST_F(PromptTest, StopsAtContentThatIsNestedTooDeeply) {
  std::string body = R"({"messages":[{"role":"user","content":)";
  for (int i = 0; i < 30; ++i) body += R"([{"type":"tool_result","content":)";
  body += "\"a\"";
  for (int i = 0; i < 30; ++i) body += "}]";
  const PromptCount got = count(body + "}]}");
  EXPECT_EQ(got.texts, 0);
  EXPECT_THAT(got.left_out, ElementsAre("what is nested too deeply"));
}

TEST(IsPrompt, TellsRequestsFromOtherJson) {
  for (const char* text : {"[]", "1", "{}", R"({"name":"x","version":"1"})", R"({"message":{"a":1}})"}) {
    EXPECT_FALSE(is_prompt(json::Document::parse(text)->root())) << text;
  }
}

}  // namespace
}  // namespace tokometer::tokenizer
