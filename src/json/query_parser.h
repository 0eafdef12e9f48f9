// Reads the text of a query (RFC 9535) into its tree, and checks its types.
#pragma once

#include <string_view>

#include "base/error.h"
#include "json/query.h"
#include "json/query_tree.h"

namespace tokometer::json {

// kInvalid: "offset N: what is wrong", offsets counting bytes from 0.
Result<QueryTree> parse_query(std::string_view text, const Query::Limits& limits);

}  // namespace tokometer::json
