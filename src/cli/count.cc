#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/format.h"
#include "base/nearest.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/settings.h"
#include "cli/style.h"
#include "cli/table.h"
#include "embedded/embedded.h"
#include "json/document.h"
#include "json/text.h"
#include "json/writer.h"
#include "pricing/builtin_prices.h"
#include "pricing/catalog.h"
#include "provider/registry.h"
#include "tokenizer/library.h"
#include "tokenizer/model_table.h"
#include "tokenizer/prompt.h"
#include "tokenizer/tokenizer.h"

namespace tokometer::cli {
namespace {

using tokenizer::Accuracy;
using tokenizer::Encoding;
using tokenizer::PromptCount;

// A request is read whole, so it has a limit; text has none.
constexpr std::size_t kMaxRequestBytes = std::size_t{64} << 20;
constexpr std::size_t kReadBytes = std::size_t{256} << 10;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
// Without a model and an encoding.
constexpr Encoding kDefaultEncoding = Encoding::kO200kBase;

// Where a request in `text` begins: behind a mark of the byte order, which some editors write, and white space. npos if
// nothing has come yet.
std::size_t start_of_request(std::string_view text) {
  const std::size_t mark = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  return text.find_first_not_of(" \t\r\n", mark);
}

// What was found in one file.
struct Counted {
  std::string file;
  std::string model;
  Encoding encoding = kDefaultEncoding;
  bool is_request = false;
  std::int64_t bytes = 0;
  std::int64_t tokens = 0;
  Accuracy accuracy;
  PromptCount prompt;  // of a request
  std::optional<pricing::Picodollars> cost;
};

// Whether what comes in parts is UTF-8: what is not is no text, and nobody's tokenizer takes it as it stands.
class TextCheck {
 public:
  void feed(std::string_view bytes) {
    constexpr std::size_t kLongestOpen = 3;  // of a character that the next part goes on with
    if (!is_text_) return;
    open_ += bytes;
    open_.erase(0, json::valid_utf8_prefix(open_));
    is_text_ = open_.size() <= kLongestOpen;
  }
  // At the end.
  bool is_text() const { return is_text_ && open_.empty(); }

 private:
  std::string open_;
  bool is_text_ = true;
};

// Says how far a long count has come, on a terminal, from the second second on.
class Progress {
 public:
  Progress(Environment& environment, std::string file, std::optional<std::int64_t> size)
      : environment_(environment), file_(std::move(file)), size_(size), shown_(environment.clock.steady()) {}
  ~Progress() {
    if (showing_) environment_.err.write("\r\x1B[K");
    environment_.err.flush();
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void at(std::int64_t bytes) {
    if (!environment_.err.form().is_terminal) return;
    const auto now = environment_.clock.steady();
    if (now - shown_ < std::chrono::seconds(1)) return;
    shown_ = now;
    showing_ = true;
    environment_.err.print("\r{}: {}", printable(file_), format::bytes(bytes));
    if (size_) environment_.err.print(" of {} ({})", format::bytes(*size_), format::share(bytes, *size_));
    environment_.err.write("\x1B[K");
    environment_.err.flush();
  }

 private:
  Environment& environment_;
  std::string file_;
  std::optional<std::int64_t> size_;
  SteadyTime shown_;
  bool showing_ = false;
};

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

// Counts files by what the command line says.
class FileCounter {
 public:
  static Result<FileCounter> open(const Arguments& arguments, Environment& environment) {
    const auto config = load_settings(arguments, environment);
    if (!config) return fail(config.error());
    auto models = tokenizer::ModelTable::load(embedded::tokenizers(), config->config_dir / "tokenizers");
    if (!models) return fail(std::move(models.error()));
    auto prices = pricing::Catalog::load(pricing::BuiltinPrices(), pricing::folders_in(config->config_dir));
    if (!prices) return fail(std::move(prices.error()));
    FileCounter counter(environment);
    counter.models_ = std::move(*models);
    counter.prices_ = std::move(*prices);
    counter.library_ = std::make_unique<tokenizer::Library>(embedded::rank_tables(), config->config_dir / "tokenizers");
    counter.model_ = std::string(arguments.value("model").value_or(""));
    counter.provider_ = std::string(arguments.value("provider").value_or(""));
    counter.plain_ = arguments.has("text");
    counter.config_dir_ = config->config_dir;
    if (const auto name = arguments.value("encoding")) counter.encoding_ = tokenizer::encoding_named(*name);
    return counter;
  }

