#include "cli/provider_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "app/har_entry.h"
#include "app/rules.h"
#include "app/spec_draft.h"
#include "app/spec_import.h"
#include "base/files.h"
#include "base/format.h"
#include "cli/environment.h"
#include "cli/recordings.h"
#include "cli/settings.h"
#include "cli/table.h"
#include "embedded/embedded.h"
#include "json/writer.h"
#include "provider/registry.h"
#include "provider/spec_file.h"

namespace tokometer::cli {
namespace {

namespace fs = std::filesystem;

// Writes a new file; an old one only goes with `force`.
Result<void> write_spec(const fs::path& file, const std::string& text, bool force) {
  std::error_code error;
  if (!force && fs::exists(file, error)) {
    return fail(ErrorCode::kInvalid, file.string() + ": is there already; --force replaces it");
  }
  if (file.has_parent_path()) fs::create_directories(file.parent_path(), error);
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream << text;
  stream.close();
  if (!stream) return fail(ErrorCode::kIo, file.string() + ": cannot be written");
  return {};
}

// What is wrong with `content` among the specs in force.
Result<std::vector<std::string>> mistakes_of(const app::Config& config, const std::string& file,
                                             const std::string& content) {
  const auto files = files_in(config.config_dir / "providers", ".json");
  if (!files) return fail(files.error());
  std::vector<std::pair<std::string, std::string>> texts;
  for (const fs::path& own : *files) {
    if (own.filename() == fs::path(file).filename()) continue;  // is replaced
    auto text = read_file(own);
    if (!text) return fail(text.error());
    texts.emplace_back(own.string(), std::move(*text));
  }
  texts.emplace_back(file, content);
  std::vector<provider::SpecText> builtin, user;
  for (const embedded::File& each : embedded::providers()) builtin.push_back({each.name, each.content});
  for (const auto& [name, text] : texts) user.push_back({name, text});
  return provider::load_specs(builtin, user).mistakes;
}

bool is_spec_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

// What the drafted spec reads from the recording that it was made from.
Result<std::vector<event::Event>> read_back(const app::Config& config, const std::string& name, const std::string& spec,
                                            const fs::path& recording) {
  auto rules = app::load_rules(config.config_dir);
  if (!rules) return fail(rules.error());
  const provider::SpecText text{name, spec};
  auto registry = provider::Registry::load_texts(embedded::providers(), std::span(&text, 1));
  if (!registry) return fail(registry.error());
  app::RecordingReader reader(std::make_shared<const app::Rules>(
      app::Rules{std::move(*registry), (*rules)->prices, (*rules)->clients, (*rules)->counter}));
  std::vector<event::Event> events;
  const auto read = reader.read_file(recording, [&](event::Event&& event) {
    if (event.provider == name) events.push_back(std::move(event));
  });
  if (!read) return fail(read.error());
  return events;
}

void show_notes(const app::SpecDraft& draft, Output& out) {
  Table table({{.title = "found"},
               {.title = "where", .min_width = 12},
               {.title = "value", .priority = 1, .min_width = 8},
               {.title = "unsure", .priority = 2, .min_width = 12}});
  for (const app::SpecDraft::Note& note : draft.notes) {
    table.add({note.what, printable(note.where), printable(note.value), note.doubt});
  }
  out.write(table.render(out.form(), out.style()));
}

Result<ExitCode> run_providers_new(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const std::string name(*arguments.positional(0));
  if (!is_spec_name(name)) {
    return environment.wrong_use(arguments, "NAME must be lower-case letters, digits and . _ -");
  }
  auto registry = provider::Registry::load(embedded::providers(), config->config_dir / "providers");
  if (!registry) return fail(registry.error());
  if ((*registry)->by_name(name) != nullptr && !arguments.has("force")) {
    return fail(ErrorCode::kInvalid,
                fmt::format("there is a provider \"{}\" already, over which this spec would be laid: choose another "
                            "name, or say --force",
                            name));
  }
  std::vector<fs::path> recordings;
  for (const std::string& from : std::span(arguments.positionals()).subspan(1)) {
    recordings.push_back(recording_path(from, *config));
  }
  app::SpecDrafter drafter(name, *registry);
  for (const fs::path& recording : recordings) {
    auto read = app::read_har_file(recording, {}, [&](std::string_view entry) { drafter.add(entry); });
    if (!read) return fail(read.error());
  }
  const auto draft = drafter.finish();
  if (!draft)
    return fail(draft.error().code, fmt::format("{}: {}", recordings.front().string(), draft.error().message));

  const auto target = arguments.value("output");
  const std::string file = target ? std::string(*target) : name + ".json";
  const auto mistakes = mistakes_of(*config, file, draft->json);
  if (!mistakes) return fail(mistakes.error());
  if (target) {
    if (auto written = write_spec(file, draft->json, arguments.has("force")); !written) return fail(written.error());
  } else {
    environment.out.write(draft->json);
    environment.out.flush();
  }
  // Beside a spec on the standard output, what is said about it goes to the other one.
  Output& told = target ? environment.out : environment.err;
  show_notes(*draft, told);
  const auto doubts =
      std::ranges::count_if(draft->notes, [](const app::SpecDraft::Note& note) { return !note.doubt.empty(); });
  for (const fs::path& recording : recordings) {
    const auto events = read_back(*config, name, draft->json, recording);
    if (!events) continue;
    for (const event::Event& event : *events) {
      const auto count = [](const meter::Count& tokens) {
        return tokens ? std::to_string(*tokens) : std::string(format::kAbsent);
      };
      told.print("read back: {} {}, {} in, {} out\n", event.operation, printable(std::string(event::model(event))),
                 count(event.usage.input_tokens), count(event.usage.output_tokens));
    }
  }
  if (drafter.passed_over() > 0) {
    told.print("{} entries were of no use: other hosts, no POST, no success, no JSON, or one more of the same kind\n",
               drafter.passed_over());
  }
  if (doubts > 0) told.print("{} things to look at; docs/provider-spec.md explains every key\n", doubts);
  for (const std::string& mistake : *mistakes) told.print("{}\n", mistake);
  return mistakes->empty() ? ExitCode::kOk : ExitCode::kFailed;
}

Result<ExitCode> run_providers_import(const Arguments& arguments, Environment& environment) {
  const auto config = load_settings(arguments, environment);
  if (!config) return fail(config.error());
  const std::string list(*arguments.positional(0));
  const auto text = read_file(list, std::size_t{64} << 20U);
  if (!text) return fail(text.error());
  const auto registry = provider::Registry::load(embedded::providers(), fs::path());
  if (!registry) return fail(registry.error());
  const auto import = app::import_specs(*text, **registry);
  if (!import) return fail(import.error().code, fmt::format("{}: {}", list, import.error().message));

  Output& out = environment.out;
  ExitCode code = ExitCode::kOk;
  std::size_t written = 0;
  for (const app::ImportedSpec& spec : import->specs) {
    const fs::path file = config->config_dir / "providers" / (spec.name + ".json");
    const auto mistakes = mistakes_of(*config, file.string(), spec.json);
    if (!mistakes) return fail(mistakes.error());
    // Of what was not written nobody could look up a line.
    const std::string written_as = file.string() + ":";
    for (const std::string_view mistake : *mistakes) {
      const auto what =
          mistake.starts_with(written_as) ? mistake.find(": ", written_as.size()) : std::string_view::npos;
      if (what == std::string_view::npos) {
        environment.err.print("tokometer: {}\n", mistake);
      } else {
        environment.err.print("tokometer: {}:{}: {}{}\n", list, spec.line_of(mistake.substr(what)), spec.name,
                              mistake.substr(what));
      }
    }
    auto done = mistakes->empty() ? write_spec(file, spec.json, arguments.has("force"))
                                  : Result<void>(fail(ErrorCode::kInvalid, spec.name + ": not written"));
    if (!done) {
      environment.err.print("tokometer: {}\n", done.error().message);
      code = ExitCode::kFailed;
      continue;
    }
    ++written;
    out.print("{}\n", file.string());
    for (const std::string& note : spec.notes) out.print("  {}\n", note);
  }
  for (const std::string& left : import->left_out) out.print("{} {}\n", out.style().dim("left out:"), printable(left));
  out.print("{}: {} written, {} left out\n", import->kind, written, import->left_out.size());
  return code;
}

}  // namespace

Command providers_new_command() {
  return {
      .name = "new",
      .summary = "Write a spec from recorded calls to a provider that is not known",
      .description =
          "Finds out where the calls of a HAR file or a capture went, what kind of calls they are, and where the "
          "model, the usage and all else that a spec says stands in them. Each is shown with its value, and with "
          "what is unsure. The spec goes to the standard output, or to --output.\n\n"
          "Recordings of the same call, streamed and not, make one spec that reads both; of several of one kind, the "
          "one "
          "that states the most counts.",
      .positionals = {{.name = "NAME", .help = "What the provider is to be called"},
                      {.name = "FROM", .type = OptionType::kFile, .help = "A HAR file, or a capture", .repeats = true}},
      .options = {{.name = "output",
                   .letter = 'o',
                   .type = OptionType::kFile,
                   .placeholder = "FILE",
                   .help = "Write the spec there"},
                  {.name = "force", .help = "Replace the file, or a provider of that name"}},
      .examples = {{"tokometer providers new acme calls.har -o acme.json", "From a recording of a browser or proxy"},
                   {"tokometer providers new acme 2026-01-02/ID.har.zst", "From one of Tokometer's captures"}},
      .run = run_providers_new};
}

Command providers_import_command() {
  return {.name = "import",
          .summary = "Make specs of another program's list of providers",
          .description =
              "Reads Tokentap's providers.json, LiteLLM's providers.json (names and base URLs), and LiteLLM's "
              "configuration as JSON (model_list with api_base). The specs go to the folder \"providers\" of the "
              "configuration folder; what is there already stays, unless --force is given. Providers that are built in "
              "are left out, and so are those of LiteLLM's list of models and prices that are not: it does not say "
              "where they are.",
          .positionals = {{.name = "FILE", .type = OptionType::kFile, .help = "The list, as JSON"}},
          .options = {{.name = "force", .help = "Replace files that are there"}},
          .examples = {{"tokometer providers import ~/.tokentap/providers.json", "Take over one's own providers"}},
          .run = run_providers_import};
}

}  // namespace tokometer::cli
