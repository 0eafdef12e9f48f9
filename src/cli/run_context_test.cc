#include "cli/run_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/test_environment.h"

namespace tokometer::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class RunContextTest : public ::testing::Test {
 protected:
  // What `tokometer run` with these options says of them before it starts anything.
  std::string refused(std::vector<std::string> options) {
    options.insert(options.begin(), "run");
    options.insert(options.end(), {"--", "/no/such/program"});
    test.variables["XDG_DATA_HOME"] = (test.home() / "data").string();
    EXPECT_EQ(test.run(options), ExitCode::kWrongUse) << test.err();
    EXPECT_FALSE(std::filesystem::exists(test.home() / "data")) << "nothing was started";
    return test.err();
  }

  TestEnvironment test;
};

TEST_F(RunContextTest, NamesAnOptionThatIsTooLong) {
  EXPECT_THAT(refused({"--budget", "1tok", "--hard", "--project", std::string(4200, 'a')}),
              StartsWith("tokometer: --project \"" + std::string(31, 'a') + "…\": 4200 bytes, at most 256 are kept\n"));
  EXPECT_THAT(refused({"--tag", "short", "--tag", std::string(257, 't')}), HasSubstr("t…\": 257 bytes, at most 256"));
}

TEST_F(RunContextTest, RefusesTagsThatWouldBeLeftOut) {
  std::vector<std::string> options;
  for (int i = 0; i < 33; ++i) options.insert(options.end(), {"--tag", "tag" + std::to_string(i)});
  EXPECT_THAT(refused(options), HasSubstr("--tag: more than 32 tags"));
}

TEST_F(RunContextTest, RefusesWhatIsTooLongTogether) {
  std::vector<std::string> options{"--budget", "1tok", "--hard"};
  for (int i = 0; i < 20; ++i) {
    options.insert(options.end(), {"--tag", "key" + std::to_string(i) + ":" + std::string(230, 'v')});
  }
  EXPECT_THAT(refused(options), AllOf(HasSubstr("--project, --tag and TOKOMETER_CONTEXT are "),
                                      HasSubstr("as JSON with the run's id: at most 4096 are read")));
}

TEST_F(RunContextTest, RefusesAVariableThatIsTooLong) {
  test.variables["TOKOMETER_CONTEXT"] = R"({"budget":"1tok hard","other":")" + std::string(4096, 'x') + "\"}";
  EXPECT_THAT(refused({}), HasSubstr("TOKOMETER_CONTEXT: 4129 bytes: at most 4096 are read"));
}

TEST_F(RunContextTest, RefusesAVariableThatIsBroken) {
  // It may have held a budget.
  test.variables["TOKOMETER_CONTEXT"] = R"({"budget":"1tok hard")";
  EXPECT_THAT(refused({}), AllOf(StartsWith("tokometer: TOKOMETER_CONTEXT: context: 1:22: cut short"),
                                 HasSubstr(": mend it, or unset it\n")));
  for (const char* broken : {"[]", "5usd", R"({"budget":"lots hard"})", R"({"budget":5})", R"({"outer":[{}]})"}) {
    test.variables["TOKOMETER_CONTEXT"] = broken;
    EXPECT_THAT(refused({}), HasSubstr("TOKOMETER_CONTEXT: ")) << broken;
  }
}

TEST_F(RunContextTest, LeavesStandardOutputToTheProgram) {
  EXPECT_THAT(refused({"--json", "-"}),
              StartsWith("tokometer: --json -: standard output is the program's: name a file, or /dev/stderr\n"));
}

TEST_F(RunContextTest, NeedsABudgetToBeHard) {
  EXPECT_THAT(refused({"--hard"}), HasSubstr("--hard: needs a --budget"));
}

}  // namespace
}  // namespace tokometer::cli
