#include "client/context_fields.h"

#include <array>
#include <cstdint>
#include <string>

#include "json/document.h"

namespace tokometer::client {
namespace {

constexpr ContextLimits kFieldLimits;

// Whose fields go before whose, the last before all.
enum class Family : std::uint8_t { kNone, kCylestio, kTokentap, kOwn };

struct Known {
  std::string_view name;  // without the family's prefix
  Family family;
  std::string CallContext::* value;
};

constexpr std::array<Known, 11> kKnown = {{{"project", Family::kOwn, &CallContext::project},
                                           {"program", Family::kOwn, &CallContext::program},
                                           {"session", Family::kOwn, &CallContext::session},
                                           {"agent", Family::kOwn, &CallContext::agent},
                                           {"user", Family::kOwn, &CallContext::user},
                                           {"run", Family::kOwn, &CallContext::run},
                                           {"project", Family::kTokentap, &CallContext::project},
                                           {"program", Family::kTokentap, &CallContext::program},
                                           {"session", Family::kTokentap, &CallContext::session},
                                           {"prompt-id", Family::kCylestio, &CallContext::agent},
                                           {"conversation-id", Family::kCylestio, &CallContext::session}}};

struct Prefix {
  std::string_view text;
  Family family;
};

constexpr std::array<Prefix, 3> kPrefixes = {
    {{"x-tokometer-", Family::kOwn}, {"x-tokentap-", Family::kTokentap}, {"x-cylestio-", Family::kCylestio}}};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Calls `visit` for the items of a comma-separated list.
template <typename Visitor>
void each_item(std::string_view list, Visitor&& visit) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    visit(trimmed(list.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

class FieldReader {
 public:
  explicit FieldReader(CallContext& context) : context_(context) {}

  void read(const wire::Field& field) {
    for (const Prefix& prefix : kPrefixes) {
      if (wire::istarts_with(field.name, prefix.text)) {
        return read(prefix.family, field.name.substr(prefix.text.size()), field.value);
      }
    }
  }

 private:
  void read(Family family, std::string_view name, std::string_view value) {
    for (const Known& known : kKnown) {
      if (known.family == family && wire::iequals(name, known.name)) return set(known.value, family, value);
    }
    if (family == Family::kTokentap && wire::iequals(name, "context")) {
      read_tokentap(value);
    } else if (family == Family::kCylestio && wire::iequals(name, "session-id")) {
      add_tag(context_.tags, "session", value);
    } else if (family != Family::kTokentap && wire::iequals(name, "tags")) {
      each_item(value, [&](std::string_view tag) {
        if (family == Family::kOwn) return add_tag(context_.tags, tag);
        const auto colon = tag.find(':');
        add_tag(context_.tags, trimmed(tag.substr(0, colon)),
                colon == std::string_view::npos ? std::string_view() : trimmed(tag.substr(colon + 1)));
      });
    }
  }

  void set(std::string CallContext::* member, Family family, std::string_view value) {
    Family& set_by = set_by_[index(member)];
    if (value.empty() || family < set_by) return;
    set_by = family;
    context_.*member = value.substr(0, kFieldLimits.value_bytes);
  }

  // Its members fill only what Tokentap's other fields leave open; those that it does not know become tags.
  void read_tokentap(std::string_view text) {
    if (text.size() > kFieldLimits.json_bytes) return;
    const auto document = json::Document::parse(std::string(text), {.max_bytes = kFieldLimits.json_bytes});
    if (!document) return;
    const auto fill = [&](std::string CallContext::* member, std::string_view value) {
      if (set_by_[index(member)] < Family::kTokentap) set(member, Family::kTokentap, value);
    };
    for (const auto [name, value] : document->root().members()) {
      if (name == "project_name") {
        fill(&CallContext::project, value.string().value_or(""));
      } else if (name == "program_name") {
        fill(&CallContext::program, value.string().value_or(""));
      } else if (name == "session_id") {
        fill(&CallContext::session, value.string().value_or(""));
      } else if (name == "tags") {
        for (const json::Node tag : value.elements()) add_tag(context_.tags, tag.string().value_or(""));
      } else if (name == "custom") {
        for (const auto [key, custom] : value.members()) add_scalar(key, custom);
      } else {
        add_scalar(name, value);
      }
    }
  }

  void add_scalar(std::string_view key, json::Node value) {
    if (!value.is_object() && !value.is_array() && !value.is_null()) {
      add_tag(context_.tags, key, value.string().value_or(value.raw()));
    }
  }

  static std::size_t index(std::string CallContext::* member) {
    std::size_t at = 0;
    while (kKnown[at].value != member) ++at;
    return at;  // of the first that names it: one of ours
  }

  CallContext& context_;
  std::array<Family, kKnown.size()> set_by_{};
};

}  // namespace

void read_context_fields(wire::Fields fields, CallContext& context) {
  FieldReader reader(context);
  for (const wire::Field& field : fields) {
    if (is_context_field(field.name)) reader.read(field);
  }
}

}  // namespace tokometer::client
