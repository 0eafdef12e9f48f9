// JSON as people like to read specs: two spaces a level, and on one line what fits on it.
#pragma once

#include <string>

#include "json/document.h"

namespace tokometer::app {

// With a line end behind it.
std::string spec_text(json::Node root);

}  // namespace tokometer::app
