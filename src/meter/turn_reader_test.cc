#include "meter/turn_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "embedded/embedded.h"
#include "meter/estimate.h"
#include "provider/registry.h"

namespace tokometer::meter {
namespace {

using std::chrono::milliseconds;

class TurnReaderTest : public testing::Test {
 public:
  static const provider::Registry& registry() {
    static const auto loaded = provider::Registry::load(embedded::providers(), {});
    return **loaded;
  }

  void open(std::string_view provider, std::string_view target, wire::Fields fields = {},
            const TurnReader::Limits& limits = {}) {
    const provider::Spec* spec = registry().by_name(provider);
    ASSERT_NE(spec, nullptr);
    const provider::Endpoint* endpoint = registry().endpoint(*spec, "GET", target);
    ASSERT_NE(endpoint, nullptr) << target;
    ASSERT_TRUE(endpoint->format && endpoint->format->websocket);
    reader_.emplace(*spec, *endpoint, target, fields, now_, limits, &counter_);
  }
  void say(Side side, std::string_view text) {
    reader_->message({.from = side, .text = text, .wire_bytes = text.size(), .truncated = false, .at = now_}, sink());
  }
  TurnReaderTest& sent(std::string_view text) { return say(Side::kClient, text), *this; }
  TurnReaderTest& received(std::string_view text) { return say(Side::kServer, text), *this; }
  TurnReaderTest& after(int ms) { return now_ += milliseconds(ms), *this; }
  void end(std::string_view error = {}) { reader_->finish(error, now_, sink()); }

  TurnReader::Sink sink() { return sink_; }

