// How the bodies of a kind of endpoint are read: the compiled form of a spec's `formats`.
//
// A format says which values of a request, of a whole response and of each event
// of a stream are wanted, and how counts follow from the usage object among
// them. It is immutable and shared by endpoints and threads.
//
// Not here: the keys of the file and what they mean (docs/provider-spec.md),
// the reading itself (meter/).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json/query.h"
#include "json/query_set.h"

namespace tokometer::provider {

// What a value that was read is. Each is one member of meter::Reading.
enum class Slot : std::uint8_t {
  kRequestModel,
  kStream,  // "true" or "false"
  kSessionId,
  kThreadId,
  kUser,
  kResponseModel,
  kResponseId,
  kFinishReason,
  kErrorType,
  kServiceTier,
  kUsage,  // an object, verbatim
};
inline constexpr std::size_t kSlotCount = 11;

// One place where a slot's value may be. Of several the one with the lowest rank wins.
struct Pick {
  Slot slot = Slot::kUsage;
  std::uint8_t rank = 0;
  std::string after;                             // only what follows this text in the value; empty: all of it
  std::shared_ptr<const json::QuerySet> within;  // the value is JSON in a string: the answer to this one query in it
};

// A pick from outside the content, or from content that is a form.
struct HeadPick {
  enum class From : std::uint8_t { kField, kPath, kQuery, kForm };
  From from = From::kField;
  std::string name;  // of the field, the capture, the query parameter or the form's field
  Pick pick;
};

// Counts the values of a wildcard query that equal `equals`: calls of a tool.
struct ToolPick {
  std::string tool;
  std::string equals;
};

// The longest values that are kept, as they stand in the document; of what is longer nothing is.
inline constexpr std::uint32_t kMaxTextBytes = 4096;
inline constexpr std::uint32_t kMaxUsageBytes = 64 * 1024;
inline constexpr std::uint32_t kMaxTypeBytes = 256;

// What to look for in one JSON document.
struct ContentRules {
  json::QuerySet set;
  std::vector<Pick> picks;         // by the query's position in the set
  std::vector<ToolPick> tools;     // the queries after those
  std::vector<std::string> words;  // by the query's position: a member name, quoted, that must occur for an answer
};

// How a usage object joins the ones before it in the same stream.
enum class Combine : std::uint8_t {
  kSet,      // takes their place, as a whole
  kMerge,    // its members take the place of theirs, within nested objects too
  kAdd,      // whole numbers are added, arrays joined; other members as kMerge
  kMaximum,  // the greater number stays; other members as kMerge
};

struct EventRule {
  std::vector<std::string> types;  // event names; empty: every event without a rule of its own
  ContentRules content;
  Combine combine = Combine::kMerge;
  // A message starts here. What an earlier one used is added, unless it had the same response id: then this
  // one takes its place.
  bool begins = false;
};

enum class Framing : std::uint8_t { kSse, kNdjson, kJsonArray };

struct StreamRules {
  std::vector<Framing> framings;               // those that the endpoint may answer with
  std::vector<std::string> skip;               // whole events that are no JSON: "[DONE]"
  std::shared_ptr<const json::QuerySet> type;  // where an event that the framing does not name says its type
  std::vector<EventRule> events;               // at most one without types, the last
};

// The counts of meter::Usage that a rule can give.
enum class CountName : std::uint8_t {
  kInputTokens,
  kCacheReadInputTokens,
  kCacheCreationInputTokens,
  kCacheCreation1hInputTokens,
  kAudioInputTokens,
  kCacheReadAudioInputTokens,
  kImageInputTokens,
  kToolUsePromptTokens,
  kOutputTokens,
  kReasoningOutputTokens,
  kAudioOutputTokens,
  kImageOutputTokens,
  kTotalTokens,
  kBilledInputTokens,
  kBilledOutputTokens,
};
inline constexpr std::size_t kCountNames = 15;
// "input_tokens", …, in that order.
const std::array<std::string_view, kCountNames>& count_names();

// How a count follows from the usage object.
struct Expression {
  enum class Kind : std::uint8_t {
    kSimple,      // the sum of what query `index` of UsageRules::simple selects
    kFull,        // the sum of what query `index` of UsageRules::full selects
    kFirst,       // the first operand that there is
    kSum,         // of the operands that there are
    kDifference,  // the first operand less the second; absent unless both are there and it is no less than 0
  };
  Kind kind = Kind::kSimple;
  std::uint16_t index = 0;
  std::vector<Expression> operands;
};

// Of the queries in UsageRules::simple.
inline constexpr std::size_t kMaxSimpleCounts = 64;

struct UsageRules {
  json::QuerySet simple;          // queries without filters, answered in one pass
  std::vector<json::Query> full;  // all others
  std::vector<std::pair<CountName, Expression>> counts;
  std::vector<std::pair<std::string, Expression>> tool_calls;
  std::vector<json::Query> cost_usd;  // alternatives, in order
  int cost_scale = 0;                 // the stated cost times 10^-cost_scale is USD
  std::vector<std::string> fields;    // response fields that become members of the usage object, lower case
};

struct Format {
  std::string name;  // "anthropic/messages"
  ContentRules request;
  std::vector<HeadPick> request_head;
  ContentRules response;  // of a whole body
  std::vector<HeadPick> response_head;
  std::optional<StreamRules> stream;
  UsageRules usage;
};

}  // namespace tokometer::provider
