#include "wire/content_coding.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

#include "wire/content_coding_stage.h"
#include "wire/fields.h"

namespace tokometer::wire::content_coding {
namespace {

// RFC 9110, 8.4.1 and 18.6: names ignore case, and "x-gzip" is "gzip".
std::optional<Coding> coding_named(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Coding>, 6> kNames{{{"gzip", Coding::kGzip},
                                                                       {"x-gzip", Coding::kGzip},
                                                                       {"deflate", Coding::kDeflate},
                                                                       {"br", Coding::kBrotli},
                                                                       {"zstd", Coding::kZstd},
                                                                       {"identity", Coding::kIdentity}}};
  for (const auto& [known, coding] : kNames) {
    if (iequals(name, known)) return coding;
  }
  return std::nullopt;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

std::string_view to_string(Coding coding) {
  switch (coding) {
    case Coding::kIdentity:
      return "identity";
    case Coding::kGzip:
      return "gzip";
    case Coding::kDeflate:
      return "deflate";
    case Coding::kBrotli:
      return "br";
    case Coding::kZstd:
      return "zstd";
  }
  std::unreachable();
}

Result<Decoder> Decoder::open(std::string_view field_value, const Limits& limits) {
  std::vector<std::unique_ptr<Stage>> stages;
  // The coding applied last is named last and decoded first (RFC 9110, 8.4).
  while (!field_value.empty()) {
    const auto comma = field_value.rfind(',');
    const auto begin = comma == std::string_view::npos ? 0 : comma + 1;
    const std::string_view name = trimmed(field_value.substr(begin));
    field_value = field_value.substr(0, begin == 0 ? 0 : comma);
    if (name.empty()) continue;  // RFC 9110, 5.6.1.2: empty list elements are ignored
    const auto coding = coding_named(name);
    if (!coding) return fail(ErrorCode::kUnsupported, "content coding: not known");
    if (*coding == Coding::kIdentity) continue;
    if (stages.size() == limits.max_codings) {
      return fail(ErrorCode::kTooLarge, fmt::format("content coding: more than {} codings", limits.max_codings));
    }
    stages.push_back(Stage::make(*coding, limits));
  }
  return Decoder(std::move(stages));
}

Decoder::Decoder(std::vector<std::unique_ptr<Stage>> stages) : stages_(std::move(stages)) {}
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;
Decoder::~Decoder() = default;

Result<void> Decoder::feed(std::string_view bytes, Sink sink) {
  if (failed_) return fail(failure_);
  auto fed = feed_stage(0, bytes, sink);
  if (!fed) {
    failed_ = true;
    failure_ = fed.error();
  }
  return fed;
}

Result<void> Decoder::feed_stage(std::size_t index, std::string_view bytes, Sink sink) {
  if (bytes.empty()) return {};
  if (index == stages_.size()) {
    sink(bytes);
    return {};
  }
  return stages_[index]->feed(bytes, [&](std::string_view piece) { return feed_stage(index + 1, piece, sink); });
}

Result<void> Decoder::finish() {
  if (failed_) return fail(failure_);
  for (const auto& stage : stages_) {
    if (auto ended = stage->finish(); !ended) return ended;
  }
  return {};
}

}  // namespace tokometer::wire::content_coding