  LengthCounter counter_;
  std::vector<Turn> turns_;
  std::optional<TurnReader> reader_;
  SteadyTime now_{std::chrono::seconds(100)};
  std::function<void(Turn&&)> sink_ = [this](Turn&& turn) { turns_.push_back(std::move(turn)); };
};

std::int64_t ms(SteadyTime from, SteadyTime to) { return std::chrono::duration_cast<milliseconds>(to - from).count(); }

constexpr std::string_view kRealtimeUsage =
    R"({"total_tokens":205,"input_tokens":41,"output_tokens":164,)"
    R"("input_token_details":{"text_tokens":14,"audio_tokens":20,"image_tokens":7,"cached_tokens":16,)"
    R"("cached_tokens_details":{"text_tokens":4,"audio_tokens":12,"image_tokens":0}},)"
    R"("output_token_details":{"text_tokens":28,"audio_tokens":136}})";

std::string realtime_done(std::string_view id, std::string_view more = {}) {
  return fmt::format(R"({{"type":"response.done","response":{{"id":"{}","status":"completed","usage":{}{}}}}})", id,
                     kRealtimeUsage, more);
}

TEST_F(TurnReaderTest, ARealtimeResponseIsATurn) {
  open("openai", "/v1/realtime?model=gpt-realtime");
  received(R"({"type":"session.created","session":{"id":"sess_1","model":"gpt-realtime-2025-08-28"}})");
  after(5).sent(R"({"type":"conversation.item.create","item":{}})").sent(R"({"type":"response.create"})");
  after(10).received(R"({"type":"response.created","response":{"id":"resp_1","conversation_id":"conv_1"}})");
  after(20).received(R"({"type":"response.output_item.added","response_id":"resp_1"})");
  after(30).received(R"({"type":"response.output_audio.delta","response_id":"resp_1","delta":"AAAA"})");
  EXPECT_TRUE(turns_.empty());
  after(40).received(realtime_done("resp_1"));
  ASSERT_EQ(turns_.size(), 1U);
  const Turn& turn = turns_[0];
  const Reading& reading = turn.reading;
  EXPECT_EQ(reading.request_model, "gpt-realtime");
  EXPECT_EQ(reading.response_model, "gpt-realtime-2025-08-28");
  EXPECT_EQ(reading.response_id, "resp_1");
  EXPECT_EQ(reading.session_id, "sess_1");
  EXPECT_EQ(reading.thread_id, "conv_1");
  EXPECT_EQ(reading.finish_reason, "completed");
  EXPECT_TRUE(reading.stream && reading.complete);
  EXPECT_EQ(reading.usage.source, UsageSource::kReported);
  EXPECT_EQ(reading.usage.input_tokens, 41);
  EXPECT_EQ(reading.usage.audio_input_tokens, 20);
  EXPECT_EQ(reading.usage.image_input_tokens, 7);
  EXPECT_EQ(reading.usage.cache_read_input_tokens, 16);
  EXPECT_EQ(reading.usage.cache_read_audio_input_tokens, 12);
  EXPECT_EQ(reading.usage.output_tokens, 164);
  EXPECT_EQ(reading.usage.audio_output_tokens, 136);
  EXPECT_EQ(reading.usage.details, kRealtimeUsage);
  EXPECT_EQ(ms(turn.started, *turn.first_byte), 10);
  EXPECT_EQ(ms(turn.started, *turn.first_chunk), 60);
  EXPECT_EQ(ms(turn.started, turn.ended), 100);
  EXPECT_EQ(turn.request_bytes, std::string_view(R"({"type":"conversation.item.create","item":{}})").size() +
                                    std::string_view(R"({"type":"response.create"})").size());
  for (const std::uint32_t count : reading.faults) EXPECT_EQ(count, 0U);
}

TEST_F(TurnReaderTest, ATurnRunsFromItsRequestToItsEnd) {
  open("openai", "/v1/realtime?model=m");
  received(R"({"type":"session.created","session":{"id":"s"}})");
  EXPECT_FALSE(reader_->in_turn());
  sent(R"({"type":"response.create"})");
  EXPECT_TRUE(reader_->in_turn());
  received(R"({"type":"response.created","response":{"id":"r"}})");
  EXPECT_TRUE(reader_->in_turn());
  received(realtime_done("r"));
  EXPECT_FALSE(reader_->in_turn());
}

TEST_F(TurnReaderTest, AVoiceTurnStartsWithTheClientsLastMessage) {
  open("openai", "/v1/realtime?model=m");
  sent(R"({"type":"input_audio_buffer.append","audio":"AAAA"})");
  after(7).received(R"({"type":"input_audio_buffer.committed"})");
  after(3).received(R"({"type":"response.created","response":{"id":"r"}})").received(realtime_done("r"));
  ASSERT_EQ(turns_.size(), 1U);
  EXPECT_EQ(ms(turns_[0].started, *turns_[0].first_byte), 10);
  EXPECT_FALSE(turns_[0].first_chunk) << "no content was seen";
}

TEST_F(TurnReaderTest, ResponsesAtTheSameTimeAreToldApart) {
  open("openai", "/v1/realtime?model=m");
  sent(R"({"type":"response.create"})");
  after(5).sent(R"({"type":"response.create","response":{"conversation":"none"}})");
  after(5).received(R"({"type":"response.created","response":{"id":"a"}})");
  after(1).received(R"({"type":"response.created","response":{"id":"b"}})");
  after(1).received(realtime_done("b")).after(1).received(realtime_done("a"));
  ASSERT_EQ(turns_.size(), 2U);
  EXPECT_EQ(turns_[0].reading.response_id, "b");
  EXPECT_EQ(turns_[1].reading.response_id, "a");
  EXPECT_EQ(ms(turns_[1].started, *turns_[1].first_byte), 10) << "the oldest request is answered first";
  EXPECT_EQ(ms(turns_[0].started, *turns_[0].first_byte), 6);
}

TEST_F(TurnReaderTest, WhatWasCancelledStillCounts) {
  open("openai", "/v1/realtime?model=m");
  sent(R"({"type":"response.create"})").received(R"({"type":"response.created","response":{"id":"r"}})");
  received(fmt::format(
      R"({{"type":"response.done","response":{{"id":"r","status":"cancelled","status_details":{{"type":"cancelled","reason":"turn_detected"}},"usage":{}}}}})",
      kRealtimeUsage));
  received(R"({"type":"response.output_audio.delta","response_id":"r","delta":"late"})");
  end();
  ASSERT_EQ(turns_.size(), 1U) << "what comes late makes no turn";
  EXPECT_EQ(turns_[0].reading.finish_reason, "turn_detected");
  EXPECT_EQ(turns_[0].reading.usage.output_tokens, 164);
}

TEST_F(TurnReaderTest, AFailedResponseHasItsError) {
  open("openai", "/v1/realtime?model=m");
  sent(R"({"type":"response.create"})");
  received(
      R"({"type":"response.done","response":{"id":"r","status":"failed","status_details":{"type":"failed","error":{"type":"insufficient_quota","code":"x"}},"usage":null}})");
  ASSERT_EQ(turns_.size(), 1U);
  EXPECT_EQ(turns_[0].reading.error_type, "insufficient_quota");
  EXPECT_EQ(turns_[0].reading.usage.source, UsageSource::kNone);
  EXPECT_EQ(turns_[0].reading.faults_of(Fault::kMissingUsage), 0U);
}

TEST_F(TurnReaderTest, ATranscriptionIsATurnOfItsOwnWithItsOwnModel) {
  open("openai", "/v1/realtime?model=gpt-realtime");
  sent(R"({"type":"session.update","session":{"audio":{"input":{"transcription":{"model":"gpt-4o-transcribe"}}}}})");
  received(R"({"type":"response.created","response":{"id":"r"}})");
  received(
      R"({"type":"conversation.item.input_audio_transcription.completed","item_id":"item_1","usage":{"type":"tokens","total_tokens":35,"input_tokens":26,"input_token_details":{"text_tokens":0,"audio_tokens":26},"output_tokens":9}})");
  ASSERT_EQ(turns_.size(), 1U);
  EXPECT_EQ(turns_[0].operation, "transcription");
  EXPECT_EQ(turns_[0].reading.request_model, "gpt-4o-transcribe");
  EXPECT_EQ(turns_[0].reading.response_model, "");
  EXPECT_EQ(turns_[0].reading.response_id, "item_1");
  EXPECT_EQ(turns_[0].reading.usage.input_tokens, 26);
  EXPECT_EQ(turns_[0].reading.usage.audio_input_tokens, 26);
  EXPECT_EQ(turns_[0].reading.usage.output_tokens, 9);

  received(
      R"({"type":"conversation.item.input_audio_transcription.completed","item_id":"item_2","usage":{"type":"duration","seconds":3}})");
  ASSERT_EQ(turns_.size(), 2U);
  EXPECT_EQ(turns_[1].reading.usage.details, R"({"type":"duration","seconds":3})");
  EXPECT_EQ(turns_[1].reading.faults_of(Fault::kMissingUsage), 0U) << "billed by the second";
  received(R"({"type":"conversation.item.input_audio_transcription.completed","item_id":"i","status":"in_progress"})");
  EXPECT_EQ(turns_.size(), 2U) << "a message without usage bills nothing";
  received(
      R"({"type":"conversation.item.input_audio_transcription.failed","item_id":"i","error":{"type":"server_error"}})");
  ASSERT_EQ(turns_.size(), 3U);
  EXPECT_EQ(turns_[2].reading.error_type, "server_error");
  received(realtime_done("r"));
  EXPECT_EQ(turns_.back().reading.request_model, "gpt-realtime");
  EXPECT_EQ(turns_.back().operation, "");
}

TEST_F(TurnReaderTest, AnErrorAnswersTheRequestThatGetsNoTurn) {
  open("openai", "/v1/realtime?model=m");
  sent(R"({"type":"response.create"})");
  received(R"({"type":"error","error":{"type":"invalid_request_error","code":"invalid_value"}})");
  ASSERT_EQ(turns_.size(), 1U);
  EXPECT_EQ(turns_[0].reading.error_type, "invalid_request_error");
  EXPECT_TRUE(turns_[0].reading.complete);
  received(R"({"type":"error","error":{"type":"server_error"}})");
  EXPECT_EQ(turns_.size(), 1U) << "nothing was asked";
  end();
  EXPECT_EQ(reader_->connection(now_).reading.error_type, "server_error");
}

TEST_F(TurnReaderTest, XAiStatesUsageBesideTheResponse) {
  open("x_ai", "/v1/realtime?model=grok-voice-latest");
  sent(R"({"type":"response.create"})").received(R"({"type":"response.created","response":{"id":"r","usage":{}}})");
  received(
      R"({"type":"response.done","response":{"id":"r","status":"completed","status_details":"unimplemented","usage":{}},"usage":{"input_tokens":156,"input_token_details":{"text_tokens":10,"audio_tokens":146},"output_tokens":185,"output_token_details":{"text_tokens":15,"audio_tokens":170}}})");
  ASSERT_EQ(turns_.size(), 1U);
  EXPECT_EQ(turns_[0].reading.usage.input_tokens, 156);
  EXPECT_EQ(turns_[0].reading.usage.audio_output_tokens, 170);
  EXPECT_EQ(turns_[0].reading.finish_reason, "completed");
}

constexpr std::string_view kCompleted =
    R"({"type":"response.completed","response":{"id":"resp_2","status":"completed","model":"gpt-5.3-codex","service_tier":"default","usage":{"input_tokens":900,"input_tokens_details":{"cached_tokens":800},"output_tokens":20,"output_tokens_details":{"reasoning_tokens":5},"total_tokens":920}}})";

TEST_F(TurnReaderTest, ManyResponsesOnOneConnectionAreOneTurnEach) {
  const wire::Field field{"session_id", "codex-session"};
  open("openai.codex", "/backend-api/codex/responses", wire::Fields(&field, 1));
  // A warm-up bills nothing.
  sent(R"({"type":"response.create","model":"gpt-5.3-codex","generate":false,"input":[]})");
  received(R"({"type":"response.created","response":{"id":"resp_1","model":"gpt-5.3-codex"}})");
  received(R"({"type":"response.completed","response":{"id":"resp_1","status":"completed","usage":null}})");
  ASSERT_EQ(turns_.size(), 1U);
  EXPECT_EQ(turns_[0].reading.billing, provider::Billing::kNever);
  EXPECT_EQ(turns_[0].reading.faults_of(Fault::kMissingUsage), 0U);
  EXPECT_EQ(turns_[0].reading.session_id, "codex-session");

  sent(R"({"type":"response.create","model":"gpt-5.3-codex","previous_response_id":"resp_1","prompt_cache_key":"k"})");
  received(R"({"type":"response.created","response":{"id":"resp_2","model":"gpt-5.3-codex"}})");
  received(R"({"type":"response.output_text.delta","delta":"hi"})").received(kCompleted);
  ASSERT_EQ(turns_.size(), 2U);
  const Reading& reading = turns_[1].reading;
  EXPECT_EQ(reading.billing, provider::Billing::kOncePerResponse);
  EXPECT_EQ(reading.request_model, "gpt-5.3-codex");
  EXPECT_EQ(reading.thread_id, "resp_1");
  EXPECT_EQ(reading.session_id, "k") << "what the request says goes before what the connection said";
  EXPECT_EQ(reading.usage.service_tier, "default");
  EXPECT_EQ(reading.usage.input_tokens, 900);
  EXPECT_EQ(reading.usage.cache_read_input_tokens, 800);
  EXPECT_EQ(reading.usage.reasoning_output_tokens, 5);
  EXPECT_TRUE(turns_[1].first_chunk);
}

TEST_F(TurnReaderTest, LanesTellWhichAnswerBelongsToWhichRequest) {
  open("openai", "/v1/responses");
  sent(R"({"type":"response.create","model":"slow","stream_id":"a"})");
  after(5).sent(R"({"type":"response.create","model":"fast","stream_id":"b"})");
  after(5).received(R"({"type":"response.created","stream_id":"b","response":{"id":"r1"}})");
  received(R"({"type":"response.created","stream_id":"a","response":{"id":"r2"}})");
  received(R"({"type":"error","stream_id":"b","error":{"code":"x"}})").received(kCompleted);
  end();
  ASSERT_EQ(turns_.size(), 3U) << "kCompleted is of neither";
  EXPECT_EQ(turns_[0].reading.request_model, "fast");
  EXPECT_EQ(turns_[0].reading.error_type, "x");
  EXPECT_EQ(turns_[2].reading.request_model, "slow");
  EXPECT_EQ(ms(turns_[2].started, *turns_[2].first_byte), 10);
}

TEST_F(TurnReaderTest, AWarmUpThatStatesUsageIsBilled) {
  open("openai", "/v1/responses");
  sent(R"({"type":"response.create","model":"m","generate":false})").received(kCompleted);
  ASSERT_EQ(turns_.size(), 1U);
  EXPECT_EQ(turns_[0].reading.billing, provider::Billing::kOncePerResponse);
  EXPECT_EQ(turns_[0].reading.usage.input_tokens, 900);
}

TEST_F(TurnReaderTest, AnErrorEndsAResponse) {
  open("openai", "/v1/responses");
  sent(R"({"type":"response.create","model":"m","previous_response_id":"gone"})");
  received(R"({"type":"error","status":400,"error":{"code":"previous_response_not_found","message":"…"}})");
  ASSERT_EQ(turns_.size(), 1U);
  EXPECT_EQ(turns_[0].reading.error_type, "previous_response_not_found");
  EXPECT_EQ(turns_[0].reading.request_model, "m");
  sent(R"({"type":"response.create","model":"m"})").received(R"({"type":"response.created","response":{"id":"r"}})");
  received(R"({"type":"error","error":{"type":"server_error"}})");
  ASSERT_EQ(turns_.size(), 2U);
  EXPECT_EQ(turns_[1].reading.response_id, "r");
  end();
  EXPECT_EQ(turns_.size(), 2U);
}

constexpr std::string_view kGemini =
    "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=k";

TEST_F(TurnReaderTest, AGeminiTurnEndsWithTurnComplete) {
  open("gcp.gemini", kGemini);
  sent(R"({"setup":{"model":"models/gemini-2.5-flash-native-audio","generationConfig":{}}})");
  received(R"({"setupComplete":{"sessionId":"s"}})");
  sent(R"({"clientContent":{"turns":[],"turnComplete":false}})");
  after(5).sent(R"({"client_content":{"turns":[],"turn_complete":true}})");
  after(10).received(R"({"serverContent":{"modelTurn":{"parts":[]}}})");
  received(R"({"serverContent":{"outputTranscription":{"text":"hi"}}})");
  received(R"({"serverContent":{"generationComplete":true}})");
  after(10).received(
      R"({"serverContent":{"turnComplete":true},"usageMetadata":{"promptTokenCount":1197,"responseTokenCount":37,"totalTokenCount":1234,"promptTokensDetails":[{"modality":"TEXT","tokenCount":1196},{"modality":"AUDIO","tokenCount":1}],"responseTokensDetails":[{"modality":"AUDIO","tokenCount":37}],"thoughtsTokenCount":28}})");
  ASSERT_EQ(turns_.size(), 1U);
  const Reading& reading = turns_[0].reading;
  EXPECT_EQ(reading.request_model, "gemini-2.5-flash-native-audio");
  EXPECT_EQ(reading.session_id, "s");
  EXPECT_EQ(reading.usage.input_tokens, 1197);
  EXPECT_EQ(reading.usage.audio_input_tokens, 1);
  EXPECT_EQ(reading.usage.output_tokens, 65) << "thoughts are not in responseTokenCount";
  EXPECT_EQ(reading.usage.reasoning_output_tokens, 28);
  EXPECT_EQ(reading.usage.audio_output_tokens, 37);
  EXPECT_EQ(ms(turns_[0].started, *turns_[0].first_byte), 10);
  EXPECT_EQ(ms(turns_[0].started, turns_[0].ended), 20);
  received(R"({"serverContent":{"outputTranscription":{"text":"late"}}})");
  end();
  EXPECT_EQ(turns_.size(), 1U);
}

TEST_F(TurnReaderTest, UsageThatStandsAloneIsNotLost) {
  open("gcp.gemini", kGemini);
  received(R"({"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3}})");
  ASSERT_EQ(turns_.size(), 1U);
  EXPECT_EQ(turns_[0].reading.usage.input_tokens, 3);
}

