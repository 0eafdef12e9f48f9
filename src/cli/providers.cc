#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "app/rules.h"
#include "base/files.h"
#include "base/format.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/provider_files.h"
#include "cli/recordings.h"
#include "cli/settings.h"
#include "cli/table.h"
#include "embedded/embedded.h"
#include "event/event_json.h"
#include "json/writer.h"
#include "provider/registry.h"
#include "provider/spec_file.h"

namespace tokometer::cli {
namespace {

// Of one check.
constexpr std::size_t kMaxToldMistakes = 20;

namespace fs = std::filesystem;
using provider::Endpoint;
using provider::Spec;

Result<std::shared_ptr<const provider::Registry>> load_registry(const Arguments& arguments,
                                                                const Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  return provider::Registry::load(embedded::providers(), config->config_dir / "providers");
}

std::string_view billing_text(provider::Billing billing) {
  switch (billing) {
    case provider::Billing::kAlways:
      return "";
    case provider::Billing::kNever:
      return "bills nothing";
    case provider::Billing::kOncePerResponse:
      return "repeats";
  }
  return "";
}

std::string paths_text(const Endpoint& endpoint) {
  std::vector<std::string> paths;
  for (const provider::PathPattern& path : endpoint.paths) paths.push_back(path.text());
  return fmt::format("{}", fmt::join(paths, ", "));
}

std::string specs_json(const provider::Registry& registry) {
  std::string text;
  for (const auto& spec : registry.specs()) {
    json::Writer writer(text);
    writer.begin_object().member("name", spec->name).member("title", spec->title);
    writer.member_unless_empty("base_url", spec->base_url).member_unless_empty("route", spec->route);
    writer.name("hosts").begin_array();
    for (const std::string& host : spec->hosts) writer.string(host);
    writer.end_array().name("operations").begin_array();
    for (const Endpoint& endpoint : spec->endpoints) writer.string(endpoint.operation);
    writer.end_array().end_object();
    text += '\n';
  }
  return text;
}

Result<ExitCode> run_providers_list(const Arguments& arguments, Environment& environment) {
  const auto registry = load_registry(arguments, environment);
  if (!registry) return fail(registry.error());
  if (arguments.has("json")) {
    environment.out.write(specs_json(**registry));
    return ExitCode::kOk;
  }
  Table table({{.title = "name"},
               {.title = "title", .priority = 2, .min_width = 8},
               {.title = "route"},
               {.title = "base URL", .priority = 1, .min_width = 16},
               {.title = "endpoints", .align = Align::kRight, .priority = 3}});
  for (const auto& spec : (*registry)->specs()) {
    table.add({spec->name, spec->title, spec->route.empty() ? std::string(format::kAbsent) : "/" + spec->route,
               spec->base_url.empty() ? std::string(format::kAbsent) : spec->base_url,
               format::count(static_cast<std::int64_t>(spec->endpoints.size()))});
  }
  environment.out.write(table.render(environment.out.form(), environment.out.style()));
  return ExitCode::kOk;
}

Result<ExitCode> run_providers_show(const Arguments& arguments, Environment& environment) {
  const auto registry = load_registry(arguments, environment);
  if (!registry) return fail(registry.error());
  const std::string_view name = *arguments.positional(0);
  const Spec* spec = (*registry)->by_name(name);
  if (spec == nullptr) {
    const auto same_route = std::ranges::find((*registry)->specs(), name, [](const auto& each) { return each->route; });
    if (same_route != (*registry)->specs().end()) spec = same_route->get();
  }
  if (spec == nullptr) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no provider \"{}\": see `tokometer providers list`", name));
  }
  Output& out = environment.out;
  const auto row = [&](std::string_view label, std::string_view value) {
    if (!value.empty()) out.print("{}  {}\n", pad(label, 13), value);
  };
  out.print("{}\n\n", out.style().bold(spec->title.empty() ? spec->name : spec->title));
  row("name", spec->name);
  row("base URL", spec->base_url);
  row("route", spec->route.empty() ? "" : "/" + spec->route);
  row("hosts", fmt::format("{}", fmt::join(spec->hosts, ", ")));
  row("secret fields", fmt::format("{}", fmt::join(spec->secret_fields, ", ")));
  row("secret query", fmt::format("{}", fmt::join(spec->secret_query, ", ")));
  row("said by", spec->source);
  Table table({{.title = "endpoint"},
               {.title = "operation", .priority = 1},
               {.title = "methods", .priority = 3},
               {.title = "paths", .min_width = 20},
               {.title = "billing", .priority = 2}});
  for (const Endpoint& endpoint : spec->endpoints) {
    table.add({endpoint.name, endpoint.operation, fmt::format("{}", fmt::join(endpoint.methods, " ")),
               paths_text(endpoint), endpoint.ignore ? "no event" : std::string(billing_text(endpoint.billing))});
  }
  out.write("\n" + table.render(out.form(), out.style()));
  return ExitCode::kOk;
}

