#include "pricing/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/files.h"
#include "pricing/model_name.h"
#include "pricing/price_file.h"

namespace tokometer::pricing {
namespace {

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
template <typename T>
using NameMap = std::unordered_map<std::string, T, Hash, std::equal_to<>>;

// No provider's name of a model is longer; a longer one has no price.
constexpr std::size_t kMaxName = 256;

// The models of one provider, by their folded names.
struct Provider {
  std::vector<std::string> strip;  // folded
  std::vector<std::string> fallback_names;
  std::vector<const Provider*> fallbacks;
  NameMap<Model*> ids;
  NameMap<Model*> names;
  NameMap<Model*> prefixes;

  // `name` without what this provider may put before it.
  std::string_view stripped(std::string_view name) const {
    for (const std::string& prefix : strip) {
      if (name.starts_with(prefix)) return name.substr(prefix.size());
    }
    return name;
  }

  const Model* find(std::string_view name) const {
    name = stripped(name);
    if (const Model* model = at(names, name)) return model;
    const std::string_view bare = without_release(name);
    if (bare.size() != name.size()) {
      if (const Model* model = at(names, bare)) return model;
    }
    if (prefixes.empty()) return nullptr;
    for (std::size_t end = name.size(); end != std::string_view::npos; end = boundary_before(name, end)) {
      if (const Model* model = at(prefixes, name.substr(0, end))) return model;
    }
    return nullptr;
  }

 private:
  static const Model* at(const NameMap<Model*>& map, std::string_view name) {
    const auto found = map.find(name);
    return found == map.end() ? nullptr : found->second;
  }
};

}  // namespace

struct Catalog::Impl {
  std::vector<std::unique_ptr<Provider>> providers;
  NameMap<Provider*> by_name;
  std::vector<std::unique_ptr<Model>> models;

  Provider& provider(const std::string& name) {
    if (const auto found = by_name.find(name); found != by_name.end()) return *found->second;
    providers.push_back(std::make_unique<Provider>());
    by_name[name] = providers.back().get();
    return *providers.back();
  }

  // Puts a file over what is there: its names win, its entries join those of the same model.
  void add(PriceFile file) {
    Provider& into = provider(file.provider);
    for (const std::string& name : file.also) by_name.try_emplace(name, &into);
    for (const std::string& prefix : file.strip) into.strip.push_back(folded(prefix));
    std::ranges::move(file.falls_back_to, std::back_inserter(into.fallback_names));
    for (Model& model : file.models) add(std::move(model), into);
  }

  void add(Model model, Provider& into) {
    Model*& place = into.ids[folded(model.id)];
    if (place == nullptr) {
      models.push_back(std::make_unique<Model>(std::move(model)));
      place = models.back().get();
    } else {
      std::ranges::move(model.aliases, std::back_inserter(place->aliases));
      std::ranges::move(model.prefixes, std::back_inserter(place->prefixes));
      std::ranges::move(model.entries, std::back_inserter(place->entries));
      place->sort_entries();
    }
    into.names[folded(place->id)] = place;
    for (const std::string& alias : place->aliases) into.names[folded(alias)] = place;
    for (const std::string& prefix : place->prefixes) into.prefixes[folded(prefix)] = place;
  }

  void link() {
    for (const auto& provider : providers) {
      // A longer one first, so that "publishers/google/models/" goes before "publishers/".
      std::ranges::sort(provider->strip, std::greater(), &std::string::size);
      for (const std::string& name : provider->fallback_names) {
        if (const auto found = by_name.find(name); found != by_name.end()) {
          provider->fallbacks.push_back(found->second);
        }
      }
    }
  }
};

Catalog::Catalog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Catalog::~Catalog() = default;

Result<std::shared_ptr<const Catalog>> Catalog::load(std::span<const embedded::File> builtin,
                                                     const std::filesystem::path& user_folder) {
  auto impl = std::make_unique<Impl>();
  const auto add = [&](std::string name, std::string_view content, bool from_user) -> std::optional<Error> {
    json::Mistakes mistakes(std::move(name));
    PriceFile file = read_price_file(content, from_user, mistakes);
    if (!mistakes.empty()) return mistakes.first();
    impl->add(std::move(file));
    return std::nullopt;
  };
  for (const embedded::File& file : builtin) {
    if (auto error = add(fmt::format("prices/{}", file.name), file.content, false)) return fail(std::move(*error));
  }
  const auto files = files_in(user_folder, ".json");
  if (!files) return fail(files.error());
  for (const std::filesystem::path& path : *files) {
    const auto content = read_file(path);
    if (!content) return fail(content.error());
    if (auto error = add(path.string(), *content, true)) return fail(std::move(*error));
  }
  impl->link();
  return std::shared_ptr<const Catalog>(new Catalog(std::move(impl)));
}

const Model* Catalog::find(std::string_view provider, std::string_view model) const {
  const auto found = impl_->by_name.find(provider);
  if (found == impl_->by_name.end() || model.empty() || model.size() > kMaxName) return nullptr;
  std::array<char, kMaxName> buffer;
  std::ranges::transform(model, buffer.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const std::string_view name(buffer.data(), model.size());
  if (const Model* result = found->second->find(name)) return result;
  for (const Provider* fallback : found->second->fallbacks) {
    if (const Model* result = fallback->find(found->second->stripped(name))) return result;
  }
  return nullptr;
}

const Entry* Catalog::find(std::string_view provider, std::string_view model, UtcTime time) const {
  const Model* found = find(provider, model);
  return found != nullptr ? found->entry_at(time) : nullptr;
}

std::optional<Cost> Catalog::cost(std::string_view provider, std::string_view model, UtcTime time,
                                  const meter::Usage& usage) const {
  return price_usage(find(provider, model, time), usage);
}

std::vector<const Model*> Catalog::models() const {
  std::vector<const Model*> result;
  result.reserve(impl_->models.size());
  for (const auto& model : impl_->models) result.push_back(model.get());
  std::ranges::sort(result, {}, [](const Model* model) { return std::tie(model->provider, model->id); });
  return result;
}

}  // namespace tokometer::pricing