TEST_F(TurnReaderTest, WhatHasNotEndedIsIncomplete) {
  open("openai", "/v1/responses");
  sent(R"({"type":"response.create","model":"a"})").received(R"({"type":"response.created","response":{"id":"r"}})");
  sent(R"({"type":"response.create","model":"b"})");
  end("origin_reset");
  ASSERT_EQ(turns_.size(), 2U);
  for (const Turn& turn : turns_) {
    EXPECT_FALSE(turn.reading.complete);
    EXPECT_EQ(turn.reading.error_type, "origin_reset");
  }
  EXPECT_EQ(turns_[0].reading.response_id, "r");
  EXPECT_EQ(turns_[1].reading.request_model, "b");
  EXPECT_FALSE(turns_[1].first_byte);
}

TEST_F(TurnReaderTest, AResponseThatBrokeOffIsEstimated) {
  open("openai", "/v1/responses");
  sent(R"({"type":"response.create","model":"m","instructions":"abcdefgh","input":[{"content":"abcd"}]})");
  received(R"({"type":"response.created","response":{"id":"r","model":"m-1"}})");
  received(R"({"type":"response.output_item.added","item":{"type":"function_call","name":"abcd"}})");
  received(R"({"type":"response.function_call_arguments.delta","delta":"abcdefgh"})");
  received(R"({"type":"response.output_text.delta","delta":"Hello, world!!!!"})");
  sent(R"({"type":"response.create","model":"m","input":"never answered"})");
  end("origin_reset");
  ASSERT_EQ(turns_.size(), 2U);
  const Reading& reading = turns_[0].reading;
  EXPECT_EQ(reading.usage.source, UsageSource::kEstimated);
  EXPECT_EQ(reading.usage.step, UsageStep::kEstimate);
  EXPECT_EQ(reading.usage.input_tokens, 3 + kTokensPerTurn);
  EXPECT_EQ(reading.usage.output_tokens, 1 + 2 + 4);
  EXPECT_FALSE(reading.complete);
  EXPECT_EQ(reading.error_type, "origin_reset");
  EXPECT_EQ(turns_[1].reading.usage.source, UsageSource::kNone) << "nothing shows that a model was at work";
}

