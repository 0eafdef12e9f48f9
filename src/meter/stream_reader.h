// Reads a streamed response: cuts it into events and applies the rule of each.
//
// Most events of a stream are content deltas that no rule asks about. They are
// told by their name, or by the absence of every member name that a rule needs,
// and cost a search in memory instead of a JSON reader.
//
// Not here: content codings (body_reader.h).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "json/extractor.h"
#include "meter/content_sample.h"
#include "meter/exchange_meter.h"
#include "meter/findings.h"
#include "meter/text_sample.h"
#include "meter/usage_merge.h"
#include "provider/format.h"
#include "wire/aws_event_stream.h"
#include "wire/json_array.h"
#include "wire/ndjson.h"
#include "wire/sse.h"

namespace tokometer::meter {

// Takes what is a call of its own, and its usage object: what an event of provider::StreamRules::separate said, or the
// messages of a model from which a stream fell back to another.
using ApartSink = std::function<void(Findings& call, const std::string& usage)>;

class StreamReader {
 public:
  // How a stream is cut into events: by a framing, or as the elements of an array within a document.
  struct Elements {};
  using Cut = std::variant<provider::Framing, Elements>;

  // `rules`, `usage`, `sample`, `findings` and `calls` must outlive the reader. Every event goes into the sample.
  StreamReader(const provider::StreamRules& rules, const provider::UsageRules& usage, Cut cut,
               std::uint32_t max_event_bytes, ContentSample& sample, Findings& findings, const ApartSink& calls);

  // Adds what the response head said it used: the stream's own words join it.
  void start_with(std::string_view usage) { usage_.add(usage, provider::Combine::kSet); }
  void feed(std::string_view bytes);
  // `complete` is whether the response came to its end.
  void finish(bool complete);
  // Whether the stream said that it is at its end, if it is one that says so.
  bool has_ended() const;
  // Whether any event came.
  bool has_begun() const { return any_event_; }
  // Whether the last message stated its usage in the event alone that begins it: what it says of output is a
  // placeholder then.
  bool usage_has_only_begun() const { return usage_has_only_begun_; }
  // The usage object of the whole stream; empty if there was none.
  std::string take_usage() { return usage_.take(); }
  // The text of the events that are in the sample.
  TextSample text() const;
  // The usage object that was stated last, if the stream is of one message; else empty.
  std::string last_usage() const { return usage_.last(); }

 private:
  void event(std::string_view type, std::string_view data, bool truncated);
  void read(std::string_view type, std::string_view data);
  void broke();
  std::optional<std::string> stated_type(std::string_view data) const;
  const provider::EventRule* named(std::string_view type) const;
  bool is_awaited(const provider::Pick& pick) const;
  bool may_answer(const provider::ContentRules& rules, std::string_view data) const;
  void set_apart(std::string_view model, std::string_view id);
  void note_message();
  void apply(const provider::EventRule& rule, std::string_view type, std::string_view data);
  void apply_apart(const provider::EventRule& rule, std::string_view type, std::string_view data);
  void count_syntax();

  const provider::StreamRules& rules_;
  ContentSample& sample_;
  Findings& findings_;
  const ApartSink& calls_;
  std::variant<wire::sse::Decoder, wire::ndjson::Decoder, wire::json_array::Decoder, wire::aws_event_stream::Decoder,
               json::Extractor>
      decoder_;
  UsageSum usage_;
  std::string usage_id_;   // of the message that stated its usage last
  bool any_call_ = false;  // an event was a call of its own
  bool any_event_ = false;
  bool usage_has_only_begun_ = false;
  bool skipped_ = false;  // an event that is no JSON: a stream's last words
  bool broken_ = false;
};

}  // namespace tokometer::meter
