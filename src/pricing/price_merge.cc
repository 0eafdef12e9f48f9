#include "pricing/price_merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "pricing/figures.h"
#include "pricing/model_name.h"
#include "pricing/price_file_text.h"

namespace tokometer::pricing {
namespace {

// What one list says of a name.
struct Statement {
  const DatedList* list = nullptr;
  const Model* model = nullptr;
  const Entry* entry = nullptr;  // that holds now
  Figures figures;
};

using ByName = std::map<std::string, std::vector<Statement>>;  // folded name → statements, at most one a list

std::string without_releases(std::string_view name) {
  for (;;) {
    const std::string_view bare = without_release(name);
    if (bare.size() == name.size()) return std::string(name);
    name = bare;
  }
}

// The entry that holds from now on at most hours of the day.
const Entry* current_entry(const Model& model) {
  for (const Entry& entry : model.entries) {
    if (!entry.hours && !entry.until) return &entry;
  }
  return nullptr;
}

const Statement* statement_of(const std::vector<Statement>& statements, const DatedList* list) {
  const auto found = std::ranges::find(statements, list, &Statement::list);
  return found == statements.end() ? nullptr : &*found;
}

// The statements about one figure, put together.
struct Verdict {
  Price price;
  std::string dispute;  // "litellm 6, models.dev 3"; empty if all agree
};

// Whether another list knows of a price from a date after this list's figures, which can then not speak of it.
bool is_outdated(const Statement& one, const std::vector<Statement>& statements) {
  return std::ranges::any_of(statements, [&](const Statement& other) {
    const auto& from = other.entry->from;
    if (!from || (one.entry->from && *one.entry->from >= *from)) return false;
    return format_rfc3339(*from).substr(0, one.list->date.size()) > one.list->date;
  });
}

Verdict judge(std::string_view figure, const std::vector<Statement>& statements) {
  std::vector<std::pair<const DatedList*, Price>> said;
  std::vector<std::pair<const DatedList*, Price>> voting;
  for (const Statement& statement : statements) {
    const auto found = statement.figures.find(figure);
    if (found == statement.figures.end()) continue;
    said.emplace_back(statement.list, found->second);
    if (!is_outdated(statement, statements)) voting.push_back(said.back());
  }
  if (voting.empty()) voting = said;
  Verdict verdict{said.front().second, {}};
  const auto count = [&](Price price) {
    return std::ranges::count(voting, price, &std::pair<const DatedList*, Price>::second);
  };
  const auto is_same = [&](const auto& one) { return one.second == verdict.price; };
  if (std::ranges::all_of(said, is_same)) return verdict;
  const auto best = std::ranges::max_element(voting, {}, [&](const auto& one) {
    const auto votes = count(one.second);
    return std::pair(votes >= 2 ? votes : 1, std::string_view(one.first->date));
  });
  verdict.price = best->second;
  for (const auto& [list, price] : said) {
    if (!verdict.dispute.empty()) verdict.dispute += ", ";
    verdict.dispute += fmt::format("{} {}", list->list->kind->name, figure_text(figure, price));
  }
  return verdict;
}

bool agrees(const Statement& statement, const Figures& figures) {
  return std::ranges::all_of(statement.figures, [&](const auto& figure) {
    const auto found = figures.find(figure.first);
    return found != figures.end() && found->second == figure.second;
  });
}

class Merger {
 public:
  Merger(std::string provider, std::span<const DatedList> lists) : lists_(lists) {
    merged_.file.provider = std::move(provider);
  }

  void add(const DatedList& list, const PriceFile& file) {
    for (const Model& model : file.models) {
      const Entry* entry = current_entry(model);
      if (entry == nullptr) continue;
      const Statement statement{&list, &model, entry, figures_of(*entry)};
      // What a list calls a model goes before what it calls it too.
      put(model.id, statement, true);
      for (const std::string& alias : model.aliases) put(alias, statement, false);
    }
  }

