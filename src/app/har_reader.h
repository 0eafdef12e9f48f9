// Reads a HAR 1.2 file as a stream: gives its entries one by one.
//
//   HarReader reader;
//   while (read(chunk)) if (auto fed = reader.feed(chunk, use); !fed) return fed;
//   return reader.finish();
//
// Keeps one entry at a time, so that files may be of any length. No I/O.
//
// Not here: what an entry means (recording.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/function_ref.h"
#include "json/reader.h"

namespace tokometer::app {

class HarReader {
 public:
  struct Limits {
    std::size_t entry_bytes = std::size_t{256} << 20U;  // of one entry, as it stands in the file
  };
  using Sink = FunctionRef<void(std::string_view entry)>;

  HarReader() : HarReader(Limits()) {}
  explicit HarReader(Limits limits) : limits_(limits) {}

  // Calls `sink` with the JSON text of each entry that has come to its end; the
  // view is valid during that call. Fails with kInvalid for what is no JSON,
  // kTooLarge for an entry past the limit.
  Result<void> feed(std::string_view bytes, Sink sink);

  // Fails with kInvalid where the text is cut short, or has no log.entries.
  Result<void> finish();

 private:
  // Where in the document: {"log": {"entries": [{…}, …]}}.
  enum class Place { kBefore, kRoot, kLog, kEntries };

  Result<void> take(json::Token token, Sink sink);
  void begin_container(json::Token token);

  Limits limits_;
  json::Reader reader_;
  Place place_ = Place::kBefore;
  std::string name_;  // of the member whose value comes next
  bool name_ended_ = true;
  bool in_entry_ = false;
  std::string entry_;          // what there is of the entry from earlier chunks
  std::uint64_t kept_to_ = 0;  // offset in the text up to which entry_ goes, or where the entry starts
  bool found_ = false;         // log.entries
};

}  // namespace tokometer::app
