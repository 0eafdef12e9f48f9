// `tokometer events` and `tokometer event ID`: recorded calls, one by one.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/proxy_service.h"
#include "base/format.h"
#include "cli/builtin.h"
#include "cli/call_line.h"
#include "cli/recorded.h"
#include "cli/settings.h"
#include "cli/table.h"
#include "cli/time_range.h"
#include "event/codec.h"
#include "event/event_json.h"
#include "event/journal_reader.h"
#include "json/document.h"

namespace tokometer::cli {
namespace {

using std::chrono::microseconds;

// How often the journal is looked at for new calls.
constexpr std::chrono::milliseconds kFollowEvery(200);

// How much of an id names a call: its milliseconds.
constexpr std::size_t kMinIdPrefix = 13;

// The newest `limit` events that match, the oldest of them first.
Result<std::vector<event::Event>> newest(store::Store& store, const store::Filter& filter, std::size_t limit) {
  std::vector<event::Event> events;
  auto done = store.query(filter, store::Order::kNewestFirst, limit, [&](const event::Event& event) {
    events.push_back(event);
    return true;
  });
  if (!done) return fail(done.error());
  std::ranges::reverse(events);
  return events;
}

void print_table(const std::vector<event::Event>& events, const TimeZone& zone, Output& out) {
  Table table({{.title = "time"},
               {.title = "client", .priority = 3, .min_width = 8},
               {.title = "model", .min_width = 12},
               {.title = "input", .align = Align::kRight},
               {.title = "output", .align = Align::kRight},
               {.title = "cached", .align = Align::kRight, .priority = 2},
               {.title = "first byte", .align = Align::kRight, .priority = 4},
               {.title = "time taken", .align = Align::kRight, .priority = 4},
               {.title = "cost", .align = Align::kRight},
               {.title = "fault", .priority = 1, .min_width = 12},
               {.title = "id", .priority = 3, .min_width = kMinIdPrefix + 1}});
  for (const event::Event& event : events) {
    const meter::Usage& usage = event.usage;
    const auto count = [](const meter::Count& value, bool estimated) {
      return (value && estimated ? "~" : "") + format::count(value);
    };
    table.add({local_text(event.started_at, zone), printable(event.client), printable(event::model(event)),
               count(usage.input_tokens, is_input_estimated(usage)),
               count(usage.output_tokens, is_output_estimated(usage)), format::count(usage.cache_read_input_tokens),
               format::duration(event.time_to_first_byte_us), format::duration(microseconds(event.duration_us)),
               cost_text(event), has_failed(event) ? out.style().red(failure(event)) : "", event.id.text()});
  }
  out.write(table.render(out.form(), out.style()));
}

// Prints events as they are appended to the journal behind `from`, until the output is gone.
Result<void> follow(const std::filesystem::path& journal, event::Position from, const store::Filter& filter,
                    const std::function<void(const event::Event&)>& print, Output& out) {
  event::JournalReader reader(journal, from);
  while (out.flush()) {
    const auto record = reader.next();
    if (!record) return fail(record.error());
    if (!*record) {
      std::this_thread::sleep_for(kFollowEvery);
      continue;
    }
    const auto event = event::decode(**record);
    if (event && store::matches(filter, *event)) print(*event);
  }
  return {};
}

Result<ExitCode> run_events(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const auto zone = chosen_zone(arguments, environment);
  if (!zone) return fail(zone.error());
  const auto filter = chosen_filter(arguments, environment, *zone);
  if (!filter) return fail(filter.error());
  const bool following = arguments.has("follow");
  const auto limit = static_cast<std::size_t>(arguments.number("limit").value_or(0));
  if (limit == 0) return fail(ErrorCode::kUsage, "--limit: a number of calls from 1 on");

  event::Position end;
  std::vector<event::Event> events;
  auto store = open_recorded(*config, environment);
  if (store) {
    auto found = newest(**store, *filter, limit);
    if (!found) return fail(found.error());
    events = std::move(*found);
    const auto cursor = (*store)->cursor();
    if (!cursor) return fail(cursor.error());
    end = *cursor;
    store->reset();
  } else if (!following || store.error().code != ErrorCode::kNotFound) {
    return fail(store.error());
  }

  Output& out = environment.out;
  const bool json = arguments.has("json");
  const CallLine lines(out.form(), [&](UtcTime time) { return local_text(time, *zone).substr(11); });
  const auto print = [&](const event::Event& event) {
    out.write(json ? event::to_json(event) + '\n' : lines.line(event));
  };
  if (!json && !following) {
    events.empty() ? out.write("no recorded call matches\n") : print_table(events, *zone, out);
    return ExitCode::kOk;
  }
  if (!json) out.write(lines.header());
  for (const event::Event& event : events) {
    if (!out.ok()) break;
    print(event);
  }
  if (!following) return ExitCode::kOk;
  const auto followed = follow(app::journal_folder(config->data_dir), end, *filter, print, out);
  if (!followed) return fail(followed.error());
  return ExitCode::kOk;
}

// Every field on a line of its own.
std::string details(const event::Event& event) {
  std::string text;
  const auto document = json::Document::parse(event::to_json(event));
  if (!document) return text;
  std::size_t width = 0;
  for (const auto [name, value] : document->root().members()) width = std::max(width, name.size());
  for (const auto [name, value] : document->root().members()) {
    text += pad(name, width) + "  " + printable(value.string().value_or(value.raw())) + '\n';
  }
  return text;
}

// The event whose id begins with `prefix`. The first 48 bits of an id are its time in milliseconds (RFC 9562 5.7), so
// that few have to be looked at.
Result<event::Event> find_by_prefix(store::Store& store, std::string_view prefix) {
  constexpr std::string_view kRest = "00000000-0000-7000-8000-000000000000";
  std::string lowest(prefix.substr(0, kRest.size()));
  lowest += kRest.substr(lowest.size());
  const auto first = Uuid::parse(lowest);
  if (!first || prefix.size() < kMinIdPrefix) {
    return fail(ErrorCode::kUsage, fmt::format("\"{}\" is no event id, nor the first {} characters or more of one: "
                                               "`tokometer events` shows them",
                                               prefix, kMinIdPrefix));
  }
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i) ms = ms << 8 | first->bytes[i];
  const UtcTime at{std::chrono::milliseconds(ms)};
  std::vector<event::Event> found;
  const auto looked = store.query({.since = at - std::chrono::seconds(1), .until = at + std::chrono::seconds(1)},
                                  store::Order::kOldestFirst, SIZE_MAX, [&](const event::Event& event) {
                                    if (event.id.text().starts_with(prefix)) found.push_back(event);
                                    return found.size() < 2;
                                  });
  if (!looked) return fail(looked.error());
  if (found.empty()) return fail(ErrorCode::kNotFound, fmt::format("no event {}", prefix));
  if (found.size() > 1) return fail(ErrorCode::kUsage, fmt::format("more than one event begins with {}", prefix));
  return std::move(found.front());
}

Result<ExitCode> run_event(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  std::string id(arguments.positional(0).value_or(""));
  // As a narrow table shows it.
  if (id.ends_with(kEllipsis)) id.resize(id.size() - kEllipsis.size());
  const auto store = open_recorded(*config, environment);
  if (!store) return fail(store.error());
  Result<event::Event> event = fail(ErrorCode::kNotFound, "no calls are recorded yet");
  if (id == "latest") {
    auto found = newest(**store, {}, 1);
    if (!found) return fail(found.error());
    if (!found->empty()) event = std::move(found->front());
  } else if (const auto whole = Uuid::parse(id)) {
    auto found = (*store)->find(*whole);
    if (!found) return fail(found.error());
    if (!*found) return fail(ErrorCode::kNotFound, fmt::format("no event {}", id));
    event = std::move(**found);
  } else {
    event = find_by_prefix(**store, id);
  }
  if (!event) return fail(event.error());
  environment.out.write(arguments.has("json") ? event::to_json(*event) + '\n' : details(*event));
  return ExitCode::kOk;
}

}  // namespace

Command events_command() {
  std::vector<Option> options = {
      {.name = "follow", .letter = 'f', .help = "Go on with calls as they happen"},
      {.name = "limit",
       .letter = 'n',
       .type = OptionType::kNumber,
       .placeholder = "COUNT",
       .fallback = "50",
       .help = "At most so many recorded calls, the newest"},
      {.name = "json", .help = "One JSON object a line"},
  };
  for (Option& option : filter_options()) options.push_back(std::move(option));
  return {.name = "events",
          .summary = "Show recorded calls",
          .description = "The newest calls that match, the oldest of them first.",
          .options = std::move(options),
          .examples = {{"tokometer events --since today --model gpt-5", "Today's calls of one model"},
                       {"tokometer events --follow --json", "Every call as it ends, for another program"}},
          .run = run_events};
}

Command event_command() {
  return {.name = "event",
          .summary = "Show everything that is known about one call",
          .positionals = {{.name = "ID", .help = "As `tokometer events` shows it, the first part of it, or `latest`"}},
          .options = {{.name = "json", .help = "As one JSON object"}},
          .examples = {{"tokometer event latest", "The last call"}},
          .run = run_event};
}

}  // namespace tokometer::cli
