#include "app/spec_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "app/har_entry.h"
#include "app/spec_text.h"
#include "json/document.h"
#include "json/writer.h"

namespace tokometer::app {
namespace {

constexpr std::size_t kMaxImported = 1000;

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_alnum(char c) { return is_upper(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// A name as specs have them, which a file and a route can have: it begins with a letter or digit. Empty if nothing is
// left of it.
std::string spec_name(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_alnum(c)) out += is_upper(c) ? static_cast<char>(c + ('a' - 'A')) : c;
    if (out.empty()) continue;
    if (c == '.' || c == '_' || c == '-') out += c;
    if (c == ' ' || c == '/') out += '_';
  }
  return out;
}

// A name of a host or an address, perhaps with a port.
bool is_host(std::string_view text) {
  return !text.empty() && text.front() != '.' && text.find("..") == std::string_view::npos &&
         std::ranges::all_of(text, [](char c) { return is_alnum(c) || std::string_view(".-_:[]").contains(c); });
}

// A path of plain segments, without the slash at its end; nothing for one that a server would not get as it stands:
// clients take "." and ".." out before they send it (RFC 3986, 5.2.4).
std::optional<std::string> plain_prefix(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  std::string prefix;
  while (!path.empty()) {
    if (!path.starts_with('/')) return std::nullopt;
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    const bool is_plain = std::ranges::all_of(
        segment, [](char c) { return is_alnum(c) || std::string_view("-._~:@!$&'()+,;=").contains(c); });
    if (segment.empty() || segment == "." || segment == ".." || !is_plain) return std::nullopt;
    prefix.append("/").append(segment);
  }
  return prefix;
}

// Names that other programs have for what is built in.
struct OtherName {
  std::string_view name;
  std::string_view spec;
};
constexpr std::array kOtherNames = {OtherName{"gemini", "gcp.gemini"},
                                    OtherName{"palm", "gcp.gemini"},
                                    OtherName{"kiro", "aws.kiro"},
                                    OtherName{"azure", "azure.ai.openai"},
                                    OtherName{"azure_ai", "azure.ai.openai"},
                                    OtherName{"azure_text", "azure.ai.openai"},
                                    OtherName{"bedrock", "aws.bedrock"},
                                    OtherName{"bedrock_converse", "aws.bedrock"},
                                    OtherName{"bedrock_mantle", "aws.bedrock"},
                                    OtherName{"vertex_ai", "gcp.vertex_ai"},
                                    OtherName{"fireworks_ai", "fireworks"},
                                    OtherName{"together_ai", "together"},
                                    OtherName{"mistral", "mistral_ai"},
                                    OtherName{"codestral", "mistral_ai"},
                                    OtherName{"xai", "x_ai"},
                                    OtherName{"zai", "z_ai"},
                                    OtherName{"moonshot", "moonshot_ai"},
                                    OtherName{"dashscope", "alibaba_cloud"},
                                    OtherName{"nvidia_nim", "nvidia"},
                                    OtherName{"watsonx", "ibm.watsonx.ai"},
                                    OtherName{"github_copilot", "github.copilot"},
                                    OtherName{"chatgpt", "openai.codex"},
                                    OtherName{"cohere_chat", "cohere"},
                                    OtherName{"vercel_ai_gateway", "vercel.ai_gateway"},
                                    OtherName{"text-completion-openai", "openai"},
                                    OtherName{"hosted_vllm", "vllm"},
                                    OtherName{"llamafile", "llama.cpp"},
                                    OtherName{"lm_studio", "lm_studio"}};

const provider::Spec* built_in(const provider::Registry& registry, std::string_view name) {
  if (const auto* spec = registry.by_name(name)) return spec;
  // "vertex_ai-anthropic_models" is a part of vertex_ai.
  const std::string_view first = name.substr(0, name.find('-'));
  for (const OtherName& other : kOtherNames) {
    if (other.name == name || other.name == first) return registry.by_name(other.spec);
  }
  return registry.by_name(first);
}

// A route of that name, unless it is taken.
void put_route(json::Writer& writer, const std::string& name, const provider::Registry& registry) {
  std::string route = name;
  std::ranges::replace(route, '.', '-');
  if (!registry.by_route("/" + route)) writer.member("route", route);
}

std::vector<std::string> texts(json::Node node) {
  std::vector<std::string> out;
  if (const auto text = node.string(); text && !text->empty()) out.emplace_back(*text);
  for (const json::Node element : node.elements()) {
    if (const auto text = element.string(); text && !text->empty()) out.emplace_back(*text);
  }
  return out;
}

// --- Tokentap ---------------------------------------------------------------------------------------------------

// The counts of Tokentap's file, and the names that they get in a usage object.
struct TokentapCount {
  std::string_view key;
  std::string_view count;
};
constexpr std::array kTokentapCounts = {TokentapCount{"input_tokens", "input_tokens"},
                                        TokentapCount{"output_tokens", "output_tokens"},
                                        TokentapCount{"cache_creation_tokens", "cache_creation_input_tokens"},
                                        TokentapCount{"cache_read_tokens", "cache_read_input_tokens"}};

class TokentapProvider {
 public:
  TokentapProvider(std::string name, json::Node node, const provider::Registry& registry)
      : name_(std::move(name)), node_(node), registry_(registry) {}

