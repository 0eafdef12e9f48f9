#include "app/trust_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "app/program.h"
#include "app/shell_hook.h"
#include "base/files.h"
#include "embedded/embedded.h"
#include "json/document.h"

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxProfiles = 100;  // of one browser

// Where programs for root are, which a user's PATH may leave out.
constexpr std::string_view kRootFolders = ":/usr/local/sbin:/usr/sbin:/sbin";

std::string filled_word(std::string word, const TrustedCertificate& ours) {
  const std::pair<std::string_view, std::string> values[] = {
      {"{certificate}", ours.file.string()}, {"{name}", ours.name}, {"{id}", ours.id()}};
  for (const auto& [place, value] : values) {
    if (const std::size_t at = word.find(place); at != std::string::npos) word.replace(at, place.size(), value);
  }
  return word;
}

std::vector<std::vector<std::string>> commands_of(json::Node node) {
  std::vector<std::vector<std::string>> commands;
  for (const json::Node command : node.elements()) {
    std::vector<std::string> words;
    for (const json::Node word : command.elements()) words.emplace_back(word.string().value_or(""));
    commands.push_back(std::move(words));
  }
  return commands;
}

bool same_content(const fs::path& a, const fs::path& b) {
  const auto first = read_file(a);
  const auto second = read_file(b);
  return first && second && *first == *second;
}

bool is_database(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / "cert9.db", error);
}

// `folder` if it is an NSS database, else the folders right below it that are.
std::vector<fs::path> databases_in(const fs::path& folder) {
  if (is_database(folder)) return {folder};
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end && found.size() < kMaxProfiles;
       entry.increment(error)) {
    if (is_database(entry->path())) found.push_back(entry->path());
  }
  std::ranges::sort(found);
  return found;
}

bool database_has(const std::string& certutil, const std::string& database, const std::string& name) {
  const auto asked = run_program({certutil, "-L", "-d", database, "-n", name}, {.limit = std::chrono::seconds(5)});
  return asked && asked->exit_code == 0;
}

}  // namespace

std::string TrustedCertificate::id() const {
  std::string id = name.substr(name.rfind(' ') + 1);
  std::ranges::transform(id, id.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::erase_if(id, [](unsigned char c) { return std::isalnum(c) == 0; });
  return id;
}

std::string shell_line(const TrustStep& step) {
  const auto word = [](const std::string& text) {
    const bool plain = !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
      return std::isalnum(c) != 0 || std::string_view("-_./:,=+@").find(static_cast<char>(c)) != std::string_view::npos;
    });
    return plain ? text : shell_word(Shell::kBash, text);
  };
  switch (step.kind) {
    case TrustStep::Kind::kCopy:
      return fmt::format("install -m 644 {} {}", word(step.from.string()), word(step.to.string()));
    case TrustStep::Kind::kRemove:
      return fmt::format("rm -f {}", word(step.to.string()));
    case TrustStep::Kind::kRun:
      break;
  }
  std::string line;
  for (const std::string& text : step.words) line += (line.empty() ? "" : " ") + word(text);
  return line;
}

Result<TrustStores> TrustStores::load() {
  TrustStores stores;
  for (const embedded::File& file : embedded::trust_stores()) {
    const auto document = json::Document::parse(std::string(file.content));
    if (!document) return fail(document.error().code, fmt::format("{}:{}", file.name, document.error().message));
    const json::Node root = document->root();
    for (const json::Node system : root["systems"].elements()) {
      const auto text = [&](std::string_view name) { return std::string(system[name].string().value_or("")); };
      stores.systems_.push_back({.title = text("title"),
                                 .program = text("program"),
                                 .folder = text("folder"),
                                 .file = text("file"),
                                 .install = commands_of(system["install"]),
                                 .uninstall = commands_of(system["uninstall"])});
    }
    for (const json::Node browser : root["browsers"].elements()) {
      Browser read{.title = std::string(browser["title"].string().value_or("")), .folders = {}};
      for (const json::Node folder : browser["folders"].elements()) {
        read.folders.emplace_back(folder.string().value_or(""));
      }
      stores.browsers_.push_back(std::move(read));
    }
  }
  return stores;
}

const TrustStores::System* TrustStores::system_here(const TrustSurroundings& surroundings) const {
  for (const System& system : systems_) {
    std::error_code error;
    const bool folder = fs::is_directory(surroundings.root / fs::path(system.folder).relative_path(), error);
    if (folder && find_program(system.program, surroundings.path + std::string(kRootFolders))) return &system;
  }
  return nullptr;
}

