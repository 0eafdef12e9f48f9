#include "pricing/price_list.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/files.h"
#include "pricing/figures.h"
#include "pricing/list_builder.h"
#include "pricing/price_file_text.h"
#include "pricing/price_merge.h"

namespace tokometer::pricing {
namespace {

const std::vector<ListKind>& kinds() {
  static const auto known = read_list_kinds(embedded::price_lists());
  EXPECT_TRUE(known) << known.error().message;
  return *known;
}

PriceList read(std::string_view content, const ListLimits& limits = {}) {
  json::Mistakes mistakes("list.json");
  auto list = read_price_list(content, kinds(), mistakes, limits);
  EXPECT_TRUE(list) << (mistakes.empty() ? "" : mistakes.first().message);
  return list ? std::move(*list) : PriceList();
}

std::string mistake_in(std::string_view content, const ListLimits& limits = {}) {
  json::Mistakes mistakes("list.json");
  const auto list = read_price_list(content, kinds(), mistakes, limits);
  EXPECT_EQ(list.has_value(), mistakes.empty());
  return mistakes.empty() ? "" : mistakes.first().message;
}

// The only file of a list, as we write it.
std::string only_file(std::string_view content) {
  const PriceList list = read(content);
  return list.files.size() == 1 ? price_file_text(list.files[0]) : std::to_string(list.files.size()) + " files";
}

TEST(PriceListKinds, AreReadWhole) {
  ASSERT_EQ(kinds().size(), 3u);
  for (const ListKind& kind : kinds()) {
    EXPECT_TRUE(kind.url.starts_with("https://")) << kind.name;
    EXPECT_GT(kind.providers.size(), 20u) << kind.name;
  }
  const embedded::File wrong{"x.json", "{\"name\": \"x\",\n\"nmae\": 1}"};
  const auto refused = read_list_kinds(std::span(&wrong, 1));
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.starts_with("price_lists/x.json:1: ")) << refused.error().message;
}

TEST(PriceList, ReadsGenaiPrices) {
  EXPECT_EQ(only_file(R"([{"id": "anthropic", "models": [
    {"id": "big", "match": {"or": [{"equals": "grand"}, {"starts_with": "big"}, {"contains": "bi"}]},
     "prices": [{"prices": {"input_mtok": {"base": 3, "tiers": [{"start": 200000, "price": 6}]}, "output_mtok": 15,
                            "cache_read_mtok": 0.3, "cache_write_mtok": 3.75, "cache_write_1h_mtok": 6,
                            "input_audio_mtok": 7, "cache_audio_read_mtok": 0.7, "output_reasoning_mtok": 9,
                            "web_searches_kcount": 10, "requests_kcount": 12, "input_video_mtok": 1}},
                {"constraint": {"start_date": "2026-09-01"}, "prices": {"input_mtok": 4}},
                {"constraint": {"start_time": "00:30:00Z", "end_time": "16:30:00Z"}, "prices": {"input_mtok": 5}}]}]},
    {"id": "nobody", "models": [{"id": "x", "prices": {"input_mtok": 1}}]}])"),
            R"({"provider":"anthropic","sources":{},"models":[
{"id":"big","aliases":["grand"],"prices":[{"hours":"00:30-16:30","input":5},{"from":"2026-09-01","input":4},)"
            R"({"input":3,"cache_read":0.3,"cache_write":3.75,"cache_write_1h":6,"audio_input":7,)"
            R"("cache_read_audio":0.7,"output":15,"reasoning":9,"long_context":[{"above":200000,"input":6}],)"
            R"("tools":{"web_search":10},"requests":[{"price":12}]}]}
]}
)");
}

// "@" and ":" are no such ends: a prefix of ours goes on after a "-", too, where they mean another model.
TEST(PriceList, ReadsBeginningsThatNamesGoOnFrom) {
  EXPECT_EQ(only_file(R"([{"id": "openai", "models": [
      {"id": "ft:big", "match": {"or": [{"starts_with": "ft:big-2024-"}, {"starts_with": "big@"}, {"equals": "-"}]},
       "prices": {"input_mtok": 1}}]}])"),
            R"({"provider":"openai","sources":{},"models":[
{"id":"ft:big","aliases":["big@","-"],"prefixes":["ft:big-2024"],"prices":[{"input":1}]}
]}
)");
}

