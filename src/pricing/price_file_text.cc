#include "pricing/price_file_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace tokometer::pricing {
namespace {

void write_texts(json::Writer& writer, std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  writer.name(name).begin_array();
  for (const std::string& text : texts) writer.string(text);
  writer.end_array();
}

void write_rates(json::Writer& writer, const Rates& rates) {
  for (std::size_t i = 0; i < kUnitCount; ++i) {
    const auto unit = static_cast<Unit>(i);
    if (rates[unit]) writer.raw_member(to_string(unit), rates[unit]->text());
  }
}

void write_schedule(json::Writer& writer, const Schedule& schedule) {
  write_rates(writer, schedule.base);
  if (schedule.long_context.empty()) return;
  writer.name("long_context").begin_array();
  for (const LongContext& step : schedule.long_context) {
    writer.begin_object().member("above", step.above);
    write_rates(writer, step.rates);
    writer.end_object();
  }
  writer.end_array();
}

void write_condition(json::Writer& writer, const Condition& condition) {
  if (condition.kind == Condition::Kind::kHost) {
    writer.member("host", condition.is);
  } else if (condition.query != nullptr) {
    writer.member("usage", condition.query->text()).member("is", condition.is);
  }
}

// A date where that says it all.
std::string moment(UtcTime time) {
  std::string text = format_rfc3339(time);
  const auto midnight = text.find("T00:00:00.000000Z");
  return midnight == std::string::npos ? text : text.substr(0, midnight);
}

void write_entry(json::Writer& writer, const PriceFile& file, const Entry& entry) {
  writer.begin_object();
  if (entry.from) writer.member("from", moment(*entry.from));
  if (entry.until) writer.member("until", moment(*entry.until));
  if (entry.hours) writer.member("hours", hours_text(*entry.hours));
  std::vector<std::string> sources;
  for (const std::string& text : entry.sources) {
    const auto found = std::ranges::find(file.sources, text, &std::pair<std::string, std::string>::second);
    if (found != file.sources.end()) sources.push_back(found->first);
  }
  write_texts(writer, "sources", sources);
  writer.member_unless_empty("disputed", entry.disputed);
  write_figures(writer, entry);
  writer.end_object();
}

}  // namespace

void write_figures(json::Writer& writer, const Entry& entry) {
  write_schedule(writer, entry.standard);
  if (!entry.tiers.empty()) {
    writer.name("tiers").begin_object();
    for (const ServiceTier& tier : entry.tiers) {
      writer.name(tier.name).begin_object();
      write_schedule(writer, tier.schedule);
      writer.end_object();
    }
    writer.end_object();
  }
  if (!entry.tools.empty()) {
    writer.name("tools").begin_object();
    for (const auto& [tool, price] : entry.tools) writer.raw_member(tool, price.text(1'000));
    writer.end_object();
  }
  if (!entry.surcharges.empty()) {
    writer.name("surcharges").begin_array();
    for (const Surcharge& surcharge : entry.surcharges) {
      writer.begin_object().member("name", surcharge.name);
      write_condition(writer, surcharge.when);
      writer.raw_member("times", surcharge.times.text()).end_object();
    }
    writer.end_array();
  }
  if (!entry.requests.empty()) {
    writer.name("requests").begin_array();
    for (const RequestFee& fee : entry.requests) {
      writer.begin_object();
      if (fee.when) write_condition(writer, *fee.when);
      writer.raw_member("price", fee.price.text(1'000)).end_object();
    }
    writer.end_array();
  }
}

std::string hours_text(const Hours& hours) {
  const auto part = [](std::chrono::minutes time) {
    return fmt::format("{:02}:{:02}", time.count() / 60, time.count() % 60);
  };
  return fmt::format("{}-{}", part(hours.from), part(hours.until));
}

void add_source(PriceFile& file, std::string_view name, std::string_view text) {
  using Source = std::pair<std::string, std::string>;
  if (std::ranges::find(file.sources, text, &Source::second) != file.sources.end()) return;
  std::string free(name);
  for (int i = 2; std::ranges::find(file.sources, free, &Source::first) != file.sources.end(); ++i) {
    free = fmt::format("{}-{}", name, i);
  }
  file.sources.emplace_back(std::move(free), text);
}

std::string price_file_text(const PriceFile& file, std::string_view schema) {
  std::string head;
  json::Writer writer(head);
  writer.begin_object().member_unless_empty("$schema", schema).member("provider", file.provider);
  write_texts(writer, "also", file.also);
  write_texts(writer, "falls_back_to", file.falls_back_to);
  write_texts(writer, "strip", file.strip);
  write_texts(writer, "regions", file.regions);
  writer.name("sources").begin_object();
  for (const auto& [name, text] : file.sources) writer.member(name, text);
  writer.end_object().name("models").raw("[");
  std::string out = std::move(head);
  for (const Model& model : file.models) {
    std::string line;
    json::Writer one(line);
    one.begin_object().member("id", model.id);
    write_texts(one, "aliases", model.aliases);
    write_texts(one, "prefixes", model.prefixes);
    one.name("prices").begin_array();
    for (const Entry& entry : model.entries) write_entry(one, file, entry);
    one.end_array().end_object();
    out += &model == file.models.data() ? "\n" : ",\n";
    out += line;
  }
  return out + "\n]}\n";
}

}  // namespace tokometer::pricing
