#include "cli/recordings.h"

#include "app/rules.h"
#include "cli/settings.h"

namespace tokometer::cli {

Result<ExitCode> read_recordings(const Arguments& arguments, Environment& environment,
                                 const app::RecordingReader::Sink& sink) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  auto rules = app::load_rules(config->config_dir);
  if (!rules) return fail(rules.error());

  app::RecordingReader reader(std::move(*rules));
  ExitCode code = ExitCode::kOk;
  for (const std::string& file : arguments.positionals()) {
    const auto tally = reader.read_file(file, sink);
    environment.out.flush();  // what was shown comes before what is said about it
    if (!tally) {
      environment.err.print("tokometer: {}\n", tally.error().message);
      code = ExitCode::kFailed;
      continue;
    }
    for (const std::string& fault : tally->faults) environment.err.print("tokometer: {}: {}\n", file, fault);
    if (tally->broken > tally->faults.size()) {
      environment.err.print("tokometer: {}: {} more entries are broken\n", file, tally->broken - tally->faults.size());
    }
    if (tally->broken != 0) code = ExitCode::kFailed;
    if (tally->foreign != 0) {
      environment.err.print("tokometer: {}: {} of {} entries are no calls to a known provider\n", file, tally->foreign,
                            tally->entries);
    }
  }
  return code;
}

}  // namespace tokometer::cli
