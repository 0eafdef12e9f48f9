// The syntax of the configuration file: YAML 1.2, read into keys and texts.
//
//   listen: [127.0.0.1:4141]      listen = "127.0.0.1:4141", line 1
//   timeouts:
//     connect: 5s                 timeouts.connect = "5s", line 3
//
// Not here: which keys there are and what they may say (setting.h, settings.h).
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace tokometer::app {

struct FileLimits {
  std::size_t bytes = std::size_t{1} << 20;
  std::size_t depth = 8;
  std::size_t entries = 10'000;  // texts and empty values; aliases are counted each time
};

struct FileEntry {
  enum class Kind { kText, kItem, kNull, kEmptyList, kEmptyMap };  // an item is one text of a list

  std::string key;  // with its parents' names: "timeouts.connect"
  Kind kind = Kind::kText;
  std::string text;
  std::size_t line = 0;  // from 1
};

struct FileFault {
  std::size_t line = 0;  // from 1
  std::string message;
};

// Every value of the file, in its order. A key that stands twice is given twice.
std::expected<std::vector<FileEntry>, FileFault> parse_config_file(const std::string& content,
                                                                   const FileLimits& limits = {});

}  // namespace tokometer::app
