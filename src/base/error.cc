#include "base/error.h"

#include <cctype>
#include <system_error>

namespace tokometer {

Error io_error(std::string_view what, int number) {
  std::string reason = std::generic_category().message(number);
  if (!reason.empty()) reason[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
  return {ErrorCode::kIo, std::string(what) + ": " + reason};
}

}  // namespace tokometer