TEST_F(TurnReaderTest, WhatAResponseStatedIsNeverEstimated) {
  open("openai", "/v1/responses");
  sent(R"({"type":"response.create","model":"m","input":"abcdefgh"})");
  received(R"({"type":"response.output_text.delta","delta":"Hello, world!!!!"})").received(kCompleted);
  sent(R"({"type":"response.create","model":"m","input":"abcdefgh"})");
  received(R"({"type":"response.created","response":{"id":"r"}})");
  received(R"({"type":"response.output_text.delta","delta":"Hello, world!!!!"})");
  received(R"({"type":"response.completed","response":{"id":"r","status":"completed","usage":null}})");
  sent(R"({"type":"response.create","model":"m","input":"abcdefgh","generate":false})");
  received(R"({"type":"response.created","response":{"id":"w"}})");
  end();
  ASSERT_EQ(turns_.size(), 3U);
  EXPECT_EQ(turns_[0].reading.usage.source, UsageSource::kReported);
  EXPECT_EQ(turns_[0].reading.usage.output_tokens, 20);
  EXPECT_EQ(turns_[1].reading.usage.source, UsageSource::kEstimated) << "it ended without a word on usage";
  EXPECT_EQ(turns_[1].reading.usage.output_tokens, 4);
  EXPECT_TRUE(turns_[1].reading.complete);
  EXPECT_EQ(turns_[2].reading.usage.source, UsageSource::kNone) << "a warm-up bills nothing";
}

