#include "pricing/catalog.h"
#include "pricing/builtin_prices.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

// g++ 12 warns of designated initializers that leave members at their defaults.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace tokometer::pricing {
namespace {

const UtcTime kNow = *parse_rfc3339("2026-11-22T12:00:00Z");

std::shared_ptr<const Catalog> load(std::span<const embedded::File> files, const std::filesystem::path& user = "") {
  auto catalog = Catalog::load(files, {.imported = {}, .user = user});
  EXPECT_TRUE(catalog) << (catalog ? "" : catalog.error().message);
  return catalog ? *catalog : nullptr;
}

std::shared_ptr<const Catalog> load(std::initializer_list<embedded::File> files,
                                    const std::filesystem::path& user = "") {
  return load(std::span(files.begin(), files.size()), user);
}

std::string id_of(const Catalog& catalog, std::string_view provider, std::string_view model) {
  const Model* found = catalog.find(provider, model);
  return found != nullptr ? found->provider + "/" + found->id : "unknown";
}

constexpr std::string_view kAcme = R"({"provider": "acme", "also": ["acme_eu"], "strip": ["models/", "models/hot/"],
  "models": [
    {"id": "gpt-4", "prices": [{"input": 30, "output": 60}]},
    {"id": "gpt-4o", "aliases": ["Omni"], "prices": [{"input": 2.5, "output": 10}]},
    {"id": "gpt-4o-2024-05-13", "prices": [{"input": 5, "output": 15}]},
    {"id": "flash", "prefixes": ["flash-preview"], "prices": [{"input": 1, "output": 2}]},
    {"id": "flash-tts", "prefixes": ["flash-preview-tts"], "prices": [{"input": 3, "output": 4}]}
  ]})";
constexpr std::string_view kCloud = R"({"provider": "cloud", "strip": ["acme/"], "falls_back_to": ["acme"], "models": [
    {"id": "flash", "prices": [{"input": 9, "output": 9}]}]})";

TEST(Catalog, FindsWholeNames) {
  const auto catalog = load({{"acme.json", kAcme}});
  EXPECT_EQ(id_of(*catalog, "acme", "gpt-4"), "acme/gpt-4");
  EXPECT_EQ(id_of(*catalog, "acme", "GPT-4o"), "acme/gpt-4o");
  EXPECT_EQ(id_of(*catalog, "acme", "omni"), "acme/gpt-4o");
  EXPECT_EQ(id_of(*catalog, "acme_eu", "omni"), "acme/gpt-4o");
}

