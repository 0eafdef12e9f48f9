// `tokometer prices update`, `diff` and `convert`: prices from public lists.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/format.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/price_commands.h"
#include "cli/settings.h"
#include "cli/style.h"
#include "cli/table.h"
#include "embedded/embedded.h"
#include "json/writer.h"
#include "net/fetch.h"
#include "pricing/builtin_prices.h"
#include "pricing/catalog.h"
#include "pricing/price_changes.h"
#include "pricing/price_file_text.h"
#include "pricing/price_list.h"
#include "pricing/price_merge.h"
#include "wire/content_coding.h"

namespace tokometer::cli {
namespace {

namespace fs = std::filesystem;

using pricing::ModelChange;

// Where one list comes from: "2026-08-21=list.json" says the day of its figures too.
struct ListSource {
  std::string place;  // a file's path or an https:// URL
  std::string date;   // empty: nobody says
};

// A list with the text that it was read from.
struct LoadedList {
  pricing::PriceList list;
  std::string date;
};

std::string date_of(UtcTime time) { return format_rfc3339(time).substr(0, 10); }

ListSource list_source(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == 10 && parse_rfc3339(text.substr(0, equals))) {
    return {.place = std::string(text.substr(equals + 1)), .date = std::string(text.substr(0, equals))};
  }
  return {.place = std::string(text), .date = {}};
}

Result<std::string> unpacked(std::string content, const std::string& place) {
  if (!content.starts_with("\x1f\x8b")) return content;
  wire::content_coding::Limits limits;
  limits.max_output_bytes = pricing::ListLimits().max_bytes;
  auto decoder = wire::content_coding::Decoder::open("gzip", limits);
  if (!decoder) return fail(decoder.error());
  std::string plain;
  auto fed = decoder->feed(content, [&](std::string_view piece) { plain += piece; });
  if (fed) fed = decoder->finish();
  if (!fed) return fail(fed.error().code, fmt::format("{}: {}", place, fed.error().message));
  return plain;
}

Result<std::string> list_content(const ListSource& source, const app::Config& config, Environment& environment) {
  if (!net::is_https_url(source.place)) {
    if (source.place.find("://") != std::string::npos) {
      return fail(ErrorCode::kInvalid, source.place + ": only https:// URLs and files are read");
    }
    auto content = read_file(source.place, pricing::ListLimits().max_bytes);
    if (!content) return content;
    return unpacked(std::move(*content), source.place);
  }
  if (environment.err.form().is_terminal) environment.err.print("fetching {}\n", source.place);
  net::FetchOptions options;
  options.tls.origin_ca = config.origin_ca.string();
  options.max_bytes = pricing::ListLimits().max_bytes;
  return net::fetch(source.place, options);
}

// The day of a list's figures, where nobody has said it: a URL is read as it is today, and a file is as old as it is.
// That is a guess, and said to be one: who copied the file may have made it younger.
std::string guessed_date(const ListSource& source, Environment& environment) {
  const UtcTime now = environment.clock.now();
  if (net::is_https_url(source.place)) return date_of(now);
  std::error_code error;
  const auto written = fs::last_write_time(source.place, error);
  const UtcTime time = error ? now : std::chrono::floor<UtcTime::duration>(std::chrono::file_clock::to_sys(written));
  const std::string date = date_of(std::min(time, now));
  environment.err.print(
      "tokometer: {}: nothing says of which day its figures are; taken to be of {}, when the file was last written, "
      "and to know no better than prices that say since when they hold (DATE={} says it)\n",
      source.place, date, source.place);
  return date;
}

Result<LoadedList> load_list(const ListSource& source, const std::vector<pricing::ListKind>& kinds,
                             const app::Config& config, Environment& environment) {
  const auto content = list_content(source, config, environment);
  if (!content) return fail(content.error());
  json::Mistakes mistakes(source.place);
  auto list = pricing::read_price_list(*content, kinds, mistakes);
  if (!list) return fail(mistakes.first().code, printable(mistakes.first().message));
  for (const std::string& skipped : list->skipped) {
    environment.err.print("tokometer: {}: left out: {}\n", source.place, printable(skipped));
  }
  if (list->skipped_count > list->skipped.size()) {
    environment.err.print("tokometer: {}: {} more left out\n", source.place,
                          list->skipped_count - list->skipped.size());
  }
  return LoadedList{std::move(*list), source.date.empty() ? guessed_date(source, environment) : source.date};
}

// Lists put together, by provider.
struct ListsRead {
  std::vector<pricing::MergedPrices> merged;
  pricing::ListDay day = pricing::ListDay::kStated;  // kGuessed: of one of them at least
};

// The lists that `places` name, else the public ones.
Result<ListsRead> load_lists(const std::vector<std::string_view>& places, const app::Config& config,
                             Environment& environment) {
  const auto kinds = pricing::read_list_kinds(embedded::price_lists());
  if (!kinds) return fail(kinds.error());
  std::vector<ListSource> sources;
  for (const std::string_view place : places) sources.push_back(list_source(place));
  if (sources.empty()) {
    for (const pricing::ListKind& kind : *kinds) sources.push_back({.place = kind.url, .date = {}});
  }
  std::vector<LoadedList> lists;
  ListsRead read;
  for (const ListSource& source : sources) {
    auto list = load_list(source, *kinds, config, environment);
    if (!list) return fail(list.error());
    lists.push_back(std::move(*list));
    if (source.date.empty() && !net::is_https_url(source.place)) read.day = pricing::ListDay::kGuessed;
  }
  std::vector<pricing::DatedList> dated;
  for (const LoadedList& list : lists) dated.push_back({&list.list, list.date});
  read.merged = pricing::merge_price_lists(dated);
  return read;
}

// Changes of several providers, with the lists that they are from.
struct ProviderChanges {
  const pricing::MergedPrices* listed;
  std::vector<ModelChange> changes;
};

std::vector<ProviderChanges> all_changes(const ListsRead& listed, const pricing::Catalog& catalog,
                                         std::optional<std::string_view> provider, UtcTime now, UtcTime from) {
  std::vector<ProviderChanges> all;
  for (const pricing::MergedPrices& merged : listed.merged) {
    if (provider && merged.file.provider != *provider) continue;
    auto changes = pricing::price_changes(merged.file, catalog, now, from, listed.day);
    if (!changes.empty()) all.push_back({&merged, std::move(changes)});
  }
  return all;
}

std::string_view kind_name(ModelChange::Kind kind) {
  switch (kind) {
    case ModelChange::Kind::kNew:
      return "new";
    case ModelChange::Kind::kChanged:
      return "changed";
    case ModelChange::Kind::kGone:
      break;
  }
  return "gone";
}

std::string change_json(const ModelChange& change) {
  std::string line;
  json::Writer writer(line);
  writer.begin_object().member("change", kind_name(change.kind));
  writer.member("provider", change.provider).member("model", change.model);
  writer.name("figures").begin_object();
  for (const pricing::FigureChange& figure : change.figures) {
    writer.name(figure.what).begin_object();
    if (!figure.before.empty()) writer.raw_member("before", figure.before);
    writer.raw_member("after", figure.after).member_unless_empty("disputed", figure.disputed).end_object();
  }
  writer.end_object();
  if (!change.after.entries.empty()) writer.member_unless_empty("disputed", change.after.entries.front().disputed);
  writer.end_object();
  return line + "\n";
}

std::string figures_cell(const ModelChange& change) {
  std::string cell;
  for (const pricing::FigureChange& figure : change.figures) {
    if (!cell.empty()) cell += ", ";
    cell += figure.before.empty() ? fmt::format("{} {}", figure.what, figure.after)
                                  : fmt::format("{} {} → {}", figure.what, figure.before, figure.after);
    if (!figure.disputed.empty()) cell += fmt::format(" (disputed: {})", figure.disputed);
  }
  return cell.empty() ? std::string(format::kAbsent) : printable(cell);
}

void show_changes(const std::vector<ProviderChanges>& all, bool json, Environment& environment) {
  Table table({{.title = "change"},
               {.title = "provider", .priority = 2},
               {.title = "model", .min_width = 12},
               {.title = "USD per million tokens, tools per 1,000", .priority = 1, .min_width = 20}});
  std::size_t counts[3] = {};
  const Style style = environment.out.style();
  for (const ProviderChanges& provider : all) {
    for (const ModelChange& change : provider.changes) {
      ++counts[static_cast<std::size_t>(change.kind)];
      if (json) {
        environment.out.write(change_json(change));
        continue;
      }
      const std::string kind(kind_name(change.kind));
      table.add({change.kind == ModelChange::Kind::kChanged ? style.yellow(kind) : kind, printable(change.provider),
                 printable(change.model), figures_cell(change)});
    }
  }
  if (json) return;
  if (!table.empty()) environment.out.write(table.render(environment.out.form(), environment.out.style()));
  environment.out.print("{} new, {} changed, {} gone\n", counts[0], counts[1], counts[2]);
}

Result<pricing::PriceFile> imported_file(const fs::path& path, const std::string& provider) {
  const auto content = read_file(path);
  if (!content && content.error().code == ErrorCode::kNotFound) {
    pricing::PriceFile file;
    file.provider = provider;
    return file;
  }
  if (!content) return fail(content.error());
  json::Mistakes mistakes(path.string());
  auto file = pricing::read_price_file(*content, pricing::Origin::kImported, mistakes);
  if (!mistakes.empty()) return fail(mistakes.first());
  return file;
}

// Every file is made and checked before the first is replaced.
Result<void> write_changes(const std::vector<ProviderChanges>& all, const pricing::Folders& folders, UtcTime from) {
  std::vector<std::pair<fs::path, std::string>> files;
  for (const ProviderChanges& provider : all) {
    const std::string& name = provider.listed->file.provider;
    const fs::path path = folders.imported / (name + ".json");
    auto before = imported_file(path, name);
    if (!before) return fail(before.error());
    const pricing::PriceFile after =
        pricing::with_changes(std::move(*before), provider.changes, from, provider.listed->file);
    std::string text = pricing::price_file_text(after);
    json::Mistakes mistakes(path.string());
    pricing::read_price_file(text, pricing::Origin::kImported, mistakes);
    if (!mistakes.empty()) return fail(mistakes.first());
    files.emplace_back(path, std::move(text));
  }
  std::error_code error;
  fs::create_directories(folders.imported, error);
  if (error) return fail(io_error(folders.imported.string(), error.value()));
  for (const auto& [path, text] : files) {
    if (auto written = replace_file(path, text); !written) return written;
  }
  return {};
}

Result<ExitCode> run_update(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  UtcTime from = environment.clock.now();
  if (const auto text = arguments.value("valid-from")) {
    const auto time = parse_rfc3339(*text);
    if (!time) {
      return environment.wrong_use(arguments, fmt::format("--valid-from: \"{}\" is no date or time (RFC 3339)", *text));
    }
    from = *time;
  }
  const pricing::Folders folders = pricing::folders_in(config->config_dir);
  // Without the user's own prices, which stay in force whatever is imported.
  const auto catalog = pricing::Catalog::load(pricing::BuiltinPrices(), {.imported = folders.imported, .user = {}});
  if (!catalog) return fail(catalog.error());
  const auto listed = load_lists(arguments.values("from"), *config, environment);
  if (!listed) return fail(listed.error());
  const auto changes = all_changes(*listed, **catalog, arguments.value("provider"), environment.clock.now(), from);
  if (!arguments.has("dry-run") && !changes.empty()) {
    if (auto written = write_changes(changes, folders, from); !written) return fail(written.error());
  }
  show_changes(changes, arguments.has("json"), environment);
  if (arguments.has("json") || changes.empty()) return ExitCode::kOk;
  if (arguments.has("dry-run")) {
    environment.out.write("nothing was written\n");
  } else {
    environment.out.print("in force from {} on; `tokometer reload` has a running proxy use them\n", date_of(from));
  }
  return ExitCode::kOk;
}

Result<ExitCode> run_diff(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const auto catalog = pricing::Catalog::load(pricing::BuiltinPrices(), pricing::folders_in(config->config_dir));
  if (!catalog) return fail(catalog.error());
  std::vector<std::string_view> places;
  for (const std::string& place : arguments.positionals()) places.emplace_back(place);
  const auto listed = load_lists(places, *config, environment);
  if (!listed) return fail(listed.error());
  const UtcTime now = environment.clock.now();
  show_changes(all_changes(*listed, **catalog, arguments.value("provider"), now, now), arguments.has("json"),
               environment);
  return ExitCode::kOk;
}

// Leaves out what `base` has a price for already. Names of such a model that `base` does not know stay, as a model of
// their own at the price that `base` has.
void leave_out(pricing::PriceFile& file, const pricing::Catalog& base, UtcTime now) {
  const auto changes = pricing::price_changes(file, base, now, now);
  std::erase_if(file.models, [&](pricing::Model& model) {
    const pricing::Model* known = base.find(file.provider, model.id);
    std::erase_if(model.aliases, [&](const std::string& alias) {
      const pricing::Model* named = base.find(file.provider, alias);
      return named != nullptr && named->provider == file.provider;
    });
    if (known == nullptr) return false;
    // What only another provider has is that one's price: kept where it differs here.
    const auto is_it = [&](const ModelChange& change) { return change.model == model.id; };
    if (known->provider != file.provider && std::ranges::any_of(changes, is_it)) return false;
    std::erase_if(model.aliases, [&](const std::string& alias) { return base.find(file.provider, alias) != nullptr; });
    if (model.aliases.empty()) return true;
    model.id = model.aliases.front();
    model.aliases.erase(model.aliases.begin());
    model.prefixes.clear();
    model.entries = known->entries;
    for (const pricing::Entry& entry : model.entries) {
      for (const std::string& source : entry.sources) pricing::add_source(file, "known", source);
    }
    return false;
  });
}

Result<ExitCode> run_convert(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const auto base =
      pricing::Catalog::load({}, {.imported = {}, .user = std::string(arguments.value("without").value_or(""))});
  if (!base) return fail(base.error());
  std::vector<std::string_view> places;
  for (const std::string& place : arguments.positionals()) places.emplace_back(place);
  auto listed = load_lists(places, *config, environment);
  if (!listed) return fail(listed.error());
  const auto provider = arguments.value("provider");
  const fs::path folder(std::string(arguments.value("into").value_or("")));
  Table table({{.title = "provider"},
               {.title = "three agree", .align = Align::kRight},
               {.title = "two agree", .align = Align::kRight},
               {.title = "one has it", .align = Align::kRight},
               {.title = "disputed", .align = Align::kRight},
               {.title = "written", .align = Align::kRight}});
  for (pricing::MergedPrices& merged : listed->merged) {
    if (provider && merged.file.provider != *provider) continue;
    leave_out(merged.file, **base, environment.clock.now());
    table.add({printable(merged.file.provider), std::to_string(merged.agreed_by_three),
               std::to_string(merged.agreed_by_two), std::to_string(merged.of_one_list),
               std::to_string(merged.disputed), std::to_string(merged.file.models.size())});
    if (merged.file.models.empty()) continue;
    const std::string text = pricing::price_file_text(merged.file);
    if (folder.empty()) {
      environment.out.write(text);
    } else if (auto written = replace_file(folder / (merged.file.provider + ".json"), text); !written) {
      return fail(written.error());
    }
  }
  if (!folder.empty()) environment.out.write(table.render(environment.out.form(), environment.out.style()));
  return ExitCode::kOk;
}

const Option& list_provider_option() {
  static const Option option{
      .name = "provider", .type = OptionType::kText, .placeholder = "NAME", .help = "Only this one's"};
  return option;
}

}  // namespace