  ImportedSpec make(const std::vector<std::string>& domains) {
    json::Writer writer(text_);
    writer.begin_object().member("name", name_);
    if (const auto title = node_["name"].string()) writer.member("title", *title);
    if (node_["enabled"].boolean() == false) writer.member("enabled", false);
    writer.name("hosts").begin_array();
    for (const std::string& domain : domains) writer.string(domain).string("*." + domain);
    writer.end_array().member("base_url", "https://" + domains.front());
    put_route(writer, name_, registry_);
    writer.name("secrets").raw(R"({"fields":["authorization","x-api-key","api-key","cookie","set-cookie"]})");
    // Tokentap looks at every path of a host ("api_patterns" is read by nothing).
    writer.name("endpoints").raw(R"({"any":{"operation":"chat","path":"/{...}","format":"any"}})");
    writer.name("formats").begin_object().name("any").begin_object();
    write_request(writer);
    const json::Node whole = node_["response"]["json"];
    if (whole) {
      writer.name("response").begin_object();
      put_texts(writer, whole, "");
      put_counts(writer, whole, "");
      writer.end_object();
    }
    if (node_["response"]["sse"].is_object()) write_stream(writer, node_["response"]["sse"]);
    write_usage(writer);
    writer.end_object().end_object().end_object();
    note_the_rest();
    return {name_, text_, std::move(notes_), node_.location().line, std::string(node_.raw())};
  }

 private:
  static void put(json::Writer& writer, std::string_view key, const std::vector<std::string>& queries) {
    if (queries.empty()) return;
    writer.name(key);
    if (queries.size() == 1) {
      writer.string(queries.front());
      return;
    }
    writer.begin_array();
    for (const std::string& query : queries) writer.string(query);
    writer.end_array();
  }

  // `key`_path, then the paths of `key`_path_alt.
  static std::vector<std::string> paths(json::Node node, std::string_view key) {
    auto all = texts(node[fmt::format("{}_path", key)]);
    for (std::string& other : texts(node[fmt::format("{}_path_alt", key)])) all.push_back(std::move(other));
    return all;
  }

  void write_request(json::Writer& writer) {
    const json::Node request = node_["request"];
    writer.name("request").begin_object();
    put(writer, "model", texts(request["model_path"]));
    put(writer, "stream", texts(request["stream_param_path"]));
    writer.end_object();
  }

  // Whether what `key` names in a stream is of events of `type`; "" asks for a whole response.
  static bool is_of(json::Node node, std::string_view key, std::string_view type) {
    if (type.empty()) return true;
    const auto event = node[fmt::format("{}_event", key)].string().value_or("*");
    return event == type;
  }

  static void put_texts(json::Writer& writer, json::Node node, std::string_view type) {
    if (is_of(node, "model", type)) put(writer, "model", paths(node, "model"));
    if (is_of(node, "stop_reason", type)) put(writer, "finish_reason", paths(node, "stop_reason"));
    if (type.empty() || type == "*") writer.name("error_type").raw(R"(["$.error.type","$.error.code"])");
  }

  void put_counts(json::Writer& writer, json::Node node, std::string_view type) {
    std::vector<std::pair<std::string, std::string>> members;
    for (const TokentapCount& count : kTokentapCounts) {
      if (!is_of(node, count.key, type)) continue;
      std::size_t number = 0;
      for (const std::string& path : paths(node, count.key)) {
        std::string member(count.count);
        if (number > 0) member += fmt::format("_{}", number + 1);
        most_[count.count] = std::max(most_[count.count], ++number);
        members.emplace_back(std::move(member), path);
      }
    }
    if (members.empty()) return;
    writer.name("usage_members").begin_object();
    for (const auto& [member, path] : members) writer.member(member, path);
    writer.end_object();
  }

