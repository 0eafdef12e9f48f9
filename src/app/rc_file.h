// The block of lines that `tokometer install` keeps in a shell's start-up file.
//
//   # >>> tokometer >>>
//   …
//   # <<< tokometer <<<
//
//   auto changed = install_block(rc_file, "eval …\n");
//   auto gone = uninstall_block(rc_file);     // the file is what it was, byte for byte
//
// The block stands at the end, after a line feed of its own, so that it can be
// taken out again whether or not the file ended in one. A file that was made for
// the block says so within it, and goes with it. Links stay links: it is the file
// they lead to that changes. What the user writes around the block stays.
//
// Not here: what the lines do (shell_hook.h).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tokometer::app {

// `content` with the block of `lines` (each ending in a line feed): in the place of the one that is there, else at the
// end. kInvalid, with the line, where a block begins and does not end.
Result<std::string> with_block(std::string_view content, std::string_view lines);
// `content` without any block of ours.
Result<std::string> without_block(std::string_view content);
bool has_block(std::string_view content);

enum class BlockChange { kNone, kAdded, kReplaced, kRemoved };

// Puts the block into `file`, which is made if it is not there. On failure the file stays as it is. `dry`: only says
// what would be done.
Result<BlockChange> install_block(const std::filesystem::path& file, std::string_view lines, bool dry = false);
// Takes it out; kNone where there is none, or no file.
Result<BlockChange> uninstall_block(const std::filesystem::path& file, bool dry = false);

}  // namespace tokometer::app