TEST_F(TurnReaderTest, AnErrorInTheMidstOfAnAnswerBreaksItOff) {
  open("openai", "/v1/responses");
  for (const bool began : {true, false}) {
    sent(R"({"type":"response.create","model":"m","input":"abcdefgh"})");
    received(R"({"type":"response.created","response":{"id":"r"}})");
    if (began) received(R"({"type":"response.output_text.delta","delta":"Hello, world!!!!"})");
    received(R"({"type":"error","error":{"type":"server_error"}})");
  }
  ASSERT_EQ(turns_.size(), 2U);
  EXPECT_FALSE(turns_[0].reading.complete);
  EXPECT_EQ(turns_[0].reading.error_type, "server_error");
  EXPECT_EQ(turns_[0].reading.usage.source, UsageSource::kEstimated);
  EXPECT_EQ(turns_[0].reading.usage.output_tokens, 4);
  EXPECT_TRUE(turns_[1].reading.complete) << "it was refused";
  EXPECT_EQ(turns_[1].reading.usage.source, UsageSource::kNone);
}

TEST_F(TurnReaderTest, AFailureSaysAFinishReasonToo) {
  open("openai", "/v1/responses");
  for (const std::string_view usage : {"null", R"({"input_tokens":9,"output_tokens":2})"}) {
    sent(R"({"type":"response.create","model":"m","input":"abcdefgh"})");
    received(R"({"type":"response.created","response":{"id":"r"}})");
    received(R"({"type":"response.output_text.delta","delta":"Hello, world!!!!"})");
    received(R"({"type":"response.failed","response":{"id":"r","status":"failed","error":{"code":"x"},"usage":)" +
             std::string(usage) + "}}");
  }
  ASSERT_EQ(turns_.size(), 2U);
  EXPECT_EQ(turns_[0].reading.finish_reason, "failed");
  EXPECT_FALSE(turns_[0].reading.complete);
  EXPECT_EQ(turns_[0].reading.usage.source, UsageSource::kEstimated);
  EXPECT_EQ(turns_[0].reading.usage.output_tokens, 4);
  EXPECT_TRUE(turns_[1].reading.complete) << "it said all";
  EXPECT_EQ(turns_[1].reading.usage.output_tokens, 2);
}

