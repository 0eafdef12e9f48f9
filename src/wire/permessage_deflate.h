// permessage-deflate: what a WebSocket handshake agreed on, and inflating one direction by it.
//
// RFC 7692. No I/O.
//
//   const auto agreed = permessage_deflate::parse(fields of the 101 response);
//   Inflater inflater({.window_bits = agreed->server_window_bits, …}, limits);
//   inflater.feed(payload, use);      // of the frames of one compressed message
//   inflater.end_message(use);
//
// Not here: frames and messages (websocket.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/function_ref.h"
#include "wire/fields.h"

namespace tokometer::wire::permessage_deflate {

// How one direction is compressed.
struct Direction {
  std::uint8_t window_bits = 15;
  bool context_takeover = true;  // the window goes on from one message to the next

  friend bool operator==(const Direction&, const Direction&) = default;
};

struct Agreement {
  Direction client;  // what the client compresses
  Direction server;

  friend bool operator==(const Agreement&, const Agreement&) = default;
};

// What the fields Sec-WebSocket-Extensions of a handshake's response say: nothing
// where no extension is in use. Fails with kUnsupported for any other extension,
// whose frames would not mean what RFC 6455 says, and with kInvalid for
// parameters that RFC 7692, 7.1, does not allow.
Result<std::optional<Agreement>> parse(Fields response_fields);

// A guard against messages made to swell.
struct Limits {
  // Of output to input of one message, from `ratio_free_bytes` of its output on.
  std::uint32_t max_ratio = 500;
  std::uint64_t ratio_free_bytes = std::uint64_t{1} << 20U;
};

class Inflater {
 public:
  // zlib's state, the window with it, is made when the first byte comes: some 40 KiB.
  Inflater(const Direction& direction, const Limits& limits);
  Inflater(Inflater&&) noexcept;
  Inflater& operator=(Inflater&&) noexcept;
  ~Inflater();

  // Calls `use` with each piece of what `bytes` mean, valid during that call
  // only. Fails with kInvalid (no DEFLATE) or kTooLarge (the limit); it must not
  // be used any more then.
  Result<void> feed(std::string_view bytes, FunctionRef<void(std::string_view)> use);
  // The message has ended: hands out the rest of it.
  Result<void> end_message(FunctionRef<void(std::string_view)> use);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tokometer::wire::permessage_deflate
