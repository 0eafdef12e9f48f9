#include "pricing/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/files.h"
#include "pricing/builtin_prices.h"
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

// The built-in files that are read when they are needed; the rest of the name is the provider's.
constexpr std::string_view kListed = "listed/";

// How often something may stand before a name: "arn:…/" and then "us.".
constexpr std::size_t kMaxStripped = 3;

// The models of one provider, by their folded names.
struct Provider {
  std::vector<std::string> strip;  // folded
  std::vector<std::string> regions;
  std::vector<std::string> fallback_names;
  std::vector<Provider*> fallbacks;
  std::vector<std::unique_ptr<Model>> models;
  NameMap<Model*> ids;
  NameMap<Model*> names;
  NameMap<Model*> prefixes;
  std::string listed;  // the built-in file that is still to be read, under what is there
  std::once_flag whole;
  std::atomic<bool> prepared = false;
  std::jthread preparing;  // ends before anything that it fills does: the last member

  // `name` without what this provider may put before it.
  std::string_view stripped(std::string_view name) const {
    for (const std::string& prefix : strip) {
      if (const auto size = matched_start(prefix, name); size && *size < name.size()) return name.substr(*size);
    }
    return name;
  }

  // The region that stands in `host`; empty if none does.
  std::string_view region(std::string_view host) const {
    host = host.substr(0, host.find(':'));
    for (const std::string& pattern : regions) {
      if (const auto part = matched_part(pattern, host)) return *part;
    }
    return {};
  }

  // The model called `name`, with less and less of what may stand before it; in `region` before anywhere. One that the
  // user has a price of at `time` goes before others that a name and its releases stand for.
  const Model* find(std::string_view name, std::string_view region, std::optional<UtcTime> time) const {
    for (std::size_t left = kMaxStripped;; --left) {
      if (!region.empty()) {
        if (const Model* model = find(fmt::format("{}/{}", region, name), time)) return model;
      }
      if (const Model* model = find(name, time)) return model;
      const std::string_view rest = stripped(name);
      if (left == 0 || rest.size() == name.size()) return nullptr;
      name = rest;
    }
  }

 private:
  const Model* find(std::string_view name, std::optional<UtcTime> time) const {
    const Model* first = nullptr;
    for (std::string_view rest = name;;) {
      if (const Model* model = at(names, rest)) {
        if (!time || is_users(*model, *time)) return model;
        if (first == nullptr) first = model;
      }
      const std::string_view bare = without_release(rest);
      if (bare.size() == rest.size()) break;
      rest = bare;
    }
    if (first != nullptr) return first;
    if (prefixes.empty()) return nullptr;
    for (std::size_t end = name.size(); end != std::string_view::npos; end = boundary_before(name, end)) {
      if (const Model* model = at(prefixes, name.substr(0, end))) return model;
    }
    return nullptr;
  }

  static bool is_users(const Model& model, UtcTime time) {
    const Entry* entry = model.entry_at(time);
    return entry != nullptr && entry->origin == Origin::kUser;
  }
  static const Model* at(const NameMap<Model*>& map, std::string_view name) {
    const auto found = map.find(name);
    return found == map.end() ? nullptr : found->second;
  }
};

}  // namespace

