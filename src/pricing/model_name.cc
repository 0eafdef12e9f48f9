#include "pricing/model_name.h"

#include <algorithm>

namespace tokometer::pricing {
namespace {

// Whether `text` has the form `pattern`, in which '0' stands for any digit.
bool has_form(std::string_view text, std::string_view pattern) {
  return std::ranges::equal(text, pattern,
                            [](char c, char wanted) { return wanted == '0' ? c >= '0' && c <= '9' : c == wanted; });
}

}  // namespace

std::string folded(std::string_view name) {
  std::string result(name);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::string_view without_release(std::string_view name) {
  for (const std::string_view release : {"-00000000", "-0000-00-00", "@00000000", "@0000-00-00", "-latest"}) {
    if (name.size() <= release.size()) continue;
    const std::size_t rest = name.size() - release.size();
    if (has_form(name.substr(rest), release)) return name.substr(0, rest);
  }
  return name;
}

std::size_t boundary_before(std::string_view name, std::size_t end) {
  return end == 0 ? std::string_view::npos : name.find_last_of("-@:", end - 1);
}

}  // namespace tokometer::pricing
