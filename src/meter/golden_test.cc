// The exchanges of tests/golden, each read whole, cut at every place and in
// every content coding: the reading is always that of expect.json.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "embedded/embedded.h"
#include "json/document.h"
#include "json/writer.h"
#include "meter/estimate.h"
#include "meter/exchange_meter.h"
#include "provider/format.h"
#include "provider/registry.h"
#include "wire/content_coding.h"

namespace tokometer::meter {
namespace {

namespace fs = std::filesystem;
using wire::content_coding::Coding;

// A message file: the start line, fields, an empty line, content.
struct Message {
  std::string text;
  std::vector<std::string_view> start;  // the words of the start line
  std::vector<wire::Field> fields;
  std::string_view content;

  explicit Message(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(stream), {});
    const auto end = text.find("\n\n");
    content = std::string_view(text).substr(end + 2);
    std::string_view head = std::string_view(text).substr(0, end + 1);
    auto line = head.substr(0, head.find('\n'));
    head.remove_prefix(line.size() + 1);
    for (auto space = line.find(' '); space != std::string_view::npos; space = line.find(' ')) {
      start.push_back(line.substr(0, space));
      line.remove_prefix(space + 1);
    }
    start.push_back(line);
    while (!head.empty()) {
      line = head.substr(0, head.find('\n'));
      head.remove_prefix(line.size() + 1);
      const auto colon = line.find(": ");
      fields.push_back({line.substr(0, colon), line.substr(colon + 2)});
    }
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;
};

using Feed = std::function<void(std::string_view)>;
using Cut = std::function<void(std::string_view, const Feed&)>;

void whole(std::string_view content, const Feed& feed) { feed(content); }

std::string_view name_of(provider::Billing billing) {
  constexpr std::string_view kNames[] = {"always", "never", "once"};
  return kNames[static_cast<std::size_t>(billing)];
}

// The reading in the form of expect.json: what is empty, absent or as usual is left out.
void describe(const provider::Endpoint* endpoint, const Reading& reading, const std::vector<Reading>& calls,
              json::Writer& writer) {
  writer.begin_object();
  writer.member_unless_empty("operation", endpoint == nullptr ? "" : endpoint->operation);
  if (reading.billing != provider::Billing::kAlways) writer.member("billing", name_of(reading.billing));
  if (reading.pending) writer.member("pending", true);
  if (reading.stream) writer.member("stream", true);
  writer.member_unless_empty("request_model", reading.request_model);
  writer.member_unless_empty("response_model", reading.response_model);
  writer.member_unless_empty("response_id", reading.response_id);
  writer.member_unless_empty("session_id", reading.session_id);
  writer.member_unless_empty("thread_id", reading.thread_id);
  writer.member_unless_empty("user", reading.user);
  writer.member_unless_empty("finish_reason", reading.finish_reason);
  writer.member_unless_empty("error_type", reading.error_type);
  if (std::ranges::any_of(reading.faults, [](std::uint32_t count) { return count != 0; })) {
    writer.name("faults").begin_object();
    for (std::size_t i = 0; i < kFaultCount; ++i) {
      if (reading.faults[i] != 0) writer.member(to_string(static_cast<Fault>(i)), reading.faults[i]);
    }
    writer.end_object();
  }
  const Usage& usage = reading.usage;
  writer.name("usage").begin_object();
  writer.member("source", to_string(usage.source));
  writer.member_unless_empty("step", to_string(usage.step));
  writer.member_unless_empty("service_tier", usage.service_tier);
  writer.member_unless_empty("provider_cost_usd", usage.provider_cost_usd);
  const Count counts[] = {usage.input_tokens,
                          usage.cache_read_input_tokens,
                          usage.cache_creation_input_tokens,
                          usage.cache_creation_1h_input_tokens,
                          usage.audio_input_tokens,
                          usage.cache_read_audio_input_tokens,
                          usage.image_input_tokens,
                          usage.tool_use_prompt_tokens,
                          usage.output_tokens,
                          usage.reasoning_output_tokens,
                          usage.audio_output_tokens,
                          usage.image_output_tokens,
                          usage.total_tokens,
                          usage.billed_input_tokens,
                          usage.billed_output_tokens};
  for (std::size_t i = 0; i < std::size(counts); ++i) writer.member(provider::count_names()[i], counts[i]);
  if (!usage.tool_calls.empty()) {
    writer.name("tool_calls").begin_object();
    for (const auto& [tool, times] : usage.tool_calls) writer.member(tool, times);
    writer.end_object();
  }
  // Of what states no tokens the object itself is all that is kept.
  if (usage.source == UsageSource::kNone && !usage.details.empty()) writer.name("details").raw(usage.details);
  writer.end_object();
  if (!calls.empty()) {
    writer.name("calls").begin_array();
    for (const Reading& call : calls) describe(nullptr, call, {}, writer);
    writer.end_array();
  }
  writer.end_object();
}

class Golden : public testing::TestWithParam<fs::path> {
 protected:
  static const provider::Registry& registry() {
    static const std::shared_ptr<const provider::Registry> specs = *provider::Registry::load(embedded::providers(), "");
    return *specs;
  }