Command prices_update_command() {
  return {
      .name = "update",
      .summary = "Take over new prices from public lists",
      .description =
          "Reads the lists of pydantic/genai-prices (v2), BerriAI/litellm and models.dev, or those that --from "
          "names, and says which models are new, changed or gone. Where several lists disagree, what two of them "
          "say is taken, else the newest, and the entry says so.\n\n"
          "Prices go into prices/imported of the configuration folder, never into your own files, which stay in "
          "force. A changed price holds from now on, or from --valid-from; calls before then keep theirs. A list "
          "that is wrong changes nothing. Nothing of yours is sent.",
      .options = {{.name = "from",
                   .type = OptionType::kText,
                   .placeholder = "LIST",
                   .help = "A file or https:// URL instead of the public ones; DATE=FILE says the day of its figures",
                   .repeats = true},
                  list_provider_option(),
                  {.name = "valid-from",
                   .type = OptionType::kText,
                   .placeholder = "DATE",
                   .help = "From when changed prices hold, instead of now"},
                  {.name = "dry-run", .help = "Only say what would change"},
                  {.name = "json", .help = "One JSON object a line"}},
      .examples = {{"tokometer prices update --dry-run", "What the public lists would change"},
                   {"tokometer prices update --from prices.json --provider openai", "From a file, one provider's"}},
      .run = run_update};
}

