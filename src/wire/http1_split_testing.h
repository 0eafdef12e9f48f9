// Drives the HTTP/1.1 decoders over a whole connection's bytes, cut as asked,
// and writes what came out as text: what the split tests and fuzzers compare.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/http1_content.h"
#include "wire/http1_decoder.h"

namespace tokometer::wire::http1 {

// A transcript of everything a connection says: heads, content, wire bytes and refusals.
template <typename ReadHead, typename Next>
class Transcriber {
 public:
  Transcriber(ReadHead read_head, Next next, const Limits& limits)
      : read_head_(read_head), next_(next), content_decoder_(limits) {}

  void feed(std::string_view bytes) {
    while (!bytes.empty() && !refused_) {
      if (in_content_) {
        read_content(bytes);
        continue;
      }
      Framing framing;
      const Read result = read_head_(bytes, text_, framing);
      if (result == Read::kMore) return;
      if (result == Read::kRefused) {
        refused_ = true;
        return;
      }
      next_();
      content_decoder_.start(framing);
      in_content_ = framing.has_content();
      if (!in_content_) text_ += "end\n";
    }
  }

  // The transcript so far; content is put together, since its cuts are not part of the message.
  std::string text() const { return text_ + pending(); }
  bool refused() const { return refused_; }

 private:
  void read_content(std::string_view& bytes) {
    std::vector<std::string_view> pieces;
    const auto step = content_decoder_.read(bytes, pieces);
    for (const std::string_view piece : pieces) content_ += piece;
    wire_ += bytes.substr(0, step.taken);
    bytes.remove_prefix(step.taken);
    if (step.state == ContentDecoder::State::kMore) return;
    text_ += pending();
    content_.clear();
    wire_.clear();
    if (step.state == ContentDecoder::State::kEnd) {
      in_content_ = false;
      text_ += "end\n";
    } else {
      refused_ = true;
      text_ += fmt::format("refused {}\n", content_decoder_.refusal().code);
    }
  }

  std::string pending() const {
    return wire_.empty() ? std::string() : fmt::format("content \"{}\" wire \"{}\"\n", content_, wire_);
  }

  ReadHead read_head_;
  Next next_;
  ContentDecoder content_decoder_;
  std::string text_;
  std::string content_;
  std::string wire_;
  bool in_content_ = false;
  bool refused_ = false;
};

inline void describe(const Head& head, std::string& text) {
  for (const Field& field : head.fields) text += fmt::format("  {}={}\n", field.name, field.value);
  text += fmt::format("  raw={} keep_alive={} framing={}:{}\n", head.raw.size(), head.keep_alive,
                      static_cast<int>(head.framing.kind), head.framing.length);
}

// `cut(offset)` says how many bytes the next feed gets.
inline std::string transcribe_requests(std::string_view bytes, const std::function<std::size_t(std::size_t)>& cut,
                                       const Limits& limits = {}) {
  RequestDecoder decoder(limits);
  Transcriber transcriber(
      [&](std::string_view& input, std::string& text, Framing& framing) {
        const Read result = decoder.read(input);
        if (result == Read::kRefused) {
          text += fmt::format("refused {} {}\n", decoder.refusal().status, decoder.refusal().code);
        } else if (result == Read::kHead) {
          const RequestHead& head = decoder.head();
          text += fmt::format("{} {} {} 1.{} expect={} upgrade={}\n", head.method, head.target, head.authority,
                              head.minor_version, head.expect_continue, head.upgrade);
          describe(head, text);
          framing = head.framing;
        }
        return result;
      },
      [&] { decoder.next(); }, limits);
  for (std::size_t at = 0; at < bytes.size();) {
    // A copy of its own for each piece, so that a view that outlives its piece is seen by ASan.
    const std::string piece(bytes.substr(at, cut(at)));
    transcriber.feed(piece);
    at += piece.size();
  }
  return transcriber.text();
}

inline std::string transcribe_responses(std::string_view bytes, const std::function<std::size_t(std::size_t)>& cut,
                                        bool head_request = false, const Limits& limits = {}) {
  ResponseDecoder decoder(limits);
  Transcriber transcriber(
      [&](std::string_view& input, std::string& text, Framing& framing) {
        const Read result = decoder.read(input, head_request);
        if (result == Read::kRefused) {
          text += fmt::format("refused {} {}\n", decoder.refusal().status, decoder.refusal().code);
        } else if (result == Read::kHead) {
          const ResponseHead& head = decoder.head();
          text += fmt::format("{} {} 1.{}\n", head.status, head.reason, head.minor_version);
          describe(head, text);
          framing = head.framing;
        }
        return result;
      },
      [&] { decoder.next(); }, limits);
  for (std::size_t at = 0; at < bytes.size();) {
    const std::string piece(bytes.substr(at, cut(at)));
    transcriber.feed(piece);
    at += piece.size();
  }
  return transcriber.text();
}

inline std::size_t whole(std::size_t) { return std::string_view::npos; }
inline std::size_t one_byte(std::size_t) { return 1; }

}  // namespace tokometer::wire::http1
