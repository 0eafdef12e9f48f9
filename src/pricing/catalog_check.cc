#include "pricing/catalog_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "pricing/model_name.h"
#include "pricing/price_file.h"

namespace tokometer::pricing {
namespace {

using Severity = Problem::Severity;

class Checker {
 public:
  void check(const PriceFile& file) {
    for (const std::string& name : file.also) {
      if (!other_names_.insert(name).second) warn(file.provider, fmt::format("\"{}\" is another provider's too", name));
    }
    for (const Model& model : file.models) {
      where_ = fmt::format("{}/{}", model.provider, model.id);
      check_names(model);
      check_dates(model);
      for (const Entry& entry : model.entries) check_figures(entry);
    }
  }

  void warn(std::string where, std::string what) {
    problems_.push_back({Severity::kWarning, std::move(where), std::move(what)});
  }

  std::vector<Problem>& problems() { return problems_; }

 private:
  // Within one file that is a mistake; between files the later wins.
  void check_names(const Model& model) {
    const auto claim = [&](const std::string& name) {
      const auto [owner, is_new] = owners_.try_emplace({model.provider, folded(name)}, model.id);
      if (!is_new && owner->second != model.id) {
        warn(where_, fmt::format("\"{}\" is a name of {} too", name, owner->second));
      }
    };
    claim(model.id);
    for (const std::string& alias : model.aliases) claim(alias);
  }

  void check_dates(const Model& model) {
    std::vector<const Entry*> entries;
    for (const Entry& entry : model.entries) {
      if (!entry.hours) entries.push_back(&entry);
    }
    std::ranges::sort(entries, {}, [](const Entry* entry) { return entry->from.value_or(UtcTime::min()); });
    for (std::size_t i = 1; i < entries.size(); ++i) {
      const Entry& before = *entries[i - 1];
      const Entry& after = *entries[i];
      if (before.from == after.from) {
        warn(where_, "two entries hold from the same date");
      } else if (before.until && *before.until < *after.from) {
        warn(where_, fmt::format("no entry holds between {} and {}", date(*before.until), date(*after.from)));
      } else if (before.until && *before.until > *after.from) {
        warn(where_, fmt::format("two entries hold from {} to {}", date(*after.from), date(*before.until)));
      }
    }
  }

  static std::string date(UtcTime time) { return format_rfc3339(time).substr(0, 10); }

  void check_figures(const Entry& entry) {
    const Rates& base = entry.standard.base;
    if (!base[Unit::kInput]) warn(where_, "no price for input: calls have no cost");
    const Price dearest = *Price::parse(std::to_string(kDearestPerMillion));
    for (std::size_t i = 0; i < kUnitCount; ++i) {
      const auto unit = static_cast<Unit>(i);
      if (base[unit] && *base[unit] > dearest) {
        warn(where_, fmt::format("{} costs {} USD a million: is that the price of a single token?", to_string(unit),
                                 base[unit]->text()));
      }
    }
    if (base[Unit::kCacheRead] && base[Unit::kInput] && *base[Unit::kCacheRead] > *base[Unit::kInput]) {
      warn(where_, "reading from the cache costs more than input");
    }
    for (const LongContext& step : entry.standard.long_context) {
      compare(step.rates, base, std::less(), fmt::format("costs less above {} tokens", step.above));
    }
    for (const ServiceTier& tier : entry.tiers) {
      if (tier.name == "batch") compare(tier.schedule.base, base, std::greater(), "costs more in a batch");
    }
    if (!entry.disputed.empty()) warn(where_, fmt::format("sources disagree: {}", entry.disputed));
  }

  template <typename Odd>
  void compare(const Rates& rates, const Rates& base, Odd odd, std::string_view what) {
    for (std::size_t i = 0; i < kUnitCount; ++i) {
      const auto unit = static_cast<Unit>(i);
      if (rates[unit] && base[unit] && odd(*rates[unit], *base[unit])) {
        warn(where_, fmt::format("{} {}", to_string(unit), what));
      }
    }
  }

  std::vector<Problem> problems_;
  std::string where_;
  std::set<std::string> other_names_;
  std::map<std::pair<std::string, std::string>, std::string> owners_;
};

}  // namespace

std::vector<Problem> check_files(std::span<const embedded::File> files) {
  Checker checker;
  for (const embedded::File& file : files) {
    json::Mistakes mistakes{std::string(file.name)};
    const PriceFile read = read_price_file(file.content, Origin::kBuiltin, mistakes);
    for (const json::Mistake& mistake : mistakes.all()) {
      checker.problems().push_back({Severity::kError, mistake.where, mistake.what});
    }
    if (mistakes.empty()) checker.check(read);
  }
  return std::move(checker.problems());
}

}  // namespace tokometer::pricing
