#include "provider/format_file.h"

#include <algorithm>
#include <array>

#include "json/text.h"

namespace tokometer::provider {
namespace {

struct KeyedSlot {
  std::string_view key;
  Slot slot;
};
constexpr std::array kRequestSlots = {
    KeyedSlot{"model", Slot::kRequestModel},
    KeyedSlot{"stream", Slot::kStream},
    KeyedSlot{"session_id", Slot::kSessionId},
    KeyedSlot{"thread_id", Slot::kThreadId},
    KeyedSlot{"user", Slot::kUser},
};
constexpr std::array kResponseSlots = {
    KeyedSlot{"model", Slot::kResponseModel},  KeyedSlot{"id", Slot::kResponseId},
    KeyedSlot{"thread_id", Slot::kThreadId},   KeyedSlot{"finish_reason", Slot::kFinishReason},
    KeyedSlot{"error_type", Slot::kErrorType}, KeyedSlot{"service_tier", Slot::kServiceTier},
    KeyedSlot{"usage", Slot::kUsage},
};
// Beside those, of a response over HTTP.
constexpr std::array kHttpResponseSlots = {KeyedSlot{"pending", Slot::kPending}};

constexpr std::array kClientMessageSlots = {
    KeyedSlot{"model", Slot::kRequestModel},  KeyedSlot{"session_id", Slot::kSessionId},
    KeyedSlot{"thread_id", Slot::kThreadId},  KeyedSlot{"user", Slot::kUser},
    KeyedSlot{"generates", Slot::kGenerates}, KeyedSlot{"transcription_model", Slot::kTranscriptionModel},
    KeyedSlot{"lane", Slot::kLane},
};
// Beside those of a response.
constexpr std::array kServerMessageSlots = {
    KeyedSlot{"session_id", Slot::kSessionId},
    KeyedSlot{"transcription_model", Slot::kTranscriptionModel},
    KeyedSlot{"lane", Slot::kLane},
};

// The longest member name on the way of a query, as it stands in a document: without it there is no answer.
std::string telling_word(const std::string& query) {
  std::string longest;
  const auto compiled = json::Query::compile(query);
  const auto segments = compiled ? compiled->simple_segments() : std::nullopt;
  if (!segments) return longest;
  for (const json::SimpleSegment& segment : *segments) {
    const auto* name = std::get_if<std::string>(&segment);
    if (name != nullptr && name->size() > longest.size()) longest = *name;
  }
  std::string word;
  if (!longest.empty()) json::append_quoted(longest, word);
  return word;
}

// Gathers the picks of one section of a format.
class RulesCompiler {
 public:
  enum class Section { kRequest, kResponse, kEvent };

  // `head` takes picks from outside the content; null where a section has none.
  RulesCompiler(Section section, Mistakes& mistakes, std::vector<HeadPick>* head)
      : mistakes_(mistakes),
        head_(head),
        is_event_(section == Section::kEvent),
        may_be_given_(section != Section::kRequest) {}

  void read(ObjectReader& reader, std::span<const KeyedSlot> slots) {
    for (const KeyedSlot& keyed : slots) {
      if (const Merged* value = reader.any(keyed.key)) sources(*value, keyed.slot);
    }
  }

  // "tool_calls": {"web_search": {"count": "$.output[*].type", "equals": "web_search_call", "stated": "$.searches"}}
  void read_tools(ObjectReader& reader) {
    const Merged* tools = reader.object("tool_calls");
    if (tools == nullptr) return;
    for (const MergedMember& tool : tools->members) {
      if (tool.value.node.is_null()) continue;
      ObjectReader fields(tool.value, mistakes_);
      const auto count = fields.string("count");
      const auto equals = fields.string("equals");
      const auto stated = fields.string("stated");
      const bool repeats = fields.boolean("repeats").value_or(false);
      fields.finish();
      if ((!count && !stated) || equals == "") {
        mistakes_.add(tool.value,
                      R"(a tool call needs "count" or "stated"; "equals" is a text that is not empty, or left out)");
        continue;
      }
      const ToolPick counted{.tool = tool.name, .equals = equals.value_or(""), .is_stated = false, .repeats = repeats};
      if (count) add_tool(tool.value, *count, counted);
      if (stated) add_tool(tool.value, *stated, {.tool = tool.name, .equals = {}, .is_stated = true, .repeats = false});
    }
  }

