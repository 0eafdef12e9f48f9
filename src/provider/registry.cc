#include "provider/registry.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <iterator>
#include <system_error>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "provider/host_pattern.h"
#include "provider/spec_file.h"

namespace tokometer::provider {
namespace {

constexpr std::size_t kMaxHostBytes = 255;  // RFC 1035, 2.3.4

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using SpecsByName = std::unordered_map<std::string, const Spec*, StringHash, std::equal_to<>>;

// "api.x.com" of "API.x.com.:443", written into `buffer`; empty for what is no host.
std::string_view plain_host(std::string_view host, std::array<char, kMaxHostBytes>& buffer) {
  if (!host.starts_with('[')) host = host.substr(0, host.find(':'));
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.size() > buffer.size()) return {};
  std::ranges::transform(host, buffer.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return {buffer.data(), host.size()};
}

bool all_match(const std::vector<FieldMatch>& matches, wire::Fields fields) {
  return std::ranges::all_of(matches, [&](const FieldMatch& match) { return match.matches(fields); });
}

bool all_match(const std::vector<CaptureMatch>& matches, const PathPattern& pattern, std::string_view path) {
  if (matches.empty()) return true;
  const auto captures = pattern.captures(path);
  return std::ranges::all_of(matches, [&](const CaptureMatch& match) { return match.matches(captures); });
}

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (!stream.is_open() || stream.bad()) return fail(ErrorCode::kIo, "read " + path.string() + ": not readable");
  return content;
}

// Name and content of each .json file, by name; none where there is no folder.
Result<std::vector<std::pair<std::string, std::string>>> read_folder(const std::filesystem::path& folder) {
  std::vector<std::pair<std::string, std::string>> files;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() != ".json") continue;
    auto content = read_file(at->path());
    if (!content) return std::unexpected(content.error());
    files.emplace_back(at->path().string(), std::move(*content));
  }
  if (error && error != std::errc::no_such_file_or_directory && error != std::errc::not_a_directory) {
    return fail(ErrorCode::kIo, "read " + folder.string() + ": " + error.message());
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

struct Registry::Impl {
  struct EndpointPath {
    const PathPattern* path;
    const Endpoint* endpoint;
  };
  struct Bare {
    const BarePath* path;
    const Spec* spec;
  };

  std::vector<std::unique_ptr<const Spec>> specs;
  SpecsByName by_name;
  SpecsByName by_host;
  SpecsByName by_route;
  std::vector<std::pair<std::string_view, const Spec*>> host_patterns;   // the longest first
  std::vector<Bare> bare_paths;                                          // the most exact first
  std::unordered_map<const Spec*, std::vector<EndpointPath>> endpoints;  // each the most exact first

  std::shared_ptr<const Format> generic;

  explicit Impl(LoadedSpecs loaded) : specs(std::move(loaded.specs)), generic(std::move(loaded.generic)) {
    for (const auto& spec : specs) index(*spec);
    // What is alike in all else is ordered by its text, so that the order of files does not matter.
    std::ranges::sort(host_patterns, std::greater{},
                      [](const auto& entry) { return std::pair(entry.first.size(), entry.first); });
    // Fields say more than a path does: POST /v1/messages may be anyone's, anthropic-version is not.
    std::ranges::sort(bare_paths, std::greater{}, [](const Bare& bare) {
      const BarePath& path = *bare.path;
      return std::tuple(path.fields.size(), path.path.literal_length(), std::string_view(path.path.text()));
    });
  }

  void index(const Spec& spec) {
    by_name.emplace(spec.name, &spec);
    if (!spec.route.empty()) by_route.emplace(spec.route, &spec);
    for (const std::string& host : spec.hosts) {
      if (host.contains('*')) {
        host_patterns.emplace_back(host, &spec);
      } else {
        by_host.emplace(host, &spec);
      }
    }
    for (const BarePath& bare : spec.bare_paths) bare_paths.push_back({&bare, &spec});
    auto& paths = endpoints[&spec];
    for (const Endpoint& endpoint : spec.endpoints) {
      for (const PathPattern& path : endpoint.paths) paths.push_back({&path, &endpoint});
    }
    std::ranges::sort(paths, std::greater{}, [](const EndpointPath& entry) {
      const auto& [path, endpoint] = entry;
      return std::tuple(path->literal_length(), endpoint->fields.size() + endpoint->captures.size(),
                        std::string_view(path->text()));
    });
  }
};

Registry::Registry(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Registry::~Registry() = default;

Result<std::shared_ptr<const Registry>> Registry::load(std::span<const embedded::File> builtin,
                                                       const std::filesystem::path& user_folder) {
  const auto files = read_folder(user_folder);
  if (!files) return std::unexpected(files.error());
  std::vector<SpecText> user_texts;
  for (const auto& [name, content] : *files) user_texts.push_back({name, content});
  return load_texts(builtin, user_texts);
}

Result<std::shared_ptr<const Registry>> Registry::load_texts(std::span<const embedded::File> builtin,
                                                             std::span<const SpecText> user) {
  std::vector<SpecText> builtin_texts;
  for (const embedded::File& file : builtin) builtin_texts.push_back({file.name, file.content});
  LoadedSpecs loaded = load_specs(builtin_texts, user);
  if (!loaded.mistakes.empty()) return fail(ErrorCode::kInvalid, loaded.mistakes.front());
  auto impl = std::make_unique<Impl>(std::move(loaded));
  return std::shared_ptr<const Registry>(new Registry(std::move(impl)));
}

const std::vector<std::unique_ptr<const Spec>>& Registry::specs() const { return impl_->specs; }

const Spec* Registry::by_name(std::string_view name) const {
  const auto found = impl_->by_name.find(name);
  return found == impl_->by_name.end() ? nullptr : found->second;
}

const Format* Registry::generic() const { return impl_->generic.get(); }

const Spec* Registry::by_host(std::string_view host) const {
  // With its port first: local servers differ by nothing else.
  if (const auto found = impl_->by_host.find(host); found != impl_->by_host.end()) return found->second;
  std::array<char, kMaxHostBytes> buffer;
  const auto plain = plain_host(host, buffer);
  if (plain.empty()) return nullptr;
  if (const auto found = impl_->by_host.find(plain); found != impl_->by_host.end()) return found->second;
  for (const auto& [pattern, spec] : impl_->host_patterns) {
    if (host_matches(pattern, plain)) return spec;
  }
  return nullptr;
}

std::optional<Registry::Routed> Registry::by_route(std::string_view target) const {
  if (!target.starts_with('/')) return std::nullopt;
  const auto end = target.find_first_of("/?#", 1);
  const auto found = impl_->by_route.find(target.substr(1, end == std::string_view::npos ? end : end - 1));
  if (found == impl_->by_route.end()) return std::nullopt;
  if (end == std::string_view::npos) return Routed{found->second, "/"};
  return Routed{found->second, target.substr(end)};
}

const Spec* Registry::by_bare_path(std::string_view method, std::string_view target, wire::Fields fields) const {
  const auto path = path_of(target);
  for (const Impl::Bare& bare : impl_->bare_paths) {
    if (!bare.path->path.matches(path) || !all_match(bare.path->fields, fields)) continue;
    if (bare.path->methods.empty() || std::ranges::find(bare.path->methods, method) != bare.path->methods.end()) {
      return bare.spec;
    }
  }
  return nullptr;
}

const Endpoint* Registry::endpoint(const Spec& spec, std::string_view method, std::string_view target,
                                   wire::Fields fields) const {
  const auto found = impl_->endpoints.find(&spec);
  if (found == impl_->endpoints.end()) return nullptr;
  const auto path = spec.own_path(target);
  for (const auto& [pattern, endpoint] : found->second) {
    if (std::ranges::find(endpoint->methods, method) == endpoint->methods.end()) continue;
    if (!pattern->matches(path) || !all_match(endpoint->fields, fields)) continue;
    if (all_match(endpoint->captures, *pattern, path)) return endpoint;
  }
  return nullptr;
}

}  // namespace tokometer::provider
