#include "pricing/price_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "pricing/model_name.h"

namespace tokometer::pricing {
namespace {

using json::Member;
using json::Mistakes;
using json::Node;

class Reader {
 public:
  Reader(Origin origin, Mistakes& mistakes) : origin_(origin), mistakes_(mistakes) {}

  PriceFile read(Node root) {
    // Everything else refers to the provider and the sources, wherever in the file they stand.
    for (const Member member : root.members()) {
      if (member.name == "provider") file_.provider = mistakes_.text(member);
      if (member.name == "sources") read_sources(member);
    }
    if (!root["provider"]) mistakes_.missing(root, "provider");
    for (const Member member : root.members()) {
      if (member.name == "$schema" || member.name == "provider" || member.name == "sources") continue;
      if (member.name == "also") {
        file_.also = mistakes_.texts(member);
      } else if (member.name == "falls_back_to") {
        file_.falls_back_to = mistakes_.texts(member);
      } else if (member.name == "strip") {
        file_.strip = patterns(member);
      } else if (member.name == "regions") {
        file_.regions = patterns(member);
      } else if (member.name == "models") {
        if (!mistakes_.array(member)) continue;
        for (const Node model : member.value.elements()) read_model(model);
      } else {
        mistakes_.unknown(member);
      }
    }
    return std::move(file_);
  }

 private:
  void read_sources(const Member& sources) {
    if (!mistakes_.object(sources)) return;
    for (const Member member : sources.value.members()) {
      file_.sources.emplace_back(member.name, mistakes_.text(member));
      sources_[file_.sources.back().first] = file_.sources.back().second;
    }
  }

  void read_model(Node node) {
    Model model;
    model.provider = file_.provider;
    if (!mistakes_.object({"models", node})) return;
    if (const Node id = node["id"]) {
      model.id = mistakes_.text({"id", id});
    } else {
      mistakes_.missing(node, "id");
    }
    for (const Member member : node.members()) {
      if (member.name == "id") continue;
      if (member.name == "aliases") {
        model.aliases = mistakes_.texts(member);
      } else if (member.name == "prefixes") {
        model.prefixes = mistakes_.texts(member);
      } else if (member.name == "prices") {
        if (!mistakes_.array(member)) continue;
        for (const Node entry : member.value.elements()) read_entry(entry, model);
      } else {
        mistakes_.unknown(member);
      }
    }
    if (model.entries.empty()) mistakes_.missing(node, "prices");
    model.sort_entries();
    claim(names_, model.id, model, node);
    for (const std::string& alias : model.aliases) claim(names_, alias, model, node);
    for (const std::string& prefix : model.prefixes) claim(prefixes_, prefix, model, node);
    file_.models.push_back(std::move(model));
  }

  // Two models with one name would leave it to chance which price is taken.
  void claim(std::unordered_map<std::string, std::string>& owners, const std::string& name, const Model& model,
             Node node) {
    const auto [owner, is_new] = owners.try_emplace(folded(name), model.id);
    if (!is_new) {
      mistakes_.add(node.location(), fmt::format("\"{}\" of {} is a name of {} too", name, model.id, owner->second));
    }
  }

  void read_entry(Node node, Model& model) {
    Entry entry;
    entry.origin = origin_;
    if (!mistakes_.object({"prices", node})) return;
    for (const Member member : node.members()) {
      if (member.name == "from") {
        entry.from = time(member);
      } else if (member.name == "until") {
        entry.until = time(member);
      } else if (member.name == "hours") {
        entry.hours = hours(member);
      } else if (member.name == "sources") {
        for (const std::string& key : mistakes_.texts(member)) add_source(member, key, entry);
      } else if (member.name == "disputed") {
        entry.disputed = mistakes_.text(member);
      } else if (member.name == "tiers") {
        read_tiers(member, entry);
      } else if (member.name == "tools") {
        read_tools(member, entry);
      } else if (member.name == "surcharges") {
        read_surcharges(member, entry);
      } else if (member.name == "requests") {
        read_requests(member, entry);
      } else {
        read_rate_or_step(member, entry.standard);
      }
    }
    if (entry.from && entry.until && *entry.until <= *entry.from) {
      mistakes_.add(node.location(), "\"until\" is not after \"from\"");
    }
    entry.ref = fmt::format("{}/{}", file_.provider, model.id);
    if (entry.from) entry.ref += "@" + format_rfc3339(*entry.from).substr(0, 10);
    model.entries.push_back(std::move(entry));
  }

