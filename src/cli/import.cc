#include <filesystem>
#include <span>
#include <utility>
#include <vector>

#include "app/accounts.h"
#include "app/proxy_service.h"
#include "app/remembered_responses.h"
#include "base/format.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/recordings.h"
#include "cli/settings.h"
#include "quota/board.h"
#include "quota/reader.h"
#include "store/ingest.h"
#include "store/sqlite/sqlite_store.h"

namespace tokometer::cli {
namespace {

constexpr std::size_t kBatch = 1000;
// So many exchanges' quotas always have room on a board.
constexpr std::size_t kQuotaBatch = quota::BoardLimits().quotas / quota::Limits().snapshots;

Result<ExitCode> run_import(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  std::error_code error;
  if (std::filesystem::create_directories(config->data_dir, error)) {
    std::filesystem::permissions(config->data_dir, std::filesystem::perms::owner_all, error);
  }
  if (error) return fail(io_error(config->data_dir.string(), error.value()));
  auto store = store::sqlite::open({.file = app::store_file(config->data_dir)});
  if (!store) return fail(store.error());

  const app::Accounts accounts = app::Accounts::open(config->data_dir, environment.log);
  quota::Board quotas;
  std::size_t limited = 0;  // exchanges that told of quotas
  std::vector<event::Event> batch;
  store::Inserted total;
  Result<void> stored;
  const auto flush = [&] {
    if (stored && quotas.has_changed()) stored = (*store)->put_quotas(quotas.take_changed());
    if (batch.empty() || !stored) return;
    const auto inserted = (*store)->insert(batch, nullptr);
    batch.clear();
    if (!inserted) {
      stored = fail(inserted.error());
      return;
    }
    total.added += inserted->added;
    total.repeated += inserted->repeated;
  };
  const auto take = [&](event::Event&& event) {
    if (!stored) return;
    batch.push_back(std::move(event));
    if (batch.size() == kBatch) flush();
  };
  // What a proxy counted may still be in its journal.
  if (auto caught_up = store::catch_up(app::journal_folder(config->data_dir), **store); !caught_up) {
    return fail(caught_up.error());
  }
  const auto code = read_recordings(arguments, environment, take, [&](app::RecordingReader& reader) {
    stored = app::remember_responses(**store, reader.repeats());
    reader.tell_quotas(accounts, [&](std::span<const quota::Snapshot> seen) {
      quotas.offer(seen);
      if (++limited % kQuotaBatch == 0) flush();
    });
  });
  flush();
  if (!stored) return fail(stored.error());
  if (code) {
    environment.out.print("{} imported, {} there already\n", format::calls(static_cast<std::int64_t>(total.added)),
                          format::count(static_cast<std::int64_t>(total.repeated)));
  }
  return code;
}

}  // namespace

Command import_command() {
  return {.name = "import",
          .summary = "Store recorded calls, as if they had passed the proxy",
          .description =
              "Reads what `tokometer meter` reads. A call is stored once, however often its recording is "
              "imported, or its response fetched again in another. What their "
              "responses said of quotas is kept, too, for `tokometer limits`.",
          .positionals = {{.name = "FILE", .type = OptionType::kFile, .help = "A recording", .repeats = true}},
          .examples = {{"tokometer import *.har", "Have them in reports"}},
          .run = run_import};
}

}  // namespace tokometer::cli
