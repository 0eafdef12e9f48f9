// The RFC 9535 compliance suite, every case of it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "json/document.h"
#include "json/query.h"

namespace tokometer::json {
namespace {

Node at_path(Node root, const std::string& path) { return Query::compile(path)->first(root); }

// The selected values as one array, and their paths as another, give `expected`.
bool same(const std::vector<Query::Located>& selected, Node expected) {
  if (selected.size() != expected.size()) return false;
  for (std::size_t i = 0; i < selected.size(); ++i) {
    if (!equal(selected[i].node, expected[i])) return false;
  }
  return true;
}

bool same_paths(const std::vector<Query::Located>& selected, Node expected) {
  if (selected.size() != expected.size()) return false;
  for (std::size_t i = 0; i < selected.size(); ++i) {
    if (selected[i].path != expected[i].string()) return false;
  }
  return true;
}

TEST(QueryConformance, WholeSuite) {
  const std::filesystem::path file = std::filesystem::path(TOKOMETER_SHARED_DIR) / "data/suites/jsonpath/cts.json";
  std::ifstream stream(file);
  if (!stream) {
    ASSERT_EQ(std::getenv("CI"), nullptr) << "the suite is missing";
    GTEST_SKIP() << "no " << file;
  }
  const auto suite = Document::parse(std::string(std::istreambuf_iterator<char>(stream), {}));
  ASSERT_TRUE(suite) << suite.error().message;
  std::size_t count = 0;
  for (const Node test : suite->root()["tests"].elements()) {
    SCOPED_TRACE(*test["name"].string());
    ++count;
    const auto query = Query::compile(*test["selector"].string());
    if (test["invalid_selector"].boolean() == true) {
      EXPECT_FALSE(query) << *test["selector"].string();
      continue;
    }
    if (!query) {
      ADD_FAILURE() << query.error().message;
      continue;
    }
    const auto selected = query->run_located(test["document"]);
    ASSERT_TRUE(selected);
    const auto nodes = query->run(test["document"]);
    ASSERT_TRUE(nodes);
    EXPECT_EQ(nodes->size(), selected->size());
    if (test["result"]) {
      EXPECT_TRUE(same(*selected, test["result"]));
      EXPECT_TRUE(same_paths(*selected, test["result_paths"]));
    } else {
      bool any = false;
      for (std::size_t i = 0; i < test["results"].size(); ++i) {
        any = any || (same(*selected, test["results"][i]) && same_paths(*selected, test["results_paths"][i]));
      }
      EXPECT_TRUE(any);
    }
    for (const Query::Located& located : *selected) {
      EXPECT_EQ(at_path(test["document"], located.path), located.node) << located.path;
    }
  }
  EXPECT_GE(count, 703U);
}

}  // namespace
}  // namespace tokometer::json
