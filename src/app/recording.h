// Turns recorded exchanges into events, as if they were passing now.
//
//   RecordingReader reader(rules);
//   auto tally = reader.read_file("session.har", [&](event::Event&& event) { use(event); });
//
// Reads HAR 1.2 files, plain or compressed with gzip or zstd, among them
// Tokometer's own captures. The same code as in the proxy reads the bodies, and
// the same exchanges make events: those with an endpoint of a known provider.
//
// An event's id comes from the content of its entry, so that reading the same
// file again gives the same ids; our own captures (which say "_provider") name
// the id of the event that they belong to. `source_id` is the entry's comment, or its
// number in the file, from 0.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/har_reader.h"
#include "app/rules.h"
#include "base/error.h"
#include "event/event.h"
#include "meter/exchange_meter.h"
#include "meter/repeat_filter.h"

namespace tokometer::app {

class RecordingReader {
 public:
  struct Limits {
    HarReader::Limits har;
    meter::Limits meter;
    std::size_t faults = 20;  // told one by one; more are only counted
  };

  struct Tally {
    std::uint64_t entries = 0;
    std::uint64_t events = 0;
    std::uint64_t foreign = 0;        // entries that are no call to a known provider
    std::uint64_t broken = 0;         // entries that are not as HAR has them
    std::vector<std::string> faults;  // "entry 17: request.url is missing"
  };

  using Sink = std::function<void(event::Event&&)>;

  explicit RecordingReader(std::shared_ptr<const Rules> rules) : RecordingReader(std::move(rules), Limits()) {}
  RecordingReader(std::shared_ptr<const Rules> rules, Limits limits);

  // Reads a file from its beginning to its end. On failure (kIo, kInvalid,
  // kTooLarge; the message names the file) what came before has been given to `sink`.
  Result<Tally> read_file(const std::filesystem::path& file, const Sink& sink);

  // One entry's event; nothing if it is no call to a known provider. `source_id`
  // is used where the entry has no comment.
  Result<std::optional<event::Event>> read_entry(std::string_view entry, std::string_view source_id);

 private:
  std::shared_ptr<const Rules> rules_;
  Limits limits_;
  meter::RepeatFilter repeats_;
};

}  // namespace tokometer::app
