#include "cli/call_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "base/count.h"
#include "base/format.h"
#include "cli/table.h"

namespace tokometer::cli {
namespace {

using std::chrono::microseconds;

constexpr std::size_t kTime = 8;    // 14:03:21
constexpr std::size_t kFigure = 5;  // 12.3k, 850ms, 2m05s
constexpr std::size_t kCost = 10;   // $0.001234, <$0.000001
constexpr std::size_t kFigures = 6;
constexpr std::size_t kNarrow = 100;  // below this many columns, clients are left out
constexpr std::size_t kWide = 116;    // from here on they have all the room they need
constexpr std::size_t kMinModel = 8;

}  // namespace

std::string local_time_of_day(UtcTime time) {
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  std::tm parts{};
  if (localtime_r(&seconds, &parts) == nullptr) return "--:--:--";
  return fmt::format("{:02}:{:02}:{:02}", parts.tm_hour, parts.tm_min, parts.tm_sec);
}

bool has_failed(const event::Event& event) {
  return event.status_code == 0 || event.status_code >= 400 || !event.error_type.empty() || !event.complete;
}

std::string failure(const event::Event& event) {
  std::string text;
  if (event.status_code >= 400) text = std::to_string(event.status_code);
  std::string_view why = event.error_type;
  if (why.empty() && !event.complete) why = "cut off";
  if (!why.empty()) text += (text.empty() ? "" : " ") + printable(why);
  return text.empty() ? "no answer" : text;
}

std::optional<std::int64_t> total_tokens(const meter::Usage& usage) {
  if (!usage.input_tokens && !usage.output_tokens) return std::nullopt;
  return add_saturated(usage.input_tokens.value_or(0), usage.output_tokens.value_or(0));
}

std::string cost_text(const event::Event& event) {
  // As reports count it: what is unknown here is unknown there.
  if (!event.cost_picodollars) return std::string(event::is_cost_missing(event) ? format::kUnknown : format::kAbsent);
  if (event.usage.source == meter::UsageSource::kEstimated) return "~" + format::usd(event.cost_picodollars);
  if (!event::is_partial(event)) return format::usd(event.cost_picodollars);
  return format::short_usd(event.cost_picodollars) + '+' + std::string(format::kUnknown);
}

CallLine::CallLine(const Output::Form& form, TimeOfDay time_of_day)
    : style_(form.color), time_of_day_(std::move(time_of_day)), columns_(form.columns), shortens_(form.columns != 0) {
  if (!shortens_) return;
  if (form.columns < kNarrow) {
    gap_ = 1;
    client_ = 0;
  } else if (form.columns < kWide) {
    client_ = 14;
  }
  const std::size_t gaps = gap_ * (kFigures + 2 + (client_ == 0 ? 0 : 1));
  const std::size_t others = kTime + client_ + kFigures * kFigure + kCost + gaps;
  model_ = form.columns > others ? std::clamp<std::size_t>(form.columns - others, kMinModel, 40) : kMinModel;
}

std::string CallLine::joined(const std::vector<std::string>& cells) const {
  std::string line;
  for (const std::string& cell : cells) {
    if (!line.empty()) line.append(gap_, ' ');
    line += cell;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return (shortens_ ? shorten(line, columns_) : line) + "\n";
}

std::string CallLine::header() const {
  std::vector<std::string> cells{pad("time", kTime)};
  if (client_ != 0) cells.push_back(pad("client", client_));
  cells.push_back(pad("model", model_));
  for (const std::string_view title : {"in", "out", "cache", "first", "took", "tok/s"}) {
    cells.push_back(pad(title, kFigure, true));
  }
  cells.push_back(pad("cost", kCost, true));
  for (std::string& cell : cells) cell = style_.dim(cell);
  return joined(cells);
}

std::string CallLine::line(const event::Event& event) const {
  const auto text = [&](std::string_view value, std::size_t width) {
    const std::string shown = value.empty() ? std::string(format::kAbsent) : printable(value);
    return pad(shortens_ ? shorten(shown, width) : shown, width);
  };
  const auto figure = [](std::string_view value) { return pad(value, kFigure, true); };
  const std::string& model = event.response_model.empty() ? event.request_model : event.response_model;
  const meter::Usage& usage = event.usage;
  const bool failed = has_failed(event);
  const bool used = total_tokens(usage).has_value();

  std::vector<std::string> cells{style_.dim(pad(time_of_day_(event.started_at), kTime))};
  if (client_ != 0) cells.push_back(text(event.client, client_));
  const std::string_view called = model.empty() ? event.path : model;
  if (failed && used) {
    // The counts are of a part: what went wrong stands beside the model.
    std::string why = failure(event);
    if (shortens_) why = shorten(why, std::max(model_ / 2, model_ - std::min<std::size_t>(model_, 10)));
    const std::size_t room = model_ - std::min(model_, display_width(why) + 1);
    const std::string name = shortens_ ? shorten(printable(called), room) : printable(called);
    cells.push_back(pad(name + " " + style_.red(why), model_));
  } else {
    cells.push_back(text(called, model_));
  }
  if (failed && !used) {
    // There are no counts: what went wrong takes their place.
    cells.push_back(style_.red(text(failure(event), 3 * kFigure + 2 * gap_)));
  } else {
    const auto count = [&](const meter::Count& value, bool estimated) {
      const std::string shown = format::short_count(value);
      return figure(value && estimated ? "~" + shown : shown);
    };
    cells.push_back(style_.blue(count(usage.input_tokens, is_input_estimated(usage))));
    cells.push_back(style_.green(count(usage.output_tokens, is_output_estimated(usage))));
    cells.push_back(style_.dim(count(usage.cache_read_input_tokens, false)));
  }
  cells.push_back(figure(format::duration(event.time_to_first_byte_us)));
  cells.push_back(figure(format::duration(microseconds(event.duration_us))));
  cells.push_back(figure(format::rate(usage.output_tokens, microseconds(event.duration_us))));
  cells.push_back(style_.yellow(pad(cost_text(event), kCost, true)));
  return joined(cells);
}

}  // namespace tokometer::cli