std::optional<TrustPlan> TrustStores::system_plan(const TrustSurroundings& surroundings, const TrustedCertificate& ours,
                                                  bool install) const {
  const System* const system = system_here(surroundings);
  if (system == nullptr) return std::nullopt;
  TrustPlan plan{.title = system->title, .needs_root = true, .done = false, .steps = {}};
  if (!system->file.empty()) {
    const fs::path target =
        surroundings.root / fs::path(system->folder).relative_path() / filled_word(system->file, ours);
    std::error_code error;
    if (install ? same_content(ours.file, target) : !fs::exists(target, error)) {
      plan.done = true;
      return plan;
    }
    plan.steps.push_back(install ? TrustStep{.kind = TrustStep::Kind::kCopy, .from = ours.file, .to = target}
                                 : TrustStep{.kind = TrustStep::Kind::kRemove, .to = target});
  }
  for (const auto& command : install ? system->install : system->uninstall) {
    TrustStep step;
    for (const std::string& word : command) step.words.push_back(filled_word(word, ours));
    if (const auto program = find_program(step.words[0], surroundings.path + std::string(kRootFolders))) {
      step.words[0] = *program;
    }
    plan.steps.push_back(std::move(step));
  }
  return plan;
}

std::vector<TrustPlan> TrustStores::browser_plans(const TrustSurroundings& surroundings, const TrustedCertificate& ours,
                                                  bool install) const {
  std::vector<TrustPlan> plans;
  const auto certutil = find_program("certutil", surroundings.path);
  for (const Browser& browser : browsers_) {
    for (const std::string& folder : browser.folders) {
      for (const fs::path& place : databases_in(surroundings.home / folder)) {
        TrustPlan plan{.title = fmt::format("{}: {}", browser.title, place.string()),
                       .needs_root = false,
                       .done = false,
                       .steps = {}};
        if (!certutil) {
          plan.missing = "certutil (Debian: libnss3-tools, Fedora: nss-tools, Arch: nss, Homebrew: nss)";
          plans.push_back(std::move(plan));
          continue;
        }
        const std::string database = "sql:" + place.string();
        plan.done = database_has(*certutil, database, ours.name) == install;
        if (!plan.done && install) {
          plan.steps.push_back(
              {.words = {*certutil, "-A", "-d", database, "-t", "C,,", "-n", ours.name, "-i", ours.file.string()}});
        } else if (!plan.done) {
          plan.steps.push_back({.words = {*certutil, "-D", "-d", database, "-n", ours.name}});
        }
        plans.push_back(std::move(plan));
      }
    }
  }
  return plans;
}

std::vector<TrustPlan> TrustStores::install_plans(const TrustSurroundings& surroundings,
                                                  const TrustedCertificate& ours) const {
  std::vector<TrustPlan> plans = browser_plans(surroundings, ours, true);
  if (auto system = system_plan(surroundings, ours, true)) plans.insert(plans.begin(), std::move(*system));
  return plans;
}

std::vector<TrustPlan> TrustStores::uninstall_plans(const TrustSurroundings& surroundings,
                                                    const TrustedCertificate& ours) const {
  std::vector<TrustPlan> plans = browser_plans(surroundings, ours, false);
  if (auto system = system_plan(surroundings, ours, false)) plans.insert(plans.begin(), std::move(*system));
  return plans;
}

Result<void> carry_out(const TrustPlan& plan) {
  for (const TrustStep& step : plan.steps) {
    std::error_code error;
    if (step.kind == TrustStep::Kind::kCopy) {
      const auto content = read_file(step.from);
      if (!content) return fail(content.error());
      if (auto written = replace_file(step.to, *content); !written) return written;
      // Everybody on the machine reads it, whatever our umask is.
      fs::permissions(step.to,
                      fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read | fs::perms::others_read,
                      error);
      if (error) return fail(io_error(step.to.string(), error.value()));
    } else if (step.kind == TrustStep::Kind::kRemove) {
      fs::remove(step.to, error);
      if (error) return fail(io_error(step.to.string(), error.value()));
    } else {
      const auto done = run_program(step.words, {.limit = std::chrono::minutes(2)});
      if (!done) return fail(done.error());
      if (done->exit_code != 0) {
        return fail(ErrorCode::kIo, fmt::format("{}: {}", shell_line(step), done->first_words()));
      }
    }
  }
  return {};
}

}  // namespace tokometer::app