TEST(Catalog, NeverFindsPartsOfNames) {
  const auto catalog = load({{"acme.json", kAcme}});
  for (const char* name :
       {"gpt-4o-mini", "gpt-4.1", "gpt-4-turbo", "gpt", "my-gpt-4", "flash-previews", "flash-pro", "models/", ""}) {
    EXPECT_EQ(id_of(*catalog, "acme", name), "unknown") << name;
  }
  EXPECT_EQ(id_of(*catalog, "acme", std::string(5'000, 'x')), "unknown");
  EXPECT_EQ(id_of(*catalog, "acm", "gpt-4"), "unknown");
}

TEST(Catalog, ANameStandsForItsReleases) {
  const auto catalog = load({{"acme.json", kAcme}});
  EXPECT_EQ(id_of(*catalog, "acme", "gpt-4o-2024-08-06"), "acme/gpt-4o");
  EXPECT_EQ(id_of(*catalog, "acme", "omni@20240806"), "acme/gpt-4o");
  EXPECT_EQ(id_of(*catalog, "acme", "gpt-4o-latest"), "acme/gpt-4o");
  EXPECT_EQ(id_of(*catalog, "acme", "gpt-4o-2024-05-13"), "acme/gpt-4o-2024-05-13");
}

TEST(Catalog, TheLongestPrefixWins) {
  const auto catalog = load({{"acme.json", kAcme}});
  EXPECT_EQ(id_of(*catalog, "acme", "flash-preview"), "acme/flash");
  EXPECT_EQ(id_of(*catalog, "acme", "flash-preview-05-06"), "acme/flash");
  EXPECT_EQ(id_of(*catalog, "acme", "flash-preview:thinking"), "acme/flash");
  EXPECT_EQ(id_of(*catalog, "acme", "flash-preview-tts-05"), "acme/flash-tts");
}

TEST(Catalog, LeavesOutWhatStandsBeforeAName) {
  const auto catalog = load({{"acme.json", kAcme}});
  EXPECT_EQ(id_of(*catalog, "acme", "models/gpt-4"), "acme/gpt-4");
  EXPECT_EQ(id_of(*catalog, "acme", "models/hot/gpt-4"), "acme/gpt-4");
}

TEST(Catalog, FallsBackToOtherProviders) {
  const auto catalog = load({{"cloud.json", kCloud}, {"acme.json", kAcme}});
  EXPECT_EQ(id_of(*catalog, "cloud", "flash"), "cloud/flash");
  EXPECT_EQ(id_of(*catalog, "cloud", "acme/gpt-4"), "acme/gpt-4");
  EXPECT_EQ(id_of(*catalog, "cloud", "gpt-4-turbo"), "unknown");
}

TEST(Catalog, AModelWithoutAPriceHasNoCost) {
  const auto catalog = load({{"acme.json", kAcme}});
  const meter::Usage usage{.input_tokens = 1'000, .output_tokens = 1'000};
  EXPECT_TRUE(catalog->cost({"acme", "gpt-4", "", kNow}, usage));
  EXPECT_FALSE(catalog->cost({"acme", "gpt-5", "", kNow}, usage));
  EXPECT_FALSE(catalog->cost({"unknown", "gpt-4", "", kNow}, usage));
}

class UserPrices : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const char* name, std::string_view content) { std::ofstream(folder_ / name) << content; }

  const std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / "tokometer_catalog_test";
};

TEST_F(UserPrices, HoldForReleasesThatTheUserDoesNotName) {
  constexpr std::string_view kReleases = R"({"provider": "acme", "strip": ["eu."], "models": [
      {"id": "one", "prices": [{"input": 10, "output": 1}]},
      {"id": "one-2026-01-01", "prices": [{"input": 20, "output": 1}]},
      {"id": "one-2026-02-02", "prices": [{"input": 30, "output": 1}]},
      {"id": "one-mini-2026-01-01", "prices": [{"input": 40, "output": 1}]}]})";
  write("mine.json", R"({"provider": "acme", "models": [
      {"id": "one", "prices": [{"from": "2026-06-01", "input": 7, "output": 1}]},
      {"id": "one-2026-02-02", "prices": [{"input": 8, "output": 1}]}]})");
  const auto catalog = load({{"acme.json", kReleases}}, folder_);
  const meter::Usage usage{.input_tokens = 1'000'000, .output_tokens = 0};
  const auto cost = [&](std::string_view model, UtcTime time) {
    return usd_text(catalog->cost({"acme", model, "", time}, usage)->total);
  };
  EXPECT_EQ(cost("one", kNow), "7");
  EXPECT_EQ(cost("one-2026-01-01", kNow), "7") << "though what ships names the release";
  EXPECT_EQ(cost("eu.one-2026-01-01-v1:0", kNow), "7");
  EXPECT_EQ(cost("one-latest", kNow), "7");
  EXPECT_EQ(cost("one-2026-02-02", kNow), "8") << "the user names it";
  EXPECT_EQ(cost("one-mini-2026-01-01", kNow), "40");
  const UtcTime before = *parse_rfc3339("2026-05-31");
  EXPECT_EQ(cost("one-2026-01-01", before), "20") << "the user's price does not hold yet";
  EXPECT_EQ(cost("one", before), "10");
  EXPECT_EQ(id_of(*catalog, "acme", "one-2026-01-01"), "acme/one-2026-01-01") << "the name itself is still its own";
}

TEST_F(UserPrices, GoBeforeOurs) {
  write("mine.json", R"({"provider": "acme", "models": [
      {"id": "GPT-4", "aliases": ["omni"], "prices": [{"from": "2026-06-01", "input": 1, "output": 1}]},
      {"id": "house", "prices": [{"input": 0, "output": 0}]}]})");
  write("notes.txt", "not a price file");
  const auto catalog = load({{"acme.json", kAcme}}, folder_);
  const meter::Usage usage{.input_tokens = 1'000'000, .output_tokens = 0};
  EXPECT_EQ(usd_text(catalog->cost({"acme", "gpt-4", "", kNow}, usage)->total), "1");
  EXPECT_EQ(usd_text(catalog->cost({"acme", "gpt-4", "", *parse_rfc3339("2026-05-31")}, usage)->total), "30");
  EXPECT_EQ(id_of(*catalog, "acme", "omni"), "acme/gpt-4");
  EXPECT_EQ(usd_text(catalog->cost({"acme", "house", "", kNow}, usage)->total), "0");  // free, and known to be
}

TEST_F(UserPrices, AWrongFileIsRefusedWithItsPlace) {
  write("wrong.json", "{\"provider\": \"acme\",\n\"models\": [{\"id\": \"x\", \"prices\": [{\"imput\": 1}]}]}");
  const auto catalog = Catalog::load({}, {.imported = {}, .user = folder_});
  ASSERT_FALSE(catalog);
  EXPECT_EQ(catalog.error().message, (folder_ / "wrong.json").string() + ":2: unknown key \"imput\"");
}

