// Compiling and running any query ends within its limits, and every normalized path leads back to its node.
//
// The input is a query, a NUL byte, and a document.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "json/document.h"
#include "json/query.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tokometer::json::Document;
  using tokometer::json::Query;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t nul = input.find('\0');
  const auto query = Query::compile(input.substr(0, nul));
  if (!query || nul == std::string_view::npos) return 0;
  const auto document = Document::parse(std::string(input.substr(nul + 1)));
  if (!document) return 0;
  const Query::RunLimits limits{.max_nodes = 1000, .max_steps = 10000};
  const auto nodes = query->run(document->root(), limits);
  const auto located = query->run_located(document->root(), limits);
  TOKOMETER_CHECK(nodes.has_value() == located.has_value());
  if (!nodes) return 0;
  TOKOMETER_CHECK(nodes->size() == located->size());
  if (query->is_singular()) TOKOMETER_CHECK(nodes->size() <= 1);
  for (std::size_t i = 0; i < nodes->size(); ++i) {
    TOKOMETER_CHECK((*nodes)[i] == (*located)[i].node);
    const auto path = Query::compile((*located)[i].path);
    TOKOMETER_CHECK(path && path->is_singular());
    TOKOMETER_CHECK(path->first(document->root()) == (*nodes)[i]);
  }
  return 0;
}
