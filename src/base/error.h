// Failures of the outside world, as values.
//
//   Result<Config> load(const std::filesystem::path& file);
//   auto config = load(file);
//   if (!config) return fail(config.error());
//
// Messages are lower case without a full stop and say what and where:
// "data/providers/x.json:12: unknown key \"api_patern\"". They never carry
// content, keys or cookies.
//
// Not here: bugs of ours (check.h), which end the program.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace tokometer {

enum class ErrorCode {
  kInvalid,      // bytes, a file or an option that break their format
  kTooLarge,     // a limit was reached
  kNotFound,     // a file, name or id that is not there
  kIo,           // the operating system refused
  kCorrupt,      // stored data that fails its own checks
  kNetwork,      // a peer could not be reached or broke off
  kTimeout,      // a peer took too long
  kUnsupported,  // well formed, but nothing that we can do
  kUsage         // a command line that asks for what makes no sense
};

struct Error {
  ErrorCode code = ErrorCode::kInvalid;
  std::string message;
};

template <typename T>
using Result = std::expected<T, Error>;

// Makes the failing value of a Result: `return fail(ErrorCode::kIo, "...")`.
inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}
inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

// "open /x/y: permission denied", from errno's value `number`.
Error io_error(std::string_view what, int number);

}  // namespace tokometer
