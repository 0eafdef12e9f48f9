// How the bodies of a kind of endpoint are read: the compiled form of a spec's `formats`.
//
// A format says which values of a request, of a whole response, of each event of
// a stream and of each message on a WebSocket are wanted, and how counts follow
// from the usage object among them. It is immutable and shared by endpoints and threads.
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
  kGenerates,           // "true" or "false"
  kLane,                // of a WebSocket that answers several requests at a time: which answers belong to which
  kTranscriptionModel,  // of what the client says, where another model than that of the turns writes it down
  kPending,             // not empty: what was asked for is not done, and bills nothing yet
  kUsage,               // an object, verbatim
};
inline constexpr std::size_t kSlotCount = 15;

// One place where a slot's value may be. Of several the one with the lowest rank wins.
struct Pick {
  Slot slot = Slot::kUsage;
  std::uint8_t rank = 0;
  std::string after;              // only what follows this text in the value; empty: all of it
  std::string unless;             // a value equal to this says nothing; empty: every value says something
  std::vector<std::string> only;  // a value that is none of these says nothing; empty: every value says something
  std::shared_ptr<const json::QuerySet> within;  // the value is JSON in a string: the answer to this one query in it
};

// A pick from outside the content, or from content that is a form.
struct HeadPick {
  enum class From : std::uint8_t { kField, kPath, kQuery, kForm };
  From from = From::kField;
  std::string name;  // of the field, the capture, the query parameter or the form's field
  Pick pick;
};

// A pick whose value does not stand in the content.
struct GivenPick {
  std::string text;  // the value; empty: the type of the event, as the stream states it
  Pick pick;
};

// Counts the values of a wildcard query that equal `equals`: calls of a tool.
struct ToolPick {
  std::string tool;
  std::string equals;      // empty: any text that is not
  bool is_stated = false;  // the value is the number of calls itself, and goes before what is counted
  bool repeats = false;    // an event repeats what earlier ones said: the one with the most calls counts
};

// The longest values that are kept, as they stand in the document; of what is longer nothing is.
inline constexpr std::uint32_t kMaxTextBytes = 4096;
inline constexpr std::uint32_t kMaxUsageBytes = 64 * 1024;
inline constexpr std::uint32_t kMaxUsageMemberBytes = 4096;
inline constexpr std::uint32_t kMaxTypeBytes = 256;
inline constexpr std::uint32_t kMaxWrappedBytes = 1024 * 1024;
inline constexpr std::uint32_t kMaxElementBytes = 32 * 1024 * 1024;
// Of one text that tokens are counted of; of a longer one nothing is counted.
inline constexpr std::uint32_t kMaxSampledTextBytes = 4 * 1024 * 1024;

// Where a document says what was put in or came out as text, which tokens can be counted of. Strings count by what
// they hold, objects and numbers as they stand, arrays not at all: their elements are asked for one by one.
struct TextRules {
  json::QuerySet set;     // `texts` queries, then those of turns
  std::size_t texts = 0;  // the answers to the first ones are text
  bool empty() const { return set.size() == 0; }
};

// What to look for in one JSON document.
struct ContentRules {
  json::QuerySet set;
  std::vector<Pick> picks;           // by the query's position in the set
  std::vector<ToolPick> tools;       // the queries after those
  std::vector<std::string> members;  // the last ones: what they select become members of the usage object, so named
  std::vector<std::string> words;    // by the query's position: a member name, quoted, that must occur for an answer
  std::vector<GivenPick> given;
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
  TextRules text;
  Combine combine = Combine::kMerge;
  // A message starts here. What an earlier one used is added, unless it had the same response id: then this
  // one takes its place.
  bool begins = false;
};

enum class Framing : std::uint8_t { kSse, kNdjson, kJsonArray, kAwsEventStream };

struct StreamRules {
  std::vector<Framing> framings;               // those that the endpoint may answer with
  std::vector<std::string> skip;               // whole events that are no JSON: "[DONE]"
  std::shared_ptr<const json::QuerySet> type;  // where an event that the framing does not name says its type
  // Where the text of an event carries the event itself, in base64; an event without it is read as it is.
  std::shared_ptr<const json::QuerySet> unwrap;
  std::vector<EventRule> events;  // at most one without types, the last
  // Each event is a call of its own (a line of a batch's results), not a part of this one.
  bool separate = false;
  // Where a response that is one document has its events: elements of an array in it. Null: nowhere.
  std::shared_ptr<const json::QuerySet> elements;
  // A client may ask for usage by `stream_options.include_usage`, and the provider takes it.
  bool usage_on_request = false;
  // A stream without a finish reason, an error and an event of `skip` broke off. Unless the file says so, this holds
  // where some event would state a finish reason.
  bool says_end = false;
};

// What a usage object may be called, wherever it stands (meter/usage_search.h).
struct SearchRules {
  std::vector<std::string> objects;  // member names, quoted: "\"usage\""; the earlier ones are preferred
  std::vector<std::string> members;  // of numbers that stand without an object of their own, quoted
  // Member names, quoted, in whose objects and arrays nothing is looked for: what a model or its user wrote.
  std::vector<std::string> skip;
};

// What a message on a WebSocket is to the turns of its connection.
enum class TurnRole : std::uint8_t {
  kSession,  // what it says holds for every later turn
  kRequest,  // the client asks for a turn
  kAsk,      // the client says a part of what it will ask for
  kBegin,    // one of a turn's; opens one where none fits
  kPart,     // one of a turn's that is open
  kEnd,      // the last of a turn's; opens one where none fits
  kWhole,    // a turn of its own, if it states usage or an error
  kRefusal,  // the answer to a request that gets no turn
};

struct MessageRule {
  std::vector<std::string> types;     // names, in which "*" stands for anything
  std::vector<std::size_t> presence;  // or queries of MessageRules::kinds, of which one must select something
  TurnRole role = TurnRole::kSession;
  bool is_content = false;  // the first such message is its turn's first chunk
  std::string operation;    // of a turn of its own; empty: the endpoint's
  Combine combine = Combine::kSet;
  ContentRules content;
  TextRules text;
};

// The messages of one side.
struct MessageRules {
  json::QuerySet kinds;            // where the type is, then the presence queries
  std::size_t type_queries = 0;    // how many of them say the type, in order of preference
  std::vector<MessageRule> rules;  // the first that matches
};

struct WebSocketRules {
  MessageRules client;
  MessageRules server;
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
    kAtLeast,     // the first operand; absent where the second is there and greater
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
  // Alternatives, in order: each is the sum of what its queries select, and says nothing unless all of them do.
  std::vector<std::vector<json::Query>> cost_usd;
  int cost_scale = 0;               // the stated cost times 10^-cost_scale is USD
  std::vector<std::string> fields;  // response fields that become members of the usage object, lower case
};

struct Format {
  std::string name;  // "anthropic/messages"
  ContentRules request;
  TextRules request_text;
  std::vector<HeadPick> request_head;
  ContentRules response;  // of a whole body
  TextRules response_text;
  std::vector<HeadPick> response_head;
  std::optional<StreamRules> stream;
  std::optional<WebSocketRules> websocket;
  UsageRules usage;
  SearchRules search;

  // Whether a response that says nothing of usage can have its tokens counted from text.
  bool has_text() const { return !request_text.empty() || !response_text.empty(); }
};

}  // namespace tokometer::provider