Result<std::string> read_text(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (!stream.is_open() || stream.bad()) return fail(ErrorCode::kIo, file.string() + ": cannot be read");
  return text;
}

// The user's spec files: the one named, or all of the configuration folder.
Result<std::vector<fs::path>> user_files(const Arguments& arguments, const app::Config& config) {
  if (const auto named = arguments.positional(0)) return std::vector<fs::path>{fs::path(*named)};
  std::vector<fs::path> files;
  std::error_code error;
  const fs::path folder = config.config_dir / "providers";
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == ".json") files.push_back(at->path());
  }
  if (error && error != std::errc::no_such_file_or_directory) return fail(io_error(folder.string(), error.value()));
  std::ranges::sort(files);
  return files;
}

Result<ExitCode> run_providers_check(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const auto files = user_files(arguments, *config);
  if (!files) return fail(files.error());

  std::vector<std::string> contents;
  for (const fs::path& file : *files) {
    auto text = read_text(file);
    if (!text) return fail(text.error());
    contents.push_back(std::move(*text));
  }
  std::vector<provider::SpecText> builtin;
  for (const embedded::File& file : embedded::providers()) builtin.push_back({file.name, file.content});
  std::vector<provider::SpecText> user;
  for (std::size_t i = 0; i < files->size(); ++i) user.push_back({(*files)[i].native(), contents[i]});

  const provider::LoadedSpecs loaded = provider::load_specs(builtin, user);
  const std::size_t told = std::min(loaded.mistakes.size(), kMaxToldMistakes);
  for (std::size_t i = 0; i < told; ++i) environment.out.print("{}\n", loaded.mistakes[i]);
  if (loaded.mistakes.size() > told) environment.out.print("and {} more\n", loaded.mistakes.size() - told);
  if (!loaded.mistakes.empty()) return ExitCode::kFailed;
  environment.out.print("{}: {} providers, {} files of your own\n", environment.out.style().green("ok"),
                        loaded.specs.size(), user.size());
  return ExitCode::kOk;
}

// The rules in force, with the specs of --spec over them.
Result<std::shared_ptr<const app::Rules>> rules_with_specs(const Arguments& arguments, const app::Config& config) {
  auto rules = app::load_rules(config.config_dir);
  const auto named = arguments.values("spec");
  if (!rules || named.empty()) return rules;
  auto files = files_in(config.config_dir / "providers", ".json");
  if (!files) return fail(files.error());
  for (const std::string_view file : named) files->emplace_back(file);
  std::vector<std::string> contents;
  for (const fs::path& file : *files) {
    auto text = read_text(file);
    if (!text) return fail(text.error());
    contents.push_back(std::move(*text));
  }
  std::vector<provider::SpecText> user;
  for (std::size_t i = 0; i < files->size(); ++i) user.push_back({(*files)[i].native(), contents[i]});
  auto registry = provider::Registry::load_texts(embedded::providers(), user);
  if (!registry) return fail(registry.error());
  return std::make_shared<const app::Rules>(
      app::Rules{std::move(*registry), (*rules)->prices, (*rules)->clients, (*rules)->counter});
}

