#include "cli/recorded.h"

#include <filesystem>
#include <string>
#include <utility>

#include "app/proxy_service.h"
#include "cli/time_range.h"
#include "event/journal_reader.h"
#include "store/ingest.h"
#include "store/sqlite/sqlite_store.h"

namespace tokometer::cli {

Result<std::unique_ptr<store::Store>> open_recorded(const app::Config& config, Environment& environment) {
  const std::filesystem::path file = app::store_file(config.data_dir);
  const std::filesystem::path journal = app::journal_folder(config.data_dir);
  std::error_code error;
  if (!std::filesystem::exists(file, error) && event::list_segments(journal).empty()) {
    return fail(ErrorCode::kNotFound, "no calls are recorded in " + config.data_dir.string() +
                                          ": start `tokometer proxy`, or name its folder by --data-dir");
  }
  auto store = store::sqlite::open({.file = file});
  auto caught_up = store ? store::catch_up(journal, **store) : Result<std::size_t>(fail(store.error()));
  if (caught_up) return store;
  auto readable = store::sqlite::open({.file = file, .read_only = true});
  if (!readable) return fail(caught_up.error());
  environment.err.print("tokometer: {}: calls that are only in the journal are not shown\n", caught_up.error().message);
  return readable;
}

std::vector<Option> filter_options() {
  return {{.name = "since",
           .type = OptionType::kText,
           .placeholder = "TIME",
           .help = "Only calls from then on: 7d, 24h, today, a date, or a date with a time"},
          {.name = "until", .type = OptionType::kText, .placeholder = "TIME", .help = "Only calls before then"},
          {.name = "provider", .type = OptionType::kText, .placeholder = "NAME", .help = "Only calls to this provider"},
          {.name = "model",
           .type = OptionType::kText,
           .placeholder = "NAME",
           .help = "Only calls that asked for this model, or that it answered"},
          {.name = "client", .type = OptionType::kText, .placeholder = "NAME", .help = "Only calls of this client"},
          {.name = "project", .type = OptionType::kText, .placeholder = "NAME", .help = "Only calls of this project"},
          {.name = "session", .type = OptionType::kText, .placeholder = "ID", .help = "Only calls of this session"},
          {.name = "run", .type = OptionType::kText, .placeholder = "ID", .help = "Only calls of this `tokometer run`"},
          {.name = "tz",
           .type = OptionType::kText,
           .placeholder = "ZONE",
           .help = "Time zone of what is shown and given: Europe/Berlin, +02:00, UTC; the system's by default"}};
}

Result<TimeZone> chosen_zone(const Arguments& arguments, const Environment& environment) {
  if (const auto name = arguments.value("tz")) {
    auto zone = TimeZone::open(*name);
    if (!zone) return fail(ErrorCode::kUsage, "--tz: " + zone.error().message);
    return zone;
  }
  return TimeZone::local(environment.variable("TZ"));
}

Result<store::Filter> chosen_filter(const Arguments& arguments, const Environment& environment, const TimeZone& zone) {
  store::Filter filter;
  for (auto [name, time] : {std::pair{"since", &filter.since}, std::pair{"until", &filter.until}}) {
    const auto text = arguments.value(name);
    if (!text) continue;
    const auto moment = parse_moment(*text, environment.clock.now(), zone);
    if (!moment) return fail(ErrorCode::kUsage, std::string("--") + name + ": " + moment.error().message);
    *time = *moment;
  }
  if (filter.since && filter.until && *filter.since >= *filter.until) {
    return fail(ErrorCode::kUsage, "--until is not after --since");
  }
  for (auto [name, text] :
       {std::pair{"provider", &filter.provider}, std::pair{"model", &filter.model}, std::pair{"client", &filter.client},
        std::pair{"project", &filter.project}, std::pair{"session", &filter.session}, std::pair{"run", &filter.run}}) {
    *text = arguments.value(name).value_or("");
  }
  return filter;
}

}  // namespace tokometer::cli
