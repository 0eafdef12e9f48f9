#include "client/client_file.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace tokometer::client {
namespace {

using json::Member;
using json::Mistakes;
using json::Node;

// Reads one key of a condition into it; false if the key is not one of a condition's.
bool read_condition_key(const Member& member, Condition& condition, int& kinds, Mistakes& mistakes) {
  const auto set = [&](Condition::Kind kind, std::vector<std::string> texts) {
    condition.kind = kind;
    condition.texts = std::move(texts);
    ++kinds;
  };
  if (member.name == "field") {
    condition.field = mistakes.text(member);
  } else if (member.name == "present") {
    if (member.value.boolean() != true) mistakes.add(member.value.location(), "\"present\" can only be true");
    set(Condition::Kind::kPresent, {});
  } else if (member.name == "equals") {
    set(Condition::Kind::kEquals, {mistakes.text(member)});
  } else if (member.name == "starts_with") {
    set(Condition::Kind::kStartsWith, {mistakes.text(member)});
  } else if (member.name == "products") {
    set(Condition::Kind::kProduct, mistakes.texts(member));
  } else if (member.name == "separator") {
    const std::string text = mistakes.text(member);
    if (text.size() > 1) mistakes.add(member.value.location(), "\"separator\" must be one character");
    if (!text.empty()) condition.separator = text.front();
  } else {
    return false;
  }
  return true;
}

void check_condition(Node node, const Condition& condition, int kinds, Mistakes& mistakes) {
  if (condition.field.empty()) mistakes.missing(node, "field");
  if (kinds != 1) {
    mistakes.add(node.location(), R"(needs one of "products", "equals", "starts_with" and "present")");
  }
}

Condition read_condition(Node node, Mistakes& mistakes) {
  Condition condition;
  int kinds = 0;
  for (const Member member : node.members()) {
    if (!read_condition_key(member, condition, kinds, mistakes)) mistakes.unknown(member);
  }
  check_condition(node, condition, kinds, mistakes);
  return condition;
}

Rule read_rule(Node node, Mistakes& mistakes) {
  Rule rule;
  Condition first;
  int kinds = 0;
  std::vector<Condition> others;
  for (const Member member : node.members()) {
    if (member.name == "and") {
      if (!mistakes.array(member)) continue;
      for (const Node other : member.value.elements()) others.push_back(read_condition(other, mistakes));
    } else if (member.name == "version_field") {
      rule.version_field = mistakes.text(member);
    } else if (!read_condition_key(member, first, kinds, mistakes)) {
      mistakes.unknown(member);
    }
  }
  check_condition(node, first, kinds, mistakes);
  rule.conditions.push_back(std::move(first));
  for (Condition& other : others) rule.conditions.push_back(std::move(other));
  return rule;
}

ClientRules read_client(Node node, Mistakes& mistakes) {
  ClientRules client;
  for (const Member member : node.members()) {
    if (member.name == "name") {
      client.name = mistakes.text(member);
    } else if (member.name == "priority") {
      const auto number = member.value.int64();
      if (!number) mistakes.add(member.value.location(), "\"priority\" must be a whole number");
      client.priority = number.value_or(0);
    } else if (member.name == "session_fields") {
      client.session_fields = mistakes.texts(member);
    } else if (member.name == "rules") {
      if (!mistakes.array(member)) continue;
      for (const Node rule : member.value.elements()) client.rules.push_back(read_rule(rule, mistakes));
    } else {
      mistakes.unknown(member);
    }
  }
  if (!node["name"]) mistakes.missing(node, "name");
  if (!node["priority"]) mistakes.missing(node, "priority");
  if (client.rules.empty()) mistakes.missing(node, "rules");
  return client;
}

}  // namespace

std::vector<ClientRules> read_client_file(std::string_view content, Mistakes& mistakes) {
  std::vector<ClientRules> clients;
  const auto document = mistakes.parse(content);
  if (!document) return clients;
  const Node root = document->root();
  if (!root["clients"]) mistakes.missing(root, "clients");
  for (const Member member : root.members()) {
    if (member.name == "$schema") continue;
    if (member.name != "clients") {
      mistakes.unknown(member);
    } else if (mistakes.array(member)) {
      for (const Node client : member.value.elements()) clients.push_back(read_client(client, mistakes));
    }
  }
  return clients;
}

}  // namespace tokometer::client
