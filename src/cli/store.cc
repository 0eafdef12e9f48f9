// `tokometer store`: looking after the recorded calls.
#include <filesystem>
#include <string>

#include "app/proxy_service.h"
#include "base/format.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/recorded.h"
#include "cli/settings.h"
#include "cli/time_range.h"
#include "store/sqlite/sqlite_store.h"

namespace tokometer::cli {
namespace {

Result<ExitCode> run_check(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const auto store = open_recorded(*config, environment);
  if (!store) return fail(store.error());
  const auto report = (*store)->check(!arguments.has("quick"));
  if (!report) return fail(report.error());
  Output& out = environment.out;
  out.print("{}: calls {}, size {}, schema version {}\n", app::store_file(config->data_dir).string(),
            format::count(report->events), format::bytes(report->bytes), report->schema_version);
  for (const std::string& problem : report->problems) out.print("{}\n", out.style().red(problem));
  if (!report->problems.empty()) return ExitCode::kFailed;
  out.write(arguments.has("quick") ? "no damage found\n" : "no damage found, and all sums are those of the calls\n");
  return ExitCode::kOk;
}

// With the write-ahead log beside it, where the newest calls stand until SQLite takes them over.
std::int64_t size_on_disk(const std::filesystem::path& file) {
  std::int64_t size = 0;
  for (const char* const end : {"", "-wal"}) {
    std::error_code missing;
    const auto bytes = std::filesystem::file_size(file.string() + end, missing);
    if (!missing) size += static_cast<std::int64_t>(bytes);
  }
  return size;
}

Result<ExitCode> run_compact(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const auto store = open_recorded(*config, environment);
  if (!store) return fail(store.error());
  const std::filesystem::path file = app::store_file(config->data_dir);
  const std::int64_t before = size_on_disk(file);
  if (const auto done = (*store)->compact(); !done) return fail(done.error());
  environment.out.print("{}: {} before, {} now\n", file.string(), format::bytes(before),
                        format::bytes(size_on_disk(file)));
  return ExitCode::kOk;
}

Result<ExitCode> run_purge(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const auto zone = chosen_zone(arguments, environment);
  if (!zone) return fail(zone.error());
  const auto text = arguments.value("before");
  if (!text) return environment.wrong_use(arguments, "--before is missing: calls before then are deleted for good");
  const auto before = parse_moment(*text, environment.clock.now(), *zone);
  if (!before) return environment.wrong_use(arguments, "--before: " + before.error().message);
  const auto store = open_recorded(*config, environment);
  if (!store) return fail(store.error());
  const auto purged = (*store)->purge(*before, [] { return true; });
  if (!purged) return fail(purged.error());
  environment.out.print("calls before {}: {} deleted; `tokometer store compact` gives their space back\n",
                        local_text(*before, *zone), format::count(*purged));
  return ExitCode::kOk;
}

}  // namespace

Command store_command() {
  return {.name = "store",
          .summary = "Check, compact or purge the recorded calls",
          .description = "All of it works beside a running proxy, whose calls wait in the journal meanwhile.",
          .subcommands = {
              {.name = "check",
               .summary = "Look for damage and compare all sums with the calls",
               .options = {{.name = "quick", .help = "Only the structure of the file"}},
               .run = run_check},
              {.name = "compact", .summary = "Give the space of deleted calls back to the disk", .run = run_compact},
              {.name = "purge",
               .summary = "Delete old calls",
               .options = {{.name = "before",
                            .type = OptionType::kText,
                            .placeholder = "TIME",
                            .help = "Calls that began before then: a date, 90d, a date with a time"},
                           {.name = "tz",
                            .type = OptionType::kText,
                            .placeholder = "ZONE",
                            .help = "Time zone of --before; the system's by default"}},
               .examples = {{"tokometer store purge --before 2026-01-01", "Keep this year's calls"}},
               .run = run_purge}}};
}

}  // namespace tokometer::cli
