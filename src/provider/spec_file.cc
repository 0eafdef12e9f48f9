#include "provider/spec_file.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/nearest.h"
#include "json/mistakes.h"
#include "provider/format_file.h"
#include "provider/merged.h"
#include "provider/object_reader.h"
#include "provider/quota_file.h"

namespace tokometer::provider {
namespace {

// What says which provider a spec is, and is therefore never inherited.
constexpr std::string_view kOwnKeys[] = {"$schema", "name",     "title", "enabled",   "extends",
                                         "hosts",   "base_url", "route", "bare_paths"};

// How far a format may extend others; more is a circle.
constexpr std::size_t kMaxFormatDepth = 16;

bool is_word(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

class Loader {
 public:
  LoadedSpecs load(std::span<const SpecText> builtin, std::span<const SpecText> user) {
    for (const SpecText& text : builtin) add(text);
    for (const SpecText& text : user) add(text);
    LoadedSpecs loaded;
    // One mistake is no reason to be silent about the others.
    for (const auto& [name, merged] : files_) {
      if (const Merged* whole = resolve(name)) formats_of(name, *whole);
    }
    for (const auto& [name, merged] : files_) {
      auto spec = compile(name);
      if (spec) loaded.specs.push_back(std::move(spec));
    }
    loaded.generic = generic();
    // Who inherits a mistake has it as well.
    std::set<std::string_view> told;
    for (const std::string& mistake : mistakes_.messages()) {
      if (told.insert(mistake).second) loaded.mistakes.push_back(mistake);
    }
    if (!loaded.mistakes.empty()) loaded.specs.clear();
    return loaded;
  }

 private:
  using Formats = std::map<std::string, std::shared_ptr<const Format>, std::less<>>;

  std::shared_ptr<const Format> generic() const {
    const auto spec = formats_.find("generic");
    if (spec == formats_.end()) return nullptr;
    const auto found = spec->second.find("any");
    return found == spec->second.end() ? nullptr : found->second;
  }

  void add(const SpecText& text) {
    json::Mistakes syntax{std::string(text.file)};
    auto document = syntax.parse(text.content);
    for (const json::Mistake& mistake : syntax.all()) mistakes_.add(mistake.where + ": " + mistake.what);
    if (!document) return;
    documents_.push_back(std::move(*document));
    const Merged merged = Merged::of(text.file, documents_.back().root());
    const Merged* name = merged.find("name");
    const auto value = name == nullptr ? std::nullopt : name->node.string();
    if (!value || !is_word(*value)) {
      mistakes_.add(name == nullptr ? merged : *name, R"("name" must be lower-case letters, digits and . _ -)");
      // The rest of it is looked at under a name that no other has.
      if (merged.is_object()) files_.try_emplace("?" + std::to_string(documents_.size()), merged);
      return;
    }
    const auto [place, fresh] = files_.try_emplace(std::string(*value), merged);
    if (!fresh) place->second.overlay(merged);
  }

  // The spec called `name` with all that it inherits; null if that can't be told.
  const Merged* resolve(const std::string& name) {
    if (const auto done = resolved_.find(name); done != resolved_.end()) return &done->second;
    Merged own = files_.at(name);
    const Merged* extends = own.find("extends");
    if (extends == nullptr || extends->node.is_null()) return &resolved_.emplace(name, std::move(own)).first->second;
    const auto base_name = extends->node.string();
    if (!base_name || !files_.contains(std::string(*base_name))) {
      mistakes_.add(*extends, "\"extends\" names no spec");
      return &resolved_.emplace(name, std::move(own)).first->second;
    }
    if (!resolving_.insert(name).second) {
      mistakes_.add(*extends, "\"extends\" leads in a circle");
      return nullptr;
    }
    const Merged* base = resolve(std::string(*base_name));
    resolving_.erase(name);
    if (base == nullptr) return nullptr;
    Merged whole = *base;
    for (const std::string_view key : kOwnKeys) whole.remove(key);
    whole.overlay(own);
    return &resolved_.emplace(name, std::move(whole)).first->second;
  }

  void formats_of(const std::string& name, const Merged& spec) {
    Formats& formats = formats_[name];
    const Merged* all = spec.find("formats");
    if (all == nullptr || all->node.is_null()) return;
    if (!all->is_object()) return mistakes_.add(*all, "\"formats\" must be an object");
    for (const MergedMember& member : all->members) {
      if (member.value.node.is_null()) continue;
      const Merged whole = whole_format(name, *all, member.value, 0);
      // Most specs inherit their formats as they are: what reads alike is compiled once.
      auto& compiled = compiled_[whole.text()];
      if (!compiled) compiled = compile_format(name + "/" + member.name, whole, mistakes_);
      formats.emplace(member.name, compiled);
    }
  }

  // `format` laid over what it extends: among `all` formats of its spec, or of the one named before a slash.
  Merged whole_format(const std::string& spec, const Merged& all, const Merged& format, std::size_t depth) {
    const Merged* extends = format.find("extends");
    if (extends == nullptr) return format;
    Merged whole = format;
    whole.remove("extends");
    if (extends->node.is_null()) return whole;
    const auto base_name = extends->node.string();
    const auto slash = base_name ? base_name->find('/') : std::string_view::npos;
    const std::string owner = slash == std::string_view::npos ? spec : std::string(base_name->substr(0, slash));
    const Merged* formats = owner == spec ? &all : formats_in(owner);
    const std::string_view key =
        slash == std::string_view::npos ? base_name.value_or("") : base_name->substr(slash + 1);
    const Merged* base = formats == nullptr ? nullptr : formats->find(key);
    if (base == nullptr || depth > kMaxFormatDepth) {
      mistakes_.add(*extends, base != nullptr ? R"("extends" leads in a circle)" : R"("extends" names no format)");
      return whole;
    }
    Merged laid = whole_format(owner, *formats, *base, depth + 1);
    laid.overlay(whole);
    return laid;
  }

  const Merged* formats_in(const std::string& spec) {
    const Merged* const whole = files_.contains(spec) ? resolve(spec) : nullptr;
    const Merged* const formats = whole == nullptr ? nullptr : whole->find("formats");
    return formats != nullptr && formats->is_object() ? formats : nullptr;
  }

  // "messages" of the spec itself, or "anthropic/messages".
  std::shared_ptr<const Format> format(const std::string& spec, const Merged& at, std::string_view reference) {
    const auto slash = reference.find('/');
    const auto owner =
        slash == std::string_view::npos ? formats_.find(spec) : formats_.find(std::string(reference.substr(0, slash)));
    const auto key = slash == std::string_view::npos ? reference : reference.substr(slash + 1);
    if (owner != formats_.end()) {
      if (const auto found = owner->second.find(key); found != owner->second.end()) return found->second;
    }
    std::string what = "there is no format \"" + std::string(reference) + "\"";
    if (owner != formats_.end()) {
      std::vector<std::string_view> names;
      for (const auto& [name, unused] : owner->second) names.push_back(name);
      if (const auto near = nearest(key, names)) what += ", did you mean \"" + std::string(*near) + "\"?";
    }
    mistakes_.add(at, what);
    return nullptr;
  }

  // Conditions by name: FieldMatch or CaptureMatch.
  template <typename Match>
  std::vector<Match> matches(ObjectReader& reader, std::string_view key) {
    std::vector<Match> matches;
    const Merged* conditions = reader.object(key);
    if (conditions == nullptr) return matches;
    for (const MergedMember& condition : conditions->members) {
      if (condition.value.node.is_null()) continue;
      const auto pattern = condition.value.node.string();
      if (pattern) {
        matches.push_back({condition.name, std::string(*pattern)});
      } else {
        mistakes_.add(condition.value, "a pattern must be a string");
      }
    }
    return matches;
  }

  void check_captures(const Endpoint& endpoint, const Merged& at) {
    for (const CaptureMatch& match : endpoint.captures) {
      for (const PathPattern& path : endpoint.paths) {
        if (path.captures_name(match.name)) continue;
        mistakes_.add(at, "\"captures\": the path " + path.text() + " captures no \"" + match.name + "\"");
      }
    }
  }

  std::map<std::string, std::string> error_types(const Merged& at) {
    std::map<std::string, std::string> types;
    for (const MergedMember& member : at.members) {
      if (member.value.node.is_null()) continue;
      const auto type = member.value.node.string();
      const bool status = member.name.size() == 3 && (member.name[0] == '4' || member.name[0] == '5');
      if (status && type) {
        types.emplace(member.name, *type);
      } else {
        mistakes_.add(member.value, R"("error_types" names a type by a status: "404" or "4xx")");
      }
    }
    return types;
  }

  void add_path(std::vector<PathPattern>& paths, const Merged& at, std::string_view text) {
    auto pattern = PathPattern::parse(text);
    if (pattern) {
      paths.push_back(std::move(*pattern));
    } else {
      mistakes_.add(at, pattern.error().message);
    }
  }

  Endpoint endpoint(const std::string& spec, const MergedMember& member, std::vector<std::string> prefixes) {
    Endpoint endpoint;
    endpoint.name = member.name;
    ObjectReader reader(member.value, mistakes_);
    if (auto own = reader.strings("prefixes"); !own.empty()) prefixes = std::move(own);
    endpoint.operation = reader.string("operation").value_or("");
    endpoint.methods = reader.strings("methods");
    if (endpoint.methods.empty()) endpoint.methods.emplace_back("POST");
    if (const Merged* path = reader.any("path")) {
      for (const std::string& text : read_strings(*path, true, mistakes_)) {
        for (const std::string& prefix : prefixes) add_path(endpoint.paths, *path, prefix + text);
      }
    } else {
      mistakes_.add(member.value, "an endpoint needs \"path\"");
    }
    endpoint.fields = matches<FieldMatch>(reader, "fields");
    endpoint.captures = matches<CaptureMatch>(reader, "captures");
    check_captures(endpoint, member.value);
    if (const auto bills = reader.choice("bills", {"always", "never", "once"})) {
      endpoint.billing = static_cast<Billing>(*bills);
    }
    endpoint.ignore = reader.boolean("ignore").value_or(false);
    if (const auto reference = reader.string("format")) endpoint.format = format(spec, member.value, *reference);
    reader.finish();
    return endpoint;
  }

  void read_bare_paths(Spec& spec, const Merged& at) {
    if (!at.node.is_array()) return mistakes_.add(at, "\"bare_paths\" must be an array");
    for (const json::Node element : at.node.elements()) {
      const Merged value = Merged::of(at.file, element);
      ObjectReader reader(value, mistakes_);
      std::vector<PathPattern> paths;
      if (const auto text = reader.string("path")) {
        add_path(paths, value, *text);
      } else {
        mistakes_.add(value, "a bare path needs \"path\"");
      }
      auto methods = reader.strings("methods");
      auto fields = matches<FieldMatch>(reader, "fields");
      reader.finish();
      if (!paths.empty()) spec.bare_paths.push_back({std::move(paths.front()), std::move(methods), std::move(fields)});
    }
  }

  std::unique_ptr<const Spec> compile(const std::string& name) {
    const auto found = resolved_.find(name);
    if (found == resolved_.end()) return nullptr;
    const Merged& merged = found->second;
    auto spec = std::make_unique<Spec>();
    spec->source = merged.file;
    ObjectReader reader(merged, mistakes_);
    reader.string("$schema");
    reader.string("extends");
    spec->name = reader.string("name").value_or("");
    spec->title = reader.string("title").value_or(spec->name);
    const bool enabled = reader.boolean("enabled").value_or(true);
    spec->base_url = reader.string("base_url").value_or("");
    spec->route = reader.string("route").value_or("");
    spec->hosts = reader.names("hosts");
    if (const Merged* bare = reader.any("bare_paths")) read_bare_paths(*spec, *bare);
    if (const Merged* secrets = reader.object("secrets")) {
      ObjectReader section(*secrets, mistakes_);
      spec->secret_fields = section.names("fields");
      spec->secret_query = section.strings("query");
      section.finish();
    }
    spec->request_id_fields = reader.names("request_id_fields");
    if (const Merged* quotas = reader.object("quotas")) spec->quotas = compile_quotas(*quotas, mistakes_);
    if (const Merged* account = reader.object("account")) spec->account = compile_account(*account, mistakes_);
    if (const Merged* body = reader.object("error_body")) spec->error_body = body->text();
    if (const Merged* types = reader.object("error_types")) spec->error_types = error_types(*types);
    auto prefixes = reader.strings("prefixes");
    if (prefixes.empty()) prefixes.emplace_back();
    if (const Merged* endpoints = reader.object("endpoints")) {
      for (const MergedMember& member : endpoints->members) {
        if (!member.value.node.is_null()) spec->endpoints.push_back(endpoint(name, member, prefixes));
      }
    }
    reader.object("formats");
    reader.finish();
    if (!enabled) return nullptr;
    check(*spec, merged);
    return spec;
  }

  void check(const Spec& spec, const Merged& at) {
    const auto place = [&](std::string_view key) -> const Merged& {
      const Merged* member = at.find(key);
      return member == nullptr ? at : *member;
    };
    if (!spec.route.empty() && !is_word(spec.route)) {
      mistakes_.add(place("route"), R"("route" must be lower-case letters, digits and . _ -)");
    }
    if (!spec.base_url.empty() && !spec.base_url.starts_with("https://") && !spec.base_url.starts_with("http://")) {
      mistakes_.add(place("base_url"), R"("base_url" must start with https:// or http://)");
    }
    if (!spec.route.empty()) {
      const auto [other, fresh] = routes_.try_emplace(spec.route, spec.name);
      if (!fresh) mistakes_.add(place("route"), "the route \"" + spec.route + "\" is that of " + other->second);
    }
  }

  Mistakes mistakes_;
  std::vector<json::Document> documents_;  // what the merged values point into
  std::map<std::string, Merged> files_;    // each spec by name, user's files laid over
  std::map<std::string, Merged> resolved_;
  std::set<std::string> resolving_;
  std::map<std::string, Formats> formats_;                         // by spec and name
  std::map<std::string, std::shared_ptr<const Format>> compiled_;  // by text
  std::map<std::string, std::string> routes_;                      // route to spec
};

}  // namespace

LoadedSpecs load_specs(std::span<const SpecText> builtin, std::span<const SpecText> user) {
  return Loader().load(builtin, user);
}

}  // namespace tokometer::provider
