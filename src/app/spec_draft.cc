#include "app/spec_draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "app/har_entry.h"
#include "app/spec_text.h"
#include "app/usage_guess.h"
#include "json/document.h"
#include "json/writer.h"
#include "meter/exchange_meter.h"
#include "meter/usage_merge.h"
#include "provider/path_pattern.h"
#include "provider/spec_file.h"
#include "wire/aws_event_stream.h"
#include "wire/content_coding.h"
#include "wire/json_array.h"
#include "wire/ndjson.h"
#include "wire/sse.h"

namespace tokometer::app {
namespace {

using Note = SpecDraft::Note;
using Names = std::span<const std::string_view>;

constexpr int kMaxTextDepth = 4;
constexpr std::size_t kMaxShownBytes = 60;

constexpr std::string_view kModelNames[] = {"model",      "modelVersion", "model_id", "modelId",
                                            "model_name", "modelName",    "engine"};
constexpr std::string_view kIdNames[] = {"id", "responseId", "response_id", "generation_id", "request_id", "requestId"};
constexpr std::string_view kFinishNames[] = {"finish_reason", "stop_reason", "finishReason",    "stopReason",
                                             "done_reason",   "stop_type",   "completionReason"};
constexpr std::string_view kTypeNames[] = {"type", "event", "event_type", "kind"};

// Formats that are known, by an endpoint that has them, and the paths that they usually stand at.
struct KnownFormat {
  std::string_view spec;
  std::string_view endpoint;
  std::string_view reference;
  std::string_view compatible_path;  // of an OpenAI-compatible server; empty: none
};
constexpr std::array kKnownFormats = {
    KnownFormat{"openai_compatible", "chat_completions", "openai_compatible/chat", "/chat/completions"},
    KnownFormat{"openai_compatible", "responses", "openai_compatible/responses", "/responses"},
    KnownFormat{"anthropic", "messages", "anthropic/messages", ""},
    KnownFormat{"gcp.gemini", "generate_content", "gcp.gemini/generate", ""},
    KnownFormat{"cohere", "chat", "cohere/chat", ""},
    KnownFormat{"ollama", "chat", "ollama/native", ""},
    KnownFormat{"aws.bedrock", "converse", "aws.bedrock/converse", ""},
    KnownFormat{"openai_compatible", "embeddings", "openai_compatible/embeddings", "/embeddings"},
};

struct OperationWord {
  std::string_view word;
  std::string_view operation;
};
constexpr std::array kOperations = {
    OperationWord{"count", "count_tokens"},     OperationWord{"tokeni", "count_tokens"},
    OperationWord{"embed", "embeddings"},       OperationWord{"rerank", "rerank"},
    OperationWord{"transcri", "transcription"}, OperationWord{"speech", "speech"},
    OperationWord{"image", "image_generation"}, OperationWord{"moderat", "moderation"},
    OperationWord{"responses", "responses"},    OperationWord{"chat", "chat"},
    OperationWord{"messages", "chat"},          OperationWord{"converse", "chat"},
    OperationWord{"generat", "chat"},           OperationWord{"complet", "text_completion"}};

std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kMaxShownBytes)) out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  if (text.size() > kMaxShownBytes) out += "…";
  return out;
}

struct FoundText {
  std::string query;
  std::string value;
};

// The first text or number called by one of `names`, in their order; outer ones first. Looks into the first elements
// of arrays.
std::optional<FoundText> find_text(json::Node root, Names names) {
  for (const std::string_view name : names) {
    std::vector<std::pair<json::Node, std::string>> level{{root, "$"}};
    for (int depth = 0; depth < kMaxTextDepth && !level.empty(); ++depth) {
      std::vector<std::pair<json::Node, std::string>> next;
      for (const auto& [node, query] : level) {
        const json::Node member = node[name];
        if (const auto text = member.string(); text && !text->empty()) {
          return FoundText{member_query(query, name), std::string(*text)};
        }
        for (const auto [key, value] : node.members()) {
          if (value.is_object() || value.is_array()) next.emplace_back(value, member_query(query, key));
        }
        if (node.is_array() && node.size() > 0) next.emplace_back(node[0], query + "[0]");
      }
      level = std::move(next);
    }
  }
  return std::nullopt;
}

// An event of a stream, or the one document that a response is.
struct AnswerEvent {
  std::string type;  // as the framing names it
  json::Document data;
};

