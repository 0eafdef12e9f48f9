#include "provider/quota_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <span>
#include <tuple>
#include <utility>

#include "wire/fields.h"

namespace tokometer::provider {
namespace {

constexpr std::size_t kMaxQuotas = 256;
constexpr std::size_t kMaxQuotaAlternatives = 16;
constexpr std::int64_t kMaxWindowUnits = 10'000;

struct KeyedPart {
  std::string_view key;
  QuotaPart part;
};
constexpr KeyedPart kPlainParts[] = {
    {"limit", QuotaPart::kLimit},
    {"remaining", QuotaPart::kRemaining},
    {"used", QuotaPart::kUsed},
    {"used_percent", QuotaPart::kUsedPercent},
    {"used_fraction", QuotaPart::kUsedFraction},
    {"remaining_percent", QuotaPart::kRemainingPercent},
    {"status", QuotaPart::kStatus},
};

// "90s", "5h", "7d": one number with a unit.
std::optional<std::chrono::seconds> window_length(std::string_view text) {
  std::int64_t number = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    number = number * 10 + (text[digits] - '0');
    if (number > kMaxWindowUnits) return std::nullopt;
  }
  if (digits == 0 || number == 0 || text.size() != digits + 1) return std::nullopt;
  switch (text.back()) {
    case 's':
      return std::chrono::seconds(number);
    case 'm':
      return std::chrono::minutes(number);
    case 'h':
      return std::chrono::hours(number);
    case 'd':
      return std::chrono::hours(24 * number);
    default:
      return std::nullopt;
  }
}

class QuotaCompiler {
 public:
  explicit QuotaCompiler(Mistakes& mistakes) : mistakes_(mistakes) {}

  QuotaRules compile(const Merged& quotas) {
    if (quotas.members.size() > kMaxQuotas) mistakes_.add(quotas, "more than 256 quotas");
    for (const MergedMember& member : quotas.members) {
      if (!member.value.node.is_null()) quota(member);
    }
    std::ranges::sort(rules_.sources, {}, [](const QuotaSource& source) {
      const auto length = static_cast<std::int64_t>(source.field.literal_length());
      return std::tuple(-length, source.quota, source.part, source.rank);
    });
    return std::move(rules_);
  }

 private:
  void quota(const MergedMember& member) {
    Quota quota;
    if (const auto name = pattern(member.value, member.name)) quota.name = *name;
    const std::size_t first = rules_.sources.size();
    ObjectReader reader(member.value, mistakes_);
    for (const KeyedPart& keyed : kPlainParts) {
      if (const Merged* value = reader.any(keyed.key)) sources(*value, keyed.part, false);
    }
    const bool has_amount = rules_.sources.size() > first;
    const Merged* reset = reader.any("reset");
    if (reset != nullptr) sources(*reset, QuotaPart::kReset, true);
    quota.is_wait = !has_amount;
    if (const Merged* window = reader.any("window")) {
      const auto text = window->node.string();
      quota.window = text ? window_length(*text) : std::nullopt;
      if (text && !quota.window) {
        mistakes_.add(*window, R"("window" must be a length of time such as "5h", or a source)");
      }
      if (!text) sources(*window, QuotaPart::kWindow, true);
    }
    quota.per_model = reader.choice("per", {"account", "model"}) == 1U;
    if (const Merged* codes = reader.any("status_codes")) quota.status_codes = status_codes(*codes);
    reader.finish();
    if (!has_amount && reset == nullptr) {
      mistakes_.add(member.value, "a quota needs at least one of \"limit\", \"remaining\", \"used\" and \"reset\"");
    }
    for (std::size_t i = first; i < rules_.sources.size(); ++i) {
      if (rules_.sources[i].field.capture == quota.name.capture) continue;
      mistakes_.add(member.value, "the quota's name and all of its fields must have the same {capture}, or none");
      break;
    }
    rules_.quotas.push_back(std::move(quota));
  }

  // "x-ratelimit-{what}", {"from": "x-quota-{what}", "member": "rem"}, or several of them
  void sources(const Merged& value, QuotaPart part, bool is_time) {
    std::uint8_t rank = 0;
    if (!value.node.is_array()) return source(value, value.node, part, rank, is_time);
    if (value.node.size() > kMaxQuotaAlternatives) return mistakes_.add(value, "more than 16 alternatives");
    for (const json::Node element : value.node.elements()) source(value, element, part, rank++, is_time);
  }

  void source(const Merged& at, json::Node node, QuotaPart part, std::uint8_t rank, bool is_time) {
    QuotaSource source;
    source.quota = static_cast<std::uint16_t>(rules_.quotas.size());
    source.part = part;
    source.rank = rank;
    std::optional<std::string> from;
    if (const auto text = node.string()) {
      from = std::string(*text);
    } else if (node.is_object()) {
      const Merged object = Merged::of(at.file, node);
      ObjectReader reader(object, mistakes_);
      from = reader.string("from");
      source.member = reader.string("member").value_or("");
      if (is_time) {
        if (const auto form = reader.choice("as", {"any", "seconds", "milliseconds", "minutes", "duration", "unix",
                                                   "unix_milliseconds", "rfc3339"})) {
          source.form = static_cast<TimeForm>(*form);
        }
      }
      reader.finish();
    }
    if (!from) return mistakes_.add(at, "a source is the name of a field, or an object with \"from\"");
    const auto field = pattern(at, *from);
    if (!field) return;
    source.field = *field;
    rules_.sources.push_back(std::move(source));
  }