  // Counts that stand beside the usage object, or without one.
  void read_members(ObjectReader& reader) {
    const Merged* members = reader.object("usage_members");
    if (members == nullptr) return;
    for (const MergedMember& member : members->members) {
      if (member.value.node.is_null()) continue;
      const auto query = member.value.node.string();
      if (!query || member.name.empty() || member.name.find_first_of("\"\\") != std::string::npos) {
        mistakes_.add(member.value, "\"usage_members\" are queries by plain names");
        continue;
      }
      if (!check(member.value, std::string(*query))) continue;
      members_.push_back(member.name);
      member_queries_.push_back(
          {.text = std::string(*query), .want = json::Want::kValue, .max_bytes = kMaxUsageMemberBytes});
    }
  }

  ContentRules finish(const Merged& at) {
    ContentRules rules;
    rules.given = std::move(given_);
    rules.picks = std::move(picks_);
    rules.tools = std::move(tools_);
    rules.members = std::move(members_);
    queries_.insert(queries_.end(), tool_queries_.begin(), tool_queries_.end());
    queries_.insert(queries_.end(), member_queries_.begin(), member_queries_.end());
    for (const json::WantedQuery& query : queries_) rules.words.push_back(telling_word(query.text));
    auto set = json::QuerySet::compile(queries_);
    if (set) {
      rules.set = std::move(*set);
    } else {
      mistakes_.add(at, set.error().message);
    }
    return rules;
  }

 private:
  void add_tool(const Merged& at, const std::string& query, ToolPick pick) {
    if (!check(at, query)) return;
    tools_.push_back(std::move(pick));
    tool_queries_.push_back({.text = query, .want = json::Want::kValue, .max_bytes = kMaxTextBytes});
  }

  bool check(const Merged& at, const std::string& query) {
    const json::WantedQuery wanted{.text = query, .want = json::Want::kValue, .max_bytes = 1};
    const auto set = json::QuerySet::compile(std::span(&wanted, 1));
    if (!set) mistakes_.add(at, "query \"" + query + "\": " + set.error().message);
    return set.has_value();
  }

  void sources(const Merged& value, Slot slot) {
    std::uint8_t rank = 0;
    if (!value.node.is_array()) return source(value, value.node, slot, rank);
    if (value.node.size() > 16) mistakes_.add(value, "more than 16 alternatives");
    for (const json::Node element : value.node.elements()) source(value, element, slot, rank++);
  }

  // "$.model", "field:x-session", {"from": "$.user", "after": "_session_"}, {"from": …, "within": "$.id"} or
  // {"is": "batch"}
  void source(const Merged& at, json::Node node, Slot slot, std::uint8_t rank) {
    Pick pick{.slot = slot, .rank = rank, .after = {}, .unless = {}, .only = {}, .within = nullptr};
    if (const auto text = node.string()) return place(at, *text, std::move(pick));
    if (!node.is_object()) return mistakes_.add(at, "a source is a text or an object");
    const Merged object = Merged::of(at.file, node);
    ObjectReader reader(object, mistakes_);
    const auto from = reader.string("from");
    const auto is = reader.string("is");
    pick.after = reader.string("after").value_or("");
    pick.unless = reader.string("unless").value_or("");
    pick.only = reader.strings("only", true);
    if (const auto within = reader.string("within"); within && check(object, *within)) {
      const json::WantedQuery wanted{.text = *within, .want = json::Want::kValue, .max_bytes = kMaxTextBytes};
      auto set = json::QuerySet::compile(std::span(&wanted, 1));
      if (set) pick.within = std::make_shared<const json::QuerySet>(std::move(*set));
    }
    reader.finish();
    if (from.has_value() == is.has_value()) return mistakes_.add(object, R"(a source needs "from" or "is")");
    if (from) return place(object, *from, std::move(pick));
    if (!may_be_given_ || slot == Slot::kUsage || is->empty())
      return mistakes_.add(object, "\"is\" has no meaning here");
    given_.push_back({*is, std::move(pick)});
  }

