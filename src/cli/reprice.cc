// `tokometer reprice`: costs of recorded calls by the specs and prices in force.
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "app/rules.h"
#include "base/format.h"
#include "cli/builtin.h"
#include "cli/recorded.h"
#include "cli/settings.h"
#include "cli/table.h"
#include "event/reprice.h"
#include "json/writer.h"
#include "pricing/decimal.h"
#include "store/totals.h"

namespace tokometer::cli {
namespace {

// Models that are shown apart; calls of more go into one row.
constexpr std::size_t kMaxModels = 1'000;
constexpr std::int64_t kProgressEvery = 1'000;

struct RepriceSums {
  std::int64_t changed = 0;
  store::Totals before;
  store::Totals after;

  void add(const event::Event& was, const event::Event& is) {
    ++changed;
    before.add(was);
    after.add(is);
  }
};

class Repricing {
 public:
  Repricing(const app::Rules& rules, Output& err) : rules_(rules), err_(err) {}

  // Computes `event` again; whether it changed.
  bool operator()(event::Event& event) {
    if (++seen_ % kProgressEvery == 0) progress();
    const event::Event was = event;
    if (!event::reprice(event, *rules_.providers, *rules_.prices)) return false;
    std::string name = fmt::format("{}/{}", event.provider, event::model(event));
    if (!models_.contains(name) && models_.size() >= kMaxModels) name = "others";
    models_[name].add(was, event);
    total_.add(was, event);
    return true;
  }

  void done() {
    if (err_.form().is_terminal && seen_ >= kProgressEvery) err_.write("\r\x1b[K");
  }

  std::int64_t seen() const { return seen_; }
  const RepriceSums& total() const { return total_; }
  const std::map<std::string, RepriceSums>& models() const { return models_; }

 private:
  void progress() {
    if (!err_.form().is_terminal) return;
    err_.print("\r{} looked at, {} changed", format::calls(seen_), format::count(total_.changed));
    err_.flush();
  }

  const app::Rules& rules_;
  Output& err_;
  std::int64_t seen_ = 0;
  RepriceSums total_;
  std::map<std::string, RepriceSums> models_;
};

// Nothing where no call had a known cost.
std::optional<std::int64_t> cost_before_or_after(const store::Totals& totals) {
  const std::int64_t cost = totals.cost_picodollars();
  if (cost == 0 && totals.cost_missing > 0) return std::nullopt;
  return cost;
}

std::vector<std::string> sums_row(std::string name, const RepriceSums& sums) {
  return {std::move(name), format::count(sums.changed), format::usd(cost_before_or_after(sums.before)),
          format::usd(cost_before_or_after(sums.after))};
}

void print_sums(const Repricing& repricing, bool dry_run, Output& out) {
  Table table({{.title = "model", .min_width = 12},
               {.title = "calls changed", .align = Align::kRight, .priority = 1},
               {.title = "cost before", .align = Align::kRight},
               {.title = "cost after", .align = Align::kRight}});
  for (const auto& [name, sums] : repricing.models()) table.add(sums_row(printable(name), sums));
  if (!table.empty()) {
    table.add_total(sums_row("total", repricing.total()));
    out.write(table.render(out.form(), out.style()));
  }
  out.print("{} looked at, {} changed{}\n", format::calls(repricing.seen()), format::count(repricing.total().changed),
            dry_run ? ", nothing written" : "");
}

void write_sums(json::Writer& writer, const RepriceSums& sums) {
  writer.member("changed_calls", sums.changed);
  for (const auto& [name, totals] : {std::pair("before", &sums.before), std::pair("after", &sums.after)}) {
    writer.name(name).begin_object().name("cost_usd");
    const auto cost = cost_before_or_after(*totals);
    cost ? writer.string(pricing::usd_text(*cost)) : writer.null();
    writer.member("calls_of_unknown_cost", totals->cost_missing);
    writer.member("input_tokens", totals->input_tokens).member("output_tokens", totals->output_tokens).end_object();
  }
}

void print_sums_json(const Repricing& repricing, bool dry_run, Output& out) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object().member("calls", repricing.seen()).member("dry_run", dry_run);
  write_sums(writer, repricing.total());
  writer.name("models").begin_array();
  for (const auto& [name, sums] : repricing.models()) {
    writer.begin_object().member("model", name);
    write_sums(writer, sums);
    writer.end_object();
  }
  writer.end_array().end_object();
  out.write(text + "\n");
}

Result<ExitCode> run_reprice(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  if (!arguments.has("since") && !arguments.has("until")) {
    return environment.wrong_use(arguments, "--since or --until is missing: which calls are to be computed again");
  }
  const auto zone = chosen_zone(arguments, environment);
  if (!zone) return fail(zone.error());
  const auto filter = chosen_filter(arguments, environment, *zone);
  if (!filter) return fail(filter.error());
  const auto rules = app::load_rules(config->config_dir);
  if (!rules) return fail(rules.error());
  auto store = open_recorded(*config, environment);
  if (!store) return fail(store.error());

  const bool dry_run = arguments.has("dry-run");
  Repricing repricing(**rules, environment.err);
  Result<void> done;
  if (dry_run) {
    done = (*store)->query(*filter, store::Order::kOldestFirst, static_cast<std::size_t>(-1),
                           [&](const event::Event& event) {
                             event::Event again = event;
                             repricing(again);
                             return true;
                           });
  } else {
    done = (*store)->rewrite(*filter, [&](event::Event& event) { return repricing(event); });
  }
  repricing.done();
  if (!done) return fail(done.error());
  if (arguments.has("json")) {
    print_sums_json(repricing, dry_run, environment.out);
  } else {
    print_sums(repricing, dry_run, environment.out);
  }
  return ExitCode::kOk;
}

}  // namespace

Command reprice_command() {
  std::vector<Option> options = filter_options();
  options.push_back({.name = "dry-run", .help = "Only show what the costs would be"});
  options.push_back({.name = "json", .help = "One JSON object"});
  return {
      .name = "reprice",
      .summary = "Compute the cost of recorded calls again",
      .description =
          "Reads the usage of each call again from the usage object that its provider sent, by the provider specs "
          "in force, and prices it by the prices in force that held when the call began. For prices that were "
          "corrected (`tokometer prices update --valid-from`, files of your own) and for specs that were mended.\n\n"
          "Calls and sums change together, some at a time, while a proxy goes on recording. A second time changes "
          "nothing.",
      .options = std::move(options),
      .examples = {{"tokometer reprice --since 30d --dry-run", "What the last 30 days would cost by today's files"},
                   {"tokometer reprice --since 2026-11-01 --provider openai", "One provider's calls"}},
      .run = run_reprice};
}

}  // namespace tokometer::cli
