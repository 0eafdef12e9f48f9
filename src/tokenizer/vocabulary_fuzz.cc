// A table of tokens of any bytes is read or refused; what is read encodes every text.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "json/mistakes.h"
#include "tokenizer/model_file.h"
#include "tokenizer/vocabulary.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tokometer::tokenizer;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto& vocabulary : {Vocabulary::parse(bytes), Vocabulary::unpack(bytes)}) {
    if (!vocabulary) continue;
    TOKOMETER_CHECK(vocabulary->find("a") != kNoToken);
    for (Token token = 0; token < vocabulary->size(); ++token) vocabulary->find(vocabulary->bytes_of(token));
  }
  tokometer::json::Mistakes mistakes("fuzz");
  read_model_file(bytes, mistakes);
  return 0;
}