struct Catalog::Impl {
  std::vector<std::unique_ptr<Provider>> providers;
  NameMap<Provider*> by_name;

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
    std::ranges::move(file.regions, std::back_inserter(into.regions));
    std::ranges::move(file.falls_back_to, std::back_inserter(into.fallback_names));
    for (Model& model : file.models) add(std::move(model), into, true);
  }

  // `over`: its names win against those that are there, else they lose.
  static void add(Model model, Provider& into, bool over) {
    Model*& place = into.ids[folded(model.id)];
    if (place == nullptr) {
      into.models.push_back(std::make_unique<Model>(std::move(model)));
      place = into.models.back().get();
    } else {
      std::ranges::move(model.aliases, std::back_inserter(place->aliases));
      std::ranges::move(model.prefixes, std::back_inserter(place->prefixes));
      std::ranges::move(model.entries, std::back_inserter(place->entries));
      place->sort_entries();
    }
    const auto name = [&](NameMap<Model*>& names, const std::string& text) {
      Model*& owner = names[folded(text)];
      if (over || owner == nullptr) owner = place;
    };
    name(into.names, place->id);
    for (const std::string& alias : place->aliases) name(into.names, alias);
    for (const std::string& prefix : place->prefixes) name(into.prefixes, prefix);
  }

  // `provider` with what lists say of it.
  static const Provider& whole(Provider& provider) {
    std::call_once(provider.whole, [&] {
      if (!provider.listed.empty()) add_listed(provider);
    });
    return provider;
  }

  static void add_listed(Provider& provider) {
    const BuiltinPrices builtin;
    const auto file = std::ranges::find(builtin.files(), provider.listed, &embedded::File::name);
    if (file == builtin.files().end()) return;
    json::Mistakes mistakes(provider.listed);
    PriceFile read = read_price_file(file->content, Origin::kBuiltin, mistakes);
    TOKOMETER_CHECK(mistakes.empty());
    for (Model& model : read.models) add(std::move(model), provider, false);
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

Folders folders_in(const std::filesystem::path& config_dir) {
  return {.imported = config_dir / "prices" / "imported", .user = config_dir / "prices"};
}

Catalog::Catalog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Catalog::~Catalog() = default;

Result<std::shared_ptr<const Catalog>> Catalog::load(std::span<const embedded::File> builtin, const Folders& folders) {
  auto impl = std::make_unique<Impl>();
  const auto add = [&](std::string name, std::string_view content, Origin origin) -> std::optional<Error> {
    json::Mistakes mistakes(std::move(name));
    PriceFile file = read_price_file(content, origin, mistakes);
    if (!mistakes.empty()) return mistakes.first();
    impl->add(std::move(file));
    return std::nullopt;
  };
  for (const embedded::File& file : builtin) {
    if (file.name.starts_with(kListed)) {
      const std::string_view name = file.name.substr(kListed.size(), file.name.rfind('.') - kListed.size());
      impl->provider(std::string(name)).listed = file.name;
      continue;
    }
    if (auto error = add(fmt::format("prices/{}", file.name), file.content, Origin::kBuiltin)) {
      return fail(std::move(*error));
    }
  }
  for (const auto& [folder, origin] :
       {std::pair(&folders.imported, Origin::kImported), std::pair(&folders.user, Origin::kUser)}) {
    const auto files = files_in(*folder, ".json");
    if (!files) return fail(files.error());
    for (const std::filesystem::path& path : *files) {
      const auto content = read_file(path);
      if (!content) return fail(content.error());
      if (auto error = add(path.string(), *content, origin)) return fail(std::move(*error));
    }
  }
  impl->link();
  return std::shared_ptr<const Catalog>(new Catalog(std::move(impl)));
}

const Model* Catalog::find(std::string_view provider, std::string_view model, std::string_view host,
                           std::optional<UtcTime> time) const {
  const auto found = impl_->by_name.find(provider);
  if (found == impl_->by_name.end() || model.empty() || model.size() > kMaxName) return nullptr;
  const Provider& own = Impl::whole(*found->second);
  std::array<char, kMaxName> buffer;
  std::ranges::transform(model, buffer.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const std::string_view name(buffer.data(), model.size());
  const std::string_view region = own.region(host);
  if (const Model* result = own.find(name, region, time)) return result;
  for (Provider* fallback : own.fallbacks) {
    if (const Model* result = Impl::whole(*fallback).find(own.stripped(name), region, time)) return result;
  }
  return nullptr;
}

void Catalog::prepare(std::string_view provider) const {
  const auto found = impl_->by_name.find(provider);
  if (found == impl_->by_name.end()) return;
  Provider& own = *found->second;
  if (own.prepared.load(std::memory_order_relaxed) || own.prepared.exchange(true)) return;
  try {
    own.preparing = std::jthread([&own] {
      Impl::whole(own);
      for (Provider* fallback : own.fallbacks) Impl::whole(*fallback);
    });
  } catch (const std::system_error&) {
    own.prepared = false;  // no thread to be had; who needs the prices first reads them
  }
}

Catalog::Priced Catalog::price(const Call& call) const {
  const Model* model = find(call.provider, call.model, call.host, call.time);
  return {model, model != nullptr ? model->entry_at(call.time) : nullptr};
}

std::optional<Cost> Catalog::cost(const Call& call, const meter::Usage& usage) const {
  return price_usage(price(call).entry, usage, call.host);
}

std::vector<const Model*> Catalog::models() const {
  std::vector<const Model*> result;
  for (const auto& provider : impl_->providers) {
    for (const auto& model : Impl::whole(*provider).models) result.push_back(model.get());
  }
  std::ranges::sort(result, {}, [](const Model* model) { return std::tie(model->provider, model->id); });
  return result;
}

std::vector<std::string_view> Catalog::providers() const {
  std::vector<std::string_view> names;
  for (const auto& [name, provider] : impl_->by_name) names.push_back(name);
  std::ranges::sort(names);
  return names;
}

}  // namespace tokometer::pricing
