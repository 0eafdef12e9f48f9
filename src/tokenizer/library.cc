#include "tokenizer/library.h"

#include <fmt/format.h>

#include <system_error>
#include <utility>
#include <vector>

#include "base/files.h"

namespace tokometer::tokenizer {
namespace {

// The encoding whose table this one uses.
Encoding table_of(Encoding encoding) {
  switch (encoding) {
    case Encoding::kO200kHarmony:
      return Encoding::kO200kBase;
    case Encoding::kP50kBase:
      return Encoding::kR50kBase;
    default:
      return encoding;
  }
}

// p50k_base is r50k_base with tokens for runs of 2 to 25 spaces behind it.
std::vector<std::string> extra_tokens(Encoding encoding) {
  std::vector<std::string> extra;
  if (encoding == Encoding::kP50kBase) {
    for (std::size_t size = 2; size <= 25; ++size) extra.emplace_back(size, ' ');
  }
  return extra;
}
constexpr Token kExtraFrom = 50257;

}  // namespace

Library::Library(std::span<const embedded::File> tables, std::filesystem::path user_folder)
    : tables_(tables), user_folder_(std::move(user_folder)) {}

Library::~Library() = default;

const Tokenizer* Library::find(Encoding encoding) const {
  Shelf& place = shelf(encoding);
  std::call_once(place.once, [&] {
    auto vocabulary = load(encoding);
    if (vocabulary) {
      place.tokenizer = std::make_unique<const Tokenizer>(encoding, std::move(*vocabulary));
      place.ready.store(place.tokenizer.get(), std::memory_order_release);
    } else {
      place.error = std::move(vocabulary.error());
    }
    place.settled.store(true, std::memory_order_release);
  });
  return place.tokenizer.get();
}

const Tokenizer* Library::ready(Encoding encoding) const {
  return shelf(encoding).ready.load(std::memory_order_acquire);
}

void Library::prepare(Encoding encoding) const {
  if (shelf(encoding).asked.exchange(true)) return;
  const std::scoped_lock lock(threads_mutex_);
  try {
    threads_.emplace_back([this, encoding] { find(encoding); });
  } catch (const std::system_error&) {
    shelf(encoding).asked = false;  // no thread to be had; estimates go on without the table
  }
}

Error Library::why(Encoding encoding) const {
  find(encoding);
  return shelf(encoding).error;
}

Result<std::shared_ptr<const Vocabulary>> Library::load(Encoding encoding) const {
  const bool shared = table_of(encoding) == Encoding::kO200kBase;
  std::unique_lock lock(o200k_.mutex, std::defer_lock);
  if (shared) {
    lock.lock();
    if (o200k_.vocabulary) return o200k_.vocabulary;
  }
  auto vocabulary = read(encoding);
  if (!vocabulary) return fail(std::move(vocabulary.error()));
  auto loaded = std::make_shared<const Vocabulary>(std::move(*vocabulary));
  if (shared) o200k_.vocabulary = loaded;
  return loaded;
}

Result<Vocabulary> Library::read(Encoding encoding) const {
  // A file of the user's own is of this very encoding; what is embedded may serve several.
  const Encoding table = table_of(encoding) == Encoding::kO200kBase ? Encoding::kO200kBase : encoding;
  if (!user_folder_.empty()) {
    const auto path = user_folder_ / fmt::format("{}.tiktoken", to_string(table));
    const auto content = read_file(path);
    if (content) {
      auto vocabulary = Vocabulary::parse(*content);
      if (!vocabulary) return fail(vocabulary.error().code, path.string() + ": " + vocabulary.error().message);
      return vocabulary;
    }
    if (content.error().code != ErrorCode::kNotFound) return fail(content.error());
  }
  const std::string name = fmt::format("{}.ranks", to_string(table_of(encoding)));
  for (const embedded::File& file : tables_) {
    if (file.name == name) return Vocabulary::unpack(file.content, extra_tokens(encoding), kExtraFrom);
  }
  return fail(
      ErrorCode::kNotFound,
      fmt::format("{0}: this binary has no table of its tokens; put {0}.tiktoken, as published, into {1}",
                  to_string(table), user_folder_.empty() ? "the folder for tokenizers" : user_folder_.string()));
}

}  // namespace tokometer::tokenizer
