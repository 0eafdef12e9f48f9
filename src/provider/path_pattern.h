// Patterns of request paths, as provider specs write them.
//
//   "/v1/messages"                            exactly this path
//   "/v1/responses/{response_id}"             one segment, captured
//   "/v1beta/models/{model}:generateContent"  a part of a segment, captured
//   "/v1/files/{...}"                         any rest, also an empty one, also without the slash before it
//   "/models/{model...}/predict"              one or more segments, captured
//
// A segment holds at most one capture; a pattern at most one of several segments.
// Paths are compared as they are sent; captures are percent-decoded (RFC 3986,
// 2.1), which is where models carry a colon or a slash.
//
// Not here: which endpoint wins when several match (registry.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace tokometer::provider {

class PathPattern {
 public:
  // Names to percent-decoded values, in the order of the pattern.
  using Captures = std::vector<std::pair<std::string, std::string>>;

  // Fails with kInvalid, saying what is wrong, for anything but the above.
  static Result<PathPattern> parse(std::string_view text);

  // Whether `path` (without a query) matches. Allocates nothing.
  bool matches(std::string_view path) const { return match(path, nullptr); }
  // What the captures of a path that matches hold; empty for one that does not.
  Captures captures(std::string_view path) const;

  // The pattern as it was written.
  const std::string& text() const { return text_; }
  // How much the pattern itself says: of two that match, the greater is the more exact.
  std::size_t literal_length() const { return literal_length_; }
  // Whether the pattern captures `name`.
  bool captures_name(std::string_view name) const;

 private:
  // A run of text_: there are thousands of patterns, and they hold no text but that.
  struct Run {
    std::uint16_t begin = 0;
    std::uint16_t size = 0;
  };
  struct Segment {
    Run prefix;  // literal before the capture, or all of it
    Run suffix;  // literal after the capture
    Run name;    // of the capture; empty for "{...}"
    bool capture = false;
    bool many = false;      // takes several segments
    bool optional = false;  // may take none: "{...}"
  };

  static Result<Segment> parse_segment(std::string_view text, std::size_t begin);
  std::string_view part(Run run) const { return std::string_view(text_).substr(run.begin, run.size); }
  bool match(std::string_view path, Captures* captures) const;

  std::string text_;
  std::vector<Segment> segments_;
  std::uint16_t lead_size_ = 0;  // of the literal that every path that matches begins with
  std::uint16_t literal_length_ = 0;
};

// The part of a request target before "?" or "#".
std::string_view path_of(std::string_view target);

}  // namespace tokometer::provider
