#include "cli/recordings.h"

#include <system_error>
#include <utility>
#include <vector>

#include "app/rules.h"
#include "cli/settings.h"

namespace tokometer::cli {

Result<ExitCode> read_recordings(const Arguments& arguments, Environment& environment,
                                 const app::RecordingReader::Sink& sink, const PrepareReader& prepare) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  auto rules = app::load_rules(config->config_dir, meter::TokenCounter::Wait::kForTables);
  if (!rules) return fail(rules.error());
  std::vector<std::string> files;
  for (const std::string& name : arguments.positionals()) files.push_back(recording_path(name, *config).string());
  return read_recordings(files, std::move(*rules), environment, sink, prepare);
}

std::filesystem::path recording_path(std::string_view text, const app::Config& config) {
  namespace fs = std::filesystem;
  fs::path path(text);
  std::error_code error;
  if (fs::exists(path, error) || path.is_absolute()) return path;
  const fs::path captures = config.data_dir / "captures";
  if (fs::exists(captures / path, error)) return captures / path;
  // By the event's id: captures are kept by day.
  for (fs::directory_iterator day(captures, error), end; !error && day != end; day.increment(error)) {
    fs::path file = day->path() / (path.filename().string() + ".har.zst");
    std::error_code missing;
    if (path.filename() == path && fs::exists(file, missing)) return file;
  }
  return path;
}

ExitCode read_recordings(std::span<const std::string> files, std::shared_ptr<const app::Rules> rules,
                         Environment& environment, const app::RecordingReader::Sink& sink,
                         const PrepareReader& prepare) {
  app::RecordingReader reader(std::move(rules));
  if (prepare) prepare(reader);
  ExitCode code = ExitCode::kOk;
  for (const std::string& file : files) {
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
