// Turns recorded exchanges into events, as if they were passing now.
//
//   RecordingReader reader(rules);
//   auto tally = reader.read_file("session.har", [&](event::Event&& event) { use(event); });
//
// Reads HAR 1.2 files, plain or compressed with gzip or zstd, among them
// Tokometer's own captures. The same code as in the proxy reads the bodies, and
// the same exchanges make events: those with an endpoint of a known provider.
//
// A WebSocket's messages are read where they are recorded as Chrome does
// (`_webSocketMessages`); its events are those that the proxy would have made.
//
// An event's id comes from the content of its entry, so that reading the same
// file again gives the same ids; our own captures (which say "_provider") name
// the id of the event that they belong to. `source_id` is the entry's comment, or its
// number in the file, from 0.
//
// What responses tell of quotas goes to whom tell_quotas() names.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/accounts.h"
#include "app/exchange_quotas.h"
#include "app/har_reader.h"
#include "app/rules.h"
#include "base/error.h"
#include "event/event.h"
#include "meter/exchange_meter.h"
#include "meter/repeat_filter.h"
#include "quota/snapshot.h"

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
    std::uint64_t events = 0;         // more than entries, where one tells of many calls or is a WebSocket
    std::uint64_t foreign = 0;        // entries that are no call to a known provider
    std::uint64_t broken = 0;         // entries that are not as HAR has them
    std::vector<std::string> faults;  // "entry 17: request.url is missing"
  };

  using Sink = std::function<void(event::Event&&)>;
  using QuotaSink = std::function<void(std::span<const quota::Snapshot>)>;

  explicit RecordingReader(std::shared_ptr<const Rules> rules) : RecordingReader(std::move(rules), Limits()) {}
  RecordingReader(std::shared_ptr<const Rules> rules, Limits limits);

  // From now on `sink` gets the snapshots of each exchange that tells of quotas, as seen when its response came.
  // `accounts` must outlive this.
  void tell_quotas(const Accounts& accounts, QuotaSink sink) {
    accounts_ = &accounts;
    quota_sink_ = std::move(sink);
  }

  // What has been counted, here or, if someone tells it, by others.
  meter::RepeatFilter& repeats() { return repeats_; }

  // Reads a file from its beginning to its end. On failure (kIo, kInvalid,
  // kTooLarge; the message names the file) what came before has been given to `sink`.
  Result<Tally> read_file(const std::filesystem::path& file, const Sink& sink);

  // Gives the events of one entry to `sink` and returns how many: none if it is no call to a known provider, one of an
  // HTTP exchange, after those of the calls that it tells of (a batch's results), and of a WebSocket one of each turn.
  // The source_id of what is one of many has its number behind it: "17/1". `source_id` is used where the entry has no
  // comment.
  Result<std::size_t> read_entry(std::string_view entry, std::string_view source_id, const Sink& sink);

 private:
  struct WebSocketEntry;
  std::size_t read_turns(const WebSocketEntry& entry, const Sink& sink);
  void report_quotas(ExchangeQuotas& quotas, const event::Event& event) const;

  std::shared_ptr<const Rules> rules_;
  Limits limits_;
  meter::RepeatFilter repeats_;
  const Accounts* accounts_ = nullptr;  // null: nobody asks for quotas
  QuotaSink quota_sink_;
};

}  // namespace tokometer::app
