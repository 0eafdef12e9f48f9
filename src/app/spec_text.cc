#include "app/spec_text.h"

#include <cstddef>

#include "json/text.h"

namespace tokometer::app {
namespace {

constexpr std::size_t kSpecColumns = 120;

void write_inline(json::Node node, std::string& out) {
  if (!node.is_object() && !node.is_array()) {
    out += node.raw();
    return;
  }
  const bool is_object = node.is_object();
  if (node.size() == 0) {
    out += is_object ? "{}" : "[]";
    return;
  }
  out += is_object ? "{ " : "[";
  const char* comma = "";
  for (const auto [name, value] : node.members()) {
    out += comma;
    json::append_quoted(name, out);
    out += ": ";
    write_inline(value, out);
    comma = ", ";
  }
  for (const json::Node element : node.elements()) {
    out += comma;
    write_inline(element, out);
    comma = ", ";
  }
  out += is_object ? " }" : "]";
}

// `taken` is how much of the line stands before the value.
void write_indented(json::Node node, std::size_t indent, std::size_t taken, std::string& out) {
  std::string line;
  write_inline(node, line);
  const bool is_root = taken == 0;
  if (node.size() == 0 || (!is_root && taken + line.size() < kSpecColumns)) {
    out += line;
    return;
  }
  const std::string space(indent + 2, ' ');
  out += node.is_object() ? '{' : '[';
  const char* comma = "\n";
  for (const auto [name, value] : node.members()) {
    std::string key;
    json::append_quoted(name, key);
    key += ": ";
    out.append(comma).append(space).append(key);
    write_indented(value, indent + 2, indent + 2 + key.size(), out);
    comma = ",\n";
  }
  for (const json::Node element : node.elements()) {
    out.append(comma).append(space);
    write_indented(element, indent + 2, indent + 2, out);
    comma = ",\n";
  }
  out.append("\n").append(indent, ' ') += node.is_object() ? '}' : ']';
}

}  // namespace

std::string spec_text(json::Node root) {
  std::string out;
  write_indented(root, 0, 0, out);
  return out += '\n';
}

}  // namespace tokometer::app
