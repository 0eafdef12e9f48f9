#include <utility>

#include "cli/builtin.h"
#include "cli/call_line.h"
#include "cli/environment.h"
#include "cli/recordings.h"
#include "event/event_json.h"

namespace tokometer::cli {
namespace {

Result<ExitCode> run_meter(const Arguments& arguments, Environment& environment) {
  if (arguments.has("json")) {
    return read_recordings(arguments, environment,
                           [&](event::Event&& event) { environment.out.write(event::to_json(event) + "\n"); });
  }
  const CallLine line(environment.out.form(), local_time_of_day);
  bool headed = false;
  return read_recordings(arguments, environment, [&](event::Event&& event) {
    if (!std::exchange(headed, true)) environment.out.write(line.header());
    environment.out.write(line.line(event));
  });
}

}  // namespace

Command meter_command() {
  return {.name = "meter",
          .summary = "Read the usage of recorded calls",
          .description =
              "Reads HAR 1.2 files, as browsers and proxies write them, and Tokometer's own captures; both may be "
              "compressed with gzip or zstd. Each call to a known provider is shown as the proxy would have shown it. "
              "In JSON, source_id is the entry's comment, or its number in the file. Nothing is stored.",
          .positionals = {{.name = "FILE", .type = OptionType::kFile, .help = "A recording", .repeats = true}},
          .options = {{.name = "json", .help = "One JSON object a line"}},
          .examples = {{"tokometer meter session.har", "What the calls of a browser session used"},
                       {"tokometer meter session.har --json | jq .cost_usd", "Their costs"}},
          .run = run_meter};
}

}  // namespace tokometer::cli