  void place(const Merged& at, std::string_view from, Pick pick) {
    if (from.starts_with('$')) {
      std::string query(from);
      if (!check(at, query)) return;
      const std::uint32_t most = pick.slot == Slot::kUsage ? kMaxUsageBytes : kMaxTextBytes;
      queries_.push_back({.text = std::move(query), .want = json::Want::kValue, .max_bytes = most});
      picks_.push_back(std::move(pick));
      return;
    }
    if (from == "event:type") {
      if (!is_event_ || pick.slot == Slot::kUsage) return mistakes_.add(at, "\"event:type\" has no meaning here");
      given_.push_back({{}, std::move(pick)});
      return;
    }
    static constexpr std::array<std::pair<std::string_view, HeadPick::From>, 4> kKinds = {{
        {"field:", HeadPick::From::kField},
        {"path:", HeadPick::From::kPath},
        {"query:", HeadPick::From::kQuery},
        {"form:", HeadPick::From::kForm},
    }};
    for (const auto& [prefix, kind] : kKinds) {
      if (!from.starts_with(prefix)) continue;
      if (head_ == nullptr || pick.slot == Slot::kUsage) {
        return mistakes_.add(at, "\"" + std::string(prefix) + "\" has no meaning here");
      }
      head_->push_back({kind, std::string(from.substr(prefix.size())), std::move(pick)});
      return;
    }
    mistakes_.add(
        at,
        "\"" + std::string(from) +
            "\" is no source: it starts with $, \"field:\", \"path:\", \"query:\" or \"form:\", or is \"event:type\"");
  }

