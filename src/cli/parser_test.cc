#include "cli/parser.h"

#include <gtest/gtest.h>

namespace tokometer::cli {
namespace {

Result<ExitCode> nothing(const Arguments&, Environment&) { return ExitCode::kOk; }

Command example_program() {
  return {
      .name = "tokometer",
      .summary = "Example",
      .subcommands = {
          {.name = "events",
           .summary = "Events",
           .positionals = {{.name = "ID", .help = "", .required = false}},
           .options = {{.name = "follow", .letter = 'f', .help = ""},
                       {.name = "quiet", .letter = 'q', .help = ""},
                       {.name = "number",
                        .letter = 'n',
                        .type = OptionType::kNumber,
                        .placeholder = "N",
                        .fallback = "10",
                        .help = ""},
                       {.name = "tag", .type = OptionType::kText, .placeholder = "TAG", .help = "", .repeats = true},
                       {.name = "order",
                        .type = OptionType::kChoice,
                        .placeholder = "HOW",
                        .help = "",
                        .choices = {"old", "new"}},
                       {.name = "capture", .type = OptionType::kSwitch, .help = ""}},
           .run = nothing},
          {.name = "wrap",
           .summary = "Wrap",
           .positionals = {{.name = "COMMAND", .help = ""},
                           {.name = "ARGUMENT", .help = "", .required = false, .repeats = true}},
           .options = {{.name = "number", .letter = 'n', .type = OptionType::kNumber, .placeholder = "N", .help = ""},
                       {.name = "json", .help = ""}},
           .run = nothing,
           .runs_command = true},
          {.name = "store",
           .summary = "Store",
           .subcommands = {{.name = "check", .summary = "Check", .run = nothing},
                           {.name = "copy",
                            .summary = "Copy",
                            .positionals = {{.name = "TO", .help = ""}, {.name = "FILE", .help = "", .repeats = true}},
                            .run = nothing}}}}};
}

class ParserTest : public testing::Test {
 protected:
  std::expected<Arguments, WrongUse> parse(const std::vector<std::string>& words) {
    return cli::parse(program_, words);
  }
  std::string fault(const std::vector<std::string>& words) {
    const auto arguments = parse(words);
    return arguments ? "" : arguments.error().message;
  }

  const Command program_ = example_program();
};

TEST_F(ParserTest, ReadsEveryFormOfAnOption) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{"events", "--number", "3"},
                                                                                     {"events", "--number=3"},
                                                                                     {"events", "-n", "3"},
                                                                                     {"events", "-n3"},
                                                                                     {"events", "-fn3"}}) {
    const auto arguments = parse(words);
    ASSERT_TRUE(arguments) << arguments.error().message;
    EXPECT_EQ(arguments->number("number"), 3);
  }
  const auto both = parse({"events", "-fq"});
  ASSERT_TRUE(both);
  EXPECT_TRUE(both->has("follow"));
  EXPECT_TRUE(both->has("quiet"));
}

TEST_F(ParserTest, FallsBackOnDefaults) {
  const auto arguments = parse({"events"});
  ASSERT_TRUE(arguments);
  EXPECT_FALSE(arguments->has("number"));
  EXPECT_EQ(arguments->number("number"), 10);
  EXPECT_EQ(arguments->value("order"), std::nullopt);
  EXPECT_EQ(arguments->value("color"), "auto");
  EXPECT_TRUE(arguments->values("tag").empty());
}

TEST_F(ParserTest, KeepsRepeatsInOrderAndTakesTheLastOfOthers) {
  const auto arguments = parse({"events", "--tag", "a", "--number=1", "--tag=b", "--number=2"});
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->values("tag"), (std::vector<std::string_view>{"a", "b"}));
  EXPECT_EQ(arguments->number("number"), 2);
}

TEST_F(ParserTest, SwitchesOnAndOff) {
  EXPECT_EQ(parse({"events", "--capture"})->value("capture"), "true");
  EXPECT_EQ(parse({"events", "--capture", "--no-capture"})->value("capture"), "false");
  EXPECT_EQ(fault({"events", "--no-follow"}), "there is no option \"--no-follow\"; did you mean \"--follow\"?");
}

