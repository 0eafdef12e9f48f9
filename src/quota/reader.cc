#include "quota/reader.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "quota/value.h"

namespace tokometer::quota {
namespace {

using provider::QuotaPart;
using provider::QuotaSource;

constexpr std::size_t kUsualDrafts = 6;
constexpr std::uint8_t kNoRank = std::numeric_limits<std::uint8_t>::max();

// A quota as it is put together from several fields.
struct Draft {
  std::uint16_t quota = 0;
  std::string_view capture;  // as the first of its fields has it
  std::string name;
  std::array<double, provider::kQuotaParts> amounts{};
  std::array<std::uint8_t, provider::kQuotaParts> ranks{};
  std::optional<UtcTime> resets_at;
  std::optional<std::chrono::seconds> window;
  std::string status;

  bool has(QuotaPart part) const { return ranks[static_cast<std::size_t>(part)] != kNoRank; }
  double amount(QuotaPart part) const { return amounts[static_cast<std::size_t>(part)]; }
};

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

// What a capture says, in lower case; nothing where it could not be a quota's name.
std::optional<std::string> captured_name(std::string_view capture, std::size_t max_bytes) {
  if (capture.size() > max_bytes) return std::nullopt;
  std::string name(capture);
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  if (!std::ranges::all_of(name, is_name_char)) return std::nullopt;
  return name;
}

std::string plain_text(std::string_view text, std::size_t max_bytes) {
  std::string plain(text.substr(0, max_bytes));
  std::erase_if(plain, [](char c) { return c < ' ' || c > '~'; });
  return plain;
}

class HeadReader {
 public:
  HeadReader(const provider::QuotaRules& rules, int status, UtcTime now, const Limits& limits)
      : rules_(rules), status_(status), now_(now), limits_(limits) {}

  void field(const wire::Field& field) {
    std::optional<std::uint16_t> owner;
    for (const QuotaSource& source : rules_.sources) {
      if (owner && source.quota != *owner) continue;
      const auto capture = source.field.match(field.name);
      if (!capture) continue;
      owner = source.quota;
      if (!applies(rules_.quotas[source.quota])) continue;
      if (!take(source, *capture, field.value)) ++reading_.malformed;
    }
  }

  Reading finish(const std::string& provider, const std::string& label) {
    for (Draft& draft : drafts_) {
      auto snapshot = finished(draft);
      if (!snapshot) continue;
      snapshot->provider = provider;
      snapshot->label = label;
      reading_.snapshots.push_back(std::move(*snapshot));
      reading_.per_model.push_back(rules_.quotas[draft.quota].per_model);
    }
    return std::move(reading_);
  }

 private:
  bool applies(const provider::Quota& quota) const {
    return quota.status_codes.empty() || std::ranges::find(quota.status_codes, status_) != quota.status_codes.end();
  }

  // Takes one part of a quota from a field; false where it can't be read.
  bool take(const QuotaSource& source, std::string_view capture, std::string_view value) {
    if (value.size() > limits_.value_bytes) return false;
    std::string listed;
    if (!source.member.empty()) {
      auto found = member(value, source.member);
      if (!found) return true;  // a list may leave out what it has nothing to say of
      listed = std::move(*found);
      value = listed;
    }
    Draft* draft = draft_of(source.quota, capture);
    if (draft == nullptr) return false;
    std::uint8_t& rank = draft->ranks[static_cast<std::size_t>(source.part)];
    if (rank <= source.rank) return true;
    switch (source.part) {
      case QuotaPart::kReset: {
        const auto moment = read_moment(value, source.form, now_);
        if (!moment) return false;
        draft->resets_at = moment;
        break;
      }
      case QuotaPart::kWindow: {
        const auto length = read_length(value, source.form);
        if (!length) return false;
        draft->window = std::chrono::duration_cast<std::chrono::seconds>(*length);
        break;
      }
      case QuotaPart::kStatus:
        draft->status = plain_text(value, limits_.text_bytes);
        break;
      default: {
        const auto amount = read_amount(value);
        if (!amount) return false;
        draft->amounts[static_cast<std::size_t>(source.part)] = *amount;
      }
    }
    rank = source.rank;
    return true;
  }

