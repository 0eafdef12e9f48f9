// `tokometer limits`: what providers last said of quotas, in passing.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
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
#include "json/writer.h"
#include "quota/snapshot.h"

namespace tokometer::cli {
namespace {

using std::chrono::microseconds;

// A quota is shown for so long after it was seen; one whose window is over for less.
constexpr std::chrono::hours kShowSeen{24 * 7};
constexpr std::chrono::hours kShowReset{24};

struct QuotaLine {
  quota::Snapshot snapshot;
  std::optional<UtcTime> ends_at;
  bool is_reset = false;  // its window is over: what it says no longer holds
};

struct QuotaFilter {
  std::string_view provider;
  std::string_view account;  // the beginning of a fingerprint, or a label
};

bool matches_quota(const QuotaFilter& filter, const quota::Snapshot& snapshot) {
  if (!filter.provider.empty() && snapshot.provider != filter.provider) return false;
  return filter.account.empty() || snapshot.account.starts_with(filter.account) || snapshot.label == filter.account;
}

bool is_current(const QuotaLine& line, UtcTime now) {
  return line.snapshot.seen_at + (line.is_reset ? kShowReset : kShowSeen) > now;
}

// "149,986", "106.5": as much as is worth reading.
std::string amount_text(double amount) {
  constexpr double kWholeFrom = 1000;
  const double tenths = std::round(amount * 10);
  if (amount >= kWholeFrom || std::fmod(tenths, 10) == 0) return format::count(std::llround(amount));
  return fmt::format("{:.1f}", amount);
}

std::string left_cell(const quota::Snapshot& snapshot) {
  if (!snapshot.limit && !snapshot.remaining) return std::string(format::kAbsent);
  if (!snapshot.limit) return amount_text(*snapshot.remaining);
  return fmt::format("{} / {}", snapshot.remaining ? amount_text(*snapshot.remaining) : format::kUnknown,
                     amount_text(*snapshot.limit));
}

std::string used_cell(const QuotaLine& line) {
  if (line.is_reset) return "reset";
  const auto& used = line.snapshot.used_fraction;
  return used ? fmt::format("{:.1f}%", *used * 100) : std::string(format::kAbsent);
}

// Ten cells that fill up.
std::string bar_cell(const QuotaLine& line, const Style& style) {
  constexpr int kCells = 10;
  constexpr double kTight = 0.9;
  constexpr double kWarm = 0.7;
  if (line.is_reset || !line.snapshot.used_fraction) return {};
  const double used = *line.snapshot.used_fraction;
  const int full = used > 0 ? std::clamp(static_cast<int>(std::lround(std::min(used, 1.0) * kCells)), 1, kCells) : 0;
  std::string filled;
  std::string rest;
  for (int i = 0; i < kCells; ++i) (i < full ? filled : rest) += i < full ? "█" : "░";
  if (used >= kTight) return style.red(filled) + style.dim(rest);
  return (used >= kWarm ? style.yellow(filled) : style.green(filled)) + style.dim(rest);
}

std::string resets_cell(const QuotaLine& line, UtcTime now) {
  if (!line.ends_at) return std::string(format::kAbsent);
  if (line.is_reset) return format::duration(microseconds(now - *line.ends_at)) + " ago";
  // Where only the window's length is known, it ends at the latest then.
  return (line.snapshot.resets_at ? "in " : "within ") + format::duration(microseconds(*line.ends_at - now));
}

std::string account_cell(const quota::Snapshot& snapshot) {
  std::string text = snapshot.account.empty() ? std::string("(no key)") : snapshot.account;
  if (!snapshot.label.empty()) text += fmt::format(" ({})", printable(snapshot.label));
  return text;
}

std::string window_name(std::chrono::seconds window) {
  if (window.count() % 86'400 == 0) return fmt::format("{}d", window.count() / 86'400);
  if (window.count() % 3'600 == 0) return fmt::format("{}h", window.count() / 3'600);
  if (window.count() % 60 == 0) return fmt::format("{}m", window.count() / 60);
  return fmt::format("{}s", window.count());
}

// "primary (5h)", "requests".
std::string quota_cell(const quota::Snapshot& snapshot) {
  if (!snapshot.window || snapshot.window->count() <= 0) return printable(snapshot.name);
  return fmt::format("{} ({})", printable(snapshot.name), window_name(*snapshot.window));
}

void print_limits(const std::vector<QuotaLine>& lines, UtcTime now, Output& out) {
  const Style style = out.style();
  const bool with_bar = out.form().is_terminal;
  std::vector<Column> columns = {{.title = "provider"},
                                 {.title = "account", .priority = 3, .min_width = 12},
                                 {.title = "model", .priority = 2, .min_width = 10},
                                 {.title = "quota"},
                                 {.title = "used", .align = Align::kRight}};
  if (with_bar) columns.push_back({.title = "", .priority = 6});
  columns.push_back({.title = "left", .align = Align::kRight, .priority = 4});
  columns.push_back({.title = "resets", .align = Align::kRight, .priority = 1});
  columns.push_back({.title = "seen", .align = Align::kRight, .priority = 5});
  columns.push_back({.title = "status", .priority = 1});
  Table table(std::move(columns));
  for (const QuotaLine& line : lines) {
    const quota::Snapshot& snapshot = line.snapshot;
    std::vector<std::string> cells = {snapshot.provider, account_cell(snapshot), printable(snapshot.model),
                                      quota_cell(snapshot), used_cell(line)};
    if (with_bar) cells.push_back(bar_cell(line, style));
    cells.push_back(left_cell(snapshot));
    cells.push_back(resets_cell(line, now));
    cells.push_back(format::duration(microseconds(std::max(now, snapshot.seen_at) - snapshot.seen_at)) + " ago");
    cells.push_back(printable(snapshot.status));
    if (line.is_reset) {
      for (std::string& cell : cells) cell = style.dim(cell);
    }
    table.add(std::move(cells));
  }
  out.write(table.render(out.form(), style));
}

std::string limit_json(const QuotaLine& line) {
  const quota::Snapshot& snapshot = line.snapshot;
  std::string text;
  json::Writer writer(text);
  const auto amount = [&writer](std::string_view name, const std::optional<double>& value) {
    writer.name(name);
    if (!value) {
      writer.null();
    } else if (*value == std::floor(*value)) {
      writer.number(static_cast<std::int64_t>(*value));  // 200000, not 2e+05
    } else {
      writer.number(*value);
    }
  };
  writer.begin_object().member("provider", snapshot.provider).member("account", snapshot.account);
  writer.member("label", snapshot.label).member("model", snapshot.model).member("quota", snapshot.name);
  amount("used_fraction", snapshot.used_fraction);
  amount("limit", snapshot.limit);
  amount("remaining", snapshot.remaining);
  writer.name("window_seconds");
  snapshot.window ? writer.number(static_cast<std::int64_t>(snapshot.window->count())) : writer.null();
  writer.name("resets_at");
  snapshot.resets_at ? writer.string(format_rfc3339(*snapshot.resets_at)) : writer.null();
  writer.member("is_reset", line.is_reset).member("status", snapshot.status);
  writer.member("seen_at", format_rfc3339(snapshot.seen_at)).end_object();
  return text + "\n";
}

// Why there is nothing to show, and what to do about it.
std::string nothing_text(const app::Config& config, const QuotaFilter& filter, std::size_t stored) {
  if (stored > 0 && (!filter.provider.empty() || !filter.account.empty())) {
    return "no quotas of this provider or account;\n"
           "`tokometer limits` without options shows whose there are\n";
  }
  if (!config.store.enabled) {
    return "no quotas are stored: the setting store.enabled is off,\n"
           "so that only /-/metrics shows them\n";
  }
  return "no quotas were seen yet: they come with the responses of calls through the\n"
         "proxy, from providers that say how much is left (docs/limits.md).\n"
         "Make a call and look again.\n";
}

Result<ExitCode> run_limits(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const auto store = open_recorded(*config, environment);
  if (!store) return fail(store.error());
  auto stored = (*store)->quotas();
  if (!stored) return fail(stored.error());

  const UtcTime now = environment.clock.now();
  const QuotaFilter filter{arguments.value("provider").value_or(""), arguments.value("account").value_or("")};
  const std::size_t all = stored->size();
  std::size_t hidden = 0;
  std::vector<QuotaLine> lines;
  for (quota::Snapshot& snapshot : *stored) {
    if (!matches_quota(filter, snapshot)) continue;
    QuotaLine line{std::move(snapshot), std::nullopt, false};
    line.ends_at = quota::window_end(line.snapshot);
    line.is_reset = line.ends_at && *line.ends_at <= now;
    if (!arguments.has("all") && !is_current(line, now)) {
      ++hidden;
      continue;
    }
    lines.push_back(std::move(line));
  }
  // Of an account what is tightest comes first.
  std::ranges::sort(lines, {}, [](const QuotaLine& line) {
    const quota::Snapshot& snapshot = line.snapshot;
    return std::tuple(std::string_view(snapshot.provider), std::string_view(snapshot.account), line.is_reset,
                      -snapshot.used_fraction.value_or(-1), std::string_view(snapshot.name),
                      std::string_view(snapshot.model));
  });
  if (arguments.has("json")) {
    for (const QuotaLine& line : lines) environment.out.write(limit_json(line));
    return ExitCode::kOk;
  }
  if (!lines.empty()) {
    print_limits(lines, now, environment.out);
  } else if (hidden == 0) {
    environment.out.write(nothing_text(*config, filter, all));
  }
  if (hidden > 0) {
    environment.out.print("not shown: {} over for more than a day, or not seen for a week (--all shows them)\n",
                          hidden == 1 ? "1 quota" : format::count(static_cast<std::int64_t>(hidden)) + " quotas");
  }
  return ExitCode::kOk;
}

}  // namespace

Command limits_command() {
  return {.name = "limits",
          .summary = "Show how much of each quota is left",
          .description =
              "What providers last said of rate limits and subscriptions in their responses: of each account, which is "
              "shown by a fingerprint of its key and never by the key. A quota whose window has ended since is "
              "shown as reset. No provider is asked.",
          .options = {{.name = "provider",
                       .type = OptionType::kText,
                       .placeholder = "NAME",
                       .help = "Only quotas with this provider"},
                      {.name = "account",
                       .type = OptionType::kText,
                       .placeholder = "ACCOUNT",
                       .help = "Only of this account: the beginning of its fingerprint, or its label"},
                      {.name = "all",
                       .help = "Also quotas that have ended for more than a day, or were not seen for a week"},
                      {.name = "json", .help = "One JSON object a line"}},
          .examples = {{"tokometer limits", "How much is left, the tightest first"},
                       {"tokometer limits --provider anthropic --json", "For another program"}},
          .run = run_limits};
}

}  // namespace tokometer::cli