// The session is what was said last, and each response answers what was sent since the one before.
TEST_F(TurnReaderTest, ARealtimeResponseThatBrokeOffIsEstimated) {
  open("openai", "/v1/realtime?model=m");
  received(R"({"type":"session.created","session":{"id":"s","instructions":"a default one that is replaced"}})");
  sent(R"({"type":"session.update","session":{"instructions":"abcdefgh"}})");
  received(R"({"type":"session.updated","session":{"id":"s","instructions":"abcdefgh"}})");
  sent(R"({"type":"conversation.item.create","item":{"content":[{"type":"input_text","text":"an earlier one"}]}})");
  sent(R"({"type":"response.create"})").received(R"({"type":"response.created","response":{"id":"r1"}})");
  received(realtime_done("r1"));
  sent(R"({"type":"input_audio_buffer.append","audio":"AAAAAAAAAAAAAAAA"})");
  sent(R"({"type":"conversation.item.create","item":{"content":[{"type":"input_text","text":"abcdefghijkl"}]}})");
  sent(R"({"type":"response.create"})").received(R"({"type":"response.created","response":{"id":"r2"}})");
  received(R"({"type":"response.output_audio.delta","response_id":"r2","delta":"AAAAAAAAAAAAAAAA"})");
  received(R"({"type":"response.output_audio_transcript.delta","response_id":"r2","delta":"abcdefgh"})");
  received(R"({"type":"response.output_audio_transcript.delta","response_id":"r1","delta":"late, of another"})");
  end("client_closed");
  ASSERT_EQ(turns_.size(), 2U);
  EXPECT_EQ(turns_[0].reading.usage.source, UsageSource::kReported);
  const Reading& reading = turns_[1].reading;
  EXPECT_EQ(reading.usage.source, UsageSource::kEstimated);
  EXPECT_EQ(reading.usage.input_tokens, 2 + 3 + kTokensPerTurn);
  EXPECT_EQ(reading.usage.output_tokens, 2);
  EXPECT_FALSE(reading.complete);
}

