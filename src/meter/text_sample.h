// The text of a request or a response, as far as it was kept: what tokens are
// counted of where the provider does not say.
//
// Which values are text is said by the spec (the keys `text` and `turns`,
// docs/provider-spec.md).
//
// Not here: counting (estimate.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "meter/content_sample.h"
#include "provider/format.h"

namespace tokometer::meter {

struct TextSample {
  std::string text;
  std::int64_t turns = 0;  // messages in it
  double share = 1;        // of the whole content, what part this is of

  bool empty() const { return text.empty(); }
  // Both one after the other, as parts of both contents together.
  void append(const TextSample& other);
};

// Adds what `document` says by `rules`. A document that is cut short gives what came before.
void add_text(const provider::TextRules& rules, std::string_view document, TextSample& sample);

// The text of a document of which `content` is kept.
TextSample document_text(const provider::TextRules& rules, const ContentSample& content);

}  // namespace tokometer::meter
