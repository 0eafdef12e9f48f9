// Any bytes as a context, as a path's segment, as a user name and as a budget: refused, or what they say comes back
// unchanged from every form, within the limits.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "client/call_context.h"
#include "client/context_fields.h"

namespace {

using namespace tokometer;
using namespace tokometer::client;

void check_bounds(const CallContext& context) {
  const ContextLimits limits;
  TOKOMETER_CHECK(context.tags.size() <= limits.tags);
  for (const std::string& tag : context.tags) TOKOMETER_CHECK(!tag.empty() && tag.size() <= limits.value_bytes);
  TOKOMETER_CHECK(context.outer.size() <= limits.outer_runs);
  for (const OuterRun& outer : context.outer) TOKOMETER_CHECK(outer.run.size() <= limits.value_bytes);
  for (const std::string* value :
       {&context.project, &context.program, &context.session, &context.agent, &context.user, &context.run}) {
    TOKOMETER_CHECK(value->size() <= limits.value_bytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& context : {parse_context(text), decode_context(text), context_of_user(text)}) {
    if (!context) continue;
    check_bounds(*context);
    // Cutting may split a character, which the JSON form then mends, and that may take more room: compare the mended.
    const auto once = parse_context(to_json(*context));
    if (!once) continue;
    const auto again = context_of_user(user_of_context(*once));
    if (!again) continue;
    TOKOMETER_CHECK(again->budget == context->budget);
    check_bounds(*again);
  }
  if (const auto budget = parse_budget(text)) TOKOMETER_CHECK(parse_budget(to_string(*budget)) == *budget);

  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return 0;
  const wire::Field field{text.substr(0, colon), text.substr(colon + 1)};
  CallContext context;
  read_context_fields({&field, 1}, context);
  check_bounds(context);
  if (!is_context_field(field.name)) TOKOMETER_CHECK(context == CallContext());
  return 0;
}
