#include "pricing/price_file.h"

#include <gtest/gtest.h>

namespace tokometer::pricing {
namespace {

// Every mistake that reading `content` finds, one a line.
std::string mistakes_in(std::string_view content) {
  json::Mistakes mistakes("x.json");
  read_price_file(content, Origin::kBuiltin, mistakes);
  std::string result;
  for (const json::Mistake& mistake : mistakes.all()) result += mistake.where + ": " + mistake.what + "\n";
  return result;
}

std::string mistakes_in_entry(std::string_view fields) {
  return mistakes_in(R"({"provider": "p", "sources": {"page": "a page"}, "models": [{"id": "m", "prices": [{)" +
                     std::string(fields) + "}]}]}");
}

TEST(PriceFile, ReadsEveryKey) {
  json::Mistakes mistakes("x.json");
  const PriceFile file = read_price_file(R"({
    "$schema": "../schema/prices.schema.json",
    "provider": "acme", "also": ["acme_eu"], "falls_back_to": ["openai"], "strip": ["models/"],
    "sources": {"page": "acme.example/prices, 2026-11-01"},
    "models": [{
      "id": "big", "aliases": ["grand"], "prefixes": ["big-preview"],
      "prices": [{
        "from": "2026-01-02", "until": "2026-03-04T05:06:07Z", "hours": "16:30-00:30",
        "sources": ["page"], "disputed": "input",
        "input": 1, "output": 2, "cache_read": 3, "cache_write": 4, "cache_write_1h": 5, "audio_input": 6,
        "cache_read_audio": 7, "image_input": 8, "reasoning": 9, "audio_output": 10, "image_output": 11,
        "long_context": [{"above": 128000, "input": 12}],
        "tiers": {"batch": {"input": 0.5, "long_context": [{"above": 128000, "input": 6}]}},
        "tools": {"web_search": 13}
      }]
    }]})",
                                         Origin::kUser, mistakes);
  ASSERT_TRUE(mistakes.empty()) << mistakes.first().message;
  EXPECT_EQ(file.provider, "acme");
  EXPECT_EQ(file.also, std::vector<std::string>{"acme_eu"});
  EXPECT_EQ(file.falls_back_to, std::vector<std::string>{"openai"});
  EXPECT_EQ(file.strip, std::vector<std::string>{"models/"});
  const Model& model = file.models.at(0);
  EXPECT_EQ(model.provider, "acme");
  EXPECT_EQ(model.aliases, std::vector<std::string>{"grand"});
  EXPECT_EQ(model.prefixes, std::vector<std::string>{"big-preview"});
  const Entry& entry = model.entries.at(0);
  EXPECT_EQ(entry.ref, "acme/big@2026-01-02");
  EXPECT_EQ(entry.from, parse_rfc3339("2026-01-02"));
  EXPECT_EQ(entry.until, parse_rfc3339("2026-03-04T05:06:07Z"));
  EXPECT_EQ(entry.hours->from, std::chrono::minutes(990));
  EXPECT_EQ(entry.hours->until, std::chrono::minutes(30));
  EXPECT_EQ(entry.sources, std::vector<std::string>{"acme.example/prices, 2026-11-01"});
  EXPECT_EQ(entry.disputed, "input");
  EXPECT_EQ(entry.origin, Origin::kUser);
  const std::pair<Unit, const char*> expected[] = {
      {Unit::kInput, "1"},        {Unit::kOutput, "2"},       {Unit::kCacheRead, "3"},      {Unit::kCacheWrite, "4"},
      {Unit::kCacheWrite1h, "5"}, {Unit::kAudioInput, "6"},   {Unit::kCacheReadAudio, "7"}, {Unit::kImageInput, "8"},
      {Unit::kReasoning, "9"},    {Unit::kAudioOutput, "10"}, {Unit::kImageOutput, "11"}};
  for (const auto& [unit, text] : expected) EXPECT_EQ(entry.standard.base[unit]->text(), text) << to_string(unit);
  EXPECT_EQ(entry.standard.long_context.at(0).above, 128'000);
  EXPECT_EQ(entry.standard.long_context.at(0).rates[Unit::kInput]->text(), "12");
  EXPECT_EQ(entry.tiers.at(0).name, "batch");
  EXPECT_EQ(entry.tiers.at(0).schedule.base[Unit::kInput]->text(), "0.5");
  EXPECT_EQ(entry.tiers.at(0).schedule.long_context.at(0).rates[Unit::kInput]->text(), "6");
  EXPECT_EQ(entry.tools.at(0).first, "web_search");
  EXPECT_EQ(entry.tools.at(0).second.text(1'000), "13");
}

TEST(PriceFile, RefusesUnknownKeysEverywhere) {
  EXPECT_EQ(mistakes_in("{\"provider\": \"p\",\n \"modles\": []}"), "x.json:2: unknown key \"modles\"\n");
  EXPECT_EQ(mistakes_in(R"({"provider": "p", "models": [{"id": "m", "alias": [], "prices": [{"input": 1}]}]})"),
            "x.json:1: unknown key \"alias\"\n");
  EXPECT_EQ(mistakes_in_entry(R"("inputs": 1)"), "x.json:1: unknown key \"inputs\"\n");
  EXPECT_EQ(mistakes_in_entry(R"("tiers": {"batch": {"price": 1}})"), "x.json:1: unknown key \"price\"\n");
  EXPECT_EQ(mistakes_in_entry(R"("long_context": [{"above": 1, "x": 1}])"), "x.json:1: unknown key \"x\"\n");
}

TEST(PriceFile, SaysWhatIsMissing) {
  EXPECT_EQ(mistakes_in("{}"), "x.json:1: \"provider\" is missing\n");
  EXPECT_EQ(mistakes_in(R"({"provider": "p", "models": [{"prices": [{"input": 1}]}]})"),
            "x.json:1: \"id\" is missing\n");
  EXPECT_EQ(mistakes_in(R"({"provider": "p", "models": [{"id": "m"}]})"), "x.json:1: \"prices\" is missing\n");
  EXPECT_EQ(mistakes_in("[]"), "x.json:1: a price file is an object\n");
}

TEST(PriceFile, RefusesPricesThatAreNotExact) {
  for (const char* price : {"\"3\"", "-1", "0.0000000000001", "9300000", "true"}) {
    EXPECT_EQ(mistakes_in_entry(std::string("\"input\": ") + price),
              "x.json:1: \"input\" must be a price in USD, a number from 0 with at most twelve decimals\n")
        << price;
  }
}

TEST(PriceFile, RefusesWrongTimes) {
  EXPECT_NE(mistakes_in_entry(R"("from": "2026-13-01")"), "");
  EXPECT_NE(mistakes_in_entry(R"("from": "2026-02-01", "until": "2026-02-01")"), "");
  for (const char* hours : {"16:30", "16:30-24:30", "16:30/00:30", "16:30-16:30", "1630-0030xx"}) {
    EXPECT_NE(mistakes_in_entry(std::string("\"hours\": \"") + hours + "\""), "") << hours;
  }
}

TEST(PriceFile, RefusesStepsOutOfOrder) {
  EXPECT_NE(mistakes_in_entry(R"("long_context": [{"above": 2, "input": 1}, {"above": 2, "input": 1}])"), "");
  EXPECT_NE(mistakes_in_entry(R"("long_context": [{"input": 1}])"), "");
}

TEST(PriceFile, RefusesSourcesThatItDoesNotName) {
  EXPECT_EQ(mistakes_in_entry(R"("input": 1, "sources": ["hearsay"])"),
            "x.json:1: \"hearsay\" is not among the file's sources\n");
}

TEST(PriceFile, RefusesNamesOfTwoModels) {
  const auto models = [](std::string_view second) {
    return mistakes_in(R"({"provider": "p", "models": [{"id": "a", "aliases": ["b"], "prices": [{"input": 1}]},)"
                       "\n" +
                       std::string(second) + "]}");
  };
  EXPECT_EQ(models(R"({"id": "B", "prices": [{"input": 2}]})"), "x.json:2: \"B\" of B is a name of a too\n");
  EXPECT_EQ(models(R"({"id": "c", "aliases": ["A"], "prices": [{"input": 2}]})"),
            "x.json:2: \"A\" of c is a name of a too\n");
  EXPECT_EQ(models(R"({"id": "c", "prefixes": ["b"], "prices": [{"input": 2}]})"), "");
}

TEST(PriceFile, RefusesWrongSurchargesAndRequests) {
  EXPECT_EQ(mistakes_in_entry(R"("surcharges": [{"name": "x", "times": 2}])"), "x.json:1: \"usage\" is missing\n");
  EXPECT_EQ(mistakes_in_entry(R"("surcharges": [{"host": "x"}])"),
            "x.json:1: \"name\" is missing\nx.json:1: \"times\" is missing\n");
  EXPECT_EQ(mistakes_in_entry(R"("surcharges": [{"name": "x", "host": "x", "times": 0}])"),
            "x.json:1: \"times\" must be a number above 0 with at most six decimals\n");
  EXPECT_EQ(mistakes_in_entry(R"("surcharges": [{"name": "x", "usage": "$.a", "times": 2}])"),
            "x.json:1: \"is\" is missing\n");
  EXPECT_EQ(mistakes_in_entry(R"("requests": [{"usage": "$.a", "is": "b", "host": "c", "price": 1}])"),
            "x.json:1: a condition is of the host or of the usage\n");
  EXPECT_EQ(mistakes_in_entry(R"("requests": [{"host": "*.*", "price": 1}])"),
            "x.json:1: \"*.*\" has more than one \"*\"\n");
  EXPECT_NE(mistakes_in_entry(R"("requests": [{"usage": "a", "is": "b", "price": 1}])"), "");
  EXPECT_NE(mistakes_in_entry(R"("requests": [{"is": "b"}])"), "");
  EXPECT_EQ(mistakes_in_entry(R"("requests": [{"usage": "$.a", "is": "b", "price": 1}, {"price": 2}])"), "");
}

}  // namespace
}  // namespace tokometer::pricing