  // What is wrong with the provider that was named, if nobody knows it: neither as one with prices nor as one whose
  // calls are read.
  Result<std::optional<std::string>> unknown_provider() const {
    std::vector<std::string_view> names = prices_->providers();
    if (provider_.empty() || std::ranges::binary_search(names, provider_)) return std::nullopt;
    const auto specs = provider::Registry::load(embedded::providers(), config_dir_ / "providers");
    if (!specs) return fail(specs.error());
    for (const auto& spec : (*specs)->specs()) names.emplace_back(spec->name);
    if (std::ranges::find(names, provider_) != names.end()) return std::nullopt;
    std::ranges::sort(names);
    names.erase(std::ranges::unique(names).begin(), names.end());
    const auto near = nearest(provider_, names);
    return fmt::format("--provider: there is no \"{}\"{}; known are {}", printable(provider_),
                       near ? fmt::format(", did you mean \"{}\"?", *near) : "", fmt::join(names, ", "));
  }

  Result<Counted> count(const std::string& name) {
    const File file(name == "-" ? stdin : std::fopen(name.c_str(), "rb"));
    if (!file) return fail(io_error(name, errno));
    std::error_code unknown;
    const auto size = std::filesystem::file_size(name, unknown);
    Progress progress(environment_, name, unknown ? std::nullopt : std::optional(static_cast<std::int64_t>(size)));

    Counted counted;
    counted.file = name;
    std::string head;  // what may be a request
    bool maybe_request = !plain_;
    std::optional<tokenizer::Counter> counter;
    TextCheck check;
    std::string buffer(kReadBytes, '\0');
    for (bool more = true; more;) {
      const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), file.get());
      if (std::ferror(file.get()) != 0) return fail(io_error(name, errno));
      more = got == buffer.size();  // else the file has ended
      if (got == 0) break;
      std::string_view bytes(buffer.data(), got);
      counted.bytes += static_cast<std::int64_t>(got);
      progress.at(counted.bytes);
      check.feed(bytes);
      if (maybe_request) {
        head += bytes;
        const std::size_t first = start_of_request(head);
        maybe_request = first == std::string::npos ? head.size() <= kReadBytes
                                                   : head[first] == '{' && head.size() <= kMaxRequestBytes;
        if (maybe_request) continue;
        bytes = head;
      }
      if (!counter) {
        const auto* const tokenizer = start_text(counted);
        if (tokenizer == nullptr) return fail(library_->why(counted.encoding));
        counter.emplace(*tokenizer);
      }
      counter->feed(bytes);
    }
    if (maybe_request) {
      if (auto request = count_request(head, counted); !request) return fail(std::move(request.error()));
    } else if (counter) {
      finish_text(*counter, counted);
    }
    if (!check.is_text()) {
      counted.accuracy = {};
      environment_.err.print("tokometer: {}: is no text (not UTF-8): its bytes were counted, which says little\n",
                             printable(name));
    }
    price(counted);
    return counted;
  }

 private:
  explicit FileCounter(Environment& environment) : environment_(environment) {}

  // Decides by what the text is counted.
  const tokenizer::Tokenizer* start_text(Counted& counted) {
    counted.model = model_;
    const tokenizer::Model model = models_->find(model_);
    counted.encoding = encoding_ ? *encoding_ : model_.empty() ? kDefaultEncoding : model.family->encoding;
    counted.accuracy = by_model() ? tokenizer::accuracy_of_text(model) : Accuracy{.exact = true, .error_percent = {}};
    return library_->find(counted.encoding);
  }

  void finish_text(tokenizer::Counter& counter, Counted& counted) const {
    counted.tokens = own(counted, static_cast<std::int64_t>(counter.finish()));
    if (counter.has_cut()) counted.accuracy.exact = false;
  }

  // Whether counts are the model's own; else they are the encoding's that was asked for.
  bool by_model() const { return !encoding_ && !model_.empty(); }
  std::int64_t own(const Counted& counted, std::int64_t tokens) const {
    return by_model() ? tokenizer::own_tokens(*models_->find(counted.model).family, tokens) : tokens;
  }

