// Every recorded exchange of the providers that we describe, read by
// ExchangeMeter and held against what an independent program says it used.

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "embedded/embedded.h"
#include "json/document.h"
#include "meter/estimate.h"
#include "meter/exchange_meter.h"
#include "provider/registry.h"
#include "wire/base64.h"
#include "wire/content_coding.h"

namespace tokometer::meter {
namespace {

namespace fs = std::filesystem;
using wire::content_coding::Coding;

struct Recorded {
  std::string id;
  std::string host;
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> request_fields;
  std::string request;
  int status = 0;
  std::vector<std::pair<std::string, std::string>> response_fields;
  std::string response;
};

std::vector<std::pair<std::string, std::string>> fields_of(json::Node node) {
  std::vector<std::pair<std::string, std::string>> fields;
  for (const auto [name, value] : node.members()) {
    // Bodies are recorded decoded.
    if (wire::iequals(name, "content-encoding") || wire::iequals(name, "content-length")) continue;
    if (const auto text = value.string()) fields.emplace_back(name, *text);
    for (const json::Node element : value.elements()) fields.emplace_back(name, element.string().value_or(""));
  }
  return fields;
}

std::vector<wire::Field> views(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::vector<wire::Field> out;
  out.reserve(fields.size());
  for (const auto& [name, value] : fields) out.push_back({name, value});
  return out;
}

fs::path exchanges_folder() { return fs::path(TOKOMETER_SHARED_DIR) / "data" / "exchanges"; }

std::string read(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

template <typename Use>
void for_each_line(std::string_view text, Use use) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    use(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
}

Recorded recorded_of(json::Node row) {
  Recorded recorded;
  recorded.id = row["id"].string().value();
  recorded.host = row["provider_host"].string().value();
  recorded.method = row["method"].string().value();
  recorded.target = row["path"].string().value();
  recorded.request_fields = fields_of(row["request_headers"]);
  recorded.request = *wire::base64::decode(row["request_body"].string().value_or(""));
  recorded.status = static_cast<int>(row["status"].int64().value_or(0));
  recorded.response_fields = fields_of(row["response_headers"]);
  recorded.response = *wire::base64::decode(row["response_body"].string().value_or(""));
  const auto type = row["content_type"].string().value_or("");
  if (!type.empty() && !wire::find(views(recorded.response_fields), "content-type")) {
    recorded.response_fields.emplace_back("content-type", type);
  }
  return recorded;
}

// Every exchange of a host that some built-in spec knows.
std::vector<Recorded> load(const provider::Registry& registry) {
  std::vector<Recorded> all;
  wire::content_coding::Limits limits;
  limits.max_output_bytes = std::uint64_t{4} << 30U;
  auto decoder = wire::content_coding::Decoder::open("gzip", limits);
  std::string held;
  const auto line = [&](std::string_view text) {
    if (text.empty()) return;
    const auto row = json::Document::parse(std::string(text));
    ASSERT_TRUE(row);
    if (registry.by_host(row->root()["provider_host"].string().value_or("")) == nullptr) return;
    all.push_back(recorded_of(row->root()));
  };
  const auto fed = decoder->feed(read(exchanges_folder() / "exchanges.jsonl.gz"), [&](std::string_view piece) {
    for (auto end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n')) {
      held += piece.substr(0, end);
      line(held);
      held.clear();
      piece.remove_prefix(end + 1);
    }
    held += piece;
  });
  EXPECT_TRUE(fed);
  line(held);
  return all;
}

// How an exchange is handed to the meter.
struct Delivery {
  const char* name;
  Coding coding;
  std::size_t max_piece;  // 0: whole
};

template <typename Feed>
void deliver(std::string_view content, std::size_t max_piece, std::mt19937& random, Feed feed) {
  if (max_piece == 0) return feed(content);
  while (!content.empty()) {
    const std::size_t size = std::uniform_int_distribution<std::size_t>(1, max_piece)(random);
    feed(content.substr(0, size));
    content.remove_prefix(std::min(size, content.size()));
  }
}

Reading read_exchange(
    const provider::Registry& registry, const Recorded& recorded, const Delivery& delivery,
    const ExchangeMeter::CallSink& each_call = [](Reading&&) {}) {
  std::mt19937 random(static_cast<std::uint32_t>(std::hash<std::string>{}(recorded.id + delivery.name)));
  const provider::Spec* spec = registry.by_host(recorded.host);
  const auto request_fields = views(recorded.request_fields);
  const provider::Endpoint* endpoint = registry.endpoint(*spec, recorded.method, recorded.target, request_fields);
  static const LengthCounter counter;
  ExchangeMeter meter(spec, endpoint, recorded.target, {}, {.generic = registry.generic(), .counter = &counter});
  meter.each_call(each_call);
  meter.request_head(request_fields);
  deliver(recorded.request, delivery.max_piece, random, [&](std::string_view piece) { meter.request_content(piece); });
  meter.request_end();
  auto response_fields = views(recorded.response_fields);
  std::string content = recorded.response;
  if (delivery.coding != Coding::kIdentity) {
    content = wire::content_coding::encode(delivery.coding, content);
    response_fields.push_back({"content-encoding", wire::content_coding::to_string(delivery.coding)});
  }
  meter.response_head(recorded.status, response_fields);
  deliver(content, delivery.max_piece, random, [&](std::string_view piece) { meter.response_content(piece); });
  meter.response_end(true);
  return meter.finish();
}

class RecordedTest : public testing::Test {
 protected:
  static constexpr Delivery kDeliveries[] = {
      {"whole", Coding::kIdentity, 0}, {"small pieces", Coding::kIdentity, 7}, {"pieces", Coding::kIdentity, 1500},
      {"gzip", Coding::kGzip, 400},    {"br", Coding::kBrotli, 400},
  };

  // Loaded once: they are some hundred megabytes.
  static void SetUpTestSuite() {
    auto loaded = provider::Registry::load(embedded::providers(), "");
    ASSERT_TRUE(loaded) << loaded.error().message;
    specs = *loaded;
    if (!fs::exists(exchanges_folder() / "exchanges.jsonl.gz")) return;
    for (Recorded& recorded : load(*specs)) {
      const std::string id = recorded.id;
      recorded_exchanges.emplace(id, std::move(recorded));
    }
  }
  static void TearDownTestSuite() {
    recorded_exchanges.clear();
    specs.reset();
  }

  void SetUp() override {
    if (!recorded_exchanges.empty()) return;
    ASSERT_EQ(std::getenv("CI"), nullptr) << "CI needs the recorded exchanges";
    GTEST_SKIP() << "no recorded exchanges here";
  }

  static inline std::shared_ptr<const provider::Registry> specs;
  static inline std::map<std::string, Recorded, std::less<>> recorded_exchanges;
};

// The rules of compare.py: what is wrong with `reading`, or nothing.
std::string compare(json::Node want, const Reading& reading) {
  std::string bad;
  std::set<std::string_view> soft;
  for (const json::Node name : want["soft"].elements()) soft.insert(*name.string());
  const auto count = [&](const char* name, const Count& have) {
    if (soft.contains(name) || want[name].int64().value_or(0) == have.value_or(0)) return;
    bad += std::string(" ") + name + ": want " + std::string(want[name].raw()) + ", have " +
           (have ? std::to_string(*have) : "nothing");
  };
  count("input_tokens", reading.usage.input_tokens);
  count("cached_input_tokens", reading.usage.cache_read_input_tokens);
  count("cache_write_tokens", reading.usage.cache_creation_input_tokens);
  count("output_tokens", reading.usage.output_tokens);
  count("reasoning_tokens", reading.usage.reasoning_output_tokens);
  if (want["kind"].string() == "retrieval" && reading.billing == provider::Billing::kAlways) bad += " bills a repeat";
  const auto model = want["model_response"].string();
  if (model && !model->empty() && *model != reading.response_model) {
    bad += " model: want " + std::string(*model) + ", have " + reading.response_model;
  }
  return bad;
}

TEST_F(RecordedTest, UsageIsAsExpected) {
  for (const Delivery& delivery : kDeliveries) {
    std::size_t exact = 0;
    std::size_t all = 0;
    for_each_line(read(exchanges_folder() / "expected.jsonl"), [&](std::string_view line) {
      const auto document = json::Document::parse(std::string(line));
      ASSERT_TRUE(document);
      const json::Node want = document->root();
      const auto found = recorded_exchanges.find(want["id"].string().value());
      if (found == recorded_exchanges.end()) return;
      const Reading reading = read_exchange(*specs, found->second, delivery);
      const std::string bad = compare(want, reading);
      if (!want["strict"].boolean().value_or(true)) return;
      ++all;
      exact += bad.empty() ? 1 : 0;
      EXPECT_EQ(bad, "") << delivery.name << " " << found->first << " " << found->second.host << found->second.target;
    });
    EXPECT_GE(all, 3986U);
    std::cout << delivery.name << ": " << exact << " of " << all << " exact\n";
  }
}

// Whether what is answered may hold calls of their own.
bool may_hold_calls(const provider::Registry& registry, const Recorded& recorded) {
  const provider::Spec& spec = *registry.by_host(recorded.host);
  const auto* endpoint = registry.endpoint(spec, recorded.method, recorded.target, views(recorded.request_fields));
  return endpoint != nullptr && endpoint->format && endpoint->format->stream && endpoint->format->stream->separate;
}

// The results of batches (Anthropic's and OpenAI's files, Gemini's and xAI's documents) are calls of their own, at
// batch rates; where a poll brings them again, they have the same ids.
TEST_F(RecordedTest, BatchResultsAreCallsOfTheirOwn) {
  for (const Delivery& delivery : kDeliveries) {
    std::map<std::string, Usage> calls;  // by provider and id
    for (const auto& [id, recorded] : recorded_exchanges) {
      if (!may_hold_calls(*specs, recorded)) continue;
      const std::string& provider = specs->by_host(recorded.host)->name;
      read_exchange(*specs, recorded, delivery, [&](Reading&& call) {
        EXPECT_FALSE(call.response_id.empty()) << id;
        EXPECT_FALSE(call.response_model.empty()) << id;
        EXPECT_EQ(call.usage.service_tier, "batch") << id;
        EXPECT_EQ(call.billing, provider::Billing::kOncePerResponse) << id;
        calls.emplace(provider + " " + call.response_id, std::move(call.usage));
      });
    }
    std::map<std::string, std::array<std::int64_t, 3>> sums;  // by provider: calls, input, output
    for (const auto& [id, usage] : calls) {
      auto& sum = sums[id.substr(0, id.find(' '))];
      ++sum[0];
      sum[1] += usage.input_tokens.value_or(0);
      sum[2] += usage.output_tokens.value_or(0);
    }
    // As the files say, read by hand.
    const std::map<std::string, std::array<std::int64_t, 3>> want = {
        {"anthropic", {2, 39, 9}}, {"gcp.gemini", {2, 26, 98}}, {"openai", {2, 13, 0}}, {"x_ai", {2, 408, 147}}};
    EXPECT_EQ(sums, want) << delivery.name;
  }
}

TEST_F(RecordedTest, NothingIsInvented) {
  std::size_t all = 0;
  std::size_t estimated = 0;
  for_each_line(read(exchanges_folder() / "none.jsonl"), [&](std::string_view line) {
    const auto document = json::Document::parse(std::string(line));
    ASSERT_TRUE(document);
    if (document->root()["must_be_none"].boolean() != true) return;
    const auto found = recorded_exchanges.find(document->root()["id"].string().value());
    if (found == recorded_exchanges.end()) return;
    ++all;
    for (const Delivery& delivery : kDeliveries) {
      const Reading reading = read_exchange(*specs, found->second, delivery);
      EXPECT_NE(reading.usage.source, UsageSource::kReported)
          << delivery.name << " " << found->first << " " << found->second.target << " " << reading.usage.details;
      if (&delivery == &kDeliveries[0] && reading.usage.source == UsageSource::kEstimated) {
        ++estimated;
        const bool succeeded = found->second.status >= 200 && found->second.status < 300;
        EXPECT_TRUE(succeeded && (reading.error_type.empty() || !reading.complete)) << found->first;
        std::cout << "estimated " << found->second.host << found->second.target << " "
                  << reading.usage.input_tokens.value_or(-1) << " " << reading.usage.output_tokens.value_or(-1) << "\n";
      }
    }
  });
  EXPECT_GE(all, 577U);
}

// The counts in docs/providers.md are those of this data.
TEST_F(RecordedTest, TheDocumentedCountsAreThese) {
  std::map<std::string, std::array<std::size_t, 2>> counts;  // by provider: with usage, without
  const auto count = [&](const char* file, std::size_t column, const char* wanted) {
    for_each_line(read(exchanges_folder() / file), [&](std::string_view line) {
      const auto document = json::Document::parse(std::string(line));
      ASSERT_TRUE(document);
      const auto found = recorded_exchanges.find(document->root()["id"].string().value_or(""));
      const bool is_counted = document->root()[wanted].boolean().value_or(column == 0);
      if (found != recorded_exchanges.end() && is_counted) ++counts[specs->by_host(found->second.host)->name][column];
    });
  };
  count("expected.jsonl", 0, "strict");
  count("none.jsonl", 1, "must_be_none");
  std::map<std::string, std::array<std::size_t, 2>> documented;
  const std::string page = read(fs::path(TOKOMETER_SOURCE_DIR) / "docs" / "providers.md");
  for_each_line(page, [&](std::string_view line) {
    if (!line.starts_with("| `")) return;
    std::vector<std::string> cells;  // the provider, its route, and two counts; "1,511" is one
    for (std::size_t at = 1; at < line.size(); at = line.find('|', at) + 1) {
      std::string cell(line.substr(at, line.find('|', at) - at));
      std::erase_if(cell, [](char c) { return c == ' ' || c == '`' || c == ','; });
      cells.push_back(cell);
    }
    if (cells.size() != 4 || specs->by_name(cells[0]) == nullptr) return;
    const auto number = [](const std::string& cell) -> std::size_t {
      return cell.empty() || cell.find_first_not_of("0123456789") != std::string::npos ? 0 : std::stoul(cell);
    };
    if (number(cells[2]) + number(cells[3]) > 0) documented[cells[0]] = {number(cells[2]), number(cells[3])};
  });
  EXPECT_EQ(documented, counts);
}

// An endpoint that no spec names is a gap in the spec.
TEST_F(RecordedTest, EveryExchangeHasAnEndpoint) {
  std::map<std::string, int> unknown;
  for (const auto& [id, recorded] : recorded_exchanges) {
    const provider::Spec* spec = specs->by_host(recorded.host);
    if (specs->endpoint(*spec, recorded.method, recorded.target, views(recorded.request_fields)) == nullptr) {
      ++unknown[recorded.method + " " + recorded.host + recorded.target];
    }
  }
  for (const auto& [target, count] : unknown) std::cout << "no endpoint: " << count << " " << target << "\n";
  EXPECT_EQ(unknown.size(), 0U);
}

}  // namespace
}  // namespace tokometer::meter
