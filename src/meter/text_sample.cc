#include "meter/text_sample.h"

#include <algorithm>

#include "json/extractor.h"

namespace tokometer::meter {

void TextSample::append(const TextSample& other) {
  const auto size = [](const TextSample& sample) { return static_cast<double>(sample.text.size()); };
  const double whole = size(*this) / std::max(share, 1e-9) + size(other) / std::max(other.share, 1e-9);
  text += other.text;
  turns += other.turns;
  if (whole > 0) share = size(*this) / whole;
}

void add_text(const provider::TextRules& rules, std::string_view document, TextSample& sample) {
  const auto sink = [&](std::size_t query, const json::Value& value) {
    if (value.kind == json::Kind::kNull) return;
    if (query >= rules.texts) {
      ++sample.turns;
      return;
    }
    if (value.kind != json::Kind::kArray) sample.text += value.text;
  };
  static_cast<void>(json::extract(rules.set, document, sink));
}

TextSample document_text(const provider::TextRules& rules, const ContentSample& content) {
  TextSample sample;
  if (rules.empty() || content.empty()) return sample;
  sample.share = content.head_share();
  add_text(rules, content.head(), sample);
  return sample;
}

}  // namespace tokometer::meter