TEST_F(ParserTest, FindsSubcommandsAndTheirArguments) {
  const auto arguments = parse({"--color=never", "store", "--data-dir", "/d", "copy", "a", "b", "c"});
  ASSERT_TRUE(arguments) << arguments.error().message;
  EXPECT_EQ(arguments->path(), "tokometer store copy");
  EXPECT_EQ(arguments->command().name, "copy");
  EXPECT_EQ(arguments->positionals().size(), 3U);
  EXPECT_EQ(arguments->positional(2), "c");
  EXPECT_EQ(arguments->positional(3), std::nullopt);
  EXPECT_EQ(arguments->value("data-dir"), "/d");
}

TEST_F(ParserTest, TakesEverythingAfterTwoDashesAsArguments) {
  EXPECT_EQ(parse({"events", "--", "--follow"})->positional(0), "--follow");
  EXPECT_EQ(parse({"events", "-"})->positional(0), "-");
}

TEST_F(ParserTest, TakesAValueThatLooksLikeAnOption) {
  EXPECT_EQ(parse({"events", "--tag", "--follow"})->value("tag"), "--follow");
}

TEST_F(ParserTest, SaysWhatIsWrongAndWhatWasMeant) {
  EXPECT_EQ(fault({"events", "--folow"}), "there is no option \"--folow\"; did you mean \"--follow\"?");
  EXPECT_EQ(fault({"events", "--zzzzzz"}), "there is no option \"--zzzzzz\"");
  EXPECT_EQ(fault({"events", "-x"}), "there is no option \"-x\"");
  EXPECT_EQ(fault({"event"}), "there is no command \"event\"; did you mean \"events\"?");
  EXPECT_EQ(fault({"store", "chekc"}), "there is no command \"chekc\"; did you mean \"check\"?");
  EXPECT_EQ(fault({"events", "--number"}), "--number needs a value: N");
  EXPECT_EQ(fault({"events", "-n"}), "-n needs a value: N");
  EXPECT_EQ(fault({"events", "--number=x"}), "--number: \"x\" is not a whole number");
  EXPECT_EQ(fault({"events", "--number=-1"}), "--number: \"-1\" is not a whole number");
  EXPECT_EQ(fault({"events", "--number=99999999999999999999"}),
            "--number: \"99999999999999999999\" is not a whole number");
  EXPECT_EQ(fault({"events", "--order=odl"}), "--order: \"odl\" is not one of old, new; did you mean \"old\"?");
  EXPECT_EQ(fault({"events", "--follow=yes"}), "--follow takes no value");
  EXPECT_EQ(fault({"events", "a", "b"}), "\"b\" is one argument too many");
  EXPECT_EQ(fault({"store", "copy"}), "TO is missing");
  EXPECT_EQ(fault({"store", "copy", "a"}), "FILE is missing");
  EXPECT_EQ(fault({"store"}), "tokometer store needs a command");
  EXPECT_EQ(fault({"events", "--data-dir="}), "--data-dir: the path is empty");
}

TEST_F(ParserTest, NamesTheCommandWhoseHelpIsWorthReading) {
  EXPECT_EQ(parse({"store", "check", "--x"}).error().path, "tokometer store check");
}

TEST_F(ParserTest, LeavesACommandLineOfAnotherProgramAlone) {
  const std::vector<std::string> command = {"claude", "-p", "--json", "--", "-n", "x"};
  for (const std::vector<std::string>& before :
       std::vector<std::vector<std::string>>{{"wrap", "-n", "3"}, {"wrap", "-n", "3", "--"}}) {
    std::vector<std::string> words = before;
    words.insert(words.end(), command.begin(), command.end());
    const auto arguments = parse(words);
    ASSERT_TRUE(arguments) << arguments.error().message;
    EXPECT_EQ(std::vector(arguments->positionals().begin(), arguments->positionals().end()), command);
    EXPECT_EQ(arguments->number("number"), 3);
    EXPECT_FALSE(arguments->has("json"));
  }
}

TEST_F(ParserTest, MissesNothingOnceHelpIsAskedFor) {
  EXPECT_TRUE(parse({"store", "copy", "--help"}));
  EXPECT_TRUE(parse({"store", "-h"}));
}

TEST_F(ParserTest, BreaksOffWhenTheProgramAsksForAnOptionThatIsNotInTheTable) {
  const auto arguments = parse({"events"});
  EXPECT_DEATH(static_cast<void>(arguments->has("colour")), "global");
}

}  // namespace
}  // namespace tokometer::cli