struct Answer {
  std::string framing;  // "sse", …; empty: one document
  bool has_done = false;
  std::vector<AnswerEvent> events;
};

// What is read of a response: as a stream by its type or first byte, else as one document.
class AnswerReader {
 public:
  explicit AnswerReader(const SpecDrafter::Limits& limits) : limits_(limits) {}

  std::optional<Answer> read(std::string_view type, std::string_view body) {
    const auto first = body.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return std::nullopt;
    if (type.starts_with("text/event-stream") || body.substr(first).starts_with("data:") ||
        body.substr(first).starts_with("event:")) {
      read_sse(body);
    } else if (type.starts_with("application/vnd.amazon.eventstream")) {
      read_aws(body);
    } else if (take({}, body)) {
      const json::Node root = answer_.events.front().data.root();
      if (root.is_array() && root.size() > 0 && root[0].is_object()) split_array();
    } else {
      read_lines(body);
    }
    if (answer_.events.empty()) return std::nullopt;
    return std::move(answer_);
  }

 private:
  bool take(std::string_view type, std::string_view data) {
    if (answer_.events.size() >= limits_.events || data.size() > limits_.event_bytes) return false;
    auto document = json::Document::parse(std::string(data));
    if (!document || !(document->root().is_object() || document->root().is_array())) return false;
    answer_.events.push_back({std::string(type == "message" ? "" : type), std::move(*document)});
    return true;
  }

  void read_sse(std::string_view body) {
    answer_.framing = "sse";
    const auto use = [&](const wire::sse::Event& event) {
      if (event.data == "[DONE]") answer_.has_done = true;
      take(event.type, event.data);
    };
    wire::sse::Decoder decoder({.max_event_bytes = static_cast<std::uint32_t>(limits_.event_bytes)});
    decoder.feed(body, use);
    if (const auto last = decoder.finish()) use(*last);
  }

  void read_aws(std::string_view body) {
    answer_.framing = "aws_event_stream";
    wire::aws_event_stream::Decoder decoder;
    // What comes before a fault is of use all the same.
    [[maybe_unused]] const auto fed = decoder.feed(body, [&](const wire::aws_event_stream::Message& message) {
      if (!message.truncated) take(message.type(), message.payload);
    });
  }

  void read_lines(std::string_view body) {
    answer_.framing = "ndjson";
    wire::ndjson::Decoder decoder;
    decoder.feed(body, [&](const wire::ndjson::Line& line) { take({}, line.text); });
    if (const auto last = decoder.finish()) take({}, last->text);
  }

  void split_array() {
    const json::Document whole = std::move(answer_.events.front().data);
    answer_.events.clear();
    answer_.framing = "json_array";
    for (const json::Node element : whole.root().elements()) take({}, element.raw());
  }

  const SpecDrafter::Limits& limits_;
  Answer answer_;
};

std::string undone(const HarMessage& message, std::size_t most) {
  const auto coding = wire::find(message.fields, "content-encoding").value_or("");
  wire::content_coding::Limits limits;
  limits.max_output_bytes = most;
  auto decoder = wire::content_coding::Decoder::open(coding, limits);
  if (!decoder || decoder->is_identity()) return std::string(message.body);
  std::string out;
  [[maybe_unused]] const auto fed = decoder->feed(message.body, [&](std::string_view piece) { out += piece; });
  return out;
}

bool is_id_like(std::string_view segment) {
  const auto digits = std::ranges::count_if(segment, json::is_digit);
  const bool plain = std::ranges::all_of(segment, [](char c) {
    return json::is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  });
  return plain && segment.size() >= 8 && digits * 4 >= static_cast<std::ptrdiff_t>(segment.size());
}

struct DraftPath {
  std::string pattern;  // "/v2/models/{model}:ask"
  std::string model;    // what {model} is; empty: none
};

// `path` as a pattern: what names a model or an id is a capture.
DraftPath pattern_of(std::string_view path, bool wants_model) {
  DraftPath out;
  std::string before;
  int ids = 0;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    const auto verb = segment.find(':');
    const std::string_view name = segment.substr(0, verb);
    out.pattern += '/';
    if (wants_model && out.model.empty() && !name.empty() &&
        (before == "models" || before == "model" || before == "deployments" || before == "engines")) {
      out.model = name;
      out.pattern.append("{model}").append(segment.substr(name.size()));
    } else if (is_id_like(segment)) {
      out.pattern += fmt::format("{{id{}}}", ++ids);
    } else {
      out.pattern += segment;
    }
    before = segment;
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash);
  }
  return out;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

