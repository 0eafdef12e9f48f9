#include "client/call_context.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "json/document.h"
#include "json/number.h"
#include "json/writer.h"
#include "wire/base64.h"
#include "wire/fields.h"

namespace tokometer::client {
namespace {

constexpr ContextLimits kContextLimits;
constexpr std::string_view kUserPrefix = "ctx-";
// Between the id of a run and that of one within it.
constexpr char kWithin = '.';

// What a budget is counted in, by the end of its text.
struct Unit {
  std::string_view name;
  int scale;  // the amount's text times ten to the power of this is what is kept
  bool money;
};

constexpr std::array<Unit, 4> kUnits = {{{"usd", 12, true}, {"ktok", 3, false}, {"mtok", 6, false}, {"tok", 0, false}}};

Error bad_budget(std::string_view text) {
  return {ErrorCode::kInvalid,
          fmt::format("budget \"{}\": must be an amount such as 5usd, 0.50usd, 500ktok or 2Mtok", text.substr(0, 64))};
}

// The next word of `text`, which is taken off.
std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

bool read_amount(std::string_view word, Budget& budget) {
  Unit unit = kUnits.front();
  if (word.starts_with('$')) {
    word.remove_prefix(1);
  } else {
    const auto* const found = std::ranges::find_if(kUnits, [&](const Unit& known) {
      return word.size() > known.name.size() && wire::iequals(word.substr(word.size() - known.name.size()), known.name);
    });
    if (found == kUnits.end()) return false;
    unit = *found;
    word.remove_suffix(unit.name.size());
  }
  const auto amount = json::to_scaled(word, unit.scale);
  if (!amount || *amount <= 0) return false;
  std::optional<std::int64_t>& target = unit.money ? budget.picodollars : budget.tokens;
  if (target) return false;
  target = amount;
  return true;
}

std::string_view cut(std::string_view text) { return text.substr(0, kContextLimits.value_bytes); }

void read_tags(json::Node node, std::vector<std::string>& tags) {
  for (const json::Node tag : node.elements()) add_tag(tags, tag.string().value_or(""));
  for (const auto [key, value] : node.members()) {
    if (value.is_object() || value.is_array() || value.is_null()) continue;
    add_tag(tags, key, value.string().value_or(value.raw()));
  }
}

Result<Budget> read_budget(json::Node node) {
  auto budget = parse_budget(node.string().value_or(node.raw()));
  if (!budget) return fail(budget.error().code, "context: " + budget.error().message);
  return budget;
}

Result<void> read_outer(json::Node node, std::vector<OuterRun>& outer) {
  for (const json::Node one : node.elements()) {
    if (outer.size() == kContextLimits.outer_runs) return {};
    auto budget = read_budget(one["budget"]);
    if (!budget) return fail(std::move(budget.error()));
    outer.push_back({.run = std::string(cut(one["run"].string().value_or(""))), .budget = *budget});
  }
  return {};
}

}  // namespace

Result<Budget> parse_budget(std::string_view text) {
  Budget budget;
  std::string_view rest = text;
  for (std::string_view word = take_word(rest); !word.empty(); word = take_word(rest)) {
    if (word == "hard" && !budget.hard) {
      budget.hard = true;
    } else if (budget.hard || !read_amount(word, budget)) {
      return fail(bad_budget(text));
    }
  }
  if (!budget.picodollars && !budget.tokens) return fail(bad_budget(text));
  return budget;
}

std::string to_string(const Budget& budget) {
  std::string text;
  if (budget.picodollars) {
    constexpr std::int64_t kPicos = 1'000'000'000'000;
    std::string fraction = fmt::format("{:012}", *budget.picodollars % kPicos);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    text = fmt::format("{}{}{}usd", *budget.picodollars / kPicos, fraction.empty() ? "" : ".", fraction);
  }
  if (budget.tokens) text += fmt::format("{}{}tok", text.empty() ? "" : " ", *budget.tokens);
  if (budget.hard) text += " hard";
  return text;
}

Result<CallContext> parse_context(std::string_view json) {
  if (json.size() > kContextLimits.json_bytes) {
    return fail(ErrorCode::kTooLarge, fmt::format("context: more than {} bytes", kContextLimits.json_bytes));
  }
  const auto document = json::Document::parse(std::string(json), {.max_bytes = kContextLimits.json_bytes});
  if (!document) return fail(document.error().code, "context: " + document.error().message);
  const json::Node root = document->root();
  if (!root.is_object()) return fail(ErrorCode::kInvalid, "context: must be a JSON object");
  CallContext context;
  const auto read = [&](std::string_view name, std::string& value) { value = cut(root[name].string().value_or("")); };
  read("project", context.project);
  read("program", context.program);
  read("session", context.session);
  read("agent", context.agent);
  read("user", context.user);
  read("run", context.run);
  read_tags(root["tags"], context.tags);
  if (const json::Node budget = root["budget"]) {
    auto read_one = read_budget(budget);
    if (!read_one) return fail(std::move(read_one.error()));
    context.budget = *read_one;
  }
  if (auto read_all = read_outer(root["outer"], context.outer); !read_all) return fail(std::move(read_all.error()));
  return context;
}

std::string to_json(const CallContext& context) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  writer.member_unless_empty("project", context.project);
  writer.member_unless_empty("program", context.program);
  writer.member_unless_empty("session", context.session);
  writer.member_unless_empty("agent", context.agent);
  writer.member_unless_empty("user", context.user);
  writer.member_unless_empty("run", context.run);
  if (!context.tags.empty()) {
    writer.name("tags").begin_array();
    for (const std::string& tag : context.tags) writer.string(tag);
    writer.end_array();
  }
  if (context.budget) writer.member("budget", to_string(*context.budget));
  if (!context.outer.empty()) {
    writer.name("outer").begin_array();
    for (const auto& [run, budget] : context.outer) {
      writer.begin_object().member("run", run).member("budget", to_string(budget)).end_object();
    }
    writer.end_array();
  }
  writer.end_object();
  return text;
}