  // `body` is a request, or text after all.
  Result<void> count_request(const std::string& body, Counted& counted) {
    const bool has_mark = body.starts_with(kByteOrderMark);
    const auto document = json::Document::parse(body.substr(has_mark ? kByteOrderMark.size() : 0));
    if (!document || !tokenizer::is_prompt(document->root())) {
      const auto* const tokenizer = start_text(counted);
      if (tokenizer == nullptr) return fail(library_->why(counted.encoding));
      tokenizer::Counter counter(*tokenizer);
      counter.feed(body);
      finish_text(counter, counted);
      if (!document && body.find_first_not_of(" \t\r\n") != std::string::npos) {
        // Lines of JSON, a request that is cut or nests too deeply: what was meant is more than its text.
        counted.accuracy = {};
        environment_.err.print(
            "tokometer: {}: begins like a request, but is no JSON document ({}): counted as text, "
            "which --text says it is\n",
            printable(counted.file), document.error().message);
      }
      return {};
    }
    counted.is_request = true;
    counted.model = model_.empty() ? std::string(tokenizer::prompt_model(document->root())) : model_;
    const tokenizer::Model model = models_->find(counted.model);
    counted.encoding = encoding_.value_or(model.family->encoding);
    const auto* const tokenizer = library_->find(counted.encoding);
    if (tokenizer == nullptr) return fail(library_->why(counted.encoding));
    counted.prompt = tokenizer::count_prompt(document->root(), model, *tokenizer);
    counted.tokens = counted.prompt.total();
    counted.accuracy = tokenizer::accuracy_of(counted.prompt, model);
    return {};
  }

  // What so many tokens cost as input.
  void price(Counted& counted) const {
    if (counted.model.empty()) return;
    meter::Usage usage;
    usage.input_tokens = counted.tokens;
    usage.output_tokens = 0;
    const UtcTime now = environment_.clock.now();
    const auto priced = [&](std::string_view provider) {
      const auto cost = prices_->cost({.provider = provider, .model = counted.model, .host = {}, .time = now}, usage);
      if (cost) counted.cost = cost->total;
      return cost.has_value();
    };
    const std::string& family_provider = models_->find(counted.model).family->provider;
    const std::string& provider = provider_.empty() ? family_provider : provider_;
    if (!provider.empty() && priced(provider)) return;
    if (!provider_.empty()) return;
    std::set<std::string_view> providers;
    for (const pricing::Model* model : prices_->models()) providers.insert(model->provider);
    for (const std::string_view one : providers) {
      if (priced(one)) return;
    }
  }

  Environment& environment_;
  std::shared_ptr<const tokenizer::ModelTable> models_;
  std::shared_ptr<const pricing::Catalog> prices_;
  std::unique_ptr<tokenizer::Library> library_;
  std::string model_;
  std::string provider_;
  std::optional<Encoding> encoding_;
  std::filesystem::path config_dir_;
  bool plain_ = false;
};

std::string accuracy_text(const Accuracy& accuracy) {
  if (accuracy.exact) return "exact";
  if (!accuracy.error_percent) return "estimate";
  return *accuracy.error_percent < 1 ? "±<1%" : fmt::format("±{}%", *accuracy.error_percent);
}

std::string counted_json(const Counted& counted) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object()
      .member("file", counted.file)
      .member("kind", counted.is_request ? "request" : "text")
      .member_unless_empty("model", counted.model)
      .member("encoding", tokenizer::to_string(counted.encoding))
      .member("bytes", counted.bytes)
      .member("tokens", counted.tokens)
      .member("exact", counted.accuracy.exact)
      .member("error_percent", counted.accuracy.error_percent);
  if (counted.is_request) {
    const PromptCount& prompt = counted.prompt;
    writer.member("text_tokens", prompt.texts)
        .member("frame_tokens", prompt.frame)
        .member("tool_tokens", prompt.tools)
        .member("image_tokens", prompt.images)
        .member("given_tokens", prompt.given)
        .member("messages", prompt.messages)
        .member("tools", prompt.tool_definitions)
        .member("schemas", prompt.schemas)
        .member("images", prompt.image_count);
    writer.name("left_out").begin_array();
    for (const std::string& what : prompt.left_out) writer.string(what);
    writer.end_array();
  }
  if (counted.cost) writer.member("cost_usd", pricing::usd_text(*counted.cost));
  writer.end_object();
  return text + "\n";
}

// "body.json: 812 in texts, 14 in the frame, 120 in 2 tools, 765 in 1 image; not counted: audio"
std::string parts_line(const Counted& counted) {
  const PromptCount& prompt = counted.prompt;
  const auto several = [](std::size_t count, std::string_view what) {
    return fmt::format("{} {}{}", format::count(static_cast<std::int64_t>(count)), what, count == 1 ? "" : "s");
  };
  std::string line = fmt::format("{}: {} in texts", printable(counted.file), format::count(prompt.texts));
  if (prompt.frame > 0) {
    line += fmt::format(", {} in the frame of {}", format::count(prompt.frame), several(prompt.messages, "message"));
  }
  if (prompt.tool_definitions > 0) {
    line += fmt::format(", {} in {}", format::count(prompt.tools), several(prompt.tool_definitions, "tool"));
  }
  if (prompt.schemas > 0) {
    line +=
        prompt.tool_definitions > 0 ? " and a schema" : fmt::format(", {} in a schema", format::count(prompt.tools));
  }
  if (prompt.images > 0) {
    line += fmt::format(", {} in {}", format::count(prompt.images), several(prompt.image_count, "image"));
  }
  if (prompt.given > 0) line += fmt::format(", {} given as ids", format::count(prompt.given));
  if (!prompt.left_out.empty())
    line += fmt::format("; not counted: {}", printable(fmt::format("{}", fmt::join(prompt.left_out, ", "))));
  return line + "\n";
}

