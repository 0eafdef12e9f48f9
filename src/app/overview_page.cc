#include "app/overview_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <numeric>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

#include "app/html_template.h"
#include "base/check.h"
#include "base/count.h"
#include "base/format.h"
#include "embedded/embedded.h"

namespace tokometer::app {
namespace {

// Of RFC 3339's text: "2026-11-22T", "20:37".
constexpr std::size_t kDateSize = 11;
constexpr std::size_t kTimeSize = 5;

using ModelFigures = std::pair<Metrics::Key, Metrics::Model>;

std::int64_t whole(std::uint64_t value) { return static_cast<std::int64_t>(value); }

bool is_failure(int status) { return status != 101 && (status < 200 || status >= 300); }

std::int64_t calls_of(const Metrics::Model& model, bool failed_only) {
  return std::accumulate(model.requests.begin(), model.requests.end(), std::int64_t{0},
                         [failed_only](std::int64_t sum, const auto& one) {
                           return sum + (!failed_only || is_failure(one.first) ? one.second : 0);
                         });
}

std::int64_t tokens_of(const Metrics::Model& model) {
  return add_saturated(model.input.value_or(0), model.output.value_or(0));
}

// What is left out of `all` rows.
void set_rest(HtmlValues& values, std::string_view name, std::size_t all, std::size_t limit) {
  values.show(name, false);
  if (all > limit) values.add(name).set("more", format::count(whole(all - limit)));
}

// The same of one model and of all together.
void set_figures(HtmlValues& values, const Metrics::Model& model) {
  values.set("input", format::count(model.input)).set("cache_read", format::count(model.cache_read));
  values.set("cache_creation", format::count(model.cache_creation));
  values.set("output", format::count(model.output)).set("reasoning", format::count(model.reasoning));
  values.set("cost", format::short_usd(model.cost_picodollars));
  values.show("unpriced", false);
  if (model.cost_unknown > 0) values.add("unpriced").set("calls", format::calls(model.cost_unknown));
  const std::int64_t failed = calls_of(model, true);
  values.show("failed_calls", failed > 0);
  values.set("failed", format::count(failed));
  values.show("cached", model.cache_read.value_or(0) > 0);
  values.show("cache_written", model.cache_creation.value_or(0) > 0);
  values.show("reasoned", model.reasoning.value_or(0) > 0);
}

void add_to(Metrics::Model& sum, const Metrics::Model& model) {
  for (const auto& [status, count] : model.requests) sum.requests[status] += count;
  const auto add = [](std::optional<std::int64_t>& to, const std::optional<std::int64_t>& count) {
    if (count) to = add_saturated(to.value_or(0), *count);
  };
  add(sum.input, model.input);
  add(sum.cache_read, model.cache_read);
  add(sum.cache_creation, model.cache_creation);
  add(sum.output, model.output);
  add(sum.reasoning, model.reasoning);
  add(sum.cost_picodollars, model.cost_picodollars);
  sum.cost_unknown += model.cost_unknown;
  sum.usage_none += model.usage_none;
}

void set_models(HtmlValues& page, const Metrics& metrics, std::size_t limit) {
  const auto counted = metrics.models();
  std::vector<ModelFigures> models(counted.begin(), counted.end());
  std::ranges::stable_sort(models, std::ranges::greater(),
                           [](const ModelFigures& one) { return tokens_of(one.second); });
  Metrics::Model all;
  if (models.empty()) all.input = all.output = all.cost_picodollars = 0;
  for (const ModelFigures& one : models) add_to(all, one.second);
  page.set("calls", format::count(calls_of(all, false)));
  set_figures(page, all);
  page.show("counted", !models.empty());
  page.show("usage_missing", all.usage_none > 0);
  page.set("missing", format::calls(all.usage_none));
  set_rest(page, "more_models", models.size(), limit);
  page.show("models", false);
  for (const auto& [key, model] : models | std::views::take(limit)) {
    HtmlValues& row = page.add("models");
    row.set("provider", key.provider).set("model", key.model.empty() ? "no model" : key.model);
    row.set("calls", format::count(calls_of(model, false)));
    set_figures(row, model);
  }
}

int percent_of(const quota::Snapshot& snapshot) {
  constexpr double kMostShown = 9.99;
  return static_cast<int>(std::lround(std::clamp(snapshot.used_fraction.value_or(0), 0.0, kMostShown) * 100));
}

void set_quotas(HtmlValues& page, const quota::Board* board, UtcTime now, std::size_t limit) {
  std::vector<quota::Snapshot> seen = board == nullptr ? std::vector<quota::Snapshot>() : board->all();
  std::erase_if(seen, [now](const quota::Snapshot& snapshot) {
    const auto end = quota::window_end(snapshot);
    return !snapshot.used_fraction || (end && *end <= now);
  });
  std::ranges::stable_sort(seen, std::ranges::greater(), percent_of);
  page.show("has_quotas", !seen.empty());
  set_rest(page, "more_quotas", seen.size(), limit);
  page.show("quotas", false);
  for (const quota::Snapshot& snapshot : seen | std::views::take(limit)) {
    HtmlValues& row = page.add("quotas");
    row.set("provider", snapshot.provider).set("name", snapshot.name).set("model", snapshot.model);
    row.set("account", snapshot.label.empty() ? snapshot.account : snapshot.label);
    row.show("of_model", !snapshot.model.empty());
    const int percent = percent_of(snapshot);
    row.set("percent", fmt::format("{}%", percent)).set("filled", fmt::format("{}", std::min(percent, 100)));
    const auto end = quota::window_end(snapshot);
    row.set("resets",
            end ? format::duration(std::chrono::ceil<std::chrono::seconds>(*end - now)) : std::string(format::kAbsent));
  }
}

bool set_journal_faults(HtmlValues& page, const event::Journal* journal) {
  const event::JournalStats stats = journal == nullptr ? event::JournalStats() : journal->stats();
  const bool broken = journal != nullptr && !stats.healthy;
  page.show("journal_missing", journal == nullptr);
  page.show("journal_broken", broken);
  page.set("waiting", format::calls(whole(stats.waiting)));
  page.show("journal_lost", stats.dropped > 0);
  page.set("dropped", format::calls(whole(stats.dropped)));
  page.set("lag", format::bytes(whole(stats.lag_bytes)));
  return journal == nullptr || broken || stats.dropped > 0;
}

bool set_distrust(HtmlValues& page, const proxy::Distrust* distrust, const Clock& clock, std::size_t limit) {
  const auto entries = distrust == nullptr ? std::vector<proxy::Distrust::Entry>() : distrust->entries(clock.steady());
  set_rest(page, "more_distrustful", entries.size(), limit);
  page.show("distrustful", false);
  for (const proxy::Distrust::Entry& entry : entries | std::views::reverse | std::views::take(limit)) {
    const proxy::Distrust::Client& client = entry.client;
    HtmlValues& row = page.add("distrustful");
    row.set("client", client.name.empty() ? "a client without a name" : client.name).set("host", client.host);
    row.show("held", client.held);
    const std::string until = format_rfc3339(std::chrono::ceil<std::chrono::minutes>(wall_time(clock, entry.until)));
    row.set("until", until).set("until_text", until.substr(kDateSize, kTimeSize) + " UTC");
  }
  return !entries.empty();
}

void set_faults(HtmlValues& page, const PageSources& sources, std::size_t distrustful) {
  bool faulty = set_journal_faults(page, sources.journal);
  const bool store_broken = sources.ingest != nullptr && !sources.ingest->stats().healthy;
  page.show("store_broken", store_broken);
  const std::uint64_t lost = sources.captures == nullptr ? 0 : sources.captures->stats().dropped;
  page.show("captures_lost", lost > 0);
  page.set("captures_dropped", format::count(whole(lost)));
  faulty = set_distrust(page, sources.distrust, sources.clock, distrustful) || faulty;
  page.show("faulty", faulty || store_broken || lost > 0);
}

void set_proxy(HtmlValues& page, const PageSources& sources) {
  const std::string since = format_rfc3339(sources.start->at);
  page.set("version", sources.start->version).set("since", since);
  // "2026-11-22 20:37 UTC"
  page.set("since_text", fmt::format("{} {} UTC", since.substr(0, kDateSize - 1), since.substr(kDateSize, kTimeSize)));
  const auto uptime = std::chrono::ceil<std::chrono::seconds>(sources.clock.steady() - sources.started);
  page.set("uptime", format::duration(uptime));
  page.show("listening", false);
  for (const std::string& address : sources.listening) page.add("listening").set("address", address);
  page.set("url", local_url(sources.listening).value_or("http://127.0.0.1"));
  page.show("one_origin", sources.one_origin);
  page.show("metrics", sources.serve_metrics);
  page.set("open", format::count(sources.metrics.open_exchanges()));
}

}  // namespace

std::string overview_page(const PageSources& sources, const OverviewLimits& limits) {
  const auto files = embedded::pages();
  const auto file = std::ranges::find(files, kOverviewTemplate, &embedded::File::name);
  TOKOMETER_CHECK(file != files.end());
  HtmlValues page;
  set_proxy(page, sources);
  set_faults(page, sources, limits.distrustful);
  set_models(page, sources.metrics, limits.models);
  set_quotas(page, sources.quotas, sources.clock.now(), limits.quotas);
  return fill_html(file->content, page);
}

}  // namespace tokometer::app
