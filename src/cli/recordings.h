// Reads the recordings named on a command line, for `meter` and `import`.
#pragma once

#include "app/recording.h"
#include "cli/command.h"
#include "cli/environment.h"

namespace tokometer::cli {

// Gives the events of every FILE to `sink`, in order, and says on
// environment.err what was left out and why. kFailed if a file could not be
// read to its end or entries were broken; the other files are read all the same.
Result<ExitCode> read_recordings(const Arguments& arguments, Environment& environment,
                                 const app::RecordingReader::Sink& sink);

}  // namespace tokometer::cli
