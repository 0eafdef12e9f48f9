#include "wire/sse.h"

#include <algorithm>
#include <charconv>

#include "wire/find_byte.h"
#include "wire/held_bytes.h"

namespace tokometer::wire::sse {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Digits only, so neither a sign nor what overflows.
std::optional<std::chrono::milliseconds> read_retry(std::string_view value) {
  std::int64_t number = 0;
  const char* const begin = value.data();
  const char* const end = begin + value.size();
  const auto [stop, error] = std::from_chars(begin, end, number);
  if (error != std::errc() || stop != end || value.front() == '-') return std::nullopt;
  return std::chrono::milliseconds(number);
}

}  // namespace

// The running event as views, which may point into the chunk being fed.
struct Decoder::Pending {
  std::string_view data;
  std::string_view type;
  bool line_is_held = false;  // the line being taken lies in line_, not in the chunk
  bool line_is_cut = false;   // it was longer than the limit
};

void Decoder::feed(std::string_view chunk, FunctionRef<void(const Event&)> on_event) {
  if (chunk.empty()) return;
  if (skip_lf_) {
    skip_lf_ = false;
    if (chunk.front() == '\n') chunk.remove_prefix(1);
  }
  Pending pending{.data = data_, .type = type_};
  const char* at = chunk.data();
  const char* const end = at + chunk.size();
  while (true) {
    const char* const stop = find_either(at, end, '\r', '\n');
    std::string_view line(at, static_cast<std::size_t>(stop - at));
    if (stop == end) return hold(line, pending);
    at = stop + 1;
    if (*stop == '\r') {
      if (at == end) {
        skip_lf_ = true;
      } else if (*at == '\n') {
        ++at;
      }
    }
    pending.line_is_held = !line_.empty();
    if (pending.line_is_held) {
      hold_line(line);
      line = line_;
    }
    if (first_line_) {
      first_line_ = false;
      if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
    }
    if (!line.empty()) {
      take_line(line, pending);
    } else {
      if (has_data_) on_event(dispatched(pending));
      start_event(pending);
    }
    if (pending.line_is_held) release(line_);
  }
}

void Decoder::take_line(std::string_view line, Pending& pending) {
  pending.line_is_cut = line.size() > limits_.max_event_bytes;
  if (pending.line_is_cut) line = line.substr(0, limits_.max_event_bytes);
  const auto colon = line.starts_with("data:") ? 4 : line.find(':');
  if (colon == 0) return;  // a comment
  std::string_view value;
  if (colon != std::string_view::npos) {
    value = line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
  }
  take_field(line.substr(0, colon), value, pending);
}

void Decoder::take_field(std::string_view name, std::string_view value, Pending& pending) {
  if (name == "data") {
    add_data(value, pending);
  } else if (name == "event" || name == "id") {
    if (pending.line_is_cut || value.size() > limits_.max_name_bytes) {
      truncated_ = true;
    } else if (name == "id") {
      if (!value.contains('\0')) id_.assign(value);
    } else if (pending.line_is_held) {
      pending.type = type_.assign(value);
    } else {
      pending.type = value;
    }
  } else if (name == "retry" && !value.empty()) {
    if (const auto retry = read_retry(value)) retry_ = retry;
  }
}

void Decoder::add_data(std::string_view value, Pending& pending) {
  truncated_ = truncated_ || pending.line_is_cut;
  if (!has_data_) {
    has_data_ = true;
    pending.data = pending.line_is_held ? data_.assign(value) : value;
    return;
  }
  // From the second line on the data lies in data_: the lines are not joined in the chunk.
  if (pending.data.data() != data_.data()) data_.assign(pending.data);
  truncated_ = truncated_ || data_.size() + 1 + value.size() > limits_.max_event_bytes;
  append_within(data_, "\n", limits_.max_event_bytes);
  append_within(data_, value, limits_.max_event_bytes);
  pending.data = data_;
}

Event Decoder::dispatched(const Pending& pending) {
  if (truncated_) ++truncated_events_;
  return {.type = pending.type.empty() ? "message" : pending.type,
          .data = pending.data,
          .id = id_,
          .truncated = truncated_};
}

// Keeps a little more than a line may have: one byte tells a line that is too
// long, the others are for a byte order mark, which does not count.
void Decoder::hold_line(std::string_view part) {
  append_within(line_, part, std::size_t{limits_.max_event_bytes} + 1 + kByteOrderMark.size());
}

// Makes the running event outlive the chunk.
void Decoder::hold(std::string_view partial_line, const Pending& pending) {
  hold_line(partial_line);
  if (pending.data.data() != data_.data()) data_.assign(pending.data);
  if (pending.type.data() != type_.data()) type_.assign(pending.type);
}

void Decoder::start_event(Pending& pending) {
  release(data_);
  release(type_);
  has_data_ = false;
  truncated_ = false;
  pending.data = data_;
  pending.type = type_;
}

std::optional<Event> Decoder::finish() {
  Pending pending{.data = data_, .type = type_, .line_is_held = true};
  std::string_view line = line_;
  if (first_line_ && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  if (!line.empty()) take_line(line, pending);
  if (!has_data_) return std::nullopt;
  return dispatched(pending);
}

}  // namespace tokometer::wire::sse
