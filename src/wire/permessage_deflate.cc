#include "wire/permessage_deflate.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>

#include "base/check.h"

namespace tokometer::wire::permessage_deflate {
namespace {

constexpr std::size_t kInflatedPieceBytes = std::size_t{16} << 10U;
// RFC 7692, 7.2.1: the sender takes this end of a flushed block away; 7.2.2: the receiver puts it back.
constexpr std::string_view kBlockEnd("\x00\x00\xff\xff", 4);

std::string_view trim_space(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The part of `list` before the next `separator`, which is taken off.
std::string_view next_part(std::string_view& list, char separator) {
  const auto end = list.find(separator);
  const std::string_view part = trim_space(list.substr(0, end));
  list = end == std::string_view::npos ? std::string_view{} : list.substr(end + 1);
  return part;
}

// RFC 7692, 7.1.2: 8 to 15, without leading zeros; RFC 6455, 9.1, allows quotes.
bool read_window_bits(std::string_view value, std::uint8_t& bits) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
  const auto read = std::from_chars(value.data(), value.data() + value.size(), bits);
  return read.ec == std::errc{} && read.ptr == value.data() + value.size() && value.front() != '0' && bits >= 8 &&
         bits <= 15;
}

Result<void> read_parameter(std::string_view parameter, Agreement& agreement) {
  const std::string_view name = trim_space(parameter.substr(0, parameter.find('=')));
  const bool has_value = name.size() < parameter.size();
  const std::string_view value = has_value ? trim_space(parameter.substr(parameter.find('=') + 1)) : std::string_view{};
  if (iequals(name, "server_no_context_takeover") && !has_value) {
    agreement.server.context_takeover = false;
  } else if (iequals(name, "client_no_context_takeover") && !has_value) {
    agreement.client.context_takeover = false;
  } else if (!(iequals(name, "server_max_window_bits") && read_window_bits(value, agreement.server.window_bits)) &&
             !(iequals(name, "client_max_window_bits") && read_window_bits(value, agreement.client.window_bits))) {
    return fail(ErrorCode::kInvalid, "permessage-deflate: a parameter that RFC 7692, 7.1, does not allow");
  }
  return {};
}

}  // namespace

Result<std::optional<Agreement>> parse(Fields response_fields) {
  std::optional<Agreement> agreement;
  for (const Field& field : response_fields) {
    if (!iequals(field.name, "sec-websocket-extensions")) continue;
    std::string_view extensions = field.value;
    while (!extensions.empty()) {
      std::string_view parameters = next_part(extensions, ',');
      if (parameters.empty()) continue;
      if (!iequals(next_part(parameters, ';'), "permessage-deflate") || agreement) {
        return fail(ErrorCode::kUnsupported, "sec-websocket-extensions: an extension other than permessage-deflate");
      }
      agreement.emplace();
      while (!parameters.empty()) {
        const std::string_view parameter = next_part(parameters, ';');
        if (auto read = read_parameter(parameter, *agreement); !read) return fail(std::move(read.error()));
      }
    }
  }
  return agreement;
}

struct Inflater::State {
  State(const Direction& how, const Limits& most) : direction(how), limits(most) {}
  ~State() { inflateEnd(&stream); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Result<void> inflate_all(std::string_view bytes, FunctionRef<void(std::string_view)> use) {
    if (!started) {
      TOKOMETER_CHECK(inflateInit2(&stream, -int{direction.window_bits}) == Z_OK);
      started = true;
    }
    std::array<char, kInflatedPieceBytes> piece;
    std::size_t written = 0;
    do {
      const std::string_view part = bytes.substr(0, std::numeric_limits<std::int32_t>::max());
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
      stream.avail_in = static_cast<uInt>(part.size());
      stream.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream.avail_out = static_cast<uInt>(piece.size());
      const int result = inflate(&stream, Z_NO_FLUSH);
      const std::size_t taken = part.size() - stream.avail_in;
      written = piece.size() - stream.avail_out;
      bytes.remove_prefix(taken);
      taken_bytes += taken;
      written_bytes += written;
      // Z_BUF_ERROR: nothing to do for want of input.
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
        return fail(ErrorCode::kInvalid, "permessage-deflate: no DEFLATE data (RFC 7692, 7.2.2)");
      }
      if (written_bytes > limits.ratio_free_bytes && written_bytes / limits.max_ratio > taken_bytes) {
        return fail(ErrorCode::kTooLarge,
                    fmt::format("permessage-deflate: inflates to more than {} times its size", limits.max_ratio));
      }
      if (written != 0) use(std::string_view(piece.data(), written));
      // RFC 7692, 7.2.3.4: a block may be the last one, after which a new one begins.
      if (result == Z_STREAM_END) {
        TOKOMETER_CHECK(inflateResetKeep(&stream) == Z_OK);  // the window stays
      } else if (taken == 0 && written == 0) {
        break;
      }
    } while (!bytes.empty() || written == piece.size());
    return {};
  }

  const Direction direction;
  const Limits limits;
  z_stream stream{};
  std::uint64_t taken_bytes = 0;  // of the message
  std::uint64_t written_bytes = 0;
  bool started = false;
};

Inflater::Inflater(const Direction& direction, const Limits& limits)
    : state_(std::make_unique<State>(direction, limits)) {}
Inflater::Inflater(Inflater&&) noexcept = default;
Inflater& Inflater::operator=(Inflater&&) noexcept = default;
Inflater::~Inflater() = default;

Result<void> Inflater::feed(std::string_view bytes, FunctionRef<void(std::string_view)> use) {
  return state_->inflate_all(bytes, use);
}

Result<void> Inflater::end_message(FunctionRef<void(std::string_view)> use) {
  auto ended = state_->inflate_all(kBlockEnd, use);
  if (!ended) return ended;
  state_->taken_bytes = state_->written_bytes = 0;
  if (!state_->direction.context_takeover) TOKOMETER_CHECK(inflateReset(&state_->stream) == Z_OK);
  return {};
}

}  // namespace tokometer::wire::permessage_deflate
