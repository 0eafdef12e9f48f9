// One content coding's decoder, the part that content_coding::Decoder stacks.
//
// Not here: which codings a body has, and in which order (content_coding.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/error.h"
#include "wire/content_coding.h"

namespace tokometer::wire::content_coding {

class Stage {
 public:
  // `coding` is any but kIdentity.
  static std::unique_ptr<Stage> make(Coding coding, const Limits& limits);
  virtual ~Stage() = default;

  // As Decoder::feed. A failed stage must not be fed again.
  Result<void> feed(std::string_view bytes, FunctionRef<Result<void>(std::string_view)> sink);
  Result<void> finish() const;

 protected:
  Stage(Coding coding, const Limits& limits) : limits_(limits), coding_(coding) {}
  Result<std::size_t> invalid(std::string_view what) const;
  const Limits& limits() const { return limits_; }

 private:
  // Decodes from `input` into `output`, both as far as they go; removes from
  // `input` what it took and returns how much it put out. With an empty `input`
  // it puts out what is still held back, if anything.
  virtual Result<std::size_t> decode(std::string_view& input, std::span<char> output) = 0;
  // Whether the bytes so far are a whole coded body.
  virtual bool is_whole() const = 0;

  Result<void> within_limits() const;

  Limits limits_;
  std::uint64_t input_bytes_ = 0;
  std::uint64_t output_bytes_ = 0;
  Coding coding_;
};

}  // namespace tokometer::wire::content_coding
