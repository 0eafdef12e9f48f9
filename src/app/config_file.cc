#include "app/config_file.h"

#include <yaml-cpp/yaml.h>

#include <optional>
#include <utility>

namespace tokometer::app {
namespace {

std::size_t line_of(const YAML::Mark& mark) { return mark.line < 0 ? 1 : static_cast<std::size_t>(mark.line) + 1; }

class Flattener {
 public:
  explicit Flattener(const FileLimits& limits) : limits_(limits) {}

  std::optional<FileFault> read(const YAML::Node& node, const std::string& key, std::size_t depth, bool in_list) {
    const std::size_t line = line_of(node.Mark());
    if (depth > limits_.depth) return FileFault{line, "is nested too deeply"};
    if (node.IsScalar())
      return add(key, in_list ? FileEntry::Kind::kItem : FileEntry::Kind::kText, node.Scalar(), line);
    if (node.IsNull()) return add(key, FileEntry::Kind::kNull, {}, line);
    if (node.IsSequence()) {
      if (in_list) return FileFault{line, key + ": a list within a list"};
      if (node.size() == 0) return add(key, FileEntry::Kind::kEmptyList, {}, line);
      for (const YAML::Node& item : node) {
        if (auto fault = read(item, key, depth + 1, true)) return fault;
      }
      return std::nullopt;
    }
    if (in_list) return FileFault{line, key + ": keys within a list"};
    if (node.size() == 0) return add(key, FileEntry::Kind::kEmptyMap, {}, line);
    for (const auto& member : node) {
      if (!member.first.IsScalar()) return FileFault{line_of(member.first.Mark()), "a key is not a plain word"};
      const std::string name = key.empty() ? member.first.Scalar() : key + "." + member.first.Scalar();
      // An empty value has no place of its own: the key's is where to look.
      if (member.second.IsNull()) {
        if (auto fault = add(name, FileEntry::Kind::kNull, {}, line_of(member.first.Mark()))) return fault;
      } else if (auto fault = read(member.second, name, depth + 1, false)) {
        return fault;
      }
    }
    return std::nullopt;
  }

  std::vector<FileEntry> take() { return std::move(entries_); }

 private:
  std::optional<FileFault> add(const std::string& key, FileEntry::Kind kind, std::string text, std::size_t line) {
    if (entries_.size() == limits_.entries) return FileFault{line, "there are too many values"};
    entries_.push_back({key, kind, std::move(text), line});
    return std::nullopt;
  }

  const FileLimits& limits_;
  std::vector<FileEntry> entries_;
};

}  // namespace

std::expected<std::vector<FileEntry>, FileFault> parse_config_file(const std::string& content,
                                                                   const FileLimits& limits) {
  if (content.size() > limits.bytes) return std::unexpected(FileFault{1, "the file is too large"});
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(content);
    if (documents.empty() || documents[0].IsNull()) return {};  // nothing but comments
    if (documents.size() > 1) {
      return std::unexpected(FileFault{line_of(documents[1].Mark()), "a second document starts: \"---\" or \"...\""});
    }
    if (!documents[0].IsMap()) return std::unexpected(FileFault{1, "is not a list of KEY: VALUE"});
    Flattener flattener(limits);
    if (auto fault = flattener.read(documents[0], "", 0, false)) return std::unexpected(std::move(*fault));
    return flattener.take();
  } catch (const YAML::Exception& error) {
    return std::unexpected(FileFault{line_of(error.mark), error.msg});
  }
}

}  // namespace tokometer::app
