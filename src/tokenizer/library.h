// The tokenizers that can be had, each loaded when it is first asked for.
//
//   Library library(embedded::rank_tables(), config_folder / "tokenizers");
//   if (const Tokenizer* tokenizer = library.find(Encoding::kO200kBase)) …
//
// A table takes some milliseconds to load and up to 10 MiB once loaded: nothing
// is loaded before it is wanted. Who may not wait says prepare() early and takes
// what ready() gives.
//
// All calls may come from any thread. Tokenizers live as long as the library.
//
// Not here: which encoding a model has (model_table.h).
#pragma once

#include <array>
#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>

#include "base/error.h"
#include "embedded/embedded.h"
#include "tokenizer/tokenizer.h"

namespace tokometer::tokenizer {

class Library {
 public:
  // `tables` are those in the binary, "o200k_base.ranks". `user_folder` may have
  // others in the published text form, "llama3.tiktoken", which go before those.
  Library(std::span<const embedded::File> tables, std::filesystem::path user_folder);
  // Waits for what prepare() has under way.
  ~Library();

  // Loads at the first call. Null if there is no table, or it cannot be read: why() says so.
  const Tokenizer* find(Encoding encoding) const;
  // Whether find() would not wait: what it gives is there, or known not to be.
  bool is_settled(Encoding encoding) const { return shelf(encoding).settled.load(std::memory_order_acquire); }
  // What find() would give, if it is loaded already: never waits.
  const Tokenizer* ready(Encoding encoding) const;
  // Loads in a thread of its own, if nobody has yet. Returns at once.
  void prepare(Encoding encoding) const;

  // Why find() gives nothing, with the remedy.
  Error why(Encoding encoding) const;

 private:
  struct Shelf {
    std::once_flag once;
    std::atomic<const Tokenizer*> ready = nullptr;
    std::atomic<bool> settled = false;
    std::unique_ptr<const Tokenizer> tokenizer;
    Error error;
    std::atomic<bool> asked = false;  // prepare() was called
  };
  // Encodings that have a table in common share its vocabulary.
  struct Table {
    std::mutex mutex;
    std::shared_ptr<const Vocabulary> vocabulary;
  };

  Shelf& shelf(Encoding encoding) const { return shelves_[static_cast<std::size_t>(encoding)]; }
  Result<std::shared_ptr<const Vocabulary>> load(Encoding encoding) const;
  Result<Vocabulary> read(Encoding encoding) const;

  std::span<const embedded::File> tables_;
  std::filesystem::path user_folder_;
  mutable std::array<Shelf, kEncodings.size()> shelves_;
  mutable Table o200k_;
  mutable std::mutex threads_mutex_;
  mutable std::vector<std::jthread> threads_;
};

}  // namespace tokometer::tokenizer
