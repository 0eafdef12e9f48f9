#include "meter/findings.h"

#include <algorithm>

#include "json/number.h"
#include "json/writer.h"
#include "meter/usage_merge.h"

namespace tokometer::meter {
namespace {

using provider::Slot;

bool is_first_wins(Slot slot) { return slot == Slot::kResponseModel || slot == Slot::kResponseId; }

// Whether a value of this kind can say anything about `slot`.
bool fits(Slot slot, json::Kind kind) {
  switch (kind) {
    case json::Kind::kNull:
    case json::Kind::kArray:
      return false;
    case json::Kind::kObject:
      return slot == Slot::kUsage;
    case json::Kind::kBool:
      return slot == Slot::kStream || slot == Slot::kGenerates;
    case json::Kind::kNumber:
    case json::Kind::kString:
      return slot != Slot::kUsage && slot != Slot::kStream && slot != Slot::kGenerates;
  }
  return false;
}

bool is_empty_object(std::string_view text) { return text.find('"') == std::string_view::npos; }

}  // namespace

void Findings::take(const provider::ContentRules& rules, std::size_t query, const json::Value& value) {
  if (query < rules.picks.size()) {
    const provider::Pick& pick = rules.picks[query];
    if (!fits(pick.slot, value.kind)) return;
    if (value.truncated) return cut();
    if (pick.slot == Slot::kUsage && is_empty_object(value.text)) return;
    return put(pick, value.text);
  }
  const std::size_t after_tools = rules.picks.size() + rules.tools.size();
  if (query >= after_tools) return take_member(rules.members[query - after_tools], value);
  take_tool(rules.tools[query - rules.picks.size()], value);
}

// Of numbers that one query selects, the sum is the member.
void Findings::take_member(const std::string& name, const json::Value& value) {
  if (value.kind != json::Kind::kNumber && value.kind != json::Kind::kObject) return;
  if (value.truncated) return cut();
  const auto known = std::ranges::find(usage_members_, name, &std::pair<std::string, std::string>::first);
  if (known == usage_members_.end()) {
    usage_members_.emplace_back(name, value.text);
    return;
  }
  const auto before = json::to_int64(known->second);
  const auto more = json::to_int64(value.text);
  std::int64_t sum = 0;
  if (before && more && !__builtin_add_overflow(*before, *more, &sum)) known->second = std::to_string(sum);
}

void Findings::take_tool(const provider::ToolPick& pick, const json::Value& value) {
  const auto stated = pick.is_stated && value.kind == json::Kind::kNumber ? json::to_int64(value.text) : std::nullopt;
  if (pick.is_stated && stated.value_or(0) <= 0) return;
  if (!pick.is_stated && (value.kind != json::Kind::kString || value.text.empty())) return;
  if (!pick.is_stated && !pick.equals.empty() && value.text != pick.equals) return;
  auto known = std::ranges::find(tool_calls_, pick.tool, &ToolCalls::tool);
  if (known == tool_calls_.end()) known = tool_calls_.insert(known, {.tool = pick.tool});
  if (stated) {
    known->calls = *stated;
    known->is_stated = true;
  } else if (!known->is_stated) {
    ++known->here;
    known->calls = pick.repeats ? std::max(known->calls, known->here) : known->calls + 1;
  }
}

void Findings::begin_event() {
  stated_id_.clear();
  for (ToolCalls& tool : tool_calls_) tool.here = 0;
}

std::vector<std::pair<std::string, std::int64_t>> Findings::take_tool_calls() {
  std::vector<std::pair<std::string, std::int64_t>> taken;
  for (ToolCalls& tool : tool_calls_) taken.emplace_back(std::move(tool.tool), tool.calls);
  tool_calls_.clear();
  return taken;
}

void Findings::put(const provider::Pick& pick, std::string_view text) {
  if (!pick.after.empty()) {
    const auto at = text.find(pick.after);
    text = at == std::string_view::npos ? std::string_view{} : text.substr(at + pick.after.size());
  }
  std::string inner;
  if (pick.within) {
    const auto sink = [&](std::size_t, const json::Value& value) {
      if (value.kind == json::Kind::kString || value.kind == json::Kind::kNumber) inner = value.text;
    };
    if (json::extract(*pick.within, text, sink)) return;  // no JSON: another alternative may know what it is
    text = inner;
  }
  if (pick.slot == Slot::kResponseId && pick.rank == 0) stated_id_ = text;
  if (text.empty() || (!pick.unless.empty() && text == pick.unless) || settled(pick)) return;
  if (!pick.only.empty() && std::ranges::find(pick.only, text) == pick.only.end()) return;
  if (pick.slot == Slot::kUsage) usage_is_alternative_ = pick.rank > 0;
  const auto slot = static_cast<std::size_t>(pick.slot);
  texts_[slot] = text;
  ranks_[slot] = pick.rank;
}

std::string Findings::take(Slot slot) {
  ranks_[static_cast<std::size_t>(slot)] = kNoRank;
  return std::exchange(texts_[static_cast<std::size_t>(slot)], {});
}

void Findings::note_event(bool finished, bool usage) {
  if (!error_seen_ && has(Slot::kErrorType)) {
    error_seen_ = true;
    error_within_ = !finished;
  }
  usage_since_error_ = usage_since_error_ || (error_seen_ && usage);
}

std::string Findings::take_usage() {
  std::string usage = take(Slot::kUsage);
  if (usage_members_.empty()) return usage;
  std::string members;
  json::Writer writer(members);
  writer.begin_object();
  for (const auto& [name, value] : std::exchange(usage_members_, {})) writer.raw_member(name, value);
  writer.end_object();
  return combined(usage, members, provider::Combine::kMerge);
}

bool Findings::settled(const provider::Pick& pick) const {
  const std::uint8_t rank = ranks_[static_cast<std::size_t>(pick.slot)];
  return rank < pick.rank || (rank == pick.rank && keep_first_ && is_first_wins(pick.slot));
}

void Findings::add_faults(const Findings& other) {
  for (std::size_t i = 0; i < kFaultCount; ++i) faults_[i] += other.faults_[i];
  truncated_ = truncated_ || other.truncated_;
}

void Findings::move_to(Reading& reading) {
  reading.request_model = take(Slot::kRequestModel);
  reading.stream = reading.stream || take(Slot::kStream) == "true";
  reading.session_id = take(Slot::kSessionId);
  reading.thread_id = take(Slot::kThreadId);
  reading.user = take(Slot::kUser);
  reading.response_model = take(Slot::kResponseModel);
  reading.response_id = take(Slot::kResponseId);
  reading.finish_reason = take(Slot::kFinishReason);
  reading.error_type = take(Slot::kErrorType);
  reading.pending = reading.pending || !take(Slot::kPending).empty();
  reading.truncated = truncated_;
  for (std::size_t i = 0; i < kFaultCount; ++i) reading.faults[i] += faults_[i];
}

}  // namespace tokometer::meter