  Mistakes& mistakes_;
  std::vector<HeadPick>* head_;
  bool is_event_;
  bool may_be_given_;
  std::vector<Pick> picks_;
  std::vector<json::WantedQuery> queries_;
  std::vector<ToolPick> tools_;
  std::vector<json::WantedQuery> tool_queries_;
  std::vector<std::string> members_;
  std::vector<json::WantedQuery> member_queries_;
  std::vector<GivenPick> given_;
};

// The keys `text` and, of requests, `turns`.
TextRules compile_text(ObjectReader& reader, bool is_request, Mistakes& mistakes) {
  std::vector<json::WantedQuery> queries;
  const Merged* at = nullptr;
  const auto add = [&](std::string_view key, json::Want want) {
    const Merged* const value = reader.any(key);
    if (value == nullptr) return;
    at = value;
    for (const std::string& query : read_strings(*value, true, mistakes)) {
      queries.push_back({.text = query, .want = want, .max_bytes = kMaxSampledTextBytes});
    }
  };
  TextRules rules;
  add("text", json::Want::kValue);
  rules.texts = queries.size();
  if (is_request) add("turns", json::Want::kPresence);
  auto set = json::QuerySet::compile(queries);
  if (set) {
    rules.set = std::move(*set);
  } else {
    mistakes.add(*at, "\"text\": " + set.error().message);
  }
  return rules;
}

std::vector<std::string> quoted_names(ObjectReader& reader, std::string_view key) {
  std::vector<std::string> names;
  for (const std::string& name : reader.strings(key)) json::append_quoted(name, names.emplace_back());
  return names;
}

SearchRules compile_search(const Merged& value, Mistakes& mistakes) {
  ObjectReader reader(value, mistakes);
  SearchRules rules{.objects = quoted_names(reader, "objects"),
                    .members = quoted_names(reader, "members"),
                    .skip = quoted_names(reader, "skip")};
  reader.finish();
  return rules;
}

std::optional<Combine> read_combine(ObjectReader& reader) {
  const auto choice = reader.choice("combine", {"set", "merge", "add", "maximum"});
  if (!choice) return std::nullopt;
  return static_cast<Combine>(*choice);
}

std::vector<std::string> split_types(std::string_view types) {
  std::vector<std::string> split;
  while (!types.empty()) {
    const auto bar = types.find('|');
    split.emplace_back(types.substr(0, bar));
    types = bar == std::string_view::npos ? std::string_view{} : types.substr(bar + 1);
  }
  return split;
}

EventRule compile_event(std::string_view types, const Merged& value, Combine combine, Mistakes& mistakes) {
  EventRule rule;
  if (types != "*") rule.types = split_types(types);
  ObjectReader reader(value, mistakes);
  RulesCompiler compiler(RulesCompiler::Section::kEvent, mistakes, nullptr);
  compiler.read(reader, kResponseSlots);
  compiler.read(reader, kHttpResponseSlots);
  compiler.read_tools(reader);
  compiler.read_members(reader);
  rule.combine = read_combine(reader).value_or(combine);
  rule.begins = reader.boolean("begins").value_or(false);
  rule.text = compile_text(reader, false, mistakes);
  reader.finish();
  rule.content = compiler.finish(value);
  return rule;
}

// A query or alternatives of it; null if the key is not there.
std::shared_ptr<const json::QuerySet> compile_queries(ObjectReader& reader, std::string_view key,
                                                      std::uint32_t max_bytes, Mistakes& mistakes) {
  const Merged* const value = reader.any(key);
  if (value == nullptr) return nullptr;
  std::vector<json::WantedQuery> queries;
  for (const std::string& query : read_strings(*value, true, mistakes)) {
    queries.push_back({.text = query, .want = json::Want::kValue, .max_bytes = max_bytes});
  }
  auto set = json::QuerySet::compile(queries);
  if (set) return std::make_shared<const json::QuerySet>(std::move(*set));
  mistakes.add(*value, "\"" + std::string(key) + "\": " + set.error().message);
  return nullptr;
}

bool says_finish_reason(const EventRule& event) {
  const auto is_reason = [](const auto& pick) { return pick.slot == Slot::kFinishReason; };
  return std::ranges::any_of(event.content.picks, is_reason) ||
         std::ranges::any_of(event.content.given, is_reason, &GivenPick::pick);
}

StreamRules compile_stream(const Merged& value, Mistakes& mistakes) {
  StreamRules stream;
  ObjectReader reader(value, mistakes);
  for (const std::string& framing : reader.strings("framings")) {
    if (framing == "sse") {
      stream.framings.push_back(Framing::kSse);
    } else if (framing == "ndjson") {
      stream.framings.push_back(Framing::kNdjson);
    } else if (framing == "json_array") {
      stream.framings.push_back(Framing::kJsonArray);
    } else if (framing == "aws_event_stream") {
      stream.framings.push_back(Framing::kAwsEventStream);
    } else {
      mistakes.add(value,
                   "framing \"" + framing + R"(" must be one of "sse" "ndjson" "json_array" "aws_event_stream")");
    }
  }
  stream.skip = reader.strings("skip");
  const Combine combine = read_combine(reader).value_or(Combine::kMerge);
  stream.type = compile_queries(reader, "type", kMaxTypeBytes, mistakes);
  stream.unwrap = compile_queries(reader, "unwrap", kMaxWrappedBytes, mistakes);
  stream.usage_on_request = reader.boolean("usage_on_request").value_or(false);
  stream.elements = compile_queries(reader, "elements", kMaxElementBytes, mistakes);
  stream.separate = reader.boolean("separate").value_or(false);
  if (stream.framings.empty() && !stream.elements) mistakes.add(value, R"(a stream needs "framings" or "elements")");
  if (const Merged* events = reader.object("events")) {
    for (const MergedMember& event : events->members) {
      if (event.value.node.is_null()) continue;
      // The rule for every other event stands last.
      const bool has_other = !stream.events.empty() && stream.events.back().types.empty();
      stream.events.insert(has_other ? stream.events.end() - 1 : stream.events.end(),
                           compile_event(event.name, event.value, combine, mistakes));
    }
  }
  const auto says_end = reader.boolean("says_end");
  reader.finish();
  stream.says_end = says_end.value_or(!stream.separate && std::ranges::any_of(stream.events, says_finish_reason));
  return stream;
}

// Compiles the messages of one side of a WebSocket.
class MessagesCompiler {
 public:
  MessagesCompiler(std::span<const std::string> type, bool of_client, Mistakes& mistakes)
      : of_client_(of_client), mistakes_(mistakes) {
    for (const std::string& query : type) {
      kinds_.push_back({.text = query, .want = json::Want::kValue, .max_bytes = kMaxTypeBytes});
    }
    compiled_.type_queries = kinds_.size();
  }

  MessageRules compile(const Merged* messages) {
    if (messages == nullptr) return finish(nullptr);
    bool has_other = false;
    for (const MergedMember& member : messages->members) {
      if (member.value.node.is_null()) continue;
      // The rule for every other message stands last.
      auto& rules = compiled_.rules;
      rules.insert(has_other ? rules.end() - 1 : rules.end(), rule(member));
      has_other = has_other || member.name == "*";
    }
    return finish(messages);
  }

