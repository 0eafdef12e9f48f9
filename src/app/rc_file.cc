#include "app/rc_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/files.h"

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBlockBegin = "# >>> tokometer >>>";
constexpr std::string_view kBlockEnd = "# <<< tokometer <<<";
constexpr std::string_view kMadeFile = "# This file was made for these lines, and goes with them.";

struct BlockSpan {
  std::size_t begin = 0;  // of the first line
  std::size_t end = 0;    // after the last line's line feed
};

// Calls `visit(begin, line, end)` for every line until it returns false; an editor may have made its ends CR LF.
template <typename Visit>
void each_line(std::string_view text, const Visit& visit) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t feed = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, feed - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::size_t end = std::min(feed + 1, text.size());
    if (!visit(begin, line, end)) return;
    begin = end;
  }
}

// The first block from `from` on.
Result<std::optional<BlockSpan>> find_block(std::string_view text) {
  std::optional<BlockSpan> found;
  std::size_t number = 0;
  std::size_t begun_at = 0;
  bool done = false;
  each_line(text, [&](std::size_t begin, std::string_view line, std::size_t end) {
    ++number;
    if (line == kBlockBegin && !found) {
      found = BlockSpan{begin, 0};
      begun_at = number;
    } else if (line == kBlockEnd && found) {
      found->end = end;
      done = true;
    }
    return !done;
  });
  if (found && !done) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: the block that begins here has no end \"{}\": take its lines out "
                                                 "by hand",
                                                 begun_at, kBlockEnd));
  }
  return found;
}

std::string block_of(std::string_view lines) { return fmt::format("{}\n{}{}\n", kBlockBegin, lines, kBlockEnd); }

// Where the file is that has to be changed: links are followed, also to a file that is not there yet.
Result<fs::path> real_file(const fs::path& file) {
  fs::path real = file;
  constexpr int kMaxLinks = 40;
  for (int i = 0; i < kMaxLinks; ++i) {
    std::error_code error;
    if (!fs::is_symlink(real, error)) return real;
    const fs::path target = fs::read_symlink(real, error);
    if (error) return fail(io_error(real.string(), error.value()));
    real = target.is_absolute() ? target : real.parent_path() / target;
  }
  return fail(ErrorCode::kIo, fmt::format("{}: its links lead in a circle", file.string()));
}

Error in_file(const fs::path& file, const Error& error) {
  return {error.code, fmt::format("{}:{}", file.string(), error.message)};
}

}  // namespace

bool has_block(std::string_view content) {
  const auto found = find_block(content);
  return found && *found;
}

Result<std::string> with_block(std::string_view content, std::string_view lines) {
  const auto found = find_block(content);
  if (!found) return fail(found.error());
  if (!*found) return fmt::format("{}\n{}", content, block_of(lines));
  std::string text(content);
  const std::string_view old = content.substr((*found)->begin, (*found)->end - (*found)->begin);
  const bool made_file = old.find(kMadeFile) != std::string_view::npos;
  const std::string block = block_of(made_file ? fmt::format("{}\n{}", kMadeFile, lines) : std::string(lines));
  text.replace((*found)->begin, old.size(), block);
  return text;
}

Result<std::string> without_block(std::string_view content) {
  std::string text(content);
  for (;;) {
    const auto found = find_block(text);
    if (!found) return fail(found.error());
    if (!*found) return text;
    std::size_t begin = (*found)->begin;
    // The line feed that came with the block, and what an editor has put before it.
    const bool recoded = text.compare(begin + kBlockBegin.size(), 1, "\r") == 0;
    if (begin > 0 && text[begin - 1] == '\n') --begin;
    if (recoded && begin > 0 && text[begin - 1] == '\r') --begin;
    text.erase(begin, (*found)->end - begin);
  }
}

Result<BlockChange> install_block(const fs::path& file, std::string_view lines, bool dry) {
  const auto real = real_file(file);
  if (!real) return fail(real.error());
  const auto content = read_file(*real);
  if (!content && content.error().code != ErrorCode::kNotFound) return fail(content.error());
  if (!content) {
    std::error_code error;
    if (dry) return BlockChange::kAdded;
    fs::create_directories(real->parent_path(), error);
    if (error) return fail(io_error(real->parent_path().string(), error.value()));
    if (auto made = replace_file(*real, "\n" + block_of(fmt::format("{}\n{}", kMadeFile, lines))); !made) {
      return fail(made.error());
    }
    return BlockChange::kAdded;
  }
  const auto next = with_block(*content, lines);
  if (!next) return fail(in_file(*real, next.error()));
  if (*next == *content) return BlockChange::kNone;
  const BlockChange change = has_block(*content) ? BlockChange::kReplaced : BlockChange::kAdded;
  if (dry) return change;
  if (auto replaced = replace_file(*real, *next); !replaced) return fail(replaced.error());
  return change;
}

Result<BlockChange> uninstall_block(const fs::path& file, bool dry) {
  const auto real = real_file(file);
  if (!real) return fail(real.error());
  const auto content = read_file(*real);
  if (!content) {
    if (content.error().code == ErrorCode::kNotFound) return BlockChange::kNone;
    return fail(content.error());
  }
  const auto next = without_block(*content);
  if (!next) return fail(in_file(*real, next.error()));
  if (*next == *content) return BlockChange::kNone;
  if (dry) return BlockChange::kRemoved;
  if (next->empty() && content->find(kMadeFile) != std::string::npos) {
    std::error_code error;
    fs::remove(*real, error);
    if (error) return fail(io_error(real->string(), error.value()));
    return BlockChange::kRemoved;
  }
  if (auto replaced = replace_file(*real, *next); !replaced) return fail(replaced.error());
  return BlockChange::kRemoved;
}

}  // namespace tokometer::app
