// Reads the recordings named on a command line, for `meter` and `import`.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "app/config.h"
#include "app/recording.h"
#include "cli/command.h"
#include "cli/environment.h"

namespace tokometer::cli {

// Gets the reader before it reads.
using PrepareReader = std::function<void(app::RecordingReader&)>;

// Gives the events of every FILE to `sink`, in order, and says on
// environment.err what was left out and why. kFailed if a file could not be
// read to its end or entries were broken; the other files are read all the same.
Result<ExitCode> read_recordings(const Arguments& arguments, Environment& environment,
                                 const app::RecordingReader::Sink& sink, const PrepareReader& prepare = {});

// The same of `files` by `rules`.
ExitCode read_recordings(std::span<const std::string> files, std::shared_ptr<const app::Rules> rules,
                         Environment& environment, const app::RecordingReader::Sink& sink,
                         const PrepareReader& prepare = {});

// The file that `text` names: as a path, or as the name of a capture (an event's capture_ref, or its id).
std::filesystem::path recording_path(std::string_view text, const app::Config& config);

}  // namespace tokometer::cli