TEST_F(TurnReaderTest, AGeminiTurnThatBrokeOffIsEstimatedAboveWhatItStated) {
  open("gcp.gemini", kGemini);
  sent(R"({"setup":{"model":"models/m","systemInstruction":{"parts":[{"text":"abcd"}]}}})");
  sent(R"({"clientContent":{"turns":[{"parts":[{"text":"abcd"}]}]}})");
  sent(R"({"clientContent":{"turns":[{"parts":[{"text":"abcd"}]}],"turnComplete":true}})");
  received(R"({"serverContent":{"modelTurn":{"parts":[{"text":"abcdefgh"}]}}})");
  received(R"({"serverContent":{"outputTranscription":{"text":"abcd"}}})");
  end("origin_reset");
  ASSERT_EQ(turns_.size(), 1U);
  EXPECT_EQ(turns_[0].reading.usage.input_tokens, 3 + 2 * kTokensPerTurn);
  EXPECT_EQ(turns_[0].reading.usage.output_tokens, 3);
  sent(R"({"clientContent":{"turns":[],"turnComplete":true}})");
  received(
      R"({"serverContent":{"modelTurn":{"parts":[{"text":"abcdefgh"}]}},"usageMetadata":{"promptTokenCount":9,"responseTokenCount":1}})");
  end("origin_reset");
  ASSERT_EQ(turns_.size(), 2U);
  EXPECT_EQ(turns_[1].reading.usage.source, UsageSource::kEstimated);
  EXPECT_EQ(turns_[1].reading.usage.input_tokens, 9);
  EXPECT_EQ(turns_[1].reading.usage.output_tokens, 2);
  sent(R"({"clientContent":{"turns":[{"parts":[{"text":"abcd"}]}],"turnComplete":true}})");
  received(R"({"serverContent":{"modelTurn":{"parts":[{"text":"abcd"}]}}})");
  received(R"({"serverContent":{"turnComplete":true}})");
  ASSERT_EQ(turns_.size(), 3U);
  EXPECT_EQ(turns_[2].reading.usage.source, UsageSource::kNone) << "its usage may still come";
}

