#include "wire/form_data.h"

#include <algorithm>
#include <utility>

#include "wire/fields.h"

namespace tokometer::wire::form_data {
namespace {

constexpr std::size_t kMaxBoundaryBytes = 70;  // RFC 2046, 5.1.1

// The value of the parameter `name` in "type; a=b; c=\"d\"" (RFC 9110, 5.6.6), without its quotes.
std::optional<std::string> parameter(std::string_view text, std::string_view name) {
  auto at = text.find(';');
  while (at != std::string_view::npos) {
    text.remove_prefix(at + 1);
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    const auto equals = text.find_first_of("=;");
    const bool wanted =
        equals != std::string_view::npos && text[equals] == '=' && iequals(text.substr(0, equals), name);
    if (equals == std::string_view::npos) break;
    text.remove_prefix(text[equals] == '=' ? equals + 1 : equals);
    std::string value;
    if (text.starts_with('"')) {
      std::size_t i = 1;
      for (; i < text.size() && text[i] != '"'; ++i) {
        if (text[i] == '\\' && i + 1 < text.size()) ++i;
        value += text[i];
      }
      text.remove_prefix(std::min(i + 1, text.size()));
    } else {
      value = text.substr(0, text.find_first_of("; \t"));
    }
    if (wanted) return value;
    at = text.find(';');
  }
  return std::nullopt;
}

}  // namespace

std::optional<Decoder> Decoder::open(std::string_view content_type, const Limits& limits) {
  if (!istarts_with(content_type, "multipart/form-data")) return std::nullopt;
  const auto boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kMaxBoundaryBytes) return std::nullopt;
  if (boundary->find_first_of("\r\n") != std::string::npos) return std::nullopt;
  return Decoder("\r\n--" + *boundary, limits);
}

// The first boundary needs no CRLF before it where the body starts with it.
Decoder::Decoder(std::string delimiter, const Limits& limits)
    : delimiter_(std::move(delimiter)), limits_(limits), matched_(2) {}

void Decoder::feed(std::string_view chunk, FunctionRef<void(const Field&)> on_field) {
  for (std::size_t at = 0; at < chunk.size();) {
    switch (state_) {
      case State::kSkip:
      case State::kValue:
        at += take_content(chunk.substr(at), on_field);
        break;
      case State::kAfterBoundary:
        take_boundary_line(chunk[at++]);
        break;
      case State::kHead:
        take_head(chunk[at++]);
        break;
      case State::kEnd:
        return;
    }
  }
}

// Returns how many bytes of `rest` were used: all of it, or up to the end of a boundary.
std::size_t Decoder::take_content(std::string_view rest, FunctionRef<void(const Field&)> on_field) {
  for (std::size_t at = 0; at < rest.size();) {
    if (matched_ == 0) {
      const auto cr = std::min(rest.find('\r', at), rest.size());
      keep(rest.substr(at, cr - at));
      at = cr;
      if (at == rest.size()) break;
    }
    if (rest[at] != delimiter_[matched_]) {
      // CR stands only at the delimiter's start, so nothing of what matched can be the start of another one.
      keep(std::string_view(delimiter_).substr(0, matched_));
      matched_ = 0;
      continue;
    }
    ++at;
    if (++matched_ < delimiter_.size()) continue;
    if (state_ == State::kValue) on_field({.name = name_, .value = text_, .truncated = truncated_});
    matched_ = 0;
    text_.clear();
    state_ = State::kAfterBoundary;
    return at;
  }
  return rest.size();
}

void Decoder::take_boundary_line(char c) {
  text_ += c;
  if (text_ == "--") {
    state_ = State::kEnd;
  } else if (c == '\n') {
    text_.clear();
    state_ = State::kHead;
  } else if (text_.size() > limits_.max_head_bytes) {
    text_.clear();
    state_ = State::kSkip;  // no boundary, but a line that starts like one
  }
}

void Decoder::take_head(char c) {
  text_ += c;
  if (text_ == "\r\n" || text_.ends_with("\r\n\r\n")) {
    open_part();
  } else if (text_.size() > limits_.max_head_bytes) {
    text_.clear();
    state_ = State::kSkip;
  }
}

void Decoder::open_part() {
  state_ = State::kSkip;
  const std::string head = std::exchange(text_, {});
  std::string_view rest = head;
  while (!rest.empty()) {
    const auto end = rest.find("\r\n");
    const auto line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 2, rest.size()));
    if (!istarts_with(line, "content-disposition:") || parameter(line, "filename")) continue;
    if (auto name = parameter(line, "name")) {
      name_ = std::move(*name);
      truncated_ = false;
      state_ = State::kValue;
    }
  }
}

void Decoder::keep(std::string_view bytes) {
  if (state_ != State::kValue) return;
  const auto fits = std::min<std::size_t>(bytes.size(), limits_.max_value_bytes - text_.size());
  text_ += bytes.substr(0, fits);
  truncated_ = truncated_ || fits < bytes.size();
}

}  // namespace tokometer::wire::form_data
