// Counters of everything that was metered, as Prometheus text (/-/metrics).
//
// Fed with each finished event by the workers, read by any thread. Label sets
// are bounded: past `Limits::label_sets` pairs of provider and model, further
// ones are counted under model "other".
//
// Counters never decrease: an estimate stays counted, and the exact figures that replace it add what they are more
// (app/counted_estimates.h), under their own model's name.
//
// Format: Prometheus text exposition 0.0.4. Names follow its conventions
// (base units, `_total` for counters).
//
// Not here: figures of the journal, store and sockets, which their owners keep
// and app/internal_pages.h adds.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "app/counted_estimates.h"
#include "event/event.h"

namespace tokometer::app {

// Writes one metric in the text format: HELP and TYPE lines, then samples.
class MetricsText {
 public:
  void describe(std::string_view name, std::string_view type, std::string_view help);
  // `labels` is written as it is: `provider="openai",model="gpt-5"`; see label().
  void sample(std::string_view name, std::string_view labels, std::string_view value);
  void sample(std::string_view name, std::string_view labels, std::int64_t value);

  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

// `name="value"` with the value escaped as the format asks.
std::string label(std::string_view name, std::string_view value);

class Metrics {
 public:
  struct Limits {
    std::size_t label_sets = 500;
  };
  Metrics() : Metrics(Limits()) {}
  explicit Metrics(Limits limits) : limits_(limits) {}

  void exchange_opened() { open_.fetch_add(1, std::memory_order_relaxed); }
  // Counts a finished exchange, which was opened before. `before`: what of its usage and cost has been counted already.
  void exchange_closed(const event::Event& event, const Counted& before = {});
  // An exchange that was opened has ended without an event of its own: a WebSocket, whose turns have theirs.
  void exchange_dissolved() { open_.fetch_sub(1, std::memory_order_relaxed); }
  // Counts a call that an exchange tells of, beside that exchange: a line of a batch's results.
  void call_counted(const event::Event& event, const Counted& before = {});
  // Counts a fault of the tap: something that could not be read.
  void tap_fault(std::string_view code) { count(faults_, code); }
  // Counts what a client sent that was no request, by the code of its answer.
  void refused(std::string_view code) { count(refused_, code); }

  std::int64_t open_exchanges() const { return open_.load(std::memory_order_relaxed); }
  std::int64_t finished() const { return finished_.load(std::memory_order_relaxed); }

  void render(MetricsText& out) const;

  struct Model {
    std::map<int, std::int64_t> requests;  // by status code
    // Absent until a call states the count, or has a price.
    std::optional<std::int64_t> input, cache_read, cache_creation, output, reasoning;
    std::optional<std::int64_t> cost_picodollars;
    std::int64_t cost_unknown = 0;  // calls whose cost is unknown, or not all of it
    std::int64_t usage_none = 0;    // successful calls that carried no usage
  };
  struct Key {
    std::string provider, model;
    auto operator<=>(const Key&) const = default;
  };
  std::map<Key, Model> models() const;  // what was counted so far

 private:
  // Seconds, as upper bounds; OpenTelemetry GenAI's buckets for operation durations.
  static constexpr std::array<double, 14> kBounds = {0.01, 0.02, 0.04, 0.08,  0.16,  0.32,  0.64,
                                                     1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92};
  struct Histogram {
    std::array<std::int64_t, kBounds.size() + 1> counts{};
    std::int64_t sum_us = 0;
    void add(std::int64_t us);
  };

  void count(std::map<std::string, std::int64_t, std::less<>>& counts, std::string_view code);
  void count_call(const event::Event& event, const Counted& before);  // the lock is held
  Model& model_of(const event::Event& event);
  void render_models(MetricsText& out) const;
  static void render_histogram(MetricsText& out, std::string_view name, std::string_view help,
                               const std::map<std::string, Histogram>& histograms);

  Limits limits_;
  std::atomic<std::int64_t> open_{0};
  std::atomic<std::int64_t> finished_{0};
  mutable std::mutex mutex_;
  std::map<Key, Model> models_;
  std::map<std::string, Histogram> durations_;    // by provider
  std::map<std::string, Histogram> first_bytes_;  // by provider
  std::map<std::string, std::int64_t, std::less<>> faults_;
  std::map<std::string, std::int64_t, std::less<>> refused_;
};

}  // namespace tokometer::app