Result<ExitCode> run_providers_test(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  auto rules = rules_with_specs(arguments, *config);
  if (!rules) return fail(rules.error());
  std::vector<std::string> recordings;
  for (const std::string& name : arguments.positionals()) recordings.push_back(recording_path(name, *config).string());
  if (arguments.has("json")) {
    return read_recordings(recordings, std::move(*rules), environment,
                           [&](event::Event&& event) { environment.out.write(event::to_json(event) + "\n"); });
  }
  Table table({{.title = "entry", .min_width = 8},
               {.title = "provider", .priority = 2},
               {.title = "operation", .priority = 3},
               {.title = "status", .align = Align::kRight, .priority = 4},
               {.title = "model", .priority = 1, .min_width = 12},
               {.title = "finish", .priority = 6},
               {.title = "input", .align = Align::kRight},
               {.title = "cached", .align = Align::kRight, .priority = 5},
               {.title = "written", .align = Align::kRight, .priority = 7},
               {.title = "output", .align = Align::kRight},
               {.title = "reasoning", .align = Align::kRight, .priority = 7},
               {.title = "usage"}});
  const auto number = [](const meter::Count& count) {
    return count ? std::to_string(*count) : std::string(format::kAbsent);
  };
  const ExitCode code = read_recordings(recordings, std::move(*rules), environment, [&](event::Event&& event) {
    const std::string& model = event.response_model.empty() ? event.request_model : event.response_model;
    table.add({printable(event.source_id), event.provider, event.operation, std::to_string(event.status_code),
               printable(model), printable(event.error_type.empty() ? event.finish_reason : event.error_type),
               number(event.usage.input_tokens), number(event.usage.cache_read_input_tokens),
               number(event.usage.cache_creation_input_tokens), number(event.usage.output_tokens),
               number(event.usage.reasoning_output_tokens), std::string(meter::to_string(event.usage.source))});
  });
  environment.out.write(table.render(environment.out.form(), environment.out.style()));
  return code;
}

}  // namespace

Command providers_command() {
  return {
      .name = "providers",
      .summary = "Show and check what is known about providers",
      .subcommands = {
          {.name = "list",
           .summary = "List the providers",
           .options = {{.name = "json", .help = "One JSON object a line"}},
           .run = run_providers_list},
          {.name = "show",
           .summary = "Show how a provider is recognised and reached, and its endpoints",
           .positionals = {{.name = "NAME", .help = "The provider's name or route"}},
           .examples = {{"tokometer providers show anthropic", "What is known about Anthropic"}},
           .run = run_providers_show},
          {.name = "check",
           .summary = "Say what is wrong with provider specs of your own",
           .description = "Each mistake is named by file and line. The exit code is 1 if there are any.",
           .positionals = {{.name = "FILE",
                            .type = OptionType::kFile,
                            .help = "A spec, if not those in the configuration folder",
                            .required = false}},
           .examples = {{"tokometer providers check mine.json", "Check a file before it goes into the folder"}},
           .run = run_providers_check},
          {.name = "test",
           .summary = "Show what the specs in force read from recorded calls",
           .positionals =
               {{.name = "FILE", .type = OptionType::kFile, .help = "A HAR file, or a capture", .repeats = true}},
           .options = {{.name = "spec",
                        .type = OptionType::kFile,
                        .placeholder = "FILE",
                        .help = "Also a spec that is not in the configuration folder yet",
                        .repeats = true},
                       {.name = "json", .help = "One JSON object a line, with every field"}},
           .examples = {{"tokometer providers test calls.har", "See what a changed spec reads"},
                        {"tokometer providers test calls.har --spec acme.json", "Try a spec before it is in force"}},
           .run = run_providers_test},
          providers_new_command(),
          providers_import_command()}};
}

}  // namespace tokometer::cli