  MergedPrices take() {
    std::map<std::string, std::set<std::string>> groups;  // by the name without its release
    for (const auto& [name, statements] : names_) groups[without_releases(name)].insert(name);
    for (const auto& [base, names] : groups) merge_group(base, names);
    fold_aliases();
    for (const DatedList& list : lists_) {
      const std::string source = list.source();
      const auto is_named = [&](const Entry& entry) {
        return std::ranges::find(entry.sources, source) != entry.sources.end();
      };
      const auto has_named = [&](const Model& model) { return std::ranges::any_of(model.entries, is_named); };
      if (std::ranges::any_of(merged_.file.models, has_named)) {
        add_source(merged_.file, list.list->kind->name, source);
      }
    }
    for (const Model& model : merged_.file.models) count(model);
    return std::move(merged_);
  }

 private:
  void put(std::string_view name, const Statement& statement, bool is_id) {
    auto& statements = names_[folded(name)];
    const auto found = std::ranges::find(statements, statement.list, &Statement::list);
    if (found == statements.end()) {
      statements.push_back(statement);
    } else if (is_id) {
      *found = statement;
    }
  }

  void merge_group(const std::string& base, const std::set<std::string>& names) {
    // What each list says of the model: under its own name, or by all of its releases alike.
    std::vector<Statement> common;
    for (const DatedList& list : lists_) {
      std::optional<Statement> one;
      bool differ = false;
      for (const std::string& name : names) {
        const Statement* said = statement_of(names_[name], &list);
        if (said == nullptr) continue;
        if (name == base) {
          one = *said;
          differ = false;
          break;
        }
        differ = differ || (one && one->figures != said->figures);
        if (!one) one = *said;
      }
      if (one && !differ) common.push_back(*one);
    }
    // One release alone keeps its name: nothing says that others cost the same.
    if (!common.empty()) add_model(names.size() == 1 ? *names.begin() : base, common);
    for (const std::string& name : names) {
      if (name == base || (names.size() == 1 && !common.empty())) continue;
      const auto& statements = names_[name];
      const auto differs = [&](const Statement& said) {
        const Statement* usual = statement_of(common, said.list);
        return usual == nullptr || usual->figures != said.figures;
      };
      if (common.empty() || std::ranges::any_of(statements, differs)) {
        if (!common.empty() && same_as_common(common, statements)) continue;
        add_model(name, statements);
      }
    }
  }

  // Whether lists that say nothing of the model itself say of this release what the others say of the model.
  static bool same_as_common(const std::vector<Statement>& common, const std::vector<Statement>& statements) {
    Entry usual;
    Entry own;
    for (const auto& [all, entry] : {std::pair(&common, &usual), std::pair(&statements, &own)})
      merge_figures(*all, *entry);
    return figures_of(usual) == figures_of(own);
  }

  static std::string merge_figures(const std::vector<Statement>& statements, Entry& entry) {
    std::set<std::string> figures;
    for (const Statement& statement : statements) {
      for (const auto& [figure, price] : statement.figures) figures.insert(figure);
    }
    // Who is outvoted on the main prices has another offer in mind: what that list alone states is of no use beside
    // them.
    const auto is_right = [&](const Statement& statement) {
      return std::ranges::all_of(std::array{"input", "output"}, [&](std::string_view figure) {
        const auto found = statement.figures.find(figure);
        return found == statement.figures.end() || found->second == judge(figure, statements).price;
      });
    };
    const bool any_right = std::ranges::any_of(statements, is_right);
    std::string disputed;
    for (const std::string& figure : figures) {
      const auto is_usable = [&](const Statement& statement) {
        return statement.figures.contains(figure) && (!any_right || is_right(statement));
      };
      if (std::ranges::none_of(statements, is_usable)) continue;
      const Verdict verdict = judge(figure, statements);
      set_figure(entry, figure, verdict.price);
      if (verdict.dispute.empty()) continue;
      if (!disputed.empty()) disputed += "; ";
      disputed += fmt::format("{}: {}", figure, verdict.dispute);
    }
    return disputed;
  }

  void add_model(const std::string& name, const std::vector<Statement>& statements) {
    Model model;
    model.provider = merged_.file.provider;
    model.id = name;
    take_prefixes(statements, model);
    Entry& entry = model.entries.emplace_back();
    entry.disputed = merge_figures(statements, entry);
    const Figures figures = figures_of(entry);
    for (const Statement& statement : statements) {
      if (agrees(statement, figures)) entry.sources.push_back(statement.list->source());
      if (entry.surcharges.empty()) entry.surcharges = statement.entry->surcharges;
      if (entry.requests.empty()) entry.requests = statement.entry->requests;
    }
    if (entry.sources.empty()) entry.sources.push_back(newest(statements).list->source());
    for (const Statement& statement : statements) add_history(statement, figures, model);
    model.sort_entries();
    lists_of_[name] = statements.size();
    merged_.file.models.push_back(std::move(model));
  }

