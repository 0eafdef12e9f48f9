#include "wire/ndjson.h"

#include "wire/held_bytes.h"

namespace tokometer::wire::ndjson {

void Decoder::feed(std::string_view chunk, FunctionRef<void(const Line&)> on_line) {
  for (auto lf = chunk.find('\n'); lf != std::string_view::npos; lf = chunk.find('\n')) {
    const std::string_view text = chunk.substr(0, lf);
    chunk.remove_prefix(lf + 1);
    if (held_.empty()) {
      if (const auto line = completed(text)) on_line(*line);
    } else {
      hold(text);
      if (const auto line = completed(held_)) on_line(*line);
      release(held_);
    }
  }
  hold(chunk);
}

// Two bytes more than a line may have: one tells a line that is too long, one may be a CR.
void Decoder::hold(std::string_view part) { append_within(held_, part, std::size_t{limits_.max_line_bytes} + 2); }

std::optional<Line> Decoder::completed(std::string_view text) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.size() > limits_.max_line_bytes) {
    ++truncated_lines_;
    return Line{text.substr(0, limits_.max_line_bytes), true};
  }
  if (text.find_first_not_of(" \t\r") == std::string_view::npos) return std::nullopt;
  return Line{text, false};
}

std::optional<Line> Decoder::finish() { return completed(held_); }

}  // namespace tokometer::wire::ndjson
