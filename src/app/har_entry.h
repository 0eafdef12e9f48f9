// What a HAR entry holds: its messages as the meter wants them, its URL, and the
// entries of a whole file, plain or compressed with gzip or zstd.
//
//   read_har_file("session.har", {}, [&](std::string_view entry) { … });
//
//   const HarMessage asked(root["request"]["headers"], root["request"]["postData"]);
//   use(asked.fields, asked.body);
//
// Not here: the syntax of the file (har_reader.h), what an exchange means (recording.h).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/har_reader.h"
#include "base/error.h"
#include "json/document.h"
#include "wire/fields.h"

namespace tokometer::app {

// A message's fields and content, as the meter wants them. Lives as long as the document that it was read from.
struct HarMessage {
  std::vector<wire::Field> fields;  // without a coding that the body no longer has
  std::string decoded;              // of a base64 body
  std::string_view body;
  bool text_fault = false;  // base64 that is none
  bool is_missing = false;  // there was a body, which was not recorded

  // `content` is postData or response.content.
  HarMessage(json::Node headers, json::Node content);
  HarMessage(const HarMessage&) = delete;
  HarMessage& operator=(const HarMessage&) = delete;
};

struct HarUrl {
  std::string_view host;    // with its port, if it says one
  std::string_view target;  // from the path on, without the fragment
};

// Nothing for what is no URL, or holds a user.
std::optional<HarUrl> split_har_url(std::string_view url);

// Gives the text of each entry to `use`. Fails with kIo, kInvalid or kTooLarge; the message names the file.
Result<void> read_har_file(const std::filesystem::path& file, const HarReader::Limits& limits, HarReader::Sink use);

}  // namespace tokometer::app