TEST(PriceList, SkipsAnEntryOfGenaiPricesWhoseWindowIsEmpty) {
  EXPECT_EQ(only_file(R"([{"id": "anthropic", "models": [
      {"id": "kept", "prices": {"input_mtok": 1}},
      {"id": "left", "prices": [{"constraint": {"start_time": "00:30:00Z", "end_time": "00:30:00Z"},
                                 "prices": {"input_mtok": 5}}]}]}])"),
            R"({"provider":"anthropic","sources":{},"models":[
{"id":"kept","prices":[{"input":1}]}
]}
)");
}

TEST(PriceList, ReadsLitellm) {
  EXPECT_EQ(
      only_file(R"({"sample_spec": {"litellm_provider": "one of …", "input_cost_per_token": "text"},
    "openai/big": {"litellm_provider": "openai", "input_cost_per_token": 1.5e-07, "output_cost_per_token": 6e-07,
      "cache_read_input_token_cost": 7.5e-08, "cache_creation_input_token_cost_above_1hr": 3e-7,
      "input_cost_per_token_batches": 7.5e-08, "output_cost_per_token_priority": 1.2e-06,
      "input_cost_per_token_above_272k_tokens": 3e-07, "input_cost_per_token_above_272k_tokens_priority": 6e-07,
      "input_cost_per_audio_token": null, "cache_creation_input_token_cost": 0, "input_cost_per_pixel": "odd",
      "search_context_cost_per_query": {"search_context_size_medium": 0.01},
      "regional_processing_uplift_multiplier_eu": 1.1},
    "ft:small": {"litellm_provider": "openai", "input_cost_per_token": 3e-06},
    "free": {"litellm_provider": "openai", "input_cost_per_token": 0, "output_cost_per_token": 0.0},
    "picture": {"litellm_provider": "openai", "output_cost_per_image": 0.04}})"),
      R"({"provider":"openai","sources":{},"models":[
{"id":"big","prices":[{"input":0.15,"cache_read":0.075,"cache_write_1h":0.3,"output":0.6,)"
      R"("long_context":[{"above":272000,"input":0.3}],)"
      R"("tiers":{"batch":{"input":0.075},"priority":{"output":1.2,"long_context":[{"above":272000,"input":0.6}]}},)"
      R"("tools":{"web_search":10},"surcharges":[{"name":"eu","host":"eu.api.openai.com","times":1.1}]}]},
{"id":"ft:small","prefixes":["ft:small"],"prices":[{"input":3}]}
]}
)");
}

TEST(PriceList, ReadsWhatGooglesSearchesAreBilledBy) {
  EXPECT_EQ(only_file(R"({
    "gemini/old": {"litellm_provider": "gemini", "input_cost_per_token": 1e-06,
      "search_context_cost_per_query": {"search_context_size_medium": 0.035}},
    "gemini/young": {"litellm_provider": "gemini", "input_cost_per_token": 1e-06,
      "web_search_billing_unit": "per_query",
      "search_context_cost_per_query": {"search_context_size_medium": 0.014}}})"),
            R"({"provider":"gcp.gemini","sources":{},"models":[
{"id":"old","prices":[{"input":1,"tools":{"web_search":0,"grounded_prompt":35}}]},
{"id":"young","prices":[{"input":1,"tools":{"web_search":14,"grounded_prompt":0}}]}
]}
)");
}

TEST(PriceList, ReadsLitellmsLengths) {
  EXPECT_EQ(only_file(R"({"dashscope/q": {"litellm_provider": "dashscope", "tiered_pricing": [
      {"input_cost_per_token": 1.2e-06, "output_cost_per_token": 6e-06, "range": [0, 32000.0]},
      {"input_cost_per_token": 2.4e-06, "output_cost_per_token": 1.2e-05, "range": [32000.0, 128000.0]}]}})"),
            R"({"provider":"alibaba_cloud","sources":{},"models":[
{"id":"q","prices":[{"input":1.2,"output":6,"long_context":[{"above":32000,"input":2.4,"output":12}]}]}
]}
)");
}

