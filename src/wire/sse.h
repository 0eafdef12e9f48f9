// Server-sent events: decodes a text/event-stream body into events.
//
// Implements sections 9.2.5 and 9.2.6 of the WHATWG HTML standard. Bytes in,
// events out: no I/O, no clock, no threads. How the body is cut into chunks
// never changes which events come out.
//
//   sse::Decoder decoder;
//   decoder.feed(chunk, [&](const sse::Event& event) { use(event); });
//   if (const auto last = decoder.finish()) use(*last);  // see finish()
//
// An event that lies within one chunk and has one `data` line is handed on
// without a copy. Between events a decoder holds almost no memory.
//
// Not here: content codings (content_coding.h comes before us), the JSON in
// `data`, the "[DONE]" marker some providers send (data/providers/*.json), and
// reconnecting.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/function_ref.h"

namespace tokometer::wire::sse {

struct Limits {
  // Of the data of one event, and of one line. What is longer is cut there, and the event marked.
  std::uint32_t max_event_bytes = 1U << 20U;
  // Of an `event` or `id` value. A longer one is ignored, and the event marked.
  std::uint32_t max_name_bytes = 1024;
};

// A dispatched event. The views are valid during the callback only.
struct Event {
  std::string_view type;   // "message" unless an `event` field named it
  std::string_view data;   // the `data` lines, joined by LF
  std::string_view id;     // the last event id, as it stands at this event
  bool truncated = false;  // a limit was reached: a part is missing
};

class Decoder {
 public:
  explicit Decoder(const Limits& limits = {}) : limits_(limits) {}

  // Decodes `chunk` and calls `on_event` for each event that it completes.
  // `on_event` must not call the decoder.
  void feed(std::string_view chunk, FunctionRef<void(const Event&)> on_event);

  // The event that the end of the body leaves without its blank line (and
  // perhaps its last line without line end), if it has data. The standard
  // discards it, but providers do end streams this way: the caller decides.
  // To be called once, at the end; the views live as long as the decoder.
  std::optional<Event> finish();

  // The last valid `retry` field.
  std::optional<std::chrono::milliseconds> retry() const { return retry_; }
  // How many events were marked truncated.
  std::uint64_t truncated_events() const { return truncated_events_; }

 private:
  struct Pending;

  void take_line(std::string_view line, Pending& pending);
  void take_field(std::string_view name, std::string_view value, Pending& pending);
  void add_data(std::string_view value, Pending& pending);
  Event dispatched(const Pending& pending);
  void hold_line(std::string_view part);
  void hold(std::string_view partial_line, const Pending& pending);
  void start_event(Pending& pending);

  std::string line_;  // the head of a line that was cut by the end of a chunk
  std::string data_;  // the event's data, where it can't be a view of the chunk
  std::string type_;  // likewise
  std::string id_;
  std::optional<std::chrono::milliseconds> retry_;
  std::uint64_t truncated_events_ = 0;
  Limits limits_;
  bool has_data_ = false;
  bool truncated_ = false;
  bool first_line_ = true;
  bool skip_lf_ = false;  // the last chunk ended in CR: a LF would belong to it
};

static_assert(sizeof(Decoder) < 200, "thousands of streams are open at once");

}  // namespace tokometer::wire::sse