// The rules of one event, or of a whole response.
using DraftRules = std::map<std::string, std::string>;  // key to JSON

std::string json_text(std::string_view text) {
  std::string out;
  json::append_quoted(text, out);
  return out;
}

void write_rules(const DraftRules& rules, json::Writer& writer) {
  writer.begin_object();
  for (const auto& [key, value] : rules) writer.name(key).raw(value);
  writer.end_object();
}

// Whether `guess` has all counts of `other`, read from where they were, and more.
bool has_more(const UsageGuess& guess, const UsageGuess& other) {
  return guess.counts.size() > other.counts.size() &&
         std::ranges::all_of(other.counts, [&](const UsageGuess::Count& count) {
           const auto same = std::ranges::find(guess.counts, count.name, &UsageGuess::Count::name);
           return same != guess.counts.end() &&
                  std::ranges::find(same->queries, count.queries.front()) != same->queries.end();
         });
}

// Where the counts are: an object, or members of the document itself.
void put_usage(const FoundUsage& usage, DraftRules& rules) {
  if (usage.query != "$") {
    rules["usage"] = json_text(usage.query);
    return;
  }
  // Of what stands beside content only what is counted.
  const UsageGuess guess = guess_counts(usage.object);
  const auto is_counted = [&](std::string_view member) {
    const auto within = [&](std::string_view query) {
      return query.starts_with(member) &&
             (query.size() == member.size() || query[member.size()] == '.' || query[member.size()] == '[');
    };
    return std::ranges::any_of(
        guess.counts, [&](const UsageGuess::Count& count) { return std::ranges::any_of(count.queries, within); });
  };
  std::string members;
  json::Writer writer(members);
  writer.begin_object();
  for (const auto [name, value] : usage.object.members()) {
    const std::string query = member_query("$", name);
    if (is_counted(query)) writer.member(name, query);
  }
  writer.end_object();
  rules["usage_members"] = members;
}

}  // namespace

struct SpecDrafter::State {
  struct Endpoint {
    std::string operation;
    std::string path;
    std::string known;            // "openai_compatible/chat"; empty: `format` reads it
    std::string_view compatible;  // where an OpenAI-compatible server has it; empty: nowhere
    std::string request;          // JSON of the format's sections; empty: not seen
    std::string response;
    std::string stream;
    std::string usage;
    UsageGuess counts;  // of the recording that states the most
    // What was found, by the part of the spec that says so: a recording that says more takes a part's place.
    std::vector<Note> about, about_request, about_response, about_stream, about_usage;
  };

  std::string name;
  std::shared_ptr<const provider::Registry> registry;
  Limits limits;
  std::string origin;  // "https://api.acme.ai"
  std::string host;
  std::vector<Endpoint> endpoints;
  std::set<std::string> secret_fields, secret_query, limit_fields, id_fields;  // limit_fields: that have a note
  std::vector<Note> host_notes;
  std::size_t passed_over = 0;

  bool take(json::Node root);
  void note_fields(const HarMessage& asked, const HarMessage& answered, std::string_view target);
  const KnownFormat* known_format(const HarMessage& asked, const HarMessage& answered, std::string_view target,
                                  const UsageGuess& guess, bool is_stream) const;
  void draft_request(json::Node body, const DraftPath& path, Endpoint& endpoint);
  void draft_whole(json::Node body, Endpoint& endpoint);
  void draft_stream(const Answer& answer, Endpoint& endpoint);
  void draft_usage(const UsageGuess& guess, std::string_view at, Endpoint& endpoint);
  std::string json() const;
};

