#include "cli/run_reasons.h"

#include <gtest/gtest.h>

namespace tokometer::cli {
namespace {

TEST(RunReasons, KnowWhichNodeHeedsProxies) {
  for (const std::string_view version : {"v20.20.2", "v18.0.0", "v22.20.9", "v23.11.0", "v24.4.1"}) {
    EXPECT_FALSE(heeds_proxies(version)) << version;
  }
  for (const std::string_view version : {"v22.21.0", "v24.5.0", "v25.0.0", "26.1.0", "", "v20", "nonsense"}) {
    EXPECT_TRUE(heeds_proxies(version)) << version;
  }
}

TEST(RunReasons, KnowScriptsOfNodes) {
  for (const std::string_view line :
       {"#!/usr/bin/env node", "#! /usr/bin/env -S node --no-warnings", "#!/opt/node-20/bin/node", "#!/usr/bin/nodejs",
        "#!/usr/bin/env -S NODE_OPTIONS=x node\r"}) {
    EXPECT_TRUE(is_node_script(line)) << line;
  }
  for (const std::string_view line : {"", "#!", "#!/bin/sh", "#!/bin/sh node", "node", "#!/usr/bin/env python3"}) {
    EXPECT_FALSE(is_node_script(line)) << line;
  }
}

}  // namespace
}  // namespace tokometer::cli
