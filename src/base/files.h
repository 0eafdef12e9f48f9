// Small whole files, such as settings and data of the user's.
//
// Not here: files that grow (event/journal.h, store/).
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
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

// Puts `content` in the place of the file at `path`, or makes it: whoever reads sees the old or the new one, whole,
// also after the machine stops. Its mode is `mode`, else that of the file before, else 0644 less the umask. On failure
// (kIo) the old one stays.
Result<void> replace_file(const std::filesystem::path& path, std::string_view content,
                          std::optional<unsigned> mode = std::nullopt);

// Makes the file at `path`, which only its owner may read. False where one is there already, which stays as it is. On
// failure (kIo) there is none.
Result<bool> make_file(const std::filesystem::path& path, std::string_view content);

}  // namespace tokometer
