// `tokometer report`: what was used, by time or by who used it.
#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/format.h"
#include "cli/builtin.h"
#include "cli/recorded.h"
#include "cli/settings.h"
#include "cli/table.h"
#include "cli/time_range.h"
#include "json/writer.h"
#include "pricing/decimal.h"

namespace tokometer::cli {
namespace {

struct Kind {
  std::string_view name;
  std::optional<Calendar> calendar;  // of a report by time
  store::Group group = store::Group::kNothing;
};

constexpr Kind kKinds[] = {
    {"daily", Calendar::kDay, store::Group::kNothing},     {"weekly", Calendar::kWeek, store::Group::kNothing},
    {"monthly", Calendar::kMonth, store::Group::kNothing}, {"hourly", Calendar::kHour, store::Group::kNothing},
    {"model", std::nullopt, store::Group::kModel},         {"provider", std::nullopt, store::Group::kProvider},
    {"client", std::nullopt, store::Group::kClient},       {"project", std::nullopt, store::Group::kProject},
    {"session", std::nullopt, store::Group::kSession},
};

struct Line {
  std::string name;
  std::optional<UtcTime> last_at;
  store::Totals totals;
};

struct Report {
  const Kind& kind;
  const TimeZone& zone;
  const store::Filter& filter;
  std::vector<Line> lines;
  store::Totals totals;
};

// The column and the member that says what a line is about.
std::string_view subject(const Kind& kind) {
  if (!kind.calendar) return kind.name;
  switch (*kind.calendar) {
    case Calendar::kHour:
      return "hour";
    case Calendar::kDay:
      return "day";
    case Calendar::kWeek:
      return "week";
    case Calendar::kMonth:
      return "month";
  }
  return kind.name;
}

Result<Report> make_report(const Kind& kind, const TimeZone& zone, const store::Filter& filter, store::Store& store) {
  Report report{kind, zone, filter, {}, {}};
  store::ReportQuery query{.group = kind.group, .filter = filter};
  if (kind.calendar) {
    const auto span = store.span();
    if (!span) return fail(span.error());
    if (!*span) return report;
    const UtcTime first = std::max(filter.since.value_or((*span)->first), (*span)->first);
    const UtcTime last = std::min(filter.until.value_or((*span)->last), (*span)->last);
    if (first > last) return report;
    query.periods = calendar_periods(*kind.calendar, first, last, zone);
  }
  auto rows = store.report(query);
  if (!rows) return fail(rows.error());
  for (store::ReportRow& row : *rows) {
    report.totals.add(row.totals);
    std::string name =
        kind.calendar ? period_name(*kind.calendar, query.periods[row.period], zone) : std::move(row.name);
    report.lines.push_back({std::move(name), row.last_at, row.totals});
  }
  if (kind.group == store::Group::kSession) {
    std::ranges::sort(report.lines, {}, [](const Line& line) { return std::tie(line.last_at, line.name); });
  } else if (!kind.calendar) {
    // What costs most comes first; among what costs nothing, what is used most.
    std::ranges::sort(report.lines, {}, [](const Line& line) {
      return std::tuple(-line.totals.cost_picodollars(), -line.totals.total_tokens, std::string_view(line.name));
    });
  }
  return report;
}

// "$1.23", "$1.23+?" where the cost of some calls is unknown, "?" where that of all is.
std::string cost_cell(const store::Totals& totals) {
  const std::int64_t cost = totals.cost_picodollars();
  if (totals.cost_missing == 0) return format::short_usd(cost);
  if (cost == 0) return std::string(format::kUnknown);
  return format::short_usd(cost) + '+' + std::string(format::kUnknown);
}

// The sums as reports name them, absent where no call stated the count.
struct Sums {
  explicit Sums(const store::Totals& totals)
      : input(store::Totals::sum(totals.input_tokens, totals.input_calls)),
        cache_read(store::Totals::sum(totals.cache_read_input_tokens, totals.cache_read_calls)),
        cache_creation(store::Totals::sum(totals.cache_creation_input_tokens, totals.cache_creation_calls)),
        output(store::Totals::sum(totals.output_tokens, totals.output_calls)),
        reasoning(store::Totals::sum(totals.reasoning_output_tokens, totals.reasoning_calls)) {}

