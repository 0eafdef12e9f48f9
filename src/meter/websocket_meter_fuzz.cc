// However both directions are cut, the same turns must come out. The first byte chooses provider and compression; a
// byte 0 to 15 before each run of the rest says whose it is and how long.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "embedded/embedded.h"
#include "meter/estimate.h"
#include "meter/websocket_meter.h"
#include "provider/registry.h"
#include "wire/every_cut.h"

namespace {

using namespace tokometer;

const provider::Registry& specs() {
  static const auto loaded = provider::Registry::load(embedded::providers(), {});
  return **loaded;
}

struct Run {
  meter::Side from;
  std::string_view bytes;
};

std::vector<Run> runs_of(std::string_view input) {
  std::vector<Run> runs;
  while (!input.empty()) {
    const auto how = static_cast<std::uint8_t>(input.front());
    input.remove_prefix(1);
    const std::string_view bytes = input.substr(0, std::size_t{1} << (how >> 1U & 0xfU));
    input.remove_prefix(bytes.size());
    runs.push_back({(how & 1U) != 0 ? meter::Side::kClient : meter::Side::kServer, bytes});
  }
  return runs;
}

std::string read(std::uint8_t choice, const std::vector<Run>& runs, bool by_bytes) {
  const bool gemini = (choice & 1U) != 0;
  const provider::Spec& spec = *specs().by_name(gemini ? "gcp.gemini" : "openai");
  const std::string_view target = gemini
                                      ? "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
                                      : ((choice & 2U) != 0 ? "/v1/realtime?model=m" : "/v1/responses");
  const meter::LengthCounter counter;
  meter::WebSocketMeter reader(spec, *specs().endpoint(spec, "GET", target), target, {}, {},
                               {.max_event_bytes = 4096, .sample_bytes = 256}, &counter);
  const wire::Field extension{"sec-websocket-extensions", (choice & 4U) != 0 ? "permessage-deflate" : ""};
  reader.accepted(wire::Fields(&extension, 1));
  std::string said;
  const auto take = [&](meter::Turn&& turn) {
    said += turn.reading.response_id + '|' + turn.reading.usage.details + '|' + turn.reading.error_type + '|' +
            std::to_string(turn.reading.usage.output_tokens.value_or(-1)) + '|' +
            std::to_string(turn.reading.usage.input_tokens.value_or(-1)) + '|' + std::to_string(turn.request_bytes) +
            '|' + std::to_string(turn.response_bytes) + '\n';
  };
  const auto ignore = [](const meter::SideMessage&, wire::websocket::Kind) {};
  for (const Run& run : runs) {
    const wire::Chunks chunks = by_bytes ? wire::Chunks::bytes(run.bytes) : wire::Chunks::whole(run.bytes);
    chunks.for_each([&](std::string_view chunk) { reader.feed(run.from, chunk, {}, take, ignore); });
  }
  reader.finish({}, {}, take);
  std::array<std::uint32_t, meter::kFaultCount> faults{};
  if (auto rest = reader.connection({}, faults)) take(std::move(*rest));
  return said;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto runs = runs_of({reinterpret_cast<const char*>(data) + 1, size - 1});
  TOKOMETER_CHECK(read(data[0], runs, false) == read(data[0], runs, true));
  return 0;
}
