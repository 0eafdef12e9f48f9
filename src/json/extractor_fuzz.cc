// The Extractor answers as a Query over the Document does, however the text is cut.
//
// Names that are repeated are left out of the comparison: the Extractor tells of each.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "json/document.h"
#include "json/extractor.h"
#include "json/query.h"

namespace {

using tokometer::json::Document;
using tokometer::json::Extractor;
using tokometer::json::Kind;
using tokometer::json::Node;
using tokometer::json::Query;
using tokometer::json::QuerySet;
using tokometer::json::Value;
using tokometer::json::Want;
using tokometer::json::WantedQuery;

const std::vector<WantedQuery>& queries() {
  static const std::vector<WantedQuery> all = {{"$"},
                                               {"$.a"},
                                               {"$.a.b"},
                                               {"$[0]"},
                                               {"$[1].a"},
                                               {"$[*]"},
                                               {"$[*].b"},
                                               {"$.b[0].a"},
                                               {"$[0][*].a"},
                                               {"$['']"},
                                               {"$.a", Want::kValue, 8},
                                               {"$.a", Want::kPresence}};
  return all;
}

struct Answers {
  std::vector<std::vector<std::string>> texts{queries().size()};
  bool right = false;

  friend bool operator==(const Answers&, const Answers&) = default;
};

std::string line(Kind kind, std::string_view text, std::size_t raw_size) {
  return std::string(to_string(kind)) + " " + std::string(text) + " " + std::to_string(raw_size);
}

Answers extract(const QuerySet& set, std::string_view text, std::size_t piece) {
  Answers answers;
  auto sink = [&](std::size_t query, const Value& value) {
    answers.texts[query].push_back(line(value.kind, value.text, value.raw_size));
  };
  Extractor extractor(set);
  bool ok = true;
  for (std::size_t at = 0; ok && at < text.size(); at += piece) {
    const std::string_view part = text.substr(at, piece);
    const std::vector<char> copy(part.begin(), part.end());
    ok = extractor.feed({copy.data(), copy.size()}, sink);
  }
  answers.right = ok && extractor.finish(sink);
  return answers;
}

Answers query(const Document& document) {
  Answers answers;
  answers.right = true;
  for (std::size_t i = 0; i < queries().size(); ++i) {
    const auto nodes = Query::compile(queries()[i].text)->run(document.root());
    for (const Node node : *nodes) {
      const bool told = queries()[i].want == Want::kValue && node.raw().size() <= queries()[i].max_bytes;
      const std::string_view text = node.string().value_or(node.raw());
      answers.texts[i].push_back(line(node.kind(), told ? text : "", node.raw().size()));
    }
  }
  return answers;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // The root itself is asked for, so that nothing is skipped; without it, much is.
  static const QuerySet strict = *QuerySet::compile(queries());
  static const QuerySet loose = *QuerySet::compile(std::vector<WantedQuery>(queries().begin() + 1, queries().end()));
  const Answers whole = extract(strict, text, size + 1);
  TOKOMETER_CHECK(extract(strict, text, 1) == whole);
  TOKOMETER_CHECK(extract(strict, text, 5) == whole);
  const Answers skipping = extract(loose, text, size + 1);
  TOKOMETER_CHECK(extract(loose, text, 1) == skipping);
  const Document::Limits limits{.max_bytes = size, .max_depth = 512};
  const auto document = Document::parse(std::string(text), limits);
  if (!document) return 0;
  TOKOMETER_CHECK(skipping.right);
  // Wildcards and containers are told in the order in which values end, one list a query: the same as the
  // query's order, for none of these queries selects a value inside another one's.
  if (document->duplicates().empty()) TOKOMETER_CHECK(query(*document) == whole);
  return 0;
}