TEST_F(TurnReaderTest, WhatIsKeptForEstimatesIsBounded) {
  open("openai", "/v1/responses", {}, {.sample_bytes = 1024});
  const auto ask = [](std::string_view text) {
    return fmt::format(R"({{"type":"response.create","model":"m","input":"{}"}})", text);
  };
  sent(ask("abcd")).received(R"({"type":"response.created","response":{"id":"r"}})");
  for (int i = 0; i < 1000; ++i) received(R"({"type":"response.output_text.delta","delta":"four"})");
  end("origin_reset");
  ASSERT_EQ(turns_.size(), 1U);
  EXPECT_NEAR(static_cast<double>(turns_[0].reading.usage.output_tokens.value()), 1000, 100) << "the middle is dropped";

  open("openai", "/v1/realtime?model=m", {}, {.asked = 2});
  for (int i = 0; i < 5; ++i) {
    sent(R"({"type":"conversation.item.create","item":{"content":[{"text":"abcdefgh"}]}})");
  }
  received(R"({"type":"response.created","response":{"id":"r"}})");
  end("origin_reset");
  ASSERT_EQ(turns_.size(), 2U);
  EXPECT_EQ(turns_[1].reading.usage.input_tokens, 2 * (2 + kTokensPerTurn));

  open("openai", "/v1/responses", {}, {.sample_bytes = 0});
  sent(ask("abcd")).received(R"({"type":"response.created","response":{"id":"r"}})");
  end("origin_reset");
  EXPECT_EQ(turns_.back().reading.usage.source, UsageSource::kNone);
}

TEST_F(TurnReaderTest, TurnsAndRequestsAreBounded) {
  open("openai", "/v1/realtime?model=m", {}, {.open_turns = 2, .requests = 2});
  for (int i = 0; i < 5; ++i) sent(R"({"type":"response.create"})");
  for (int i = 0; i < 4; ++i) received(fmt::format(R"({{"type":"response.created","response":{{"id":"{}"}}}})", i));
  ASSERT_EQ(turns_.size(), 2U);
  EXPECT_TRUE(turns_[0].reading.truncated && !turns_[0].reading.complete);
  end();
  EXPECT_EQ(turns_.size(), 4U);
  EXPECT_TRUE(reader_->connection(now_).reading.truncated) << "requests were forgotten";
}

TEST_F(TurnReaderTest, WhatIsNoJsonIsNotRead) {
  open("openai", "/v1/responses");
  sent("\x01\x02\x03").sent("").received("hello").received(R"({"type":)").received(R"(["x"])");
  end();
  EXPECT_TRUE(turns_.empty());
  const Turn rest = reader_->connection(now_);
  EXPECT_EQ(rest.reading.billing, provider::Billing::kNever);
  EXPECT_EQ(rest.request_bytes, 3U);
  EXPECT_EQ(rest.response_bytes, 5U + 8U + 5U);
}

TEST_F(TurnReaderTest, AMessageThatWasTooLongMarksItsTurn) {
  open("openai", "/v1/responses");
  sent(R"({"type":"response.create","model":"m"})").received(R"({"type":"response.created","response":{"id":"r"}})");
  reader_->message({.from = Side::kServer, .text = {}, .wire_bytes = 9, .truncated = true, .at = now_}, sink());
  received(kCompleted);
  end();
  ASSERT_EQ(turns_.size(), 2U);
  EXPECT_FALSE(turns_[0].reading.truncated) << "the one that ended has another id";
  EXPECT_TRUE(turns_[1].reading.truncated);
}

}  // namespace
}  // namespace tokometer::meter
