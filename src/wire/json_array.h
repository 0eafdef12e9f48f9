// A top-level JSON array that comes in pieces: decodes it into its elements.
//
// Gemini's streamGenerateContent answers this way where `alt=sse` is not asked
// for: "[{…}\n,\r\n{…}\n]", an element at a time. A body that is one object
// instead (as errors are) counts as one element. RFC 8259 says what whitespace,
// strings and brackets are. How the body is cut never changes what comes out.
//
//   json_array::Decoder decoder;
//   auto fed = decoder.feed(chunk, [&](const json_array::Element& element) { use(element.text); });
//   if (!fed) give_up(fed.error());
//   auto ended = decoder.finish();
//
// An element that lies within one chunk is handed on without a copy.
//
// Not here: what an element says. Only strings and brackets are looked at, so
// an element may still turn out to be no JSON (json/ tells).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/function_ref.h"

namespace tokometer::wire::json_array {

struct Limits {
  // Of one element's text. A longer one is cut there and marked.
  std::uint32_t max_element_bytes = 1U << 20U;
};

// The view is valid during the callback only.
struct Element {
  std::string_view text;   // raw, without whitespace around it
  bool truncated = false;  // the limit was reached: the rest is missing
};

class Decoder {
 public:
  explicit Decoder(const Limits& limits = {}) : limits_(limits) {}

  // Calls `on_element` for each element that `chunk` completes. `on_element`
  // must not call the decoder. Fails with kInvalid, naming the offset in the
  // body, where this is neither an array nor an object; every later call then
  // fails the same way.
  Result<void> feed(std::string_view chunk, FunctionRef<void(const Element&)> on_element);

  // Fails with kInvalid when the array or the object is not closed. A body
  // without any byte but whitespace is no failure.
  Result<void> finish() const;

  // How many elements were marked truncated.
  std::uint64_t truncated_elements() const { return truncated_elements_; }

 private:
  enum class State : std::uint8_t {
    kStart,         // before the array
    kFirstElement,  // after "[": an element or "]" must follow
    kElement,       // after ",": an element must follow
    kComposite,     // within an object, an array or a string
    kScalar,        // within a number or a word
    kAfterElement,  // a "," or "]" must follow
    kEnd,           // after the array: whitespace only
    kFailed,
  };

  bool is_within_element() const { return state_ == State::kComposite || state_ == State::kScalar; }
  bool start_element(char c);
  bool between_elements(char c);
  std::size_t skip_element(std::string_view rest);
  std::size_t skip_composite(std::string_view rest);
  std::size_t skip_string(std::string_view rest);
  void complete(std::string_view tail, FunctionRef<void(const Element&)> on_element);
  void hold(std::string_view part);
  Result<void> failure() const;

  std::string held_;          // the head of an element that was cut by the end of a chunk
  std::uint64_t offset_ = 0;  // of the next chunk in the whole body; of the fault in kFailed
  std::uint64_t truncated_elements_ = 0;
  Limits limits_;
  std::uint32_t depth_ = 0;  // of open brackets within the element
  State state_ = State::kStart;
  bool in_array_ = false;
  bool in_string_ = false;
  bool escaped_ = false;  // the last byte seen was a backslash within a string
};

}  // namespace tokometer::wire::json_array
