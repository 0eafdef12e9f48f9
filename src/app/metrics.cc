#include "app/metrics.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/count.h"

namespace tokometer::app {
namespace {

constexpr std::size_t kMaxCodes = 100;

std::string decimal(std::int64_t value, std::int64_t unit, int digits) {
  const std::int64_t whole = value / unit;
  return fmt::format("{}.{:0{}}", whole, value % unit, digits);
}

}  // namespace

std::string label(std::string_view name, std::string_view value) {
  std::string out(name);
  out += "=\"";
  for (const char c : value) {
    if (c == '\\' || c == '"') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  out += '"';
  return out;
}

void MetricsText::describe(std::string_view name, std::string_view type, std::string_view help) {
  text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void MetricsText::sample(std::string_view name, std::string_view labels, std::string_view value) {
  text_ += name;
  if (!labels.empty()) text_ += fmt::format("{{{}}}", labels);
  text_ += ' ';
  text_ += value;
  text_ += '\n';
}

void MetricsText::sample(std::string_view name, std::string_view labels, std::int64_t value) {
  sample(name, labels, std::to_string(value));
}

void Metrics::Histogram::add(std::int64_t us) {
  const double seconds = static_cast<double>(us) / 1e6;
  const auto bucket = std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin();
  ++counts[static_cast<std::size_t>(bucket)];
  sum_us = add_saturated(sum_us, us);
}

Metrics::Model& Metrics::model_of(const event::Event& event) {
  const std::string& name = event.response_model.empty() ? event.request_model : event.response_model;
  Key key{event.provider, name};
  if (models_.size() >= limits_.label_sets && !models_.contains(key)) key.model = "other";
  return models_[std::move(key)];
}

void Metrics::exchange_closed(const event::Event& event, const Counted& before) {
  open_.fetch_sub(1, std::memory_order_relaxed);
  finished_.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  durations_[event.provider].add(event.duration_us);
  if (event.time_to_first_byte_us) first_bytes_[event.provider].add(*event.time_to_first_byte_us);
  count_call(event, before);
}

void Metrics::call_counted(const event::Event& event, const Counted& before) {
  const std::lock_guard lock(mutex_);
  count_call(event, before);
}

void Metrics::count_call(const event::Event& event, const Counted& before) {
  Model& model = model_of(event);
  ++model.requests[event.status_code];
  if (!event.billable) return;
  const meter::Usage& usage = event.usage;
  add_count(model.input, beyond(usage.input_tokens, before.input));
  add_count(model.cache_read, beyond(usage.cache_read_input_tokens, before.cache_read));
  add_count(model.cache_creation, beyond(usage.cache_creation_input_tokens, before.cache_creation));
  add_count(model.output, beyond(usage.output_tokens, before.output));
  add_count(model.reasoning, beyond(usage.reasoning_output_tokens, before.reasoning));
  if (const auto cost = beyond(event.cost_picodollars, before.picodollars)) {
    model.cost_picodollars = add_saturated(model.cost_picodollars.value_or(0), *cost);
  }
  if (usage.source == meter::UsageSource::kNone) {
    // 101: a turn on a WebSocket.
    if ((event.status_code >= 200 && event.status_code < 300) || event.status_code == 101) ++model.usage_none;
  } else if (event::is_cost_missing(event) && !before.cost_missing) {
    ++model.cost_unknown;
  }
}

void Metrics::count(std::map<std::string, std::int64_t, std::less<>>& counts, std::string_view code) {
  const std::lock_guard lock(mutex_);
  const auto found = counts.find(code);
  if (found != counts.end()) {
    ++found->second;
  } else if (counts.size() < kMaxCodes) {
    counts.emplace(code, 1);
  }
}

void Metrics::render_models(MetricsText& out) const {
  out.describe("tokometer_requests_total", "counter", "Finished exchanges, by status code (0: no response).");
  for (const auto& [key, model] : models_) {
    for (const auto& [status, count] : model.requests) {
      out.sample("tokometer_requests_total",
                 fmt::format("{},{},status=\"{}\"", label("provider", key.provider), label("model", key.model), status),
                 count);
    }
  }
  out.describe("tokometer_tokens_total", "counter",
               "Tokens by type; cache_read and cache_creation are parts of input, reasoning of output.");
  for (const auto& [key, model] : models_) {
    const std::pair<std::string_view, std::optional<std::int64_t>> types[] = {{"input", model.input},
                                                                              {"cache_read", model.cache_read},
                                                                              {"cache_creation", model.cache_creation},
                                                                              {"output", model.output},
                                                                              {"reasoning", model.reasoning}};
    for (const auto& [type, count] : types) {
      if (!count) continue;
      out.sample("tokometer_tokens_total",
                 fmt::format("{},{},type=\"{}\"", label("provider", key.provider), label("model", key.model), type),
                 *count);
    }
  }
  const auto each = [&](std::string_view name, std::string_view help, auto&& value) {
    out.describe(name, "counter", help);
    for (const auto& [key, model] : models_) {
      out.sample(name, fmt::format("{},{}", label("provider", key.provider), label("model", key.model)), value(model));
    }
  };
  out.describe("tokometer_cost_usd_total", "counter", "Cost of calls with a known price.");
  for (const auto& [key, model] : models_) {
    if (!model.cost_picodollars) continue;
    out.sample("tokometer_cost_usd_total",
               fmt::format("{},{}", label("provider", key.provider), label("model", key.model)),
               decimal(*model.cost_picodollars, 1'000'000'000'000, 12));
  }
  each("tokometer_cost_unknown_total", "Calls with usage whose cost is unknown, or not all of it.",
       [](const Model& model) { return model.cost_unknown; });
  each("tokometer_usage_missing_total", "Successful calls whose response carried no usage.",
       [](const Model& model) { return model.usage_none; });
}

void Metrics::render_histogram(MetricsText& out, std::string_view name, std::string_view help,
                               const std::map<std::string, Histogram>& histograms) {
  out.describe(name, "histogram", help);
  for (const auto& [provider, histogram] : histograms) {
    const std::string labels = label("provider", provider);
    std::int64_t count = 0;
    for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
      count += histogram.counts[i];
      const std::string bound = i < kBounds.size() ? fmt::format("{}", kBounds[i]) : "+Inf";
      out.sample(fmt::format("{}_bucket", name), fmt::format("{},le=\"{}\"", labels, bound), count);
    }
    out.sample(fmt::format("{}_sum", name), labels, decimal(histogram.sum_us, 1'000'000, 6));
    out.sample(fmt::format("{}_count", name), labels, count);
  }
}

std::map<Metrics::Key, Metrics::Model> Metrics::models() const {
  const std::lock_guard lock(mutex_);
  return models_;
}

void Metrics::render(MetricsText& out) const {
  out.describe("tokometer_open_exchanges", "gauge", "Exchanges under way, streams included.");
  out.sample("tokometer_open_exchanges", "", open_exchanges());
  const std::lock_guard lock(mutex_);
  render_models(out);
  render_histogram(out, "tokometer_request_duration_seconds", "From the request's first byte to the response's last.",
                   durations_);
  render_histogram(out, "tokometer_time_to_first_byte_seconds",
                   "From the request's first byte to the response's first.", first_bytes_);
  out.describe("tokometer_tap_faults_total", "counter", "What the tap could not read, by cause; traffic went on.");
  for (const auto& [code, count] : faults_) out.sample("tokometer_tap_faults_total", label("code", code), count);
  out.describe("tokometer_refused_requests_total", "counter", "What clients sent that was no request, by cause.");
  for (const auto& [code, count] : refused_) out.sample("tokometer_refused_requests_total", label("code", code), count);
}

}  // namespace tokometer::app