// Whether the entry said something of use.
bool SpecDrafter::State::take(json::Node root) {
  const std::string_view text = root["request"]["url"].string().value_or("");
  if (!text.starts_with("https://") && !text.starts_with("http://")) return false;
  const auto url = split_har_url(text);
  const auto status = root["response"]["status"].int64().value_or(0);
  if (!url || root["request"]["method"].string() != "POST" || status < 200 || status > 299) return false;
  if (!host.empty() && host != url->host) return false;
  const HarMessage asked(root["request"]["headers"], root["request"]["postData"]);
  const HarMessage answered(root["response"]["headers"], root["response"]["content"]);
  const auto answer = AnswerReader(limits).read(wire::find(answered.fields, "content-type").value_or(""),
                                                undone(answered, limits.decoded_bytes));
  // Braces would be captures.
  if (!answer || url->target.find_first_of("{}") != std::string_view::npos) return false;
  auto body = json::Document::parse(undone(asked, limits.decoded_bytes));
  const json::Node request = body ? body->root() : json::Node();

  // Of a stream, everything that its events said of usage, the last word on each count.
  std::string usage;
  std::string usage_at = "$";
  for (const AnswerEvent& event : answer->events) {
    const auto found = find_usage(event.data.root());
    if (!found) continue;
    usage = meter::combined(usage, found->object.raw(), provider::Combine::kMerge);
    usage_at = found->query;
  }
  const auto usage_document = json::Document::parse(usage.empty() ? "{}" : usage);
  if (!usage_document) return false;
  const UsageGuess guess = guess_counts(usage_document->root());

  const std::string_view raw_path = url->target.substr(0, url->target.find('?'));
  const DraftPath path = pattern_of(raw_path, !find_text(request, kModelNames).has_value());
  if (!provider::PathPattern::parse(path.pattern)) return false;  // no URL that a server would get
  auto at = std::ranges::find(endpoints, path.pattern, &Endpoint::path);
  const bool says_more = at == endpoints.end() || has_more(guess, at->counts);
  // One more of the same kind is of use where it states more.
  if (!says_more && !(answer->framing.empty() ? at->response : at->stream).empty()) return false;
  if (at == endpoints.end() && endpoints.size() >= limits.endpoints) return false;

  if (host.empty()) {
    host = url->host;
    const std::string_view whole = root["request"]["url"].string().value_or("");
    origin = std::string(whole.substr(0, whole.find("://") + 3)) + host;
    host_notes.push_back({"host", host, "", ""});
  }
  note_fields(asked, answered, url->target);
  if (at == endpoints.end()) {
    Endpoint fresh;
    fresh.path = path.pattern;
    const std::string words = lower_case(path.pattern);
    const auto known =
        std::ranges::find_if(kOperations, [&](const OperationWord& each) { return words.contains(each.word); });
    fresh.operation = known == kOperations.end() ? "chat" : known->operation;
    fresh.about.push_back({"endpoint", "POST " + path.pattern, fresh.operation,
                           known == kOperations.end() ? "the path does not say what it does: taken for chat" : ""});
    endpoints.push_back(std::move(fresh));
    at = endpoints.end() - 1;
  }
  const KnownFormat* const known = known_format(asked, answered, url->target, guess, !answer->framing.empty());
  const bool is_first = at->counts.counts.empty();
  if (known == nullptr && says_more) {
    // What is known does not read all that this recording states.
    at->known.clear();
    at->compatible = {};
    std::erase_if(at->about, [](const Note& note) { return note.what == "format"; });
  } else if (known != nullptr && at->known != known->reference && (is_first || !at->known.empty())) {
    at->known = known->reference;
    if (!known->compatible_path.empty() && path.pattern.ends_with(known->compatible_path)) {
      at->compatible = known->compatible_path;
    }
    at->about.push_back({"format", at->known, answer->framing, ""});
  }
  if (at->request.empty()) draft_request(request, path, *at);
  if (answer->framing.empty()) {
    draft_whole(answer->events.front().data.root(), *at);
  } else {
    draft_stream(*answer, *at);
  }
  draft_usage(guess, usage_at, *at);
  return true;
}

void SpecDrafter::State::note_fields(const HarMessage& asked, const HarMessage& answered, std::string_view target) {
  for (const wire::Field& field : asked.fields) {
    const std::string field_name = lower_case(field.name);
    for (const std::string_view part : {"auth", "key", "token", "secret", "cookie"}) {
      if (field_name.contains(part) && secret_fields.insert(field_name).second) {
        host_notes.push_back({"secret", field_name, "", ""});
      }
    }
  }
  for (const wire::Field& field : answered.fields) {
    const std::string field_name = lower_case(field.name);
    if (field_name == "retry-after" || field_name.contains("ratelimit") || field_name.contains("rate-limit") ||
        field_name.contains("quota")) {
      if (limit_fields.insert(field_name).second) {
        host_notes.push_back(
            {"limit", field_name, "", "what it says of limits has to be written under \"quotas\" by hand"});
      }
    }
    if (field_name.ends_with("request-id") || field_name.ends_with("requestid") || field_name.ends_with("trace-id")) {
      id_fields.insert(field_name);
    }
    if (field_name == "set-cookie") secret_fields.insert(field_name);
  }
  const auto mark = target.find('?');
  std::string_view query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string parameter(query.substr(0, std::min(query.find('='), end)));
    for (const std::string_view part : {"key", "token", "secret", "signature"}) {
      if (lower_case(parameter).contains(part)) secret_query.insert(parameter);
    }
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
  }
}

