// Reads a streamed response: cuts it into events and applies the rule of each.
//
// Most events of a stream are content deltas that no rule asks about. They are
// told by their name, or by the absence of every member name that a rule needs,
// and cost a search in memory instead of a JSON reader.
//
// Not here: content codings (body_reader.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "meter/exchange_meter.h"
#include "meter/findings.h"
#include "meter/usage_merge.h"
#include "provider/format.h"
#include "wire/json_array.h"
#include "wire/ndjson.h"
#include "wire/sse.h"

namespace tokometer::meter {

class StreamReader {
 public:
  // `rules` and `findings` must outlive the reader.
  StreamReader(const provider::StreamRules& rules, provider::Framing framing, std::uint32_t max_event_bytes,
               Findings& findings);

  // Adds what the response head said it used: the stream's own words join it.
  void start_with(std::string_view usage) { usage_.add(usage, provider::Combine::kSet); }
  void feed(std::string_view bytes);
  // `complete` is whether the response came to its end.
  void finish(bool complete);
  // The usage object of the whole stream; empty if there was none.
  std::string take_usage() { return usage_.take(); }

 private:
  void event(std::string_view type, std::string_view data, bool truncated);
  const provider::EventRule* rule_for(std::string_view type, std::string_view data) const;
  const provider::EventRule* named(std::string_view type) const;
  bool is_awaited(const provider::Pick& pick) const;
  bool may_answer(const provider::ContentRules& rules, std::string_view data) const;
  void apply(const provider::EventRule& rule, std::string_view data);

  const provider::StreamRules& rules_;
  Findings& findings_;
  std::variant<wire::sse::Decoder, wire::ndjson::Decoder, wire::json_array::Decoder> decoder_;
  UsageSum usage_;
  bool broken_ = false;
};

}  // namespace tokometer::meter