  // The beginnings of names by which lists mean `model`, each for one model only. That of a release is one of the model
  // that stands for all of them.
  void take_prefixes(const std::vector<Statement>& statements, Model& model) {
    for (const Statement& statement : statements) {
      const std::string own = folded(statement.model->id);
      if (own != model.id && without_releases(own) != model.id) continue;
      for (const std::string& stated : statement.model->prefixes) {
        std::string prefix = folded(stated);
        if (without_releases(prefix) == model.id) prefix = model.id;
        if (prefixes_.insert(prefix).second) model.prefixes.push_back(std::move(prefix));
      }
    }
  }

  static const Statement& newest(const std::vector<Statement>& statements) {
    return *std::ranges::max_element(statements, {},
                                     [](const Statement& one) { return std::string_view(one.list->date); });
  }

  // Earlier prices and prices by the hour, if the list knows of some and is right about now.
  static void add_history(const Statement& statement, const Figures& figures, Model& model) {
    if (model.entries.size() > 1 || statement.model->entries.size() < 2) return;
    if (!agrees(statement, figures)) return;
    model.entries.front().from = statement.entry->from;
    for (const Entry& entry : statement.model->entries) {
      if (&entry == statement.entry) continue;
      model.entries.push_back(entry);
      model.entries.back().sources.assign(1, statement.list->source());
    }
  }

  // A list's other name for a model is an alias where it costs the same, and stays a model where others say else.
  void fold_aliases() {
    auto& models = merged_.file.models;
    std::map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < models.size(); ++i) places[models[i].id] = i;
    std::set<std::size_t> gone;
    for (const auto& [name, statements] : names_) {
      for (const Statement& statement : statements) {
        const auto alias = places.find(without_releases(name));
        std::string id = folded(statement.model->id);
        auto place = places.find(id);
        if (place == places.end()) place = places.find(without_releases(id));
        if (alias == places.end() || place == places.end() || alias->second == place->second) continue;
        if (gone.contains(alias->second) || gone.contains(place->second)) continue;
        Model& from = models[alias->second];
        Model& to = models[place->second];
        if (figures_of(from.entries.front()) != figures_of(to.entries.front())) continue;
        // Only a name that no list has as a model of its own.
        const auto is_own = [&](const Statement& other) {
          return without_releases(folded(other.model->id)) == from.id;
        };
        if (std::ranges::any_of(statements, is_own)) continue;
        to.aliases.push_back(from.id);
        std::ranges::move(from.aliases, std::back_inserter(to.aliases));
        std::ranges::move(from.prefixes, std::back_inserter(to.prefixes));
        gone.insert(alias->second);
      }
    }
    std::vector<Model> kept;
    for (std::size_t i = 0; i < models.size(); ++i) {
      if (!gone.contains(i)) kept.push_back(std::move(models[i]));
    }
    models = std::move(kept);
  }

  void count(const Model& model) {
    const std::size_t lists = lists_of_[model.id];
    const bool disputed = !model.entries.front().disputed.empty();
    ++(disputed     ? merged_.disputed
       : lists >= 3 ? merged_.agreed_by_three
       : lists == 2 ? merged_.agreed_by_two
                    : merged_.of_one_list);
  }

  std::span<const DatedList> lists_;
  MergedPrices merged_;
  ByName names_;
  std::set<std::string> prefixes_;  // that have a model
  std::map<std::string, std::size_t> lists_of_;
};

}  // namespace

std::string DatedList::source() const { return fmt::format("{}, {}", list->kind->title, date); }

std::vector<MergedPrices> merge_price_lists(std::span<const DatedList> lists) {
  std::map<std::string, Merger> mergers;
  for (const DatedList& list : lists) {
    for (const PriceFile& file : list.list->files) {
      mergers.try_emplace(file.provider, file.provider, lists).first->second.add(list, file);
    }
  }
  std::vector<MergedPrices> merged;
  for (auto& [provider, merger] : mergers) merged.push_back(merger.take());
  return merged;
}

}  // namespace tokometer::pricing