// A format that reads the very counts that were guessed, and names the model.
const KnownFormat* SpecDrafter::State::known_format(const HarMessage& asked, const HarMessage& answered,
                                                    std::string_view target, const UsageGuess& guess,
                                                    bool is_stream) const {
  const auto guessed = [&](std::string_view count) -> meter::Count {
    const auto found = std::ranges::find(guess.counts, count, &UsageGuess::Count::name);
    return found == guess.counts.end() ? std::nullopt : meter::Count(found->value);
  };
  if (guess.counts.empty()) return nullptr;
  for (const KnownFormat& known : kKnownFormats) {
    const provider::Spec* const spec = registry->by_name(known.spec);
    if (spec == nullptr) continue;
    const auto endpoint = std::ranges::find(spec->endpoints, known.endpoint, &provider::Endpoint::name);
    if (endpoint == spec->endpoints.end()) continue;
    meter::ExchangeMeter meter(spec, &*endpoint, target);
    meter.request_head(asked.fields);
    meter.request_content(asked.body);
    meter.request_end();
    meter.response_head(200, answered.fields);
    meter.response_content(answered.body);
    meter.response_end(true);
    const meter::Reading reading = meter.finish();
    const meter::Usage& usage = reading.usage;
    const bool same = usage.input_tokens == guessed("input_tokens") &&
                      usage.output_tokens == guessed("output_tokens") &&
                      usage.cache_read_input_tokens == guessed("cache_read_input_tokens") &&
                      usage.cache_creation_input_tokens == guessed("cache_creation_input_tokens") &&
                      usage.reasoning_output_tokens == guessed("reasoning_output_tokens");
    const bool named = !reading.request_model.empty() || !reading.response_model.empty();
    if (same && named && reading.stream == is_stream && usage.source == meter::UsageSource::kReported) return &known;
  }
  return nullptr;
}

void SpecDrafter::State::draft_request(json::Node body, const DraftPath& path, Endpoint& endpoint) {
  std::vector<Note>& notes = endpoint.about_request;
  DraftRules rules;
  if (const auto model = find_text(body, kModelNames)) {
    rules["model"] = json_text(model->query);
    notes.push_back({"request model", model->query, shown(model->value), ""});
  } else if (!path.model.empty()) {
    rules["model"] = json_text("path:model");
    notes.push_back({"request model", "path:model", shown(path.model), "taken for a model by what stands before it"});
  } else {
    notes.push_back({"request model", "", "", "not found: the request names none by a usual name"});
  }
  if (const auto stream = body["stream"].boolean()) {
    rules["stream"] = json_text("$.stream");
    notes.push_back({"stream", "$.stream", *stream ? "true" : "false", ""});
  }
  json::Writer writer(endpoint.request);
  write_rules(rules, writer);
}

void SpecDrafter::State::draft_whole(json::Node body, Endpoint& endpoint) {
  std::vector<Note>& notes = endpoint.about_response;
  notes.clear();
  endpoint.response.clear();
  DraftRules rules;
  const auto put = [&](std::string_view key, std::string_view what, Names names) {
    const auto found = find_text(body, names);
    if (!found) return;
    rules[std::string(key)] = json_text(found->query);
    notes.push_back({std::string(what), found->query, shown(found->value), ""});
  };
  put("model", "response model", kModelNames);
  put("id", "response id", kIdNames);
  put("finish_reason", "finish reason", kFinishNames);
  rules["error_type"] = R"(["$.error.type","$.error.code","$.code"])";
  if (const auto usage = find_usage(body)) put_usage(*usage, rules);
  json::Writer writer(endpoint.response);
  write_rules(rules, writer);
}

