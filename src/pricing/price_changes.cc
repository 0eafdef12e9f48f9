#include "pricing/price_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "pricing/figures.h"
#include "pricing/model_name.h"
#include "pricing/price_file_text.h"

namespace tokometer::pricing {
namespace {

bool is_whole_name(const Model& model, std::string_view provider, std::string_view name) {
  if (model.provider != provider) return false;
  const std::string wanted = folded(name);
  const auto is = [&](const std::string& other) { return folded(other) == wanted; };
  return is(model.id) || std::ranges::any_of(model.aliases, is);
}

// The entries of `model` that hold at `time`, one for each part of the day: those with hours, and that of the rest of
// it. Before all dates, the rest has the earliest.
std::vector<const Entry*> entries_at(const Model& model, UtcTime time) {
  std::vector<const Entry*> found;
  const Entry* usual = nullptr;
  const Entry* earliest = nullptr;
  for (const Entry& entry : model.entries) {
    const bool holds = (!entry.from || *entry.from <= time) && (!entry.until || time < *entry.until);
    if (!entry.hours) {
      if (holds && usual == nullptr) usual = &entry;
      earliest = &entry;  // the later are before the earlier
      continue;
    }
    const auto same = [&](const Entry* other) { return other->hours == entry.hours; };
    if (holds && std::ranges::none_of(found, same)) found.push_back(&entry);
  }
  if (usual == nullptr) usual = earliest;
  if (usual != nullptr) found.insert(found.begin(), usual);
  return found;
}

// Of `entries`, the one of these hours; else that of the day's rest, if there is one.
const Entry* entry_of(const std::vector<const Entry*>& entries, const std::optional<Hours>& hours) {
  const auto found = std::ranges::find(entries, hours, &Entry::hours);
  if (found != entries.end()) return *found;
  return entries.empty() || entries.front()->hours ? nullptr : entries.front();
}

// "00:30-16:30 input": the figure as it is named where hours differ.
std::string named(const Entry& entry, const std::string& figure) {
  return entry.hours ? fmt::format("{} {}", hours_text(*entry.hours), figure) : figure;
}

// The days that the sources of `entry` name, ascending: "pydantic/genai-prices, 2026-08-21".
std::vector<UtcTime> days_of_sources(const Entry& entry) {
  constexpr std::size_t kDay = 10;
  std::vector<UtcTime> days;
  for (const std::string& source : entry.sources) {
    if (source.size() < kDay) continue;
    if (const auto day = parse_rfc3339(std::string_view(source).substr(source.size() - kDay))) days.push_back(*day);
  }
  std::ranges::sort(days);
  return days;
}

// Whether the figures of `after` are older than the price in force. What was imported is as old as its list, whenever
// that was; what ships is no older than the first of its sources. A list whose day is a guess may be older than any
// price of which we know since when it holds.
bool is_outdated(const Entry& after, const Entry& before, ListDay day) {
  const std::vector<UtcTime> listed = days_of_sources(after);
  const std::vector<UtcTime> known = days_of_sources(before);
  const auto is_before = [&](UtcTime time) {
    return !listed.empty() && listed.back() < std::chrono::floor<std::chrono::days>(time);
  };
  if (before.origin == Origin::kImported) return !known.empty() && is_before(known.back());
  if (before.from && (day == ListDay::kGuessed || is_before(*before.from))) return true;
  return !known.empty() && is_before(known.front());
}

// What says nothing where there is no such price yet: an embedding's output for nothing, and reasoning at the price of
// output, which it has anyhow.
bool is_noise(const std::string& figure, Price price, const Figures& all) {
  constexpr std::string_view kReasoning = "reasoning";
  constexpr std::string_view kOutput = "output";
  const std::string_view plain = std::string_view(figure).substr(0, figure.find(" >"));
  if (plain == kOutput || plain.ends_with(" output")) {
    std::string name = figure;
    const auto input = all.find(name.replace(plain.size() - kOutput.size(), kOutput.size(), "input"));
    return price == Price() && input != all.end() && input->second != Price();
  }
  const auto at = figure.find(kReasoning);
  if (at == std::string::npos || figure.starts_with("tool ")) return false;
  std::string output = figure;
  const auto found = all.find(output.replace(at, kReasoning.size(), "output"));
  return found != all.end() && found->second == price;
}

// What `entry` says of the dispute about `figure`: "litellm 6, models.dev 3".
std::string dispute_of(const Entry& entry, const std::string& figure) {
  const std::string text = "; " + entry.disputed;
  const std::string start = fmt::format("; {}: ", figure);
  const auto at = text.find(start);
  if (at == std::string::npos) return {};
  const auto from = at + start.size();
  return text.substr(from, text.find("; ", from) - from);
}

ModelChange new_model(const Model& listed, UtcTime time) {
  ModelChange change{
      .kind = ModelChange::Kind::kNew, .provider = listed.provider, .model = listed.id, .figures = {}, .after = listed};
  for (const Entry* entry : entries_at(listed, time)) {
    const Figures figures = figures_of(*entry);
    for (const auto& [figure, price] : figures) {
      if (is_noise(figure, price, figures)) continue;
      change.figures.push_back({named(*entry, figure), "", figure_text(figure, price), dispute_of(*entry, figure)});
    }
  }
  return change;
}

// Where a figure of a tier is from that no list states.
constexpr std::string_view kInProportion = "in proportion to the standard price, as it was before that changed";

// What the tier's `figure` is a share of: "input >200000" of "batch input >200000"; empty if it is of no tier.
std::string_view standard_of(std::string_view figure) {
  if (figure.starts_with("tool ")) return {};
  const auto space = figure.substr(0, figure.find(" >")).rfind(' ');
  return space == std::string_view::npos ? std::string_view() : figure.substr(space + 1);
}

// Gives `entry` the prices of tiers that the list does not state: a share of the standard price stays that share (a
// batch costs half). Returns whether there are such.
bool follow_standard(const Figures& had, const Figures& has, const Entry& after, Entry& entry, ModelChange& change) {
  bool any = false;
  for (const auto& [figure, price] : had) {
    const std::string_view standard = standard_of(figure);
    const auto from = had.find(standard);
    const auto to = has.find(standard);
    if (has.contains(figure) || from == had.end() || to == has.end() || from->second == to->second) continue;
    const auto risen = price.in_proportion(from->second, to->second);
    if (!risen) continue;
    any = true;
    change.figures.push_back({named(after, figure), figure_text(figure, price), figure_text(figure, *risen), ""});
    set_figure(entry, figure, *risen);
  }
  return any;
}

// The sources of an entry that has all figures of `after`, and those of `before` that it does not state.
std::vector<std::string> joint_sources(const Entry& before, const Figures& had, const Entry& after, const Figures& has,
                                       bool follows) {
  std::vector<std::string> sources = after.sources;
  const auto add = [&](std::string_view source) {
    if (std::ranges::find(sources, source) == sources.end()) sources.emplace_back(source);
  };
  if (follows) add(kInProportion);
  const auto is_kept = [&](const auto& figure) {
    return !has.contains(figure.first) && (!follows || standard_of(figure.first).empty());
  };
  if (std::ranges::any_of(had, is_kept)) {
    for (const std::string& source : before.sources) add(source);
  }
  return sources;
}

// Adds to `change` what `after` has otherwise than `before`, the price in force at the same hours.
void add_changes(const Entry& before, const Entry& after, ListDay day, ModelChange& change) {
  if (is_outdated(after, before, day)) return;
  const Figures had = figures_of(before);
  const Figures has = figures_of(after);
  const bool has_conditions =
      std::ranges::any_of(before.requests, [](const RequestFee& fee) { return fee.when.has_value(); });
  Entry entry = before;
  bool changed = false;
  for (const auto& [figure, price] : has) {
    const auto found = had.find(figure);
    if (found != had.end() && found->second == price) continue;
    // Nor does a list that has 0 for an output make it free.
    if ((found == had.end() || price == Price()) && is_noise(figure, price, has)) continue;
    // Lists have one fee for all requests, or one for a search; where ours depends on the request, it knows better.
    if (has_conditions && found == had.end() && (figure == kRequestFigure || figure == "tool web_search")) continue;
    changed = true;
    change.figures.push_back({named(after, figure), found == had.end() ? "" : figure_text(figure, found->second),
                              figure_text(figure, price), dispute_of(after, figure)});
    set_figure(entry, figure, price);
  }
  if (!changed) return;
  const bool follows = follow_standard(had, has, after, entry, change);
  entry.until.reset();
  entry.hours = after.hours;
  entry.sources = joint_sources(before, had, after, has, follows);
  entry.disputed = after.disputed;
  if (entry.surcharges.empty()) entry.surcharges = after.surcharges;
  change.after.entries.push_back(std::move(entry));
}

}  // namespace

std::vector<ModelChange> price_changes(const PriceFile& listed, const Catalog& catalog, UtcTime time, UtcTime from,
                                       ListDay day) {
  std::vector<ModelChange> changes;
  std::vector<const Model*> seen;
  for (const Model& model : listed.models) {
    const Model* known = catalog.find(listed.provider, model.id);
    const std::vector<const Entry*> after = entries_at(model, time);
    if (after.empty()) continue;
    if (known != nullptr) seen.push_back(known);
    const std::vector<const Entry*> before = known != nullptr ? entries_at(*known, from) : std::vector<const Entry*>();
    if (known == nullptr || before.empty()) {
      changes.push_back(new_model(model, time));
      continue;
    }
    ModelChange change{.kind = ModelChange::Kind::kChanged,
                       .provider = listed.provider,
                       .model = model.id,
                       .figures = {},
                       .after = {}};
    for (const Entry* entry : after) {
      const Entry* had = entry_of(before, entry->hours);
      add_changes(had != nullptr ? *had : *before.front(), *entry, day, change);
    }
    if (change.figures.empty()) continue;
    change.after.provider = listed.provider;
    change.after.id = is_whole_name(*known, listed.provider, model.id) ? known->id : model.id;
    changes.push_back(std::move(change));
  }
  for (const Model* model : catalog.models()) {
    if (model->provider != listed.provider || std::ranges::find(seen, model) != seen.end()) continue;
    const std::vector<const Entry*> entries = entries_at(*model, time);
    if (entries.empty() || entries.front()->origin != Origin::kImported) continue;
    changes.push_back({.kind = ModelChange::Kind::kGone,
                       .provider = model->provider,
                       .model = model->id,
                       .figures = {},
                       .after = {}});
  }
  std::ranges::stable_sort(changes, {}, &ModelChange::model);
  return changes;
}

PriceFile with_changes(PriceFile imported, const std::vector<ModelChange>& changes, UtcTime from,
                       const PriceFile& listed) {
  imported.provider = listed.provider;
  for (const auto& [name, text] : listed.sources) add_source(imported, name, text);
  for (const ModelChange& change : changes) {
    if (change.kind == ModelChange::Kind::kGone) continue;
    Model model = change.after;
    for (Entry& entry : model.entries) {
      if (change.kind == ModelChange::Kind::kChanged) entry.from = from;
      entry.origin = Origin::kImported;
      for (const std::string& source : entry.sources) add_source(imported, "before", source);
    }
    const auto same = [&](const Model& other) { return folded(other.id) == folded(model.id); };
    const auto found = std::ranges::find_if(imported.models, same);
    if (found == imported.models.end()) {
      imported.models.push_back(std::move(model));
      continue;
    }
    // What was imported for the same day before was never in force for longer than that.
    for (Entry& entry : model.entries) {
      std::erase_if(found->entries,
                    [&](const Entry& old) { return old.from == entry.from && old.hours == entry.hours; });
      found->entries.push_back(std::move(entry));
    }
    found->sort_entries();
  }
  std::ranges::sort(imported.models, {}, &Model::id);
  return imported;
}

}  // namespace tokometer::pricing
