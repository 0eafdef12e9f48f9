#include "provider/path_pattern.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace tokometer::provider {
namespace {

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const auto high = hex_digit(text[i + 1]);
      const auto low = hex_digit(text[i + 2]);
      if (high && low) {
        decoded.push_back(static_cast<char>((*high << 4U) | *low));
        i += 2;
        continue;
      }
    }
    decoded.push_back(text[i]);
  }
  return decoded;
}

constexpr std::size_t kMaxBytes = 4096;

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

std::unexpected<Error> bad(std::string_view text, std::string_view why) {
  return fail(ErrorCode::kInvalid, "path pattern \"" + std::string(text) + "\": " + std::string(why));
}

}  // namespace

// Reads the segment of a pattern that is `text` and begins at `begin`.
Result<PathPattern::Segment> PathPattern::parse_segment(std::string_view text, std::size_t begin) {
  Segment segment;
  const auto run = [&](std::size_t from, std::size_t size) {
    return Run{static_cast<std::uint16_t>(begin + from), static_cast<std::uint16_t>(size)};
  };
  const auto open = text.find('{');
  const auto close = text.find('}');
  if (open == std::string_view::npos) {
    if (close != std::string_view::npos) return bad(text, "} without {");
    segment.prefix = run(0, text.size());
    return segment;
  }
  if (close == std::string_view::npos || close < open) return bad(text, "{ without }");
  if (text.find_first_of("{}", close + 1) != std::string_view::npos) return bad(text, "more than one capture");
  segment.capture = true;
  segment.prefix = run(0, open);
  segment.suffix = run(close + 1, text.size() - close - 1);
  auto name = text.substr(open + 1, close - open - 1);
  if (name == "...") {
    if (text.size() != name.size() + 2) return bad(text, "{...} stands alone in its segment");
    segment.many = segment.optional = true;
    return segment;
  }
  if (name.ends_with("...")) {
    segment.many = true;
    name.remove_suffix(3);
  }
  if (!is_name(name)) return bad(text, "a capture is named by lower-case letters and _");
  segment.name = run(open + 1, name.size());
  return segment;
}

Result<PathPattern> PathPattern::parse(std::string_view text) {
  if (!text.starts_with('/')) return bad(text, "does not start with /");
  if (text.find_first_of("?#") != std::string_view::npos) return bad(text, "holds a query");
  if (text.size() > kMaxBytes) return bad(text.substr(0, 64), "longer than 4096 bytes");
  PathPattern pattern;
  pattern.text_ = text;
  pattern.segments_.reserve(static_cast<std::size_t>(std::ranges::count(text, '/')));
  std::size_t begin = 1;
  bool has_many = false;
  while (true) {
    const auto slash = text.find('/', begin);
    auto segment = parse_segment(text.substr(begin, slash == std::string_view::npos ? slash : slash - begin), begin);
    if (!segment) return std::unexpected(segment.error());
    if (segment->many && std::exchange(has_many, true)) return bad(text, "more than one capture of several segments");
    if (segment->optional && slash != std::string_view::npos) return bad(text, "{...} is not the last segment");
    pattern.literal_length_ =
        static_cast<std::uint16_t>(pattern.literal_length_ + 1 + segment->prefix.size + segment->suffix.size);
    pattern.segments_.push_back(*segment);
    if (slash == std::string_view::npos) break;
    begin = slash + 1;
  }
  for (const Segment& segment : pattern.segments_) {
    if (segment.optional) break;
    pattern.lead_size_ = static_cast<std::uint16_t>(segment.prefix.begin + segment.prefix.size);
    if (segment.capture) break;
  }
  return pattern;
}

bool PathPattern::match(std::string_view path, Captures* captures) const {
  if (!path.starts_with(std::string_view(text_).substr(0, lead_size_))) return false;
  std::size_t segment_count = static_cast<std::size_t>(std::ranges::count(path, '/'));
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const Segment& segment = segments_[i];
    if (segment.optional) return true;
    if (path.empty()) return false;
    path.remove_prefix(1);
    const std::size_t after = segments_.size() - i - 1;
    std::size_t take = 1;
    if (segment.many) {
      if (segment_count < after + 1) return false;
      take = segment_count - after;
    }
    std::size_t end = path.find('/');
    for (std::size_t n = 1; n < take && end != std::string_view::npos; ++n) end = path.find('/', end + 1);
    const auto value = path.substr(0, end);
    path = end == std::string_view::npos ? std::string_view{} : path.substr(end);
    segment_count -= std::min(segment_count, take);
    if (!segment.capture) {
      if (value != part(segment.prefix)) return false;
      continue;
    }
    if (value.size() <= std::size_t{segment.prefix.size} + segment.suffix.size ||
        !value.starts_with(part(segment.prefix)) || !value.ends_with(part(segment.suffix))) {
      return false;
    }
    if (captures != nullptr) {
      const auto inner = value.substr(segment.prefix.size, value.size() - segment.prefix.size - segment.suffix.size);
      captures->emplace_back(part(segment.name), percent_decoded(inner));
    }
  }
  return path.empty();
}

PathPattern::Captures PathPattern::captures(std::string_view path) const {
  Captures captures;
  if (!match(path, &captures)) captures.clear();
  return captures;
}

bool PathPattern::captures_name(std::string_view name) const {
  return std::ranges::any_of(segments_, [&](const Segment& s) { return s.capture && part(s.name) == name; });
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find_first_of("?#")); }

}  // namespace tokometer::provider
