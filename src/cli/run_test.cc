#include "cli/run.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "cli/test_environment.h"

namespace tokometer::cli {
namespace {

Result<ExitCode> succeed(const Arguments&, Environment& environment) {
  environment.out.print("{}", environment.out.style().green("done"));
  return ExitCode::kOk;
}
Result<ExitCode> fall(const Arguments&, Environment&) { return fail(ErrorCode::kIo, "/x: no space left"); }
Result<ExitCode> refuse(const Arguments& arguments, Environment& environment) {
  return environment.wrong_use(arguments, "--until is before --since");
}

Command example() {
  return {.name = "tokometer",
          .summary = "Example",
          .subcommands = {{.name = "succeed", .summary = "Succeed", .run = succeed},
                          {.name = "fail", .summary = "Fail", .run = fall},
                          {.name = "refuse", .summary = "Refuse", .run = refuse}}};
}

TEST(Run, GivesExitCodesAndSaysWhy) {
  TestEnvironment test(example());
  EXPECT_EQ(test.run({"succeed"}), ExitCode::kOk);
  EXPECT_EQ(test.run({"fail"}), ExitCode::kFailed);
  EXPECT_EQ(test.err(), "tokometer: /x: no space left\n");
  EXPECT_EQ(test.run({"refuse"}), ExitCode::kWrongUse);
  EXPECT_EQ(test.err(), "tokometer: --until is before --since\nTry \"tokometer refuse --help\".\n");
  EXPECT_EQ(test.run({"sucede"}), ExitCode::kWrongUse);
  EXPECT_EQ(test.err(),
            "tokometer: there is no command \"sucede\"; did you mean \"succeed\"?\nTry \"tokometer --help\".\n");
  EXPECT_EQ(test.run({}), ExitCode::kWrongUse);
  EXPECT_EQ(test.out(), "");
  EXPECT_NE(test.err().find("succeed"), std::string::npos);
}

TEST(Run, ColoursATerminalUnlessToldOtherwise) {
  TestEnvironment test(example());
  const std::string green = Style(true).green("done");
  test.run({"succeed"});
  EXPECT_EQ(test.out(), "done");
  test.run({"succeed", "--color=always"});
  EXPECT_EQ(test.out(), green);
  test.form.is_terminal = true;
  test.run({"succeed"});
  EXPECT_EQ(test.out(), green);
  test.run({"succeed", "--color", "never"});
  EXPECT_EQ(test.out(), "done");
  test.variables["TERM"] = "dumb";
  test.run({"succeed"});
  EXPECT_EQ(test.out(), "done");
  test.variables["TERM"] = "xterm";
  test.variables["NO_COLOR"] = "1";
  test.run({"succeed"});
  EXPECT_EQ(test.out(), "done");
  test.run({"succeed", "--color=always"});
  EXPECT_EQ(test.out(), green);
}

TEST(Run, NoticesOutputThatCannotBeWritten) {
  std::FILE* const full = std::fopen("/dev/full", "w");
  if (full == nullptr) GTEST_SKIP() << "no /dev/full";
  TestEnvironment test(example());
  Environment made = test.make();
  StreamOutput out(full);
  Environment environment{.out = out,
                          .err = made.err,
                          .clock = made.clock,
                          .log = made.log,
                          .variable = made.variable,
                          .program = made.program};
  const std::vector<std::string> words{"succeed"};
  EXPECT_EQ(run(words, environment), ExitCode::kFailed);
  EXPECT_EQ(out.error(), ENOSPC);
  EXPECT_EQ(test.err(), "tokometer: the output could not be written\n");
  static_cast<void>(std::fclose(full));
}

TEST(Run, TellsTheVersionInEveryWay) {
  TestEnvironment test;
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"--version"}, {"-V"}, {"version"}}) {
    EXPECT_EQ(test.run(words), ExitCode::kOk);
    EXPECT_TRUE(test.out().starts_with("tokometer ")) << test.out();
  }
  EXPECT_EQ(test.run({"version", "--json"}), ExitCode::kOk);
  EXPECT_TRUE(test.out().starts_with("{\"name\":\"tokometer\",\"version\":\"")) << test.out();
}

}  // namespace
}  // namespace tokometer::cli
