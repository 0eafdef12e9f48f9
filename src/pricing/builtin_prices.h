// The price files that ship inside the binary, unpacked.
//
//   const auto catalog = Catalog::load(BuiltinPrices(), folders);
//
// They are some hundreds of KiB of text, a tenth of that in the binary; the text
// is there only as long as this object.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "embedded/embedded.h"

namespace tokometer::pricing {

class BuiltinPrices {
 public:
  BuiltinPrices();

  operator std::span<const embedded::File>() const { return files_; }
  std::span<const embedded::File> files() const { return files_; }

 private:
  std::string text_;
  std::vector<embedded::File> files_;  // of text_, in the order in which they go over one another
};

}  // namespace tokometer::pricing