  void add_source(const Member& member, const std::string& key, Entry& entry) {
    const auto found = sources_.find(key);
    if (found == sources_.end()) {
      mistakes_.add(member.value.location(), fmt::format("\"{}\" is not among the file's sources", key));
    } else {
      entry.sources.push_back(found->second);
    }
  }

  void read_tiers(const Member& tiers, Entry& entry) {
    if (!mistakes_.object(tiers)) return;
    for (const Member member : tiers.value.members()) {
      if (!mistakes_.object(member)) continue;
      ServiceTier tier;
      tier.name = std::string(member.name);
      for (const Member part : member.value.members()) read_rate_or_step(part, tier.schedule);
      entry.tiers.push_back(std::move(tier));
    }
  }

  void read_tools(const Member& tools, Entry& entry) {
    if (!mistakes_.object(tools)) return;
    for (const Member member : tools.value.members()) {
      if (const auto each = price(member, 1'000)) entry.tools.emplace_back(member.name, *each);
    }
  }

  void read_surcharges(const Member& surcharges, Entry& entry) {
    if (!mistakes_.array(surcharges)) return;
    for (const Node node : surcharges.value.elements()) {
      if (!mistakes_.object({surcharges.name, node})) continue;
      Surcharge surcharge;
      for (const Member member : node.members()) {
        if (member.name == "name") {
          surcharge.name = mistakes_.text(member);
        } else if (member.name == "times") {
          const auto times = Multiplier::parse(member.value.number().value_or(""));
          if (times) surcharge.times = *times;
          if (!times) {
            mistakes_.add(member.value.location(), "\"times\" must be a number above 0 with at most six decimals");
          }
        } else if (!is_condition(member)) {
          mistakes_.unknown(member);
        }
      }
      for (const std::string_view key : {"name", "times"}) {
        if (!node[key]) mistakes_.missing(node, key);
      }
      auto when = condition(node);
      if (!when) mistakes_.missing(node, "usage");
      if (when) surcharge.when = std::move(*when);
      entry.surcharges.push_back(std::move(surcharge));
    }
  }

  void read_requests(const Member& requests, Entry& entry) {
    if (!mistakes_.array(requests)) return;
    for (const Node node : requests.value.elements()) {
      if (!mistakes_.object({requests.name, node})) continue;
      RequestFee fee;
      for (const Member member : node.members()) {
        if (member.name == "price") {
          if (const auto each = price(member, 1'000)) fee.price = *each;
        } else if (!is_condition(member)) {
          mistakes_.unknown(member);
        }
      }
      if (!node["price"]) mistakes_.missing(node, "price");
      fee.when = condition(node);
      entry.requests.push_back(std::move(fee));
    }
  }

  static bool is_condition(const Member& member) {
    return member.name == "usage" || member.name == "is" || member.name == "host";
  }

  // {"usage": QUERY, "is": TEXT} or {"host": PATTERN}; nothing where the object has neither.
  std::optional<Condition> condition(Node node) {
    Condition result;
    if (const Node host = node["host"]) {
      if (node["usage"] || node["is"]) mistakes_.add(node.location(), "a condition is of the host or of the usage");
      result.kind = Condition::Kind::kHost;
      result.is = mistakes_.text({"host", host});
      check_pattern({"host", host}, result.is);
      return result;
    }
    if (!node["usage"] && !node["is"]) return std::nullopt;
    for (const std::string_view key : {"usage", "is"}) {
      if (!node[key]) mistakes_.missing(node, key);
    }
    if (const Node text = node["usage"]) {
      auto query = json::Query::compile(text.string().value_or(""));
      if (!query) mistakes_.add(text.location(), fmt::format("\"usage\": {}", query.error().message));
      if (query) result.query = std::make_shared<const json::Query>(std::move(*query));
    }
    if (const Node is = node["is"]) result.is = mistakes_.text({"is", is});
    return result;
  }

  std::vector<std::string> patterns(const Member& member) {
    auto texts = mistakes_.texts(member);
    for (const std::string& text : texts) check_pattern(member, text);
    return texts;
  }

  void check_pattern(const Member& member, const std::string& pattern) {
    if (std::ranges::count(pattern, '*') > 1) {
      mistakes_.add(member.value.location(), fmt::format("\"{}\" has more than one \"*\"", pattern));
    }
  }

  void read_rate_or_step(const Member& member, Schedule& schedule) {
    if (member.name == "long_context") {
      read_long_context(member, schedule);
    } else if (const auto unit = unit_from(member.name)) {
      schedule.base[*unit] = price(member);
    } else {
      mistakes_.unknown(member);
    }
  }

  void read_long_context(const Member& steps, Schedule& schedule) {
    if (!mistakes_.array(steps)) return;
    for (const Node node : steps.value.elements()) {
      if (!mistakes_.object({steps.name, node})) continue;
      LongContext step;
      for (const Member member : node.members()) {
        if (member.name == "above") {
          step.above = member.value.int64().value_or(0);
        } else if (const auto unit = unit_from(member.name)) {
          step.rates[*unit] = price(member);
        } else {
          mistakes_.unknown(member);
        }
      }
      const std::int64_t previous = schedule.long_context.empty() ? 0 : schedule.long_context.back().above;
      if (step.above <= previous) mistakes_.add(node.location(), "\"above\" must be a number of tokens, ascending");
      schedule.long_context.push_back(step);
    }
  }

  std::optional<Price> price(const Member& member, std::int64_t units = 1'000'000) {
    const auto number = member.value.number();
    const auto result = number ? Price::parse(*number, units) : std::nullopt;
    if (!result) {
      mistakes_.add(
          member.value.location(),
          fmt::format("\"{}\" must be a price in USD, a number from 0 with at most twelve decimals", member.name));
    }
    return result;
  }

  std::optional<UtcTime> time(const Member& member) {
    const auto text = member.value.string();
    const auto result = text ? parse_rfc3339(*text) : std::nullopt;
    if (!result) {
      mistakes_.add(member.value.location(),
                    fmt::format("\"{}\" must be a date (\"2026-11-22\") or a time (RFC 3339)", member.name));
    }
    return result;
  }

  // "16:30-00:30"
  std::optional<Hours> hours(const Member& member) {
    const std::string_view text = member.value.string().value_or("");
    const auto from = text.size() == 11 && text[5] == '-' ? minutes(text.substr(0, 5)) : std::nullopt;
    const auto until = from ? minutes(text.substr(6)) : std::nullopt;
    if (until && *from != *until) return Hours{*from, *until};
    mistakes_.add(member.value.location(), "\"hours\" must be a window of the day in UTC: \"16:30-00:30\"");
    return std::nullopt;
  }

  static std::optional<std::chrono::minutes> minutes(std::string_view text) {
    // A time of day is what a full date-time accepts in its place.
    const auto time = parse_rfc3339(fmt::format("2000-01-01T{}:00Z", text));
    if (!time) return std::nullopt;
    return std::chrono::duration_cast<std::chrono::minutes>(*time - std::chrono::floor<std::chrono::days>(*time));
  }

  Origin origin_;
  Mistakes& mistakes_;
  PriceFile file_;
  std::map<std::string, std::string, std::less<>> sources_;
  std::unordered_map<std::string, std::string> names_;     // folded name → id of the model that has it
  std::unordered_map<std::string, std::string> prefixes_;  // the same for prefixes
};

}  // namespace

PriceFile read_price_file(std::string_view content, Origin origin, Mistakes& mistakes) {
  const auto document = mistakes.parse(content);
  if (!document) return {};
  if (!document->root().is_object()) {
    mistakes.add(document->root().location(), "a price file is an object");
    return {};
  }
  return Reader(origin, mistakes).read(document->root());
}

}  // namespace tokometer::pricing
