#include "provider/merged.h"

#include <algorithm>

#include "json/writer.h"

namespace tokometer::provider {
namespace {

void write(const Merged& value, json::Writer& writer) {
  if (!value.is_object()) {
    writer.raw(value.node.raw());
    return;
  }
  writer.begin_object();
  for (const MergedMember& member : value.members) {
    writer.name(member.name);
    write(member.value, writer);
  }
  writer.end_object();
}

}  // namespace

Merged Merged::of(std::string_view file, json::Node node) {
  Merged merged;
  merged.file = file;
  merged.node = node;
  for (const json::Member member : node.members()) {
    merged.members.push_back({std::string(member.name), of(file, member.value)});
  }
  return merged;
}

const Merged* Merged::find(std::string_view name) const {
  const auto found = std::ranges::find(members, name, &MergedMember::name);
  return found == members.end() ? nullptr : &found->value;
}

void Merged::overlay(const Merged& later) {
  if (!is_object() || !later.is_object()) {
    *this = later;
    return;
  }
  file = later.file;
  node = later.node;
  for (const MergedMember& member : later.members) {
    const auto found = std::ranges::find(members, member.name, &MergedMember::name);
    if (found == members.end()) {
      members.push_back(member);
    } else {
      found->value.overlay(member.value);
    }
  }
}

void Merged::remove(std::string_view name) {
  std::erase_if(members, [&](const MergedMember& member) { return member.name == name; });
}

std::string Merged::text() const {
  std::string out;
  json::Writer writer(out);
  write(*this, writer);
  return out;
}

std::string Merged::where() const { return file + ":" + std::to_string(node.location().line); }

}  // namespace tokometer::provider
