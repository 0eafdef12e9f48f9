// Any bytes are counted the same whole and in parts, in every encoding; what is JSON is read as a request.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "tokenizer/image_size.h"
#include "tokenizer/prompt.h"
#include "tokenizer/small_vocabulary.h"
#include "tokenizer/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tokometer;
  using namespace tokometer::tokenizer;
  static const auto vocabulary = small_vocabulary();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const Encoding encoding : kEncodings) {
    const Tokenizer tokenizer(encoding, vocabulary);
    const auto tokens = tokenizer.encode(text);
    TOKOMETER_CHECK(tokenizer.count(text) == tokens.size());
    TOKOMETER_CHECK(tokenizer.decode(tokens) == text);
    tokenizer.encode_with_specials(text);
    Counter counter(tokenizer);
    for (std::size_t at = 0; at < size; at += 5) counter.feed(text.substr(at, 5));
    TOKOMETER_CHECK(counter.finish() == tokens.size());
    // Where a cut is sure, both sides are counted alone.
    if (const std::size_t cut = last_sure_cut(text, 0); cut > 0) {
      TOKOMETER_CHECK(tokenizer.count(text.substr(0, cut)) + tokenizer.count(text.substr(cut)) == tokens.size());
    }
  }
  image_size(text);
  if (const auto document = json::Document::parse(std::string(text)); document && is_prompt(document->root())) {
    const Family family;
    const ChatRule chat;
    const ImageRule image;
    const Tokenizer tokenizer(Encoding::kO200kBase, vocabulary);
    TOKOMETER_CHECK(count_prompt(document->root(), {&family, &chat, &image}, tokenizer).total() >= 0);
  }
  return 0;
}
