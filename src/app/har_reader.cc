#include "app/har_reader.h"

#include <fmt/format.h>

namespace tokometer::app {
namespace {

// Longer names are none that we look for.
constexpr std::size_t kMaxName = 16;

}  // namespace

Result<void> HarReader::feed(std::string_view bytes, Sink sink) {
  reader_.feed(bytes);
  while (true) {
    const json::Token token = reader_.next();
    if (token == json::Token::kError) return fail(ErrorCode::kInvalid, json::to_string(reader_.error()));
    if (token == json::Token::kMore) break;
    if (auto taken = take(token, sink); !taken) return taken;
  }
  if (in_entry_) {
    const std::uint64_t chunk_begin = reader_.chunk_begin();
    entry_ += reader_.chunk().substr(static_cast<std::size_t>(kept_to_ - chunk_begin));
    kept_to_ = chunk_begin + reader_.chunk().size();
    if (entry_.size() > limits_.entry_bytes) {
      return fail(ErrorCode::kTooLarge, fmt::format("an entry is longer than {} bytes", limits_.entry_bytes));
    }
  }
  return {};
}

Result<void> HarReader::take(json::Token token, Sink sink) {
  using enum json::Token;
  switch (token) {
    case kName:
      if (name_ended_) name_.clear();
      if (name_.size() < kMaxName) name_ += reader_.piece();
      name_ended_ = reader_.piece_is_last();
      break;
    case kBeginObject:
    case kBeginArray:
      begin_container(token);
      break;
    case kEndObject:
    case kEndArray:
      if (in_entry_) {
        const auto from = static_cast<std::size_t>(kept_to_ - reader_.chunk_begin());
        const auto to = static_cast<std::size_t>(reader_.position() - reader_.chunk_begin());
        const std::string_view rest = reader_.chunk().substr(from, to - from);
        in_entry_ = false;
        if (entry_.empty()) {
          sink(rest);  // no need for a copy: the whole entry is in this chunk
        } else {
          entry_ += rest;
          sink(entry_);
          entry_.clear();
        }
      } else if (reader_.depth() == 2 && place_ == Place::kEntries) {
        place_ = Place::kLog;
      } else if (reader_.depth() == 1 && place_ == Place::kLog) {
        place_ = Place::kRoot;
      }
      break;
    default:
      break;
  }
  return {};
}

void HarReader::begin_container(json::Token token) {
  const bool object = token == json::Token::kBeginObject;
  if (place_ == Place::kBefore && object) {
    place_ = Place::kRoot;
  } else if (place_ == Place::kRoot && object && name_ == "log") {
    place_ = Place::kLog;
  } else if (place_ == Place::kLog && !object && name_ == "entries") {
    place_ = Place::kEntries;
    found_ = true;
  } else {
    if (place_ == Place::kEntries) {
      in_entry_ = true;
      kept_to_ = reader_.token_begin();
    }
    reader_.skip();
  }
}

Result<void> HarReader::finish() {
  while (true) {
    const json::Token token = reader_.finish();
    if (token == json::Token::kError) return fail(ErrorCode::kInvalid, json::to_string(reader_.error()));
    if (token == json::Token::kMore) break;
  }
  if (!found_) return fail(ErrorCode::kInvalid, "is no HAR file: it has no log.entries");
  return {};
}

}  // namespace tokometer::app
