// Which tokometer this is.
#pragma once

#include <string_view>

namespace tokometer::cli {

// "0.1.0", from CMakeLists.txt.
std::string_view version();

}  // namespace tokometer::cli
