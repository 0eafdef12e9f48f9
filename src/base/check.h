// Assertions that are always on, for bugs of ours: never for what a peer, a
// file or a user can cause (those are Errors, error.h).
#pragma once

namespace tokometer {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace tokometer

#define TOKOMETER_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::tokometer::check_failed(#condition, __FILE__, __LINE__))
