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
  // `head` takes picks from outside the content; null where a section has none.
  RulesCompiler(Mistakes& mistakes, std::vector<HeadPick>* head) : mistakes_(mistakes), head_(head) {}

  void read(ObjectReader& reader, std::span<const KeyedSlot> slots) {
    for (const KeyedSlot& keyed : slots) {
      if (const Merged* value = reader.any(keyed.key)) sources(*value, keyed.slot);
    }
  }

  // "tool_calls": {"web_search": {"count": "$.output[*].type", "equals": "web_search_call"}}
  void read_tools(ObjectReader& reader) {
    const Merged* tools = reader.object("tool_calls");
    if (tools == nullptr) return;
    for (const MergedMember& tool : tools->members) {
      if (tool.value.node.is_null()) continue;
      ObjectReader fields(tool.value, mistakes_);
      const auto count = fields.string("count");
      const auto equals = fields.string("equals");
      fields.finish();
      if (!count || !equals) {
        mistakes_.add(tool.value, "a tool call needs \"count\" and \"equals\"");
        continue;
      }
      if (!check(tool.value, *count)) continue;
      tools_.push_back({tool.name, *equals});
      tool_queries_.push_back({.text = *count, .want = json::Want::kValue, .max_bytes = kMaxTextBytes});
    }
  }

  ContentRules finish(const Merged& at) {
    ContentRules rules;
    rules.picks = std::move(picks_);
    rules.tools = std::move(tools_);
    queries_.insert(queries_.end(), tool_queries_.begin(), tool_queries_.end());
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

  // "$.model", "field:x-session", {"from": "$.user", "after": "_session_"} or {"from": …, "within": "$.id"}
  void source(const Merged& at, json::Node node, Slot slot, std::uint8_t rank) {
    Pick pick{.slot = slot, .rank = rank, .after = {}, .within = nullptr};
    if (const auto text = node.string()) return place(at, *text, std::move(pick));
    if (!node.is_object()) return mistakes_.add(at, "a source is a text or an object");
    const Merged object = Merged::of(at.file, node);
    ObjectReader reader(object, mistakes_);
    const auto from = reader.string("from");
    pick.after = reader.string("after").value_or("");
    if (const auto within = reader.string("within"); within && check(object, *within)) {
      const json::WantedQuery wanted{.text = *within, .want = json::Want::kValue, .max_bytes = kMaxTextBytes};
      auto set = json::QuerySet::compile(std::span(&wanted, 1));
      if (set) pick.within = std::make_shared<const json::QuerySet>(std::move(*set));
    }
    reader.finish();
    if (!from) return mistakes_.add(object, "a source needs \"from\"");
    place(object, *from, std::move(pick));
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
    mistakes_.add(at, "\"" + std::string(from) +
                          "\" is no source: it starts with $, \"field:\", \"path:\", \"query:\" or \"form:\"");
  }

  Mistakes& mistakes_;
  std::vector<HeadPick>* head_;
  std::vector<Pick> picks_;
  std::vector<json::WantedQuery> queries_;
  std::vector<ToolPick> tools_;
  std::vector<json::WantedQuery> tool_queries_;
};

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
  RulesCompiler compiler(mistakes, nullptr);
  compiler.read(reader, kResponseSlots);
  compiler.read_tools(reader);
  rule.combine = read_combine(reader).value_or(combine);
  rule.begins = reader.boolean("begins").value_or(false);
  reader.finish();
  rule.content = compiler.finish(value);
  return rule;
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
    } else {
      mistakes.add(value, "framing \"" + framing + R"(" must be one of "sse" "ndjson" "json_array")");
    }
  }
  if (stream.framings.empty()) mistakes.add(value, "a stream needs \"framings\"");
  stream.skip = reader.strings("skip");
  const Combine combine = read_combine(reader).value_or(Combine::kMerge);
  if (const Merged* type = reader.any("type")) {
    std::vector<json::WantedQuery> queries;
    for (const std::string& query : read_strings(*type, true, mistakes)) {
      queries.push_back({.text = query, .want = json::Want::kValue, .max_bytes = kMaxTypeBytes});
    }
    auto set = json::QuerySet::compile(queries);
    if (set) {
      stream.type = std::make_shared<const json::QuerySet>(std::move(*set));
    } else {
      mistakes.add(*type, "\"type\": " + set.error().message);
    }
  }
  if (const Merged* events = reader.object("events")) {
    for (const MergedMember& event : events->members) {
      if (event.value.node.is_null()) continue;
      // The rule for every other event stands last.
      const bool has_other = !stream.events.empty() && stream.events.back().types.empty();
      stream.events.insert(has_other ? stream.events.end() - 1 : stream.events.end(),
                           compile_event(event.name, event.value, combine, mistakes));
    }
  }
  reader.finish();
  return stream;
}

}  // namespace

std::shared_ptr<const Format> compile_format(std::string_view name, const Merged& value, Mistakes& mistakes) {
  auto format = std::make_shared<Format>();
  format->name = name;
  ObjectReader reader(value, mistakes);
  const Merged* request = reader.object("request");
  RulesCompiler request_rules(mistakes, &format->request_head);
  if (request != nullptr) {
    ObjectReader section(*request, mistakes);
    request_rules.read(section, kRequestSlots);
    section.finish();
  }
  format->request = request_rules.finish(value);

  const Merged* response = reader.object("response");
  RulesCompiler response_rules(mistakes, &format->response_head);
  std::vector<std::string> usage_fields;
  if (response != nullptr) {
    ObjectReader section(*response, mistakes);
    response_rules.read(section, kResponseSlots);
    response_rules.read_tools(section);
    usage_fields = section.names("usage_fields");
    section.finish();
  }
  format->response = response_rules.finish(value);

  if (const Merged* stream = reader.object("stream")) format->stream = compile_stream(*stream, mistakes);
  if (const Merged* usage = reader.object("usage")) {
    format->usage = compile_usage(*usage, mistakes);
  } else if (auto set = json::QuerySet::compile({})) {
    format->usage.simple = std::move(*set);
  }
  format->usage.fields = std::move(usage_fields);
  reader.finish();
  return format;
}

}  // namespace tokometer::provider
