// Small whole files, such as settings and data of the user's.
//
// Not here: files that grow or are written (event/journal.h, store/).
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tokometer {

// The bytes of the file at `path`. kNotFound if there is none, kTooLarge past `max_bytes`, else kIo.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes = std::size_t{16} << 20);

// The files of `folder` whose names end in `extension` (".json"), by name. A
// folder that is not there, or an empty path, has none.
Result<std::vector<std::filesystem::path>> files_in(const std::filesystem::path& folder, std::string_view extension);

}  // namespace tokometer