Result<ExitCode> run_count(const Arguments& arguments, Environment& environment) {
  auto counter = FileCounter::open(arguments, environment);
  if (!counter) return fail(counter.error());
  const auto unknown = counter->unknown_provider();
  if (!unknown) return fail(unknown.error());
  if (*unknown) return environment.wrong_use(arguments, **unknown);
  std::vector<Counted> all;
  ExitCode code = ExitCode::kOk;
  for (const std::string& file : arguments.positionals()) {
    auto counted = counter->count(file);
    if (!counted) {
      environment.err.print("tokometer: {}\n", printable(counted.error().message));
      code = ExitCode::kFailed;
    } else if (arguments.has("json")) {
      environment.out.write(counted_json(*counted));
    } else {
      all.push_back(std::move(*counted));
    }
  }
  if (all.empty()) return code;

  Table table({{.title = "file", .priority = 1, .min_width = 12},
               {.title = "tokens", .align = Align::kRight},
               {.title = "accuracy"},
               {.title = "encoding", .priority = 2},
               {.title = "model", .priority = 3},
               {.title = "as input", .align = Align::kRight}});
  std::int64_t tokens = 0;
  std::optional<pricing::Picodollars> cost = 0;
  for (const Counted& counted : all) {
    tokens += counted.tokens;
    cost = cost && counted.cost ? std::optional(*cost + *counted.cost) : std::nullopt;
    table.add({printable(counted.file), format::count(counted.tokens), accuracy_text(counted.accuracy),
               std::string(tokenizer::to_string(counted.encoding)),
               counted.model.empty() ? std::string(format::kAbsent) : counted.model, format::usd(counted.cost)});
  }
  if (all.size() > 1) table.add_total({"total", format::count(tokens), "", "", "", format::usd(cost)});
  environment.out.write(table.render(environment.out.form(), environment.out.style()));
  for (const Counted& counted : all) {
    if (counted.is_request) environment.out.write(parts_line(counted));
  }
  return code;
}

}  // namespace

Command count_command() {
  std::vector<std::string_view> encodings;
  for (const Encoding encoding : tokenizer::kEncodings) encodings.push_back(tokenizer::to_string(encoding));
  return {.name = "count",
          .summary = "Count the tokens of texts and requests, and what they cost as input",
          .description =
              "A file is a text of any length, or the JSON body of a request as OpenAI, Anthropic, Google, Amazon, "
              "Cohere and Ollama take it: then messages, tools and images are counted by the provider's rules.\n\n"
              "Texts are counted as tiktoken counts them where the model's tokenizer is public (\"exact\"). For others "
              "the count is an estimate: half of all measured requests were within the percentage that is shown. "
              "docs/tokenizers.md says how, and how well. Special tokens in a text are text. What is no text, and text "
              "without "
              "a break for 4 MiB, is \"estimate\", and so is what begins like a request and cannot be read as one.",
          .positionals =
              {{.name = "FILE", .type = OptionType::kFile, .help = "A file; - is standard input", .repeats = true}},
          .options = {{.name = "model",
                       .letter = 'm',
                       .type = OptionType::kText,
                       .placeholder = "NAME",
                       .help = "Count as this model does, instead of the one that a request names"},
                      {.name = "encoding",
                       .letter = 'e',
                       .type = OptionType::kChoice,
                       .placeholder = "NAME",
                       .help = "Count by this encoding, whatever the model",
                       .choices = encodings},
                      {.name = "provider",
                       .type = OptionType::kText,
                       .placeholder = "NAME",
                       .help = "Whose price of the model to use"},
                      {.name = "text", .help = "Take JSON for text too"},
                      {.name = "json", .help = "One JSON object a line"}},
          .examples = {{"tokometer count --model gpt-5 prompt.txt", "Tokens of a text, and what they cost as input"},
                       {"git diff | tokometer count -m claude-sonnet-4-5 -", "How large a change is for Claude"},
                       {"tokometer count request.json --json | jq .tokens", "Tokens of a request's whole prompt"},
                       {"tokometer count -e cl100k_base *.md", "By an encoding's name"}},
          .run = run_count};
}

}  // namespace tokometer::cli