  static Fallbacks fallbacks() {
    static const LengthCounter counter;
    return {.generic = registry().generic(), .counter = &counter};
  }

  std::string read(const Cut& cut, Coding coding = Coding::kIdentity) const {
    const provider::Spec* spec = registry().by_name(GetParam().parent_path().filename().string());
    const auto target = request_.start.at(1);
    const provider::Endpoint* endpoint = registry().endpoint(*spec, request_.start.at(0), target, request_.fields);
    ExchangeMeter meter(spec, endpoint, target, {}, fallbacks());
    auto request_fields = request_.fields;
    auto response_fields = response_.fields;
    std::string request(request_.content);
    std::string response(response_.content);
    if (coding != Coding::kIdentity) {
      request = wire::content_coding::encode(coding, request);
      response = wire::content_coding::encode(coding, response);
      request_fields.push_back({"Content-Encoding", wire::content_coding::to_string(coding)});
      response_fields.push_back({"Content-Encoding", wire::content_coding::to_string(coding)});
    }
    std::vector<Reading> calls;
    meter.each_call([&](Reading&& call) { calls.push_back(std::move(call)); });
    meter.request_head(request_fields);
    cut(request, [&](std::string_view piece) { meter.request_content(piece); });
    meter.request_end();
    meter.response_head(std::stoi(std::string(response_.start.at(1))), response_fields);
    cut(response, [&](std::string_view piece) { meter.response_content(piece); });
    meter.response_end(true);
    std::string out;
    json::Writer writer(out);
    describe(endpoint, meter.finish(), calls, writer);
    return out;
  }

  void expect(const std::string& have) const {
    const auto document = json::Document::parse(have);
    ASSERT_TRUE(document) << have;
    EXPECT_TRUE(json::equal(document->root(), want_.root())) << have;
  }

  Message request_{GetParam() / "request"};
  Message response_{GetParam() / "response"};
  json::Document want_ = [] {
    std::ifstream stream(GetParam() / "expect.json");
    return std::move(*json::Document::parse(std::string(std::istreambuf_iterator<char>(stream), {})));
  }();
};

TEST_P(Golden, IsReadAsExpected) { expect(read(whole)); }

TEST_P(Golden, IsReadAlikeWhereverItIsCut) {
  const std::string want = read(whole);
  const std::size_t longest = std::max(request_.content.size(), response_.content.size());
  for (std::size_t place = 1; place < longest; ++place) {
    const auto halves = [&](std::string_view content, const Feed& feed) {
      feed(content.substr(0, place));
      if (place < content.size()) feed(content.substr(place));
    };
    ASSERT_EQ(read(halves), want) << "cut at byte " << place;
  }
  const auto bytes = [](std::string_view content, const Feed& feed) {
    for (std::size_t i = 0; i < content.size(); ++i) feed(content.substr(i, 1));
  };
  EXPECT_EQ(read(bytes), want) << "byte by byte";
}

TEST_P(Golden, IsReadAlikeInEveryCoding) {
  const std::string want = read(whole);
  for (const Coding coding : {Coding::kGzip, Coding::kDeflate, Coding::kBrotli, Coding::kZstd}) {
    EXPECT_EQ(read(whole, coding), want) << wire::content_coding::to_string(coding);
    std::mt19937 random(17);
    const auto pieces = [&](std::string_view content, const Feed& feed) {
      while (!content.empty()) {
        const std::size_t size = std::min<std::size_t>(content.size(), 1 + random() % 40);
        feed(content.substr(0, size));
        content.remove_prefix(size);
      }
    };
    EXPECT_EQ(read(pieces, coding), want) << wire::content_coding::to_string(coding) << " in pieces";
  }
}

// Cut off at every place: no crash, and never more than was said.
TEST_P(Golden, IsReadWithoutHarmWhereItBreaksOff) {
  for (std::size_t end = 0; end < response_.content.size(); end += 3) {
    const provider::Spec* spec = registry().by_name(GetParam().parent_path().filename().string());
    const auto target = request_.start.at(1);
    ExchangeMeter meter(spec, registry().endpoint(*spec, request_.start.at(0), target, request_.fields), target, {},
                        fallbacks());
    meter.request_head(request_.fields);
    meter.response_head(200, response_.fields);
    meter.response_content(response_.content.substr(0, end));
    meter.response_end(false);
    const Reading reading = meter.finish();
    EXPECT_FALSE(reading.complete);
    EXPECT_EQ(reading.faults_of(Fault::kMissingUsage), 0U);
  }
}

std::vector<fs::path> cases() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(TOKOMETER_SOURCE_DIR) / "tests" / "golden")) {
    if (entry.path().filename() == "expect.json") found.push_back(entry.path().parent_path());
  }
  std::ranges::sort(found);
  return found;
}

std::string test_name(const testing::TestParamInfo<fs::path>& golden) {
  std::string name = golden.param.parent_path().filename().string() + "_" + golden.param.filename().string();
  std::ranges::replace(name, '.', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Cases, Golden, testing::ValuesIn(cases()), test_name);

}  // namespace
}  // namespace tokometer::meter
