#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/format.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/price_commands.h"
#include "cli/settings.h"
#include "cli/style.h"
#include "cli/table.h"
#include "embedded/embedded.h"
#include "json/writer.h"
#include "pricing/builtin_prices.h"
#include "pricing/catalog.h"
#include "pricing/catalog_check.h"
#include "pricing/price_file_text.h"

namespace tokometer::cli {
namespace {

using pricing::Entry;
using pricing::kUnitCount;
using pricing::Model;
using pricing::Rates;
using pricing::Schedule;
using pricing::Unit;

Result<std::shared_ptr<const pricing::Catalog>> load_catalog(const Arguments& arguments,
                                                             const Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  return pricing::Catalog::load(pricing::BuiltinPrices(), pricing::folders_in(config->config_dir));
}

// The time that --at names, or now.
Result<UtcTime> wanted_time(const Arguments& arguments, const Environment& environment) {
  const auto text = arguments.value("at");
  if (!text) return environment.clock.now();
  const auto time = parse_rfc3339(*text);
  if (!time) return fail(ErrorCode::kInvalid, fmt::format("--at: \"{}\" is no date or time (RFC 3339)", *text));
  return *time;
}

std::string price_text(const Rates& rates, Unit unit) {
  return rates[unit] ? rates[unit]->text() : std::string(format::kAbsent);
}

// One line: the model with the entry that holds; prices in USD per million tokens, of tools per 1,000 calls.
std::string entry_json(const Model& model, const Entry& entry, const std::vector<std::string>& fallen_back = {}) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object().member("provider", model.provider).member("model", model.id).member("price_ref", entry.ref);
  pricing::write_figures(writer, entry);
  if (!fallen_back.empty()) {
    writer.name("also_for").begin_array();
    for (const std::string& provider : fallen_back) writer.string(provider);
    writer.end_array();
  }
  writer.name("sources").begin_array();
  for (const std::string& source : entry.sources) writer.string(source);
  writer.end_array().member_unless_empty("disputed", entry.disputed).end_object();
  return text + "\n";
}

// The columns of `show`: a row for each unit that has a price anywhere, a column for each way to be priced.
std::string schedule_table(const Entry& entry, const Environment& environment) {
  std::vector<std::string> titles;
  std::vector<const Rates*> columns;
  const auto add = [&](const std::string& name, const Schedule& schedule) {
    titles.push_back(name);
    columns.push_back(&schedule.base);
    for (const pricing::LongContext& step : schedule.long_context) {
      titles.push_back(fmt::format("{} >{}", name, format::short_count(step.above)));
      columns.push_back(&step.rates);
    }
  };
  add("standard", entry.standard);
  for (const pricing::ServiceTier& tier : entry.tiers) add(tier.name, tier.schedule);

  std::vector<Column> heads{{.title = "USD per million tokens"}};
  for (const std::string& title : titles) heads.push_back({.title = title, .align = Align::kRight});
  Table table(std::move(heads));
  for (std::size_t i = 0; i < kUnitCount; ++i) {
    const auto unit = static_cast<Unit>(i);
    if (std::ranges::none_of(columns, [&](const Rates* rates) { return (*rates)[unit].has_value(); })) continue;
    std::vector<std::string> row{std::string(to_string(unit))};
    for (const Rates* rates : columns) row.push_back(price_text(*rates, unit));
    table.add(std::move(row));
  }
  return table.render(environment.out.form(), environment.out.style());
}

std::string_view origin_note(pricing::Origin origin) {
  switch (origin) {
    case pricing::Origin::kBuiltin:
      break;
    case pricing::Origin::kImported:
      return " (imported)";
    case pricing::Origin::kUser:
      return " (your own)";
  }
  return "";
}

std::string joined(const std::vector<std::string>& texts, std::string_view between) {
  std::string all;
  for (const std::string& text : texts) {
    if (!all.empty()) all += between;
    all += printable(text);
  }
  return all;
}

// "request where $.search_context_size is high"
std::string fee_name(const pricing::RequestFee& fee) {
  if (!fee.when) return "request";
  if (fee.when->kind == pricing::Condition::Kind::kHost) return printable(fmt::format("request to {}", fee.when->is));
  return printable(fmt::format("request where {} is {}", fee.when->query->text(), fee.when->is));
}

// A model's price, and the providers that take it from there.
struct Shown {
  const Model* model = nullptr;
  const Entry* entry = nullptr;
  const Model* instead_of = nullptr;  // the release that was asked for, where the user's price for its name goes first
  std::vector<std::string> fallen_back;  // providers that have no price of their own for it, and take this one
};

void print_entry(const Shown& shown, Environment& environment) {
  const Model& model = *shown.model;
  const Entry& entry = *shown.entry;
  Output& out = environment.out;
  out.print("{}\n", out.style().bold(printable(fmt::format("{}/{}", model.provider, model.id))));
  if (!model.aliases.empty()) out.print("also      {}\n", joined(model.aliases, ", "));
  if (!model.prefixes.empty()) out.print("prefixes  {}\n", joined(model.prefixes, ", "));
  if (!shown.fallen_back.empty()) out.print("also for  {}\n", joined(shown.fallen_back, ", "));
  out.print("entry     {}{}\n", printable(entry.ref), origin_note(entry.origin));
  if (shown.instead_of != nullptr) {
    out.print("before    {}, which your files do not name\n", printable(shown.instead_of->id));
  }
  if (!entry.sources.empty()) out.print("sources   {}\n", joined(entry.sources, "\n          "));
  if (!entry.disputed.empty()) out.print("disputed  {}\n", out.style().yellow(printable(entry.disputed)));
  out.write(schedule_table(entry, environment));
  for (const auto& [name, price] : entry.tools)
    out.print("{}: {} USD per 1,000 calls\n", printable(name), price.text(1'000));
  for (const pricing::RequestFee& fee : entry.requests) {
    out.print("{}: {} USD per 1,000 requests\n", fee_name(fee), fee.price.text(1'000));
  }
}

Result<ExitCode> run_prices_show(const Arguments& arguments, Environment& environment) {
  const auto catalog = load_catalog(arguments, environment);
  if (!catalog) return fail(catalog.error());
  const auto time = wanted_time(arguments, environment);
  if (!time) return fail(time.error());
  const std::string_view name = *arguments.positional(0);

  std::set<std::string_view> providers;
  if (const auto provider = arguments.value("provider")) {
    providers.insert(*provider);
  } else {
    for (const Model* model : (*catalog)->models()) providers.insert(model->provider);
  }
  // Providers that fall back to another's price are named with it.
  std::vector<Shown> all;
  for (const std::string_view provider : providers) {
    const auto [model, entry] = (*catalog)->price({.provider = provider, .model = name, .host = {}, .time = *time});
    if (entry == nullptr) continue;
    auto shown = std::ranges::find(all, model, &Shown::model);
    if (shown == all.end()) {
      const Model* own = (*catalog)->find(provider, name);
      shown = all.insert(all.end(), Shown{model, entry, own != model ? own : nullptr, {}});
    }
    if (model->provider != provider) shown->fallen_back.emplace_back(provider);
  }
  for (const Shown& shown : all) {
    if (arguments.has("json")) {
      environment.out.write(entry_json(*shown.model, *shown.entry, shown.fallen_back));
      continue;
    }
    if (&shown != &all.front()) environment.out.write("\n");
    print_entry(shown, environment);
  }
  if (all.empty()) return fail(ErrorCode::kNotFound, fmt::format("no price for \"{}\": its cost is unknown", name));
  return ExitCode::kOk;
}

Result<ExitCode> run_prices_list(const Arguments& arguments, Environment& environment) {
  const auto catalog = load_catalog(arguments, environment);
  if (!catalog) return fail(catalog.error());
  const auto provider = arguments.value("provider");
  const UtcTime now = environment.clock.now();
  Table table({{.title = "provider"},
               {.title = "model"},
               {.title = "input", .align = Align::kRight},
               {.title = "output", .align = Align::kRight},
               {.title = "cache read", .align = Align::kRight, .priority = 1},
               {.title = "cache write", .align = Align::kRight, .priority = 2},
               {.title = "cache write 1h", .align = Align::kRight, .priority = 3}});
  bool any = false;
  for (const Model* model : (*catalog)->models()) {
    if (provider && model->provider != *provider) continue;
    const Entry* entry = model->entry_at(now);
    if (entry == nullptr) continue;
    any = true;
    if (arguments.has("json")) {
      environment.out.write(entry_json(*model, *entry));
      continue;
    }
    const Rates& rates = entry->standard.base;
    table.add({printable(model->provider), printable(model->id), price_text(rates, Unit::kInput),
               price_text(rates, Unit::kOutput), price_text(rates, Unit::kCacheRead),
               price_text(rates, Unit::kCacheWrite), price_text(rates, Unit::kCacheWrite1h)});
  }
  if (!any) return fail(ErrorCode::kNotFound, fmt::format("no prices of \"{}\"", provider.value_or("any provider")));
  if (!table.empty()) environment.out.write(table.render(environment.out.form(), environment.out.style()));
  return ExitCode::kOk;
}

Result<ExitCode> run_prices_check(const Arguments& arguments, Environment& environment) {
  std::vector<std::filesystem::path> paths;
  if (const auto file = arguments.positional(0)) {
    paths.emplace_back(*file);
  } else {
    const auto config = load_settings(arguments, environment);
    if (!config) return fail(config.error());
    auto found = files_in(config->config_dir / "prices", ".json");
    if (!found) return fail(found.error());
    paths = std::move(*found);
  }
  std::vector<std::string> names;
  std::vector<std::string> contents;
  for (const std::filesystem::path& path : paths) {
    auto content = read_file(path);
    if (!content) return fail(content.error());
    names.push_back(path.string());
    contents.push_back(std::move(*content));
  }
  std::vector<embedded::File> files;
  files.reserve(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) files.push_back({names[i], contents[i]});

  bool wrong = false;
  const auto problems = pricing::check_files(files);
  for (const pricing::Problem& problem : problems) {
    const bool error = problem.severity == pricing::Problem::Severity::kError;
    wrong = wrong || error;
    if (arguments.has("json")) {
      std::string line;
      json::Writer(line)
          .begin_object()
          .member("severity", error ? "error" : "warning")
          .member("where", problem.where)
          .member("what", problem.what)
          .end_object();
      environment.out.write(line + "\n");
    } else {
      const Style style = environment.out.style();
      environment.out.print("{}: {}: {}\n", printable(problem.where),
                            error ? style.red("error") : style.yellow("warning"), printable(problem.what));
    }
  }
  if (problems.empty() && !arguments.has("json")) {
    environment.out.print("{}: {} files\n", environment.out.style().green("ok"), files.size());
  }
  return wrong ? ExitCode::kFailed : ExitCode::kOk;
}

}  // namespace

Command prices_command() {
  const Option provider{
      .name = "provider", .type = OptionType::kText, .placeholder = "NAME", .help = "Only this one's"};
  const Option json{.name = "json", .help = "One JSON object a line"};
  return {.name = "prices",
          .summary = "Show, check and update prices of models",
          .subcommands = {
              {.name = "list",
               .summary = "List what models cost now, in USD per million tokens",
               .options = {provider, json},
               .examples = {{"tokometer prices list --provider anthropic", "What Anthropic's models cost"}},
               .run = run_prices_list},
              {.name = "show",
               .summary = "Show all prices of a model, and where they are from",
               .positionals = {{.name = "MODEL", .help = "The model's name as calls give it"}},
               .options = {provider,
                           {.name = "at",
                            .type = OptionType::kText,
                            .placeholder = "TIME",
                            .help = "As of this date or time instead of now"},
                           json},
               .examples = {{"tokometer prices show claude-sonnet-4-5", "What this model costs"}},
               .run = run_prices_show},
              {.name = "check",
               .summary = "Say what is wrong or unlikely in price files of your own",
               .description = "Each fault is named by file and line. The exit code is 1 if a file cannot be used.",
               .positionals = {{.name = "FILE",
                                .type = OptionType::kFile,
                                .help = "A price file, if not those in the configuration folder",
                                .required = false}},
               .options = {json},
               .examples = {{"tokometer prices check mine.json", "Check a file before it goes into the folder"}},
               .run = run_prices_check},
              prices_update_command(),
              prices_diff_command(),
              prices_convert_command()}};
}

}  // namespace tokometer::cli
