#include "base/time_zone.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <utility>

namespace tokometer {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

// Largest file that is read; the system's are below 4 KiB.
constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;

// Reads big-endian numbers; past the end it reads nothing and says so in the end.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  std::string_view take(std::size_t size) {
    if (size > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::int64_t number(std::size_t size) {
    const std::string_view bytes = take(size);
    // Sign-extended from its first byte.
    std::uint64_t value = !bytes.empty() && static_cast<signed char>(bytes.front()) < 0 ? ~std::uint64_t{0} : 0;
    for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
    return static_cast<std::int64_t>(value);
  }
  bool failed() const { return failed_; }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

struct Header {
  char version = 0;
  std::size_t utc_flags = 0;
  std::size_t standard_flags = 0;
  std::size_t leaps = 0;
  std::size_t times = 0;
  std::size_t types = 0;
  std::size_t characters = 0;

  // Of the data that follows, where times take `time_bytes`.
  std::size_t data_bytes(std::size_t time_bytes) const {
    return times * (time_bytes + 1) + types * 6 + characters + leaps * (time_bytes + 4) + standard_flags + utc_flags;
  }
};

std::optional<Header> take_header(ByteReader& reader) {
  const std::string_view start = reader.take(20);
  if (!start.starts_with("TZif")) return std::nullopt;
  Header header;
  header.version = start[4];
  for (std::size_t* count :
       {&header.utc_flags, &header.standard_flags, &header.leaps, &header.times, &header.types, &header.characters}) {
    const std::int64_t value = reader.number(4);
    if (value < 0 || std::cmp_greater(value, kMaxFileBytes)) return std::nullopt;
    *count = static_cast<std::size_t>(value);
  }
  return reader.failed() ? std::nullopt : std::optional(header);
}

// "+02:00", "+0200", "+02".
std::optional<seconds> parse_offset(std::string_view text) {
  if (text.size() < 3 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  std::string digits(text.substr(1));
  std::erase(digits, ':');
  if (text.size() == 6 && text[3] != ':') return std::nullopt;
  if ((digits.size() != 2 && digits.size() != 4) ||
      !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  digits.resize(4, '0');
  const int hours = (digits[0] - '0') * 10 + digits[1] - '0';
  const int minutes = (digits[2] - '0') * 10 + digits[3] - '0';
  if (hours > 23 || minutes > 59) return std::nullopt;
  const seconds offset(hours * 3600 + minutes * 60);
  return text[0] == '-' ? -offset : offset;
}

// Whether `name` stays within the folder: names are like "America/Argentina/Salta", "Etc/GMT+5".
bool is_zone_name(std::string_view name) {
  return !name.empty() && name.front() != '/' && name.find("..") == std::string_view::npos &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
                  c == '-' || c == '+';
         });
}

Result<std::string> read_zone_file(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    return fail(ErrorCode::kNotFound, path.string() + ": no such file");
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad()) return fail(io_error(path.string(), EIO));
  return bytes;
}

}  // namespace

Result<TimeZone> TimeZone::parse(std::string_view bytes, std::string name) {
  const auto broken = [&name] { return fail(ErrorCode::kCorrupt, "time zone " + name + ": not a time zone file"); };
  if (bytes.size() > kMaxFileBytes) return broken();
  ByteReader reader(bytes);
  auto header = take_header(reader);
  if (!header) return broken();
  std::size_t time_bytes = 4;
  if (header->version >= '2') {
    // RFC 8536, 3: the first block is for readers that know only 32-bit times; the real one follows.
    (void)reader.take(header->data_bytes(4));
    header = take_header(reader);
    if (!header) return broken();
    time_bytes = 8;
  }
  if (header->data_bytes(time_bytes) > reader.rest().size() || header->types == 0) return broken();

  TimeZone zone;
  zone.name_ = name;
  std::vector<std::int64_t> times;
  times.reserve(header->times);
  for (std::size_t i = 0; i < header->times; ++i) times.push_back(reader.number(time_bytes));
  const std::string_view types = reader.take(header->times);
  std::vector<seconds> offsets;
  for (std::size_t i = 0; i < header->types; ++i) {
    offsets.emplace_back(reader.number(4));
    (void)reader.take(2);
  }
  zone.first_offset_ = offsets.front();
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto type = static_cast<unsigned char>(types[i]);
    if (type >= offsets.size()) return broken();
    // Further than any clock goes: "since the beginning".
    constexpr std::int64_t kLongAgo = -(std::int64_t{1} << 40);
    zone.transitions_.push_back({sys_seconds(seconds(std::max(times[i], kLongAgo))), offsets[type]});
  }
  if (!std::ranges::is_sorted(zone.transitions_, {}, &Transition::at)) return broken();
  (void)reader.take(header->characters + header->leaps * (time_bytes + 4) + header->standard_flags + header->utc_flags);
  // RFC 8536, 3.3: the rule for all later times, between line feeds.
  std::string_view footer = reader.rest();
  if (time_bytes == 8 && footer.size() > 2 && footer.front() == '\n') {
    footer.remove_prefix(1);
    zone.rest_ = PosixTimeZone::parse(footer.substr(0, footer.find('\n')));
  }
  return zone;
}