  std::optional<CapturePattern> pattern(const Merged& at, std::string_view text) {
    CapturePattern pattern;
    const auto open = text.find('{');
    const auto close = text.find('}');
    pattern.before = wire::lower_case(text.substr(0, open));
    bool good = !text.empty() && (open == std::string_view::npos) == (close == std::string_view::npos);
    if (good && open != std::string_view::npos) {
      good = close > open + 1 && text.find_first_of("{}", close + 1) == std::string_view::npos;
      if (good) {
        pattern.capture = text.substr(open + 1, close - open - 1);
        pattern.after = wire::lower_case(text.substr(close + 1));
        good = pattern.capture.find('{') == std::string::npos;
      }
    }
    if (good) return pattern;
    mistakes_.add(at, "\"" + std::string(text) + R"(" must be a text with at most one "{name}" in it)");
    return std::nullopt;
  }

  std::vector<int> status_codes(const Merged& at) {
    std::vector<int> codes;
    bool good = at.node.is_array() && at.node.size() > 0;
    for (const json::Node element : at.node.elements()) {
      const auto code = element.int64();
      good = good && code && *code >= 100 && *code <= 999;
      if (good) codes.push_back(static_cast<int>(*code));
    }
    if (!good) mistakes_.add(at, "\"status_codes\" must be an array of HTTP status codes");
    return codes;
  }

  Mistakes& mistakes_;
  QuotaRules rules_;
};

constexpr std::uint32_t kMaxClaimBytes = 1024;

// Reads the places where accounts are told.
class AccountCompiler {
 public:
  explicit AccountCompiler(Mistakes& mistakes) : mistakes_(mistakes) {}

  // An array of "field:authorization", "query:key", … or of objects that say more. `anywhere`: also of places that are
  // not in the request's head.
  std::vector<AccountSource> sources(ObjectReader& reader, std::string_view key, bool anywhere) {
    std::vector<AccountSource> sources;
    const Merged* listed = reader.any(key);
    if (listed == nullptr) return sources;
    if (!listed->node.is_array()) mistakes_.add(*listed, fmt::format("\"{}\" must be an array of sources", key));
    for (const json::Node element : listed->node.elements()) {
      AccountSource source;
      std::optional<std::string> from;
      if (const auto text = element.string()) {
        from = std::string(*text);
      } else {
        from = members(Merged::of(listed->file, element), source);
      }
      if (from && place(source, *from, anywhere)) {
        sources.push_back(std::move(source));
      } else if (anywhere) {
        mistakes_.add(*listed, R"(an identity is at "field:NAME", "query:NAME", "response:NAME", "path" or "user")");
      } else {
        mistakes_.add(*listed, R"(a credential is at "field:NAME" or "query:NAME")");
      }
    }
    return sources;
  }

 private:
  std::optional<std::string> members(const Merged& object, AccountSource& source) {
    ObjectReader reader(object, mistakes_);
    auto from = reader.string("from");
    source.after = reader.string("after").value_or("");
    source.until = reader.string("until").value_or("");
    source.of = reader.string("of").value_or("");
    if (const auto claim = reader.string("claim")) {
      const json::WantedQuery wanted{.text = *claim, .want = json::Want::kValue, .max_bytes = kMaxClaimBytes};
      auto set = json::QuerySet::compile(std::span(&wanted, 1));
      if (set) {
        source.claim = std::make_shared<const json::QuerySet>(std::move(*set));
      } else {
        mistakes_.add(object, fmt::format("\"claim\": {}", set.error().message));
      }
    }
    reader.finish();
    return from;
  }

  static bool place(AccountSource& source, std::string_view from, bool anywhere) {
    using From = AccountSource::From;
    if (anywhere && (from == "path" || from == "user")) {
      source.from = from == "path" ? From::kPath : From::kUser;
      return true;
    }
    const auto colon = from.find(':');
    if (colon == std::string_view::npos) return false;
    const std::string_view kind = from.substr(0, colon);
    if (kind == "field") {
      source.from = From::kField;
    } else if (kind == "query") {
      source.from = From::kQuery;
    } else if (kind == "response" && anywhere) {
      source.from = From::kResponse;
    } else {
      return false;
    }
    source.name = wire::lower_case(from.substr(colon + 1));
    return !source.name.empty();
  }

  Mistakes& mistakes_;
};

}  // namespace

QuotaRules compile_quotas(const Merged& quotas, Mistakes& mistakes) { return QuotaCompiler(mistakes).compile(quotas); }

AccountRules compile_account(const Merged& account, Mistakes& mistakes) {
  AccountRules rules;
  AccountCompiler compiler(mistakes);
  ObjectReader reader(account, mistakes);
  rules.credential = compiler.sources(reader, "credential", false);
  rules.identity = compiler.sources(reader, "identity", true);
  rules.label_fields = reader.names("label");
  reader.finish();
  return rules;
}

}  // namespace tokometer::provider
