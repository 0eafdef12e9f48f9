// How good estimates are: hides the usage of recorded exchanges, estimates it,
// and holds that against what an independent program says it was.
//
//   estimate_accuracy FOLDER    # with exchanges.jsonl.gz and expected.jsonl
//
// Prints a JSON array: for each provider and operation how many calls there
// are, of how many each side was estimated, and the median and the 90th
// percentile of the relative error. `visible_output` leaves out the reasoning
// that models do not show, which nothing can be estimated of.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "embedded/embedded.h"
#include "json/document.h"
#include "json/writer.h"
#include "meter/estimate.h"
#include "meter/exchange_meter.h"
#include "meter/token_counter.h"
#include "provider/registry.h"
#include "wire/base64.h"
#include "wire/content_coding.h"

namespace {

using tokometer::json::Document;
using tokometer::json::Node;
using tokometer::json::Writer;
using tokometer::meter::Count;
using tokometer::meter::ExchangeMeter;
using tokometer::meter::Reading;
using tokometer::provider::Registry;
namespace content_coding = tokometer::wire::content_coding;

using Fields = std::vector<tokometer::wire::Field>;

std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

template <typename Use>
void for_each_line(std::string_view text, Use use) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (end > 0) use(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// Calls `use` for each line of a gzip file, which may be larger than memory.
template <typename Use>
bool for_each_packed_line(const std::string& packed, Use use) {
  content_coding::Limits limits;
  limits.max_output_bytes = std::uint64_t{4} << 30U;
  auto decoder = content_coding::Decoder::open("gzip", limits);
  std::string held;
  const auto fed = decoder->feed(packed, [&](std::string_view piece) {
    for (auto end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n')) {
      held += piece.substr(0, end);
      use(held);
      held.clear();
      piece.remove_prefix(end + 1);
    }
    held += piece;
  });
  if (!held.empty()) use(held);
  return fed.has_value();
}

// Bodies are recorded decoded.
Fields fields_of(Node node) {
  Fields fields;
  for (const auto [name, value] : node.members()) {
    if (tokometer::wire::iequals(name, "content-encoding")) continue;
    if (const auto text = value.string()) fields.push_back({name, *text});
  }
  return fields;
}

// What an exchange used, as expected.jsonl has it.
struct Used {
  std::int64_t input = 0;
  std::int64_t output = 0;
  std::int64_t visible_output = 0;
};

struct Group {
  std::size_t calls = 0;
  std::vector<double> input;
  std::vector<double> output;
  std::vector<double> visible_output;
};

void add_error(std::vector<double>& errors, const Count& estimate, std::int64_t truth) {
  if (!estimate || truth <= 0) return;
  errors.push_back(std::abs(static_cast<double>(*estimate - truth)) / static_cast<double>(truth));
}

void write_errors(Writer& writer, std::string_view name, std::vector<double>& errors) {
  std::ranges::sort(errors);
  const auto at = [&](double part) {
    const auto index = static_cast<std::size_t>(part * static_cast<double>(errors.size() - 1) + 0.5);
    char text[32];
    const int size = std::snprintf(text, sizeof(text), "%.4f", errors[index]);
    return std::string(text, static_cast<std::size_t>(size));
  };
  writer.name(name).begin_object().member("n", static_cast<std::int64_t>(errors.size()));
  if (!errors.empty()) writer.raw_member("median", at(0.5)).raw_member("p90", at(0.9));
  writer.end_object();
}

// The reading of a recorded exchange as if its provider had said nothing; nothing if it is no call that bills.
std::optional<std::pair<std::string, Reading>> estimate(const Registry& registry, Node row,
                                                        const tokometer::meter::TextCounter& counter) {
  const auto* spec = registry.by_host(row["provider_host"].string().value_or(""));
  if (spec == nullptr) return std::nullopt;
  const Fields request_fields = fields_of(row["request_headers"]);
  Fields response_fields = fields_of(row["response_headers"]);
  const std::string target(row["path"].string().value_or(""));
  const auto* endpoint = registry.endpoint(*spec, row["method"].string().value_or(""), target, request_fields);
  if (endpoint == nullptr || endpoint->billing != tokometer::provider::Billing::kAlways) return std::nullopt;
  const auto type = row["content_type"].string().value_or("");
  if (!type.empty() && !tokometer::wire::find(response_fields, "content-type")) {
    response_fields.push_back({"content-type", type});
  }
  const auto request = tokometer::wire::base64::decode(row["request_body"].string().value_or(""));
  const auto response = tokometer::wire::base64::decode(row["response_body"].string().value_or(""));
  if (!request || !response) return std::nullopt;
  ExchangeMeter meter(spec, endpoint, target, {}, {.generic = nullptr, .counter = &counter, .hide_usage = true});
  meter.request_head(request_fields);
  meter.request_content(*request);
  meter.request_end();
  meter.response_head(static_cast<int>(row["status"].int64().value_or(0)), response_fields);
  meter.response_content(*response);
  meter.response_end(true);
  return std::pair(spec->name + " " + endpoint->operation, meter.finish());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: estimate_accuracy FOLDER (with exchanges.jsonl.gz and expected.jsonl)\n", stderr);
    return 2;
  }
  const std::string folder = argv[1];
  std::map<std::string, Used, std::less<>> truth;
  for_each_line(read_file(folder + "/expected.jsonl"), [&](std::string_view line) {
    const auto row = Document::parse(std::string(line));
    if (!row || row->root()["strict"].boolean() == false) return;
    const auto count = [&](std::string_view name) { return row->root()[name].int64().value_or(0); };
    truth[std::string(row->root()["id"].string().value_or(""))] = {
        .input = count("input_tokens"),
        .output = count("output_tokens"),
        .visible_output = count("output_tokens") - count("reasoning_tokens")};
  });
  const std::string packed = read_file(folder + "/exchanges.jsonl.gz");
  if (truth.empty() || packed.empty()) {
    std::fprintf(stderr, "estimate_accuracy: %s: no recorded exchanges there\n", folder.c_str());
    return 1;
  }
  const auto registry = *Registry::load(tokometer::embedded::providers(), "");
  const auto models = *tokometer::tokenizer::ModelTable::load(tokometer::embedded::tokenizers(), "");
  const auto library = std::make_shared<const tokometer::tokenizer::Library>(tokometer::embedded::rank_tables(), "");
  const tokometer::meter::TokenCounter counter(library, models, tokometer::meter::TokenCounter::Wait::kForTables);
  std::map<std::string, Group> groups;
  for_each_packed_line(packed, [&](const std::string& line) {
    const auto row = Document::parse(line);
    const auto used = row ? truth.find(row->root()["id"].string().value_or("")) : truth.end();
    if (used == truth.end()) return;
    const auto estimated = estimate(*registry, row->root(), counter);
    if (!estimated) return;
    for (Group* group : {&groups[estimated->first], &groups["all "]}) {
      ++group->calls;
      add_error(group->input, estimated->second.usage.input_tokens, used->second.input);
      add_error(group->output, estimated->second.usage.output_tokens, used->second.output);
      add_error(group->visible_output, estimated->second.usage.output_tokens, used->second.visible_output);
    }
  });
  std::string out;
  Writer writer(out);
  writer.begin_array();
  for (auto& [name, group] : groups) {
    const auto space = name.find(' ');
    writer.begin_object().member("provider", name.substr(0, space)).member("operation", name.substr(space + 1));
    writer.member("calls", static_cast<std::int64_t>(group.calls));
    write_errors(writer, "input", group.input);
    write_errors(writer, "output", group.output);
    write_errors(writer, "visible_output", group.visible_output);
    writer.end_object();
  }
  writer.end_array();
  std::puts(out.c_str());
  return 0;
}