Result<CallContext> decode_context(std::string_view base64url) {
  // Before it is decoded: what is longer than this is too long decoded.
  if (base64url.size() > kContextLimits.json_bytes / 3 * 4 + 4) {
    return fail(ErrorCode::kTooLarge, fmt::format("context: more than {} bytes", kContextLimits.json_bytes));
  }
  const auto json = wire::base64::decode(base64url);
  if (!json) return fail(ErrorCode::kInvalid, "context: not base64url");
  return parse_context(*json);
}

std::string encode_context(const CallContext& context) {
  std::string text = wire::base64::encode(to_json(context));
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

Result<CallContext> context_of_user(std::string_view user_name) {
  if (user_name.starts_with(kUserPrefix)) return decode_context(user_name.substr(kUserPrefix.size()));
  return CallContext{.project = std::string(cut(user_name))};
}

std::string user_of_context(const CallContext& context) { return std::string(kUserPrefix) + encode_context(context); }

Result<CallContext> context_within(CallContext outer, std::string_view id) {
  CallContext inner = std::move(outer);
  if (inner.budget) inner.outer.push_back({.run = inner.run, .budget = *std::exchange(inner.budget, std::nullopt)});
  inner.run = fmt::format("{}{}{}", inner.run, kWithin, id);
  if (inner.run.size() > kContextLimits.value_bytes || inner.outer.size() > kContextLimits.outer_runs) {
    return fail(ErrorCode::kTooLarge, "too many runs within each other");
  }
  return inner;
}

bool is_within_run(std::string_view run, std::string_view outer) {
  if (!run.starts_with(outer) || outer.empty()) return false;
  return run.size() == outer.size() || run[outer.size()] == kWithin;
}

bool has_hard_budget(const CallContext& context) {
  return (context.budget && context.budget->hard) ||
         std::ranges::any_of(context.outer, [](const OuterRun& outer) { return outer.budget.hard; });
}

std::string_view run_around(std::string_view run) {
  const auto end = run.rfind(kWithin);
  return end == std::string_view::npos ? std::string_view() : run.substr(0, end);
}

void add_tag(std::vector<std::string>& tags, std::string_view tag) {
  tag = cut(tag);
  if (tag.empty() || tags.size() >= kContextLimits.tags || std::ranges::find(tags, tag) != tags.end()) return;
  tags.emplace_back(tag);
}

void add_tag(std::vector<std::string>& tags, std::string_view key, std::string_view value) {
  if (key.empty() || key.size() > kContextLimits.tag_key_bytes) return;
  add_tag(tags, value.empty() ? std::string(key) : fmt::format("{}:{}", key, value));
}

}  // namespace tokometer::client