  void write_stream(json::Writer& writer, json::Node sse) {
    writer.name("stream").begin_object().name("framings").begin_array();
    const auto format = sse["format"].string().value_or("sse");
    if (format == "sse" || format == "sse_or_json_lines") writer.string("sse");
    if (format == "json_lines" || format == "sse_or_json_lines") writer.string("ndjson");
    if (sse["use_last_chunk"].boolean() == true) writer.string("json_array");
    writer.end_array();
    if (const auto done = sse["done_marker"].string()) writer.name("skip").begin_array().string(*done).end_array();
    std::set<std::string> types{"*"};
    for (const std::string_view key :
         {"input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens", "model", "stop_reason"}) {
      types.emplace(sse[fmt::format("{}_event", key)].string().value_or("*"));
    }
    // A chunk's type is its member "type", and later chunks overwrite what earlier ones said.
    if (types.size() > 1) writer.member("type", "$.type");
    writer.member("combine", "merge").name("events").begin_object();
    for (const std::string& type : types) {
      writer.name(type).begin_object();
      put_texts(writer, sse, type);
      put_counts(writer, sse, type);
      writer.end_object();
    }
    writer.end_object().end_object();
  }

  void write_usage(json::Writer& writer) {
    writer.name("usage").begin_object();
    for (const auto& [count, many] : most_) {
      std::vector<std::string> queries{"$." + std::string(count)};
      for (std::size_t i = 2; i <= many; ++i) queries.push_back(fmt::format("$.{}_{}", count, i));
      put(writer, count, queries);
    }
    writer.end_object();
  }

  void note_the_rest() {
    if (most_.contains("cache_read_input_tokens") || most_.contains("cache_creation_input_tokens")) {
      notes_.emplace_back("whether input_tokens contain the cached ones is not said: taken to; else make it a \"sum\"");
    }
    if (node_["metadata"]["cost_per_input_token"].is_number()) {
      notes_.emplace_back("its prices are one a provider and go nowhere: see `tokometer prices`");
    }
  }

  std::string name_;
  json::Node node_;
  const provider::Registry& registry_;
  std::string text_;
  std::vector<std::string> notes_;
  std::map<std::string_view, std::size_t> most_;  // how many paths a count has at most
};

SpecImport import_tokentap(json::Node root, const provider::Registry& registry) {
  SpecImport import{.kind = "Tokentap's providers.json", .specs = {}, .left_out = {}};
  for (const auto [key, node] : root["providers"].members()) {
    const std::string name = spec_name(key);
    auto domains = texts(node["domains"]);
    std::erase_if(domains, [](const std::string& domain) { return !is_host(domain); });  // "*", too
    if (name.empty() || domains.empty() || import.specs.size() >= kMaxImported) {
      import.left_out.push_back(fmt::format("{}: has no domains; see the setting capture_mode for unknown hosts", key));
      continue;
    }
    if (const provider::Spec* known = registry.by_host(domains.front())) {
      import.left_out.push_back(
          fmt::format("{}: {} is built in as {}, which reads more", key, domains.front(), known->name));
      continue;
    }
    import.specs.push_back(TokentapProvider(name, node, registry).make(domains));
  }
  if (root["capture_mode"].string() == "capture_all") {
    import.left_out.emplace_back("capture_mode: set it by `--capture-mode capture_all` or in config.yaml");
  }
  return import;
}

// --- LiteLLM ----------------------------------------------------------------------------------------------------

// A spec of an OpenAI-compatible server at `base_url`, whose path is the prefix of its endpoints.
std::optional<ImportedSpec> compatible_spec(const std::string& name, std::string_view base_url,
                                            const provider::Registry& registry) {
  const auto url = split_har_url(base_url);
  const bool is_web = base_url.starts_with("https://") || base_url.starts_with("http://");
  const auto prefix = url ? plain_prefix(url->target) : std::nullopt;
  if (!prefix || !is_web || name.empty() || !is_host(url->host)) return std::nullopt;
  std::string text;
  json::Writer writer(text);
  writer.begin_object().member("name", name).member("extends", "openai_compatible");
  writer.name("hosts").begin_array().string(url->host).end_array();
  writer.member("base_url", std::string(base_url.substr(0, base_url.find("://") + 3)) + std::string(url->host));
  put_route(writer, name, registry);
  writer.name("prefixes").begin_array().string(*prefix);
  writer.end_array().end_object();
  return ImportedSpec{.name = name, .json = text, .notes = {}};
}

class LiteLlmImport {
 public:
  LiteLlmImport(std::string kind, const provider::Registry& registry) : registry_(registry) {
    import_.kind = std::move(kind);
  }

