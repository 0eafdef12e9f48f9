// A JSON value put together of several files, each part knowing where it stands.
//
// Objects are merged member by member; anything else of the later file takes
// the place of the earlier one. So a user's file says only what is to differ.
//
//   Merged spec = Merged::of("anthropic.json", builtin.root());
//   spec.overlay(Merged::of("anthropic.json", user.root()));
//
// The documents must outlive it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "json/document.h"

namespace tokometer::provider {

struct MergedMember;

struct Merged {
  std::string file;                   // the last that said something of this value
  json::Node node;                    // what it said; of a merged object only its kind and place are of use
  std::vector<MergedMember> members;  // of an object, in order of appearance

  // The value at `node` of `file`, its members taken over one by one.
  static Merged of(std::string_view file, json::Node node);

  bool is_object() const { return node.is_object(); }
  const Merged* find(std::string_view name) const;
  // Puts `later` over this.
  void overlay(const Merged& later);
  // Takes the member called `name` away, if there is one.
  void remove(std::string_view name);
  // The value as JSON text.
  std::string text() const;
  // "anthropic.json:12".
  std::string where() const;
};

struct MergedMember {
  std::string name;
  Merged value;
};

}  // namespace tokometer::provider