  meter::Count input;
  meter::Count cache_read;
  meter::Count cache_creation;
  meter::Count output;
  meter::Count reasoning;
};

std::vector<std::string> cells(const Report& report, const Line& line) {
  const store::Totals& totals = line.totals;
  const Sums sums(totals);
  std::vector<std::string> cells = {
      line.name.empty() ? std::string("(none)") : printable(line.name),
      format::count(totals.calls),
      totals.errors == 0 ? std::string(format::kAbsent) : format::count(totals.errors),
      format::count(sums.input),
      format::count(sums.cache_read),
      sums.cache_read ? format::share(*sums.cache_read, totals.input_tokens) : std::string(format::kAbsent),
      format::count(sums.output),
      format::count(sums.reasoning),
      format::count(totals.total()),
      cost_cell(totals),
  };
  if (report.kind.group == store::Group::kSession) {
    cells.push_back(line.last_at ? local_text(*line.last_at, report.zone).substr(0, 16) : "");
  }
  return cells;
}

void print_table(const Report& report, Output& out) {
  std::vector<Column> columns = {{.title = subject(report.kind), .min_width = 10},
                                 {.title = "calls", .align = Align::kRight},
                                 {.title = "errors", .align = Align::kRight, .priority = 2},
                                 {.title = "input", .align = Align::kRight},
                                 {.title = "cache read", .align = Align::kRight, .priority = 3},
                                 {.title = "hits", .align = Align::kRight, .priority = 1},
                                 {.title = "output", .align = Align::kRight},
                                 {.title = "reasoning", .align = Align::kRight, .priority = 4},
                                 {.title = "total", .align = Align::kRight, .priority = 1},
                                 {.title = "cost", .align = Align::kRight}};
  if (report.kind.group == store::Group::kSession) columns.push_back({.title = "last call", .priority = 2});
  Table table(std::move(columns));
  for (const Line& line : report.lines) table.add(cells(report, line));
  table.add_total(cells(report, {"total", std::nullopt, report.totals}));
  out.write(table.render(out.form(), out.style()));
  if (report.totals.cost_missing > 0) {
    out.print("{}: the cost of {} is unknown and not in the sum\n", format::kUnknown,
              format::calls(report.totals.cost_missing));
  }
  if (report.totals.estimated > 0) {
    out.print("{} counted by estimate, where the provider did not say\n", format::calls(report.totals.estimated));
  }
}

// Absent where nothing of it is known.
std::optional<std::string> known_cost(const store::Totals& totals) {
  const std::int64_t cost = totals.cost_picodollars();
  if (totals.cost_missing > 0 && cost == 0) return std::nullopt;
  return pricing::usd_text(cost);
}

void write_totals(json::Writer& writer, const store::Totals& totals) {
  writer.member("calls", totals.calls).member("errors", totals.errors);
  const Sums sums(totals);
  const auto member = [&writer](std::string_view name, const meter::Count& sum) {
    writer.name(name);
    sum ? writer.number(*sum) : writer.null();
  };
  member("input_tokens", sums.input);
  member("cache_read_input_tokens", sums.cache_read);
  member("cache_creation_input_tokens", sums.cache_creation);
  member("output_tokens", sums.output);
  member("reasoning_output_tokens", sums.reasoning);
  member("total_tokens", totals.total());
  writer.member("estimated_calls", totals.estimated);
  writer.name("cost_usd");
  const auto cost = known_cost(totals);
  cost ? writer.string(*cost) : writer.null();
  writer.member("calls_of_unknown_cost", totals.cost_missing);
}

void print_json(const Report& report, Output& out) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object().member("report", report.kind.name).member("time_zone", report.zone.name());
  if (report.filter.since) writer.member("since", format_rfc3339(*report.filter.since));
  if (report.filter.until) writer.member("until", format_rfc3339(*report.filter.until));
  writer.name("rows").begin_array();
  for (const Line& line : report.lines) {
    writer.begin_object().member(subject(report.kind), line.name);
    if (line.last_at) writer.member("last_call", format_rfc3339(*line.last_at));
    write_totals(writer, line.totals);
    writer.end_object();
  }
  writer.end_array().name("totals").begin_object();
  write_totals(writer, report.totals);
  writer.end_object().end_object();
  out.write(text + '\n');
}

// RFC 4180; a value that a spreadsheet would take for a formula is text.
std::string csv_field(const std::string& value) {
  const bool formula = !value.empty() && std::string_view("=+-@\t\r").find(value.front()) != std::string_view::npos;
  if (!formula && value.find_first_of(",\"\r\n") == std::string::npos) return value;
  std::string quoted = formula ? "\"'" : "\"";
  for (const char c : value) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

void print_csv(const Report& report, Output& out) {
  out.print(
      "{},calls,errors,input_tokens,cache_read_input_tokens,cache_creation_input_tokens,output_tokens,"
      "reasoning_output_tokens,total_tokens,estimated_calls,cost_usd,calls_of_unknown_cost\r\n",
      subject(report.kind));
  for (const Line& line : report.lines) {
    const store::Totals& totals = line.totals;
    const Sums sums(totals);
    const auto field = [](const meter::Count& sum) { return sum ? std::to_string(*sum) : std::string(); };
    out.print("{},{},{},{},{},{},{},{},{},{},{},{}\r\n", csv_field(line.name), totals.calls, totals.errors,
              field(sums.input), field(sums.cache_read), field(sums.cache_creation), field(sums.output),
              field(sums.reasoning), field(totals.total()), totals.estimated, known_cost(totals).value_or(""),
              totals.cost_missing);
  }
}

Result<ExitCode> run_report(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const auto zone = chosen_zone(arguments, environment);
  if (!zone) return fail(zone.error());
  const auto filter = chosen_filter(arguments, environment, *zone);
  if (!filter) return fail(filter.error());
  if (arguments.has("json") && arguments.has("csv")) {
    return environment.wrong_use(arguments, "--json and --csv exclude each other");
  }
  const auto kind = std::ranges::find(kKinds, arguments.positional(0).value_or("daily"), &Kind::name);
  const auto store = open_recorded(*config, environment);
  if (!store) return fail(store.error());
  const auto report = make_report(*kind, *zone, *filter, **store);
  if (!report) return fail(report.error());
  if (arguments.has("json")) {
    print_json(*report, environment.out);
  } else if (arguments.has("csv")) {
    print_csv(*report, environment.out);
  } else if (report->lines.empty()) {
    environment.out.write("no calls in this range\n");
  } else {
    print_table(*report, environment.out);
  }
  return ExitCode::kOk;
}

}  // namespace

Command report_command() {
  std::vector<std::string_view> names;
  for (const Kind& kind : kKinds) names.push_back(kind.name);
  std::vector<Option> options = filter_options();
  options.push_back({.name = "json", .help = "One JSON object"});
  options.push_back({.name = "csv", .help = "Comma-separated values with a title line, without the totals"});
  return {.name = "report",
          .summary = "Add up what was used",
          .description =
              "Calls, tokens and cost, by time or by who used them, with their totals. Days, weeks (from "
              "Monday) and months are those of the time zone. A cost with +? leaves out calls whose price or "
              "usage is not wholly known; a dash stands for counts that no call stated; calls that bill nothing are "
              "not counted.",
          .positionals = {{.name = "KIND",
                           .type = OptionType::kChoice,
                           .help = "What the rows are; daily if not given",
                           .choices = std::move(names),
                           .required = false}},
          .options = std::move(options),
          .examples = {{"tokometer report", "Day by day"},
                       {"tokometer report model --since 30d", "Each model in the last 30 days"},
                       {"tokometer report monthly --project demo --csv", "For a spreadsheet"}},
          .run = run_report};
}

}  // namespace tokometer::cli
