#include "tokenizer/model_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tokometer::tokenizer {
namespace {

using json::Member;
using json::Mistakes;
using json::Node;

constexpr std::array<std::pair<std::string_view, ImageRule::Kind>, 5> kImageKinds{{
    {"tiles", ImageRule::Kind::kTiles},
    {"patches", ImageRule::Kind::kPatches},
    {"area", ImageRule::Kind::kArea},
    {"grid", ImageRule::Kind::kGrid},
    {"fixed", ImageRule::Kind::kFixed},
}};

double positive(const Member& member, Mistakes& mistakes) {
  const auto number = member.value.to_double();
  if (number && *number >= 0 && *number < 1e9) return *number;
  mistakes.add(member.value.location(), fmt::format("\"{}\" must be a number, 0 or more", member.name));
  return 0;
}

std::int64_t whole(const Member& member, Mistakes& mistakes) {
  const auto number = member.value.int64();
  if (number && *number >= 0 && *number < 1'000'000'000) return *number;
  mistakes.add(member.value.location(), fmt::format("\"{}\" must be a whole number, 0 or more", member.name));
  return 0;
}

ChatRule read_chat(Node node, Mistakes& mistakes) {
  ChatRule rule;
  for (const Member member : node.members()) {
    if (member.name == "name") {
      rule.name = mistakes.text(member);
    } else if (member.name == "per_request") {
      rule.per_request = whole(member, mistakes);
    } else if (member.name == "per_message") {
      rule.per_message = whole(member, mistakes);
    } else if (member.name == "per_name") {
      rule.per_name = whole(member, mistakes);
    } else if (member.name == "tool_form") {
      const std::string form = mistakes.text(member);
      if (form != "signature" && form != "json") {
        mistakes.add(member.value.location(), R"("tool_form" must be "signature" or "json")");
      }
      rule.tool_form = form == "signature" ? ChatRule::ToolForm::kSignature : ChatRule::ToolForm::kJson;
    } else if (member.name == "tools_once") {
      rule.tools_once = whole(member, mistakes);
    } else if (member.name == "per_tool") {
      rule.per_tool = whole(member, mistakes);
    } else if (member.name == "source") {
      rule.source = mistakes.text(member);
    } else {
      mistakes.unknown(member);
    }
  }
  if (rule.name.empty()) mistakes.missing(node, "name");
  return rule;
}

ImageRule read_image(Node node, Mistakes& mistakes) {
  ImageRule rule;
  for (const Member member : node.members()) {
    if (member.name == "name") {
      rule.name = mistakes.text(member);
    } else if (member.name == "kind") {
      const std::string kind = mistakes.text(member);
      const auto* const found = std::ranges::find(kImageKinds, kind, [](const auto& one) { return one.first; });
      if (found == kImageKinds.end()) {
        mistakes.add(member.value.location(), fmt::format("unknown kind \"{}\"", kind));
      } else {
        rule.kind = found->second;
      }
    } else if (member.name == "base") {
      rule.base = positive(member, mistakes);
    } else if (member.name == "per") {
      rule.per = positive(member, mistakes);
    } else if (member.name == "max") {
      rule.max = whole(member, mistakes);
    } else if (member.name == "source") {
      rule.source = mistakes.text(member);
    } else {
      mistakes.unknown(member);
    }
  }
  if (rule.name.empty()) mistakes.missing(node, "name");
  if (rule.kind == ImageRule::Kind::kArea && rule.per == 0) mistakes.missing(node, "per");
  return rule;
}

Family read_family(Node node, Mistakes& mistakes) {
  Family family;
  for (const Member member : node.members()) {
    if (member.name == "name") {
      family.name = mistakes.text(member);
    } else if (member.name == "models") {
      family.models = mistakes.texts(member);
    } else if (member.name == "encoding") {
      const auto encoding = encoding_named(mistakes.text(member));
      if (!encoding) mistakes.add(member.value.location(), "unknown encoding");
      family.encoding = encoding.value_or(Encoding::kO200kBase);
    } else if (member.name == "ratio") {
      family.ratio = positive(member, mistakes);
    } else if (member.name == "bytes_per_token") {
      family.bytes_per_token = positive(member, mistakes);
      if (family.bytes_per_token < 0.1)
        mistakes.add(member.value.location(), "\"bytes_per_token\" must be 0.1 or more");
    } else if (member.name == "error") {
      family.error = positive(member, mistakes);
    } else if (member.name == "tools_error") {
      family.tools_error = positive(member, mistakes);
    } else if (member.name == "provider") {
      family.provider = mistakes.text(member);
    } else if (member.name == "chat") {
      family.chat = mistakes.text(member);
    } else if (member.name == "image") {
      family.image = mistakes.text(member);
    } else {
      mistakes.unknown(member);
    }
  }
  if (family.name.empty()) mistakes.missing(node, "name");
  if (family.models.empty()) mistakes.missing(node, "models");
  if (!node["encoding"]) mistakes.missing(node, "encoding");
  return family;
}

}  // namespace

ModelFile read_model_file(std::string_view content, Mistakes& mistakes) {
  ModelFile file;
  const auto document = mistakes.parse(content);
  if (!document) return file;
  const auto read_all = [&](const Member& member, auto& list, auto read) {
    if (!mistakes.array(member)) return;
    for (const Node one : member.value.elements()) list.push_back(read(one, mistakes));
  };
  for (const Member member : document->root().members()) {
    if (member.name == "$schema") continue;
    if (member.name == "chats") {
      read_all(member, file.chats, read_chat);
    } else if (member.name == "images") {
      read_all(member, file.images, read_image);
    } else if (member.name == "families") {
      read_all(member, file.families, read_family);
    } else {
      mistakes.unknown(member);
    }
  }
  return file;
}

}  // namespace tokometer::tokenizer