Result<TimeZone> TimeZone::open(std::string_view name, const std::filesystem::path& folder) {
  TimeZone zone;
  if (name == "UTC" || name == "utc" || name == "Z" || name == "z") return zone;
  if (const auto offset = parse_offset(name)) {
    zone.name_ = name;
    zone.first_offset_ = *offset;
    return zone;
  }
  const Error unknown{ErrorCode::kNotFound,
                      "unknown time zone \"" + std::string(name) + "\": say a name like Europe/Berlin, or +02:00"};
  if (!is_zone_name(name)) return fail(unknown);
  const auto bytes = read_zone_file(folder / name);
  if (!bytes) return fail(unknown);
  return parse(*bytes, std::string(name));
}

TimeZone TimeZone::local(const std::optional<std::string>& variable) {
  // POSIX.1-2017, 8.3: a rule; and, as everywhere, the name or path of a file, with or without a colon.
  std::string_view value = variable ? std::string_view(*variable) : "/etc/localtime";
  if (value.starts_with(':')) value.remove_prefix(1);
  if (value.empty()) return {};
  if (auto named = open(value)) return *named;
  if (value.starts_with('/')) {
    std::error_code error;
    // A link says the name, too.
    const std::string target = std::filesystem::canonical(std::filesystem::path(value), error).string();
    const std::string prefix = std::string(kFolder) + '/';
    const std::string name = target.starts_with(prefix) ? target.substr(prefix.size()) : "local time";
    const auto bytes = read_zone_file(std::filesystem::path(value));
    auto zone = bytes ? parse(*bytes, name) : Result<TimeZone>(fail(bytes.error()));
    return zone ? std::move(*zone) : TimeZone();
  }
  TimeZone zone;
  zone.rest_ = PosixTimeZone::parse(value);
  if (zone.rest_) zone.name_ = value;
  return zone;
}

seconds TimeZone::offset_at(UtcTime time) const {
  const auto second = std::chrono::floor<seconds>(time);
  const auto next = std::ranges::upper_bound(transitions_, second, {}, &Transition::at);
  if (next == transitions_.end() && rest_) return rest_->offset_at(second);
  return next == transitions_.begin() ? first_offset_ : std::prev(next)->offset;
}

LocalTime TimeZone::to_local(UtcTime time) const { return LocalTime(time.time_since_epoch() + offset_at(time)); }

UtcTime TimeZone::to_utc(LocalTime time) const {
  const UtcTime guess(time.time_since_epoch());
  // Clocks are not changed twice within two days.
  const seconds before = offset_at(guess - std::chrono::hours(24));
  const seconds after = offset_at(guess + std::chrono::hours(24));
  // The earlier moment comes first.
  for (const seconds offset : {std::max(before, after), std::min(before, after)}) {
    if (offset_at(guess - offset) == offset) return guess - offset;
  }
  // Left out. Half an hour into the gap by the old clocks is that long after the change; clocks are asked for the
  // change itself, which lies where the offset becomes the new one.
  UtcTime low = guess - std::max(before, after);
  UtcTime high = guess - std::min(before, after);
  while (high - low > seconds(1)) {
    const UtcTime middle = low + (high - low) / 2;
    (offset_at(middle) == after ? high : low) = middle;
  }
  return std::chrono::floor<seconds>(high);
}

}  // namespace tokometer
