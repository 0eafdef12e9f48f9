#include "cli/printer.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "base/format.h"
#include "cli/panel.h"
#include "cli/session_summary.h"
#include "event/event_json.h"

namespace tokometer::cli {
namespace {

using std::chrono::microseconds;

class LinePrinter final : public Printer {
 public:
  LinePrinter(Output& out, const Clock& clock, TimeOfDay time_of_day)
      : out_(out), clock_(clock), line_(out.form(), std::move(time_of_day)), summary_(clock.steady()) {}

  void print(const event::Event& event) override {
    if (!std::exchange(begun_, true)) out_.write(line_.header());
    out_.write(line_.line(event));
    out_.flush();
    summary_.add(event);
  }
  void finish() override {
    out_.write("\n" + summary_.render(out_.form(), clock_.steady()));
    out_.flush();
  }

 private:
  Output& out_;
  const Clock& clock_;
  CallLine line_;
  SessionSummary summary_;
  bool begun_ = false;
};

class PanelPrinter final : public Printer {
 public:
  PanelPrinter(Output& out, const Clock& clock) : out_(out), clock_(clock), summary_(clock.steady()) {}

  void print(const event::Event& event) override {
    out_.write(call_panel(event, out_.form()));
    out_.flush();
    summary_.add(event);
  }
  void finish() override {
    out_.write("\n" + summary_.render(out_.form(), clock_.steady()));  // below the ^C of a terminal
    out_.flush();
  }

 private:
  Output& out_;
  const Clock& clock_;
  SessionSummary summary_;
};

// Lines for programs: nothing but events, so no summary.
class JsonPrinter final : public Printer {
 public:
  explicit JsonPrinter(Output& out) : out_(out) {}

  void print(const event::Event& event) override {
    out_.write(event::to_json(event) + "\n");
    out_.flush();
  }
  void finish() override {}

 private:
  Output& out_;
};

class QuietPrinter final : public Printer {
 public:
  void print(const event::Event&) override {}
  void finish() override {}
};

std::string upper(std::string_view text) {
  std::string result = printable(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

}  // namespace

std::string call_panel(const event::Event& event, const Output::Form& form) {
  const Style style(form.color);
  const meter::Usage& usage = event.usage;
  const bool estimated = usage.source == meter::UsageSource::kEstimated;
  const std::string& model = event.response_model.empty() ? event.request_model : event.response_model;
  Panel panel(estimated ? "Token usage (estimated)" : "Token usage");
  panel.row("Provider", upper(event.provider));
  panel.row("Model", model.empty() ? std::string(format::kAbsent) : printable(model));
  if (!event.client.empty()) panel.row("Client", printable(event.client));
  if (has_failed(event)) panel.row("Failed", style.red(failure(event)));
  panel.rule();
  const auto count = [](const meter::Count& value, bool is_estimated) {
    return (value && is_estimated ? "~" : "") + format::count(value);
  };
  panel.row("Input", style.blue(count(usage.input_tokens, is_input_estimated(usage))));
  if (usage.cache_read_input_tokens) panel.row("  from cache", format::count(usage.cache_read_input_tokens));
  if (usage.cache_creation_input_tokens) panel.row("  into cache", format::count(usage.cache_creation_input_tokens));
  panel.row("Output", style.green(count(usage.output_tokens, is_output_estimated(usage))));
  if (usage.reasoning_output_tokens) panel.row("  reasoning", format::count(usage.reasoning_output_tokens));
  panel.row("Total", style.yellow(count(total_tokens(usage), estimated)));
  panel.rule();
  if (event.time_to_first_byte_us) {
    panel.row("First byte", format::duration(microseconds(*event.time_to_first_byte_us)));
  }
  panel.row("Duration", format::duration(microseconds(event.duration_us)));
  if (usage.output_tokens) {
    panel.row("Speed", format::rate(usage.output_tokens, microseconds(event.duration_us)) + " tok/s");
  }
  panel.row("Est. cost", style.yellow(cost_text(event)));
  return panel.render(form, &Style::blue);
}

std::unique_ptr<Printer> make_printer(app::Print how, Output& out, const Clock& clock, TimeOfDay time_of_day) {
  switch (how) {
    case app::Print::kLine:
      return std::make_unique<LinePrinter>(out, clock, std::move(time_of_day));
    case app::Print::kPanel:
      return std::make_unique<PanelPrinter>(out, clock);
    case app::Print::kJson:
      return std::make_unique<JsonPrinter>(out);
    case app::Print::kQuiet:
      break;
  }
  return std::make_unique<QuietPrinter>();
}

}  // namespace tokometer::cli