  // Null where there are too many, or the name can be none.
  Draft* draft_of(std::uint16_t quota, std::string_view capture) {
    for (Draft& draft : drafts_) {
      if (draft.quota == quota && wire::iequals(draft.capture, capture)) return &draft;
    }
    const auto captured = captured_name(capture, limits_.name_bytes);
    if (!captured || drafts_.size() >= limits_.snapshots) return nullptr;
    if (drafts_.empty()) drafts_.reserve(kUsualDrafts);
    Draft& draft = drafts_.emplace_back();
    draft.quota = quota;
    draft.capture = capture;
    draft.name = rules_.quotas[quota].name.fill(*captured);
    draft.ranks.fill(kNoRank);
    return &draft;
  }

  // What follows from the parts of `draft`; nothing where they say nothing of how much is used.
  std::optional<Snapshot> finished(Draft& draft) const {
    const provider::Quota& quota = rules_.quotas[draft.quota];
    Snapshot snapshot;
    snapshot.name = std::move(draft.name);
    snapshot.status = std::move(draft.status);
    snapshot.seen_at = now_;
    snapshot.resets_at = draft.resets_at;
    snapshot.window = draft.window ? draft.window : quota.window;
    if (quota.is_wait) {
      if (!draft.resets_at) return std::nullopt;
      snapshot.used_fraction = 1;
      return snapshot;
    }
    if (draft.has(QuotaPart::kLimit)) snapshot.limit = draft.amount(QuotaPart::kLimit);
    if (draft.has(QuotaPart::kRemaining)) snapshot.remaining = std::max(0.0, draft.amount(QuotaPart::kRemaining));
    snapshot.used_fraction = used(draft);
    if (snapshot.limit && *snapshot.limit < 0) {
      // As Copilot writes that there is no limit.
      snapshot.limit.reset();
      snapshot.remaining.reset();
      snapshot.used_fraction.reset();
      if (snapshot.status.empty()) snapshot.status = "unlimited";
      return snapshot;
    }
    if (!snapshot.remaining && snapshot.limit && snapshot.used_fraction) {
      snapshot.remaining = std::max(0.0, *snapshot.limit * (1 - *snapshot.used_fraction));
    }
    const bool says_something =
        snapshot.limit || snapshot.remaining || snapshot.used_fraction || !snapshot.status.empty();
    return says_something ? std::optional(std::move(snapshot)) : std::nullopt;
  }

  static std::optional<double> used(const Draft& draft) {
    std::optional<double> fraction;
    if (draft.has(QuotaPart::kUsedFraction)) {
      fraction = draft.amount(QuotaPart::kUsedFraction);
    } else if (draft.has(QuotaPart::kUsedPercent)) {
      fraction = draft.amount(QuotaPart::kUsedPercent) / 100;
    } else if (draft.has(QuotaPart::kRemainingPercent)) {
      fraction = (100 - draft.amount(QuotaPart::kRemainingPercent)) / 100;
    } else if (draft.has(QuotaPart::kLimit) && draft.amount(QuotaPart::kLimit) > 0) {
      const double limit = draft.amount(QuotaPart::kLimit);
      if (draft.has(QuotaPart::kUsed)) {
        fraction = draft.amount(QuotaPart::kUsed) / limit;
      } else if (draft.has(QuotaPart::kRemaining)) {
        fraction = (limit - draft.amount(QuotaPart::kRemaining)) / limit;
      }
    }
    // More may be left than the limit says, just after it was lowered.
    return fraction ? std::optional(std::max(0.0, *fraction)) : std::nullopt;
  }

  const provider::QuotaRules& rules_;
  const int status_;
  const UtcTime now_;
  const Limits& limits_;
  std::vector<Draft> drafts_;
  Reading reading_;
};

}  // namespace

Reading read(const provider::Spec& spec, int status, wire::Fields fields, UtcTime now, const Limits& limits) {
  if (spec.quotas.empty()) return {};
  HeadReader reader(spec.quotas, status, now, limits);
  for (const wire::Field& field : fields) reader.field(field);
  std::string label;
  for (const std::string& name : spec.account.label_fields) {
    if (!label.empty()) break;
    label = plain_text(wire::find(fields, name).value_or(""), limits.text_bytes);
  }
  return reader.finish(spec.name, label);
}

}  // namespace tokometer::quota
