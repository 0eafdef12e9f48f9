// Newline-delimited JSON: decodes a body into its lines.
//
// Follows the ndjson specification 1.0 (github.com/ndjson/ndjson-spec): lines
// end in LF or CRLF, blank ones are skipped. Bytes in, lines out: no I/O. How
// the body is cut into chunks never changes which lines come out.
//
//   ndjson::Decoder decoder;
//   decoder.feed(chunk, [&](const ndjson::Line& line) { use(line.text); });
//   if (const auto last = decoder.finish()) use(last->text);
//
// A line that lies within one chunk is handed on without a copy.
//
// Not here: the JSON of a line (json/), content codings (content_coding.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/function_ref.h"

namespace tokometer::wire::ndjson {

struct Limits {
  // Of one line without its line end. A longer one is cut there and marked.
  std::uint32_t max_line_bytes = 1U << 20U;
};

// The view is valid during the callback only.
struct Line {
  std::string_view text;   // without its line end
  bool truncated = false;  // the limit was reached: the rest is missing
};

class Decoder {
 public:
  explicit Decoder(const Limits& limits = {}) : limits_(limits) {}

  // Calls `on_line` for each line that `chunk` completes. `on_line` must not
  // call the decoder.
  void feed(std::string_view chunk, FunctionRef<void(const Line&)> on_line);

  // The last line, where the body ends without a line end. To be called once,
  // at the end; the view lives as long as the decoder.
  std::optional<Line> finish();

  // How many lines were marked truncated.
  std::uint64_t truncated_lines() const { return truncated_lines_; }

 private:
  std::optional<Line> completed(std::string_view text);
  void hold(std::string_view part);

  std::string held_;  // the head of a line that was cut by the end of a chunk
  std::uint64_t truncated_lines_ = 0;
  Limits limits_;
};

}  // namespace tokometer::wire::ndjson