void SpecDrafter::State::draft_stream(const Answer& answer, Endpoint& endpoint) {
  std::vector<Note>& notes = endpoint.about_stream;
  notes.clear();
  endpoint.stream.clear();
  // How events are told apart.
  std::string_view type_name;
  std::set<std::string_view> framed;
  for (const AnswerEvent& event : answer.events) framed.insert(event.type);
  const bool is_framed = framed.size() > 1 || !framed.contains("");
  const auto in_all = [&](std::string_view each) {
    return std::ranges::all_of(answer.events,
                               [&](const AnswerEvent& event) { return event.data.root()[each].is_string(); });
  };
  if (!is_framed) {
    const auto named = std::ranges::find_if(kTypeNames, in_all);
    if (named != std::end(kTypeNames)) type_name = *named;
  }
  const auto type_of = [&](const AnswerEvent& event) -> std::string {
    if (is_framed) return event.type.empty() ? "*" : event.type;
    return type_name.empty() ? "*" : std::string(event.data.root()[type_name].string().value_or("*"));
  };

  std::map<std::string, DraftRules> events;
  const auto put = [&](std::string_view key, std::string_view what, Names names, bool last) {
    std::optional<FoundText> found;
    std::string type;
    for (const AnswerEvent& event : answer.events) {
      auto here = find_text(event.data.root(), names);
      if (!here || (found && !last)) continue;
      found = std::move(here);
      type = type_of(event);
    }
    if (!found) return;
    events[type][std::string(key)] = json_text(found->query);
    notes.push_back(
        {std::string(what), type == "*" ? found->query : type + " " + found->query, shown(found->value), ""});
  };
  put("model", "response model", kModelNames, false);
  put("id", "response id", kIdNames, false);
  put("finish_reason", "finish reason", kFinishNames, true);

  // How the usage of several events belongs together.
  std::vector<std::pair<std::string, std::int64_t>> stated;  // type, output tokens
  for (const AnswerEvent& event : answer.events) {
    const auto usage = find_usage(event.data.root());
    if (!usage) continue;
    const std::string type = type_of(event);
    put_usage(*usage, events[type]);
    std::int64_t output = 0;
    for (const auto& count : guess_counts(usage->object).counts) {
      if (count.name == "output_tokens") output = count.value;
    }
    stated.emplace_back(type, output);
  }
  const bool one_type = std::ranges::all_of(stated, [&](const auto& each) { return each.first == stated[0].first; });
  const bool grows = std::ranges::is_sorted(stated, {}, &std::pair<std::string, std::int64_t>::second);
  std::string combine = one_type ? "set" : "merge";
  if (stated.size() > 1) {
    const bool adds = one_type && !grows;
    if (adds) combine = "add";
    notes.push_back({"usage of events", combine, fmt::format("{} times", stated.size()),
                     adds       ? "stated several times, now more and now less: taken to be added up"
                     : one_type ? "stated several times, never less: taken to be the sum so far"
                                : "stated by events of several types: the later word on each count holds"});
  }
  events["*"]["error_type"] = R"(["$.error.type","$.error.code"])";

  json::Writer writer(endpoint.stream);
  writer.begin_object().name("framings").begin_array().string(answer.framing).end_array();
  if (answer.has_done) writer.name("skip").begin_array().string("[DONE]").end_array();
  if (!type_name.empty()) writer.member("type", "$." + std::string(type_name));
  writer.member("combine", combine).name("events").begin_object();
  for (const auto& [type, rules] : events) {
    writer.name(type);
    write_rules(rules, writer);
  }
  writer.end_object().end_object();
  notes.push_back({"stream", answer.framing, fmt::format("{} events", answer.events.size()), ""});
}

void SpecDrafter::State::draft_usage(const UsageGuess& guess, std::string_view at, Endpoint& endpoint) {
  std::vector<Note>& notes = endpoint.about_usage;
  if (guess.counts.empty()) {
    if (endpoint.counts.counts.empty()) {
      notes = {{"usage", "", "", "no counts found by a usual name: the endpoint is read without usage"}};
    }
    return;
  }
  if (!has_more(guess, endpoint.counts)) return;
  notes.clear();
  endpoint.counts = guess;
  endpoint.usage = guess.rules_json();
  for (const UsageGuess::Count& count : guess.counts) {
    std::string where;
    for (const std::string& query : count.queries) {
      where.append(where.empty() ? "" : " + ").append(at).append(query, 1);
    }
    notes.push_back({count.name, where, std::to_string(count.value), count.doubt});
  }
}