TEST(PriceList, ReadsModelsDev) {
  EXPECT_EQ(only_file(R"({"xai": {"id": "xai", "models": {
      "g": {"name": "G", "cost": {"input": 3.0, "output": 15, "cache_read": 0.75, "cache_write": 0, "reasoning": 15,
            "input_audio": 4, "tiers": [{"input": 6, "output": 30, "tier": {"size": 128000}}]}},
      "old": {"cost": {"input": 1, "output": 2, "context_over_200k": {"input": 2, "output": 3}}},
      "free": {"cost": {"input": 0, "output": 0}}, "unpriced": {"limit": {}}}}, "elsewhere": {"models": {}}})"),
            R"({"provider":"x_ai","sources":{},"models":[
{"id":"g","prices":[{"input":3,"cache_read":0.75,"audio_input":4,"output":15,"reasoning":15,)"
            R"("long_context":[{"above":128000,"input":6,"output":30}]}]},
{"id":"old","prices":[{"input":1,"output":2,"long_context":[{"above":200000,"input":2,"output":3}]}]}
]}
)");
}

TEST(PriceList, RefusesWhatIsNoList) {
  EXPECT_EQ(mistake_in("[1, 2\n"), "list.json:2: no JSON: 2:1: cut short");
  for (const char* other : {"{}", "[]", "7", R"({"provider": "acme", "models": []})", R"([{"id": "x"}])"}) {
    EXPECT_EQ(mistake_in(other),
              "list.json:1: no list of prices that is known: genai-prices v2, LiteLLM and models.dev are")
        << other;
  }
  EXPECT_EQ(mistake_in("{\"a\": {\"litellm_provider\": \"openai\"},\n\"b\": 1}"),
            "list.json:2: a model of LiteLLM's list is an object");
  EXPECT_EQ(mistake_in("{\"xai\": {\"models\": {}},\n\"b\": {\"models\": []}}"),
            "list.json:2: a provider of models.dev has \"models\", an object");
  EXPECT_EQ(mistake_in("[{\"id\": \"x\", \"models\": []},\n{\"models\": []}]"),
            "list.json:2: a provider of genai-prices has \"id\" and \"models\"");
}

// gemini-exp-1206 stands in LiteLLM's list as two models, of which one costs nothing at any length.
TEST(PriceList, LeavesOutWhatIsFreeAtAnyLength) {
  const PriceList list = read(R"({
"gemini/exp": {"litellm_provider": "gemini", "input_cost_per_token": 0, "input_cost_per_token_above_128k_tokens": 0,
  "output_cost_per_token": 0, "output_cost_per_token_above_128k_tokens_priority": 0},
"exp": {"litellm_provider": "gemini", "input_cost_per_token": 3e-7}})");
  ASSERT_EQ(list.files.size(), 1u);
  ASSERT_EQ(list.files[0].models.size(), 1u);
  EXPECT_EQ(list.files[0].models[0].entries[0].standard.base[Unit::kInput], Price::parse("0.3", 1'000'000));
}

TEST(PriceList, LeavesOutWhatHasNoPrice) {
  const PriceList list = read(R"({"good": {"litellm_provider": "openai", "input_cost_per_token": 1e-6},
"text": {"litellm_provider": "openai", "input_cost_per_token": "1e-6"},
"negative": {"litellm_provider": "openai", "input_cost_per_token": -1},
"dear": {"litellm_provider": "openai", "input_cost_per_token": 0.003},
"times": {"litellm_provider": "openai", "input_cost_per_token": 1e-6, "regional_processing_uplift_multiplier_eu": 0}})");
  ASSERT_EQ(list.files.size(), 1u);
  EXPECT_EQ(list.files[0].models.size(), 1u);
  EXPECT_EQ(list.skipped_count, 4u);
  ASSERT_EQ(list.skipped.size(), 4u);
  EXPECT_EQ(list.skipped[0], "line 2: openai/text: \"input_cost_per_token\" is no price");
  EXPECT_EQ(list.skipped[2], "line 4: openai/dear: costs more than any model");
  EXPECT_EQ(list.skipped[3], "line 5: openai/times: a multiplier is no number above 0");
}