 private:
  MessageRule rule(const MergedMember& member) {
    MessageRule rule;
    for (const std::string& kind : split_types(member.name)) {
      if (!kind.starts_with('$')) {
        rule.types.push_back(kind);
        continue;
      }
      rule.presence.push_back(kinds_.size());
      kinds_.push_back({.text = kind, .want = json::Want::kPresence, .max_bytes = kMaxTypeBytes});
    }
    ObjectReader reader(member.value, mistakes_);
    RulesCompiler compiler(RulesCompiler::Section::kRequest, mistakes_, nullptr);
    if (of_client_) {
      constexpr std::array kRoles = {TurnRole::kSession, TurnRole::kRequest, TurnRole::kAsk};
      if (const auto role = reader.choice("turn", {"session", "request", "part"})) rule.role = kRoles.at(*role);
      compiler.read(reader, kClientMessageSlots);
    } else {
      constexpr std::array kRoles = {TurnRole::kSession, TurnRole::kBegin, TurnRole::kPart,
                                     TurnRole::kEnd,     TurnRole::kWhole, TurnRole::kRefusal};
      const auto role = reader.choice("turn", {"session", "begin", "part", "end", "whole", "refusal"});
      if (role) rule.role = kRoles.at(*role);
      rule.is_content = reader.boolean("content").value_or(false);
      rule.operation = reader.string("operation").value_or("");
      rule.combine = read_combine(reader).value_or(Combine::kSet);
      compiler.read(reader, kResponseSlots);
      compiler.read(reader, kServerMessageSlots);
      compiler.read_tools(reader);
      compiler.read_members(reader);
    }
    rule.text = compile_text(reader, of_client_, mistakes_);
    reader.finish();
    rule.content = compiler.finish(member.value);
    return rule;
  }

  MessageRules finish(const Merged* at) {
    auto set = json::QuerySet::compile(kinds_);
    if (set) {
      compiled_.kinds = std::move(*set);
    } else if (at != nullptr) {
      mistakes_.add(*at, set.error().message);
    }
    return std::move(compiled_);
  }

  const bool of_client_;
  Mistakes& mistakes_;
  std::vector<json::WantedQuery> kinds_;
  MessageRules compiled_;
};

WebSocketRules compile_websocket(const Merged& value, Mistakes& mistakes) {
  WebSocketRules rules;
  ObjectReader reader(value, mistakes);
  const std::vector<std::string> type = reader.strings("type", true);
  rules.client = MessagesCompiler(type, true, mistakes).compile(reader.object("client"));
  rules.server = MessagesCompiler(type, false, mistakes).compile(reader.object("server"));
  reader.finish();
  return rules;
}

}  // namespace

std::shared_ptr<const Format> compile_format(std::string_view name, const Merged& value, Mistakes& mistakes) {
  auto format = std::make_shared<Format>();
  format->name = name;
  ObjectReader reader(value, mistakes);
  const Merged* request = reader.object("request");
  RulesCompiler request_rules(RulesCompiler::Section::kRequest, mistakes, &format->request_head);
  if (request != nullptr) {
    ObjectReader section(*request, mistakes);
    request_rules.read(section, kRequestSlots);
    format->request_text = compile_text(section, true, mistakes);
    section.finish();
  }
  format->request = request_rules.finish(value);

  const Merged* response = reader.object("response");
  RulesCompiler response_rules(RulesCompiler::Section::kResponse, mistakes, &format->response_head);
  std::vector<std::string> usage_fields;
  if (response != nullptr) {
    ObjectReader section(*response, mistakes);
    response_rules.read(section, kResponseSlots);
    response_rules.read(section, kHttpResponseSlots);
    response_rules.read_tools(section);
    response_rules.read_members(section);
    usage_fields = section.names("usage_fields");
    format->response_text = compile_text(section, false, mistakes);
    section.finish();
  }
  format->response = response_rules.finish(value);

  if (const Merged* stream = reader.object("stream")) format->stream = compile_stream(*stream, mistakes);
  if (const Merged* websocket = reader.object("websocket")) {
    format->websocket = compile_websocket(*websocket, mistakes);
  }
  if (const Merged* usage = reader.object("usage")) {
    format->usage = compile_usage(*usage, mistakes);
  } else if (auto set = json::QuerySet::compile({})) {
    format->usage.simple = std::move(*set);
  }
  format->usage.fields = std::move(usage_fields);
  if (const Merged* search = reader.object("search")) format->search = compile_search(*search, mistakes);
  reader.finish();
  return format;
}

}  // namespace tokometer::provider
