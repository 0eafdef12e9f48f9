// Writes HTTP/1.1 heads, changing only what must change.
//
//   http1::HeadWriter writer(out);                   // appends to a std::string
//   writer.request_line(head.method, target);
//   writer.copy_fields(head, [&](std::size_t i) { return http1::Keep::kCopy; });
//   writer.field("Host", authority);
//   writer.end();
//
// Fields that are kept are copied in runs, as they were received: case, order
// and the whitespace around values stay.
//
// Not here: which fields must change (proxy/head_rewrite.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/function_ref.h"
#include "wire/http1_head.h"

namespace tokometer::wire::http1 {

enum class Keep : std::uint8_t { kCopy, kReplace, kDrop };

class HeadWriter {
 public:
  explicit HeadWriter(std::string& out) : out_(out) {}

  void request_line(std::string_view method, std::string_view target);
  void status_line(int status, std::string_view reason);
  void field(std::string_view name, std::string_view value);
  // Copies every field line of `head` that `keep` says to copy. A replaced one
  // keeps its name as it was sent and gets `replacement` as its value.
  void copy_fields(const Head& head, FunctionRef<Keep(std::size_t index)> keep, std::string_view replacement = {});
  void end() { out_ += "\r\n"; }

 private:
  std::string& out_;
};

// The wire form of a run of content: itself where its framing adds nothing and it is one piece, else put together in
// `buffer`. `end`: the message is whole with it; trailers go where there is a place for them.
std::string_view frame_content(Framing::Kind kind, std::span<const std::string_view> content, bool end, Fields trailers,
                               std::string& buffer);

// The standard's phrase for a status of ours: "Bad Gateway".
std::string_view reason_phrase(int status);

}  // namespace tokometer::wire::http1
