#include <utility>

#include "json/text.h"
#include "provider/registry.h"

namespace tokometer::provider {
namespace {

constexpr std::string_view kOpenAiShape =
    R"({"error":{"message":"{message}","type":"{type}","param":null,"code":"{type}"}})";

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

std::string json_string(std::string_view text) {
  std::string out;
  json::append_quoted(text, out);
  return out;
}

std::string_view error_type(const Spec* spec, int status) {
  if (spec != nullptr) {
    const std::string exact = std::to_string(status);
    const std::string kind = exact.substr(0, 1) + "xx";
    for (const std::string& key : {exact, kind}) {
      if (const auto known = spec->error_types.find(key); known != spec->error_types.end()) return known->second;
    }
  }
  return status < 500 ? "invalid_request_error" : "api_error";
}

}  // namespace

std::string error_body(const Spec* spec, int status, std::string_view message) {
  std::string body(spec == nullptr || spec->error_body.empty() ? kOpenAiShape : spec->error_body);
  replace_all(body, R"("{status}")", std::to_string(status));
  replace_all(body, R"("{type}")", json_string(error_type(spec, status)));
  replace_all(body, R"("{message}")", json_string(message));
  return body;
}

}  // namespace tokometer::provider