  // `said`: where the list says so.
  void add(std::string_view provider, std::string_view base_url, json::Node said) {
    const auto url = split_har_url(base_url);
    if (const auto* known = url ? registry_.by_host(url->host) : nullptr) {
      import_.left_out.push_back(fmt::format("{}: {} is built in as {}", provider, url->host, known->name));
      return;
    }
    std::string name = spec_name(provider);
    if (registry_.by_name(name) != nullptr) name += "_imported";  // the same API at an address of one's own
    auto spec = compatible_spec(name, base_url, registry_);
    const bool is_new = spec && hosts_.insert(std::string(url->host)).second && names_.insert(name).second;
    if (!spec || import_.specs.size() >= kMaxImported) {
      import_.left_out.push_back(fmt::format("{}: its base URL is none that can be used", provider));
    } else if (is_new) {
      spec->line = said.location().line;
      spec->said = said.raw();
      import_.specs.push_back(std::move(*spec));
    }
  }

  void without_address(std::string_view provider) {
    const auto* known = built_in(registry_, provider);
    import_.left_out.push_back(known != nullptr
                                   ? fmt::format("{}: built in as {}", provider, known->name)
                                   : fmt::format("{}: this list does not say where it is; give its address by "
                                                 "--origin openai_compatible=URL, or in a spec of your own",
                                                 provider));
  }

  SpecImport take() { return std::move(import_); }

 private:
  const provider::Registry& registry_;
  SpecImport import_;
  std::set<std::string> names_, hosts_;
};

SpecImport import_model_list(json::Node list, const provider::Registry& registry) {
  LiteLlmImport import("LiteLLM's model_list", registry);
  std::set<std::string> unplaced;
  for (const json::Node model : list.elements()) {
    const json::Node parameters = model["litellm_params"];
    const std::string_view full = parameters["model"].string().value_or("");
    const auto slash = full.find('/');
    std::string prefix(slash == std::string_view::npos ? std::string_view("openai") : full.substr(0, slash));
    const auto base = parameters["api_base"].string();
    if (!base) {
      unplaced.insert(prefix);
      continue;
    }
    // "openai/…" with an address of its own is some compatible server: it is named by its host.
    const auto url = split_har_url(*base);
    if (url && registry.by_name(spec_name(prefix)) != nullptr)
      prefix = std::string(url->host.substr(0, url->host.find(':')));
    import.add(prefix, *base, model);
  }
  for (const std::string& prefix : unplaced) import.without_address(prefix);
  return import.take();
}

}  // namespace

std::size_t ImportedSpec::line_of(std::string_view mistake) const {
  const auto quoted = mistake.find('"');
  const auto end = quoted == std::string_view::npos ? quoted : mistake.find('"', quoted + 1);
  const auto at =
      end == std::string_view::npos ? std::string::npos : said.find(mistake.substr(quoted + 1, end - quoted - 1));
  if (at == std::string::npos) return line;
  return line + static_cast<std::size_t>(std::ranges::count(std::string_view(said).substr(0, at), '\n'));
}

Result<SpecImport> import_specs(std::string_view text, const provider::Registry& registry) {
  auto document = json::Document::parse(std::string(text));
  if (!document) {
    return fail(ErrorCode::kInvalid, document.error().message + ": not JSON; of a YAML file, give its content as JSON");
  }
  const json::Node root = document->root();
  auto import = [&]() -> Result<SpecImport> {
    if (root["providers"].is_object()) return import_tokentap(root, registry);
    if (root["model_list"].is_array()) return import_model_list(root["model_list"], registry);
    std::set<std::string> listed;
    bool has_urls = false;
    for (const auto [name, value] : root.members()) {
      has_urls = has_urls || value["base_url"].is_string();
      if (const auto provider = value["litellm_provider"].string(); provider && name != "sample_spec") {
        listed.emplace(*provider);
      }
    }
    if (has_urls) {
      LiteLlmImport list("LiteLLM's providers.json", registry);
      for (const auto [name, value] : root.members()) {
        if (const auto url = value["base_url"].string()) list.add(name, *url, value);
      }
      return list.take();
    }
    if (!listed.empty()) {
      LiteLlmImport list("LiteLLM's list of models", registry);
      for (const std::string& provider : listed) list.without_address(provider);
      SpecImport made = list.take();
      made.left_out.emplace_back("its prices: `tokometer prices update --from DATE=FILE` takes them over");
      return made;
    }
    return fail(ErrorCode::kInvalid, "neither Tokentap's providers.json nor one of LiteLLM's lists");
  }();
  if (!import) return import;
  for (ImportedSpec& spec : import->specs) {
    const auto made = json::Document::parse(spec.json);
    if (!made) return fail(made.error());
    spec.json = spec_text(made->root());
  }
  return import;
}

}  // namespace tokometer::app