TEST_F(UserPrices, TheFolderNeedNotExist) { EXPECT_TRUE(Catalog::load({}, folders_in(folder_ / "none"))); }

// The catalog that ships.
class Builtin : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(catalog_); }

  std::string usd(std::string_view provider, std::string_view model, const meter::Usage& usage, UtcTime time = kNow) {
    const auto cost = catalog_->cost({provider, model, "", time}, usage);
    return cost ? usd_text(cost->total) : "unknown";
  }

  const std::shared_ptr<const Catalog> catalog_ = load(BuiltinPrices());
};

TEST_F(Builtin, KnowsTheModelsOfToday) {
  EXPECT_GE(catalog_->models().size(), 150u);
  for (const char* model : {"claude-opus-4-8", "claude-sonnet-4-5-20250929", "claude-sonnet-4@20250514",
                            "claude-3-5-haiku-latest", "claude-haiku-4-5"}) {
    EXPECT_NE(catalog_->find("anthropic", model), nullptr) << model;
  }
  for (const char* model : {"gpt-5", "gpt-5.4-2026-03-05", "gpt-5-codex", "o3", "o4-mini-2025-04-16", "gpt-4o-mini",
                            "text-embedding-3-small", "gpt-realtime", "gpt-4o-transcribe", "gpt-3.5-turbo-0125",
                            "ft:gpt-4o-mini-2024-07-18:org::id"}) {
    EXPECT_NE(catalog_->find("openai", model), nullptr) << model;
  }
  for (const char* model : {"gemini-2.5-pro", "models/gemini-2.5-flash", "gemini-2.5-pro-preview-05-06",
                            "gemini-3-pro-preview", "gemini-2.0-flash-001", "gemini-embedding-001"}) {
    EXPECT_NE(catalog_->find("gcp.gemini", model), nullptr) << model;
  }
  EXPECT_NE(catalog_->find("azure.ai.openai", "gpt-4o"), nullptr);
  EXPECT_NE(catalog_->find("gcp.vertex_ai", "publishers/anthropic/models/claude-sonnet-4-5@20250929"), nullptr);
  EXPECT_NE(catalog_->find("groq", "openai/gpt-oss-120b"), nullptr);
  EXPECT_NE(catalog_->find("deepseek", "deepseek-chat"), nullptr);
  EXPECT_EQ(catalog_->find("openai", "gpt-9"), nullptr);
}

TEST_F(Builtin, KnowsFineTunedModelsByTheirOwnNames) {
  const meter::Usage usage{.input_tokens = 1'000'000, .output_tokens = 0};
  EXPECT_EQ(usd("openai", "ft:gpt-4o-2024-08-06:org::id", usage), "3.75");
  EXPECT_EQ(usd("openai", "ft:gpt-4o-2024-05-13:org::id", usage), "3.75");  // by what a list says of all releases
  EXPECT_EQ(usd("openai", "ft:gpt-4o-mini-2024-07-18:org:name:id", usage), "0.3");
  EXPECT_EQ(usd("openai", "ft:gpt-4.1-2025-04-14:org::id", usage), "3");
  EXPECT_EQ(usd("openai", "ft:gpt-4.1-mini-2025-04-14:org::id", usage), "0.8");
  EXPECT_EQ(usd("openai", "ft:gpt-4.1-nano-2025-04-14:org::id:ckpt-step-9", usage), "0.2");
  EXPECT_EQ(usd("openai", "ft:o4-mini-2025-04-16:org::id", usage), "4");
  EXPECT_EQ(usd("openai", "ft:gpt-3.5-turbo-1106:org::id", usage), "3");
  EXPECT_EQ(usd("openai", "ft:gpt-4-0613:org::id", usage), "30");
  EXPECT_EQ(usd("openai", "ft:gpt-9-2027-01-01:org::id", usage), "unknown");
}

TEST_F(Builtin, AgreesWithWorkedExamples) {
  const meter::Usage usage{
      .input_tokens = 19, .cache_read_input_tokens = 5, .cache_creation_input_tokens = 3, .output_tokens = 7};
  EXPECT_EQ(usd("anthropic", "claude-opus-4-8", usage), "0.00025125");
  EXPECT_EQ(usd("anthropic", "claude-sonnet-4-5", usage), "0.00015075");
  EXPECT_EQ(catalog_->cost({"anthropic", "claude-sonnet-4-5", "", kNow}, usage)->price_ref,
            "anthropic/claude-sonnet-4-5@2025-09-29");
}