std::string SpecDrafter::State::json() const {
  std::string text;
  json::Writer writer(text);
  const auto strings = [&](std::string_view key, const std::set<std::string>& values) {
    if (values.empty()) return;
    writer.name(key).begin_array();
    for (const std::string& value : values) writer.string(value);
    writer.end_array();
  };
  std::set<std::string> prefixes;
  for (const Endpoint& endpoint : endpoints) {
    if (endpoint.compatible.empty()) continue;
    prefixes.insert(endpoint.path.substr(0, endpoint.path.size() - endpoint.compatible.size()));
  }
  writer.begin_object().member("name", name);
  if (!prefixes.empty()) writer.member("extends", "openai_compatible");
  writer.name("hosts").begin_array().string(host).end_array();
  writer.member("base_url", origin);
  std::string route = name;
  std::ranges::replace(route, '.', '-');
  if (!registry->by_route("/" + route)) writer.member("route", route);
  strings("prefixes", prefixes);
  if (!secret_fields.empty() || !secret_query.empty()) {
    writer.name("secrets").begin_object();
    strings("fields", secret_fields);
    strings("query", secret_query);
    writer.end_object();
  }
  strings("request_id_fields", id_fields);

  writer.name("endpoints").begin_object();
  int number = 0;
  const auto named = [&](const Endpoint& endpoint) { return fmt::format("{}{}", endpoint.operation, ++number); };
  for (const Endpoint& endpoint : endpoints) {
    if (!endpoint.compatible.empty()) continue;
    const std::string key = named(endpoint);
    writer.name(key).begin_object().member("operation", endpoint.operation);
    if (!prefixes.empty()) writer.name("prefixes").begin_array().string("").end_array();
    writer.member("path", endpoint.path);
    writer.member("format", endpoint.known.empty() ? key : endpoint.known).end_object();
  }
  writer.end_object().name("formats").begin_object();
  number = 0;
  for (const Endpoint& endpoint : endpoints) {
    if (!endpoint.compatible.empty()) continue;
    const std::string key = named(endpoint);
    if (!endpoint.known.empty()) continue;
    writer.name(key).begin_object().name("request").raw(endpoint.request);
    if (!endpoint.response.empty()) writer.name("response").raw(endpoint.response);
    if (!endpoint.stream.empty()) writer.name("stream").raw(endpoint.stream);
    if (!endpoint.usage.empty()) writer.name("usage").raw(endpoint.usage);
    writer.end_object();
  }
  writer.end_object().end_object();
  return text;
}

SpecDrafter::SpecDrafter(std::string name, std::shared_ptr<const provider::Registry> registry)
    : state_(std::make_unique<State>()) {
  state_->name = std::move(name);
  state_->registry = std::move(registry);
}

SpecDrafter::~SpecDrafter() = default;

void SpecDrafter::add(std::string_view entry) {
  const auto document = json::Document::parse(std::string(entry), {.max_bytes = HarReader::Limits().entry_bytes});
  if (!document || !state_->take(document->root())) ++state_->passed_over;
}

std::size_t SpecDrafter::passed_over() const { return state_->passed_over; }

Result<SpecDraft> SpecDrafter::finish() {
  if (state_->endpoints.empty()) {
    return fail(ErrorCode::kNotFound, "no exchange to learn from: it takes a POST that succeeded, answered in JSON");
  }
  const auto document = json::Document::parse(state_->json());
  if (!document) return fail(document.error());
  SpecDraft draft{spec_text(document->root()), std::move(state_->host_notes)};
  for (State::Endpoint& endpoint : state_->endpoints) {
    for (auto* notes : {&endpoint.about, &endpoint.about_request, &endpoint.about_response, &endpoint.about_stream,
                        &endpoint.about_usage}) {
      std::ranges::move(*notes, std::back_inserter(draft.notes));
    }
  }
  // What cannot be a spec (a URL that no server would have) is told rather than written. Formats of other specs are not
  // loaded here.
  const provider::SpecText text{"draft", draft.json};
  for (const std::string& mistake : provider::load_specs(std::span(&text, 1), {}).mistakes) {
    const bool refers = mistake.contains("there is no format") || mistake.contains("\"extends\"");
    if (!refers) return fail(ErrorCode::kInvalid, "no spec can be made of it: " + mistake);
  }
  return draft;
}

}  // namespace tokometer::app