Command prices_diff_command() {
  return {.name = "diff",
          .summary = "Show where a list differs from the prices in force",
          .positionals = {{.name = "LIST",
                           .type = OptionType::kFile,
                           .help = "Files or https:// URLs, if not the public lists",
                           .required = false,
                           .repeats = true}},
          .options = {list_provider_option(), {.name = "json", .help = "One JSON object a line"}},
          .examples = {{"tokometer prices diff --provider anthropic", "Where the public lists differ from ours"}},
          .run = run_diff};
}

Command prices_convert_command() {
  return {
      .name = "convert",
      .summary = "Turn lists into price files of ours",
      .description =
          "To start price files of your own from. Made the part of the built-in catalog that is not "
          "kept by hand.",
      .positionals = {{.name = "LIST", .type = OptionType::kFile, .help = "Files or https:// URLs", .repeats = true}},
      .options = {list_provider_option(),
                  {.name = "without",
                   .type = OptionType::kFolder,
                   .placeholder = "DIR",
                   .help = "Leave out the models that the price files in DIR have"},
                  {.name = "into",
                   .type = OptionType::kFolder,
                   .placeholder = "DIR",
                   .help = "Write PROVIDER.json there, and say how far the lists agree"}},
      .examples = {{"tokometer prices convert prices.json --provider groq", "One provider's, to the screen"}},
      .run = run_convert};
}

}  // namespace tokometer::cli