TEST_F(Builtin, PricesChangeByDate) {
  const meter::Usage usage{.input_tokens = 1'000'000, .output_tokens = 0};
  EXPECT_EQ(usd("openai", "o3", usage, *parse_rfc3339("2025-06-09")), "10");
  EXPECT_EQ(usd("openai", "o3", usage, *parse_rfc3339("2025-06-10")), "2");
  // Long-context rates of this model ended in March 2026.
  EXPECT_EQ(usd("anthropic", "claude-opus-4-6", usage, *parse_rfc3339("2026-03-12")), "10");
  EXPECT_EQ(usd("anthropic", "claude-opus-4-6", usage, *parse_rfc3339("2026-03-13")), "5");
}

TEST_F(Builtin, IntroductoryPricesEndWhereverAModelIsSold) {
  const meter::Usage usage{.input_tokens = 1'000'000, .output_tokens = 0};
  for (const auto& [provider, model, before, after] :
       {std::tuple("anthropic", "claude-sonnet-5", "2", "3"),
        std::tuple("azure.ai.openai", "claude-sonnet-5", "2", "3"),
        std::tuple("gcp.vertex_ai", "claude-sonnet-5@default", "2", "3"),
        std::tuple("gcp.vertex_ai", "publishers/anthropic/models/claude-sonnet-5", "2", "3"),
        std::tuple("aws.bedrock", "global.anthropic.claude-sonnet-5", "2", "3"),
        std::tuple("aws.bedrock", "anthropic.claude-sonnet-5", "2", "3"),
        std::tuple("aws.bedrock", "us.anthropic.claude-sonnet-5-v1:0", "2.2", "3.3"),
        std::tuple("openrouter", "anthropic/claude-sonnet-5", "2", "3"),
        std::tuple("vercel.ai_gateway", "anthropic/claude-sonnet-5", "2", "3")}) {
    EXPECT_EQ(usd(provider, model, usage, *parse_rfc3339("2026-08-31T23:59:59Z")), before) << provider << " " << model;
    EXPECT_EQ(usd(provider, model, usage), after) << provider << " " << model;
  }
}

TEST_F(Builtin, PricesChangeByTheHour) {
  const meter::Usage usage{.input_tokens = 1'000'000, .output_tokens = 0};
  EXPECT_EQ(usd("deepseek", "deepseek-chat", usage, *parse_rfc3339("2025-06-01T16:29:59Z")), "0.27");
  EXPECT_EQ(usd("deepseek", "deepseek-chat", usage, *parse_rfc3339("2025-06-01T16:30:00Z")), "0.135");
  EXPECT_EQ(usd("deepseek", "deepseek-chat", usage, *parse_rfc3339("2025-10-01T16:30:00Z")), "0.28");
  EXPECT_EQ(usd("deepseek", "deepseek-chat", usage), "0.14");
}

TEST_F(Builtin, WhatListsSayIsReadWhenItIsNeeded) {
  std::vector<std::thread> threads;
  std::atomic<int> found = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (const auto& [provider, model] :
           {std::pair("replicate", "meta/llama-2-13b"), std::pair("voyage", "voyage-3")}) {
        if (catalog_->find(provider, model) != nullptr) ++found;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(found, 16);
  EXPECT_EQ(catalog_->find("nobody", "voyage-3"), nullptr);
}

TEST_F(Builtin, WhatIsKeptByHandGoesOverWhatListsSay) {
  const embedded::File mine{"voyage.json", R"({"provider": "voyage", "models": [
      {"id": "house", "aliases": ["voyage-3"], "prices": [{"input": 9}]}]})"};
  const BuiltinPrices builtin;
  std::vector<embedded::File> files(builtin.files().begin(), builtin.files().end());
  files.push_back(mine);
  const auto catalog = load(files);
  EXPECT_EQ(id_of(*catalog, "voyage", "voyage-3"), "voyage/house");
  EXPECT_EQ(id_of(*catalog, "voyage", "voyage-3-large"), "voyage/voyage-3-large");
}

TEST_F(Builtin, LoadsAndFindsWithoutADuplicateOwner) {
  for (const Model* model : catalog_->models()) {
    EXPECT_EQ(catalog_->find(model->provider, model->id), model) << model->id;
    for (const std::string& alias : model->aliases) EXPECT_EQ(catalog_->find(model->provider, alias), model) << alias;
  }
}

TEST(Catalog, PreparesAProviderBesideItsUsers) {
  const auto catalog = *Catalog::load(BuiltinPrices(), {});
  catalog->prepare("nobody");
  for (int i = 0; i < 3; ++i) catalog->prepare("openrouter");
  // Whoever comes first, and in the middle of it, finds the same.
  const Model* first = catalog->find("openrouter", "openai/gpt-4o-mini");
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(catalog->find("openrouter", "openai/gpt-4o-mini"), first);
}

}  // namespace
}  // namespace tokometer::pricing
