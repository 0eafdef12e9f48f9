#include "tokenizer/model_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/files.h"

namespace tokometer::tokenizer {
namespace {

template <typename Rule>
const Rule* named_rule(const std::vector<Rule>& rules, std::string_view name) {
  const auto found = std::ranges::find(rules, name, &Rule::name);
  return found == rules.end() ? nullptr : &*found;
}

// Puts `added` before `all`, in place of those of the same names.
template <typename Rule>
void put_before(std::vector<Rule>& all, std::vector<Rule> added) {
  std::erase_if(all, [&](const Rule& rule) { return named_rule(added, rule.name) != nullptr; });
  all.insert(all.begin(), std::make_move_iterator(added.begin()), std::make_move_iterator(added.end()));
}

}  // namespace

bool matches_pattern(std::string_view pattern, std::string_view text) {
  std::size_t at = 0;
  std::size_t in_text = 0;
  std::size_t star = std::string_view::npos;  // the last one passed
  std::size_t resume = 0;                     // where the text behind it starts
  while (in_text < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      resume = in_text;
    } else if (at < pattern.size() && pattern[at] == text[in_text]) {
      ++at;
      ++in_text;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in_text = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

Result<std::shared_ptr<const ModelTable>> ModelTable::load(std::span<const embedded::File> builtin,
                                                           const std::filesystem::path& user_folder) {
  std::shared_ptr<ModelTable> table(new ModelTable);
  table->unknown_.name = "unknown";
  table->unknown_.ratio = 1;
  const auto add = [&](const std::string& name, std::string_view content) -> Result<void> {
    json::Mistakes mistakes(name);
    ModelFile file = read_model_file(content, mistakes);
    if (!mistakes.empty()) return fail(mistakes.first());
    put_before(table->chats_, std::move(file.chats));
    put_before(table->images_, std::move(file.images));
    put_before(table->families_, std::move(file.families));
    return {};
  };
  for (const embedded::File& file : builtin) {
    if (auto added = add(fmt::format("data/tokenizers/{}", file.name), file.content); !added) {
      return fail(std::move(added.error()));
    }
  }
  const auto paths = files_in(user_folder, ".json");
  if (!paths) return fail(paths.error());
  for (const std::filesystem::path& path : *paths) {
    const auto content = read_file(path);
    if (!content) return fail(content.error());
    if (auto added = add(path.string(), *content); !added) return fail(std::move(added.error()));
  }
  for (const Family& family : table->families_) {
    if (!family.chat.empty() && named_rule(table->chats_, family.chat) == nullptr) {
      return fail(ErrorCode::kInvalid, fmt::format("family \"{}\": no chat rule \"{}\"", family.name, family.chat));
    }
    if (!family.image.empty() && named_rule(table->images_, family.image) == nullptr) {
      return fail(ErrorCode::kInvalid, fmt::format("family \"{}\": no image rule \"{}\"", family.name, family.image));
    }
  }
  return table;
}

Model ModelTable::model(const Family& family) const {
  return {&family, named_rule(chats_, family.chat), named_rule(images_, family.image)};
}

Model ModelTable::find(std::string_view model_name) const {
  std::string lower(model_name);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const std::string_view whole = lower;
  const std::string_view last = whole.substr(whole.rfind('/') + 1);  // npos + 1 is 0
  for (const Family& family : families_) {
    for (const std::string& pattern : family.models) {
      if (matches_pattern(pattern, whole) || matches_pattern(pattern, last)) return model(family);
    }
  }
  return model(unknown_);
}

}  // namespace tokometer::tokenizer
