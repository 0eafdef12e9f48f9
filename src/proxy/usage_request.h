// Makes a request for a stream ask for its usage: OpenAI's
// `stream_options.include_usage`, which its streams leave out unless asked.
//
// The request's text is changed at that place only. Not here: taking the
// answer out again (usage_strip.h), when this is done (exchange.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tokometer::proxy {

// `json`, the content of a request, asking for usage. Nothing, if it asks for no stream, says itself whether it
// wants usage, or is no JSON object as far as that can be told.
std::optional<std::string> with_usage_asked(std::string_view json);

}  // namespace tokometer::proxy