TEST(PriceList, HasLimits) {
  const std::string_view two = R"({"a": {"litellm_provider": "openai", "input_cost_per_token": 1e-6},
"b": {"litellm_provider": "openai", "input_cost_per_token": 1e-6}})";
  EXPECT_EQ(mistake_in(two, {.max_models = 1}), "list.json:2: more than 1 models");
  EXPECT_EQ(mistake_in(two, {.max_bytes = 100}), "list.json:1: longer than 100 bytes, which no list of prices is");
  EXPECT_EQ(read(two, {.max_name_bytes = 0}).files.size(), 0u);
  const PriceList list = read(R"({"a": {"litellm_provider": "openai", "input_cost_per_token": -1},
"b": {"litellm_provider": "openai", "input_cost_per_token": -1}})",
                              {.max_skipped = 1});
  EXPECT_EQ(list.skipped.size(), 1u);
  EXPECT_EQ(list.skipped_count, 2u);
}

TEST(PriceList, EveryCutIsRefused) {
  const std::string whole = R"([{"id": "openai", "models": [{"id": "m", "prices": {"input_mtok": 1}}]}])";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(mistake_in(whole.substr(0, size)), "") << size;
  }
}

TEST(WithoutNoise, RoundsWhatFloatingPointLeftBehind) {
  EXPECT_EQ(without_noise("5.9999999999999995e-08"), "6e-8");
  EXPECT_EQ(without_noise("0.30000000000000004"), "3e-1");
  EXPECT_EQ(without_noise("1.5000020000000002e-05"), "1500002e-11");
  EXPECT_EQ(without_noise("9.9999999999999999"), "1e1");
  EXPECT_EQ(without_noise("0.08333333333333334"), "833333333333333e-16");
  for (const char* exact : {"1.5e-07", "0", "0.000", "3", "123456789012345", "-0.30000000000000004"}) {
    EXPECT_EQ(without_noise(exact), exact);
  }
  const PriceList list = read(R"({"xai": {"models": {"g": {"cost": {"input": 0.08333333333333334}}}}})");
  EXPECT_EQ(list.files.at(0).models.at(0).entries.at(0).standard.base[Unit::kInput]->text(), "0.083333333333");
}

// The real lists, as they were when they were taken.
class Samples : public testing::Test {
 protected:
  void SetUp() override {
    if (std::filesystem::exists(folder_)) return;
    ASSERT_EQ(std::getenv("CI"), nullptr) << folder_ << " is missing";
    GTEST_SKIP() << "no recorded lists";
  }
  PriceList sample(const char* name) const {
    const auto content = read_file(folder_ / name);
    EXPECT_TRUE(content);
    return read(content.value_or(""));
  }

  const std::filesystem::path folder_ = std::filesystem::path(TOKOMETER_SHARED_DIR) / "data" / "prices";
};

TEST_F(Samples, AreReadWithoutALoss) {
  const PriceList litellm = sample("litellm_model_prices_and_context_window.json");
  EXPECT_EQ(litellm.skipped_count, 1u) << (litellm.skipped.empty() ? "" : litellm.skipped[0]);  // jais-30b-chat
  const PriceList genai = sample("genai-prices_v2_data.json");
  EXPECT_EQ(genai.skipped_count, 0u) << (genai.skipped.empty() ? "" : genai.skipped[0]);
  std::size_t models = 0;
  for (const PriceList* list : {&litellm, &genai}) {
    const DatedList dated{list, "2026-08-21"};
    for (const MergedPrices& merged : merge_price_lists(std::span(&dated, 1))) {
      const PriceFile& file = merged.file;
      models += file.models.size();
      // What is written is read back as what it was.
      json::Mistakes mistakes("again.json");
      const std::string text = price_file_text(file);
      const PriceFile again = read_price_file(text, Origin::kImported, mistakes);
      ASSERT_TRUE(mistakes.empty()) << mistakes.first().message;
      EXPECT_EQ(price_file_text(again), text);
    }
  }
  EXPECT_GT(models, 2'500u);
}

}  // namespace
}  // namespace tokometer::pricing
