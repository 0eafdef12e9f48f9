#include "wire/tls_hello.h"

#include <algorithm>
#include <optional>

namespace tokometer::wire::tls {
namespace {

constexpr std::uint8_t kHandshake = 22;
constexpr std::uint8_t kClientHello = 1;
constexpr std::size_t kRecordHead = 5;
constexpr std::size_t kMaxRecordBytes = std::size_t{16} * 1024;

// Extensions by their numbers (IANA, "TLS ExtensionType Values").
constexpr std::uint16_t kServerName = 0;
constexpr std::uint16_t kSupportedGroups = 10;
constexpr std::uint16_t kAlpn = 16;
constexpr std::uint16_t kSupportedVersions = 43;
// There or not from one hello to the next, as length, state or luck will have it.
constexpr std::uint16_t kChanging[] = {21, 35, 41, 42, 44};  // padding, tickets, PSK, early data, cookie

// Takes big-endian numbers and counted runs off the front; false once something was not there.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  std::uint32_t number(std::size_t bytes) {
    std::uint32_t value = 0;
    for (const char c : run(bytes)) value = (value << 8U) | static_cast<std::uint8_t>(c);
    return value;
  }
  std::string_view run(std::size_t bytes) {
    if (bytes > rest_.size()) {
      good_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }
  // A run with its length before it, in so many bytes.
  std::string_view counted(std::size_t length_bytes) { return run(number(length_bytes)); }

  bool good() const { return good_; }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

class Hash {  // FNV-1a
 public:
  void add(std::string_view bytes) {
    for (const char c : bytes) value_ = (value_ ^ static_cast<std::uint8_t>(c)) * 0x100000001B3U;
    value_ = (value_ ^ 0x100U) * 0x100000001B3U;  // where a run ends counts too
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xCBF29CE484222325U;
};

// Values thrown in at random so that nobody relies on a fixed list (RFC 8701).
bool is_grease(std::uint32_t value) { return (value & 0x0F0FU) == 0x0A0AU && (value >> 8U) == (value & 0xFFU); }

void hash_numbers(Hash& hash, std::string_view list) {
  Cursor cursor(list);
  while (cursor.good() && !cursor.at_end()) {
    const std::uint32_t value = cursor.number(2);
    const char bytes[] = {static_cast<char>(value >> 8U), static_cast<char>(value & 0xFFU)};
    if (cursor.good() && !is_grease(value)) hash.add({bytes, 2});
  }
}

std::string read_server_name(std::string_view extension) {
  Cursor list(Cursor(extension).counted(2));
  while (list.good() && !list.at_end()) {
    const std::uint32_t kind = list.number(1);
    const std::string_view name = list.counted(2);
    if (kind != 0 || !list.good()) continue;
    std::string lower(name);
    for (char& c : lower) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      const bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
      if (!allowed) return {};
    }
    return lower;
  }
  return {};
}

bool read_extensions(std::string_view extensions, ClientHello& hello, Hash& hash) {
  Cursor cursor(extensions);
  std::vector<std::uint16_t> kinds;
  while (cursor.good() && !cursor.at_end()) {
    const auto kind = static_cast<std::uint16_t>(cursor.number(2));
    const std::string_view content = cursor.counted(2);
    if (!cursor.good()) return false;
    if (kind == kServerName) hello.server_name = read_server_name(content);
    if (kind == kSupportedGroups) hash_numbers(hash, Cursor(content).counted(2));
    if (kind == kSupportedVersions) hash_numbers(hash, Cursor(content).counted(1));
    if (kind == kAlpn) {
      Cursor list(Cursor(content).counted(2));
      while (list.good() && !list.at_end()) hello.protocols.emplace_back(list.counted(1));
      hash.add(content);
    }
    // Whether there is a name depends on whom it calls.
    const bool counts =
        kind != kServerName && !is_grease(kind) && std::ranges::find(kChanging, kind) == std::end(kChanging);
    if (counts) kinds.push_back(kind);
  }
  // Browsers shuffle them.
  std::ranges::sort(kinds);
  for (const std::uint16_t kind : kinds) {
    const char bytes[] = {static_cast<char>(kind >> 8U), static_cast<char>(kind & 0xFFU)};
    hash.add({bytes, 2});
  }
  return cursor.good();
}

bool read_message(std::string_view message, ClientHello& hello) {
  Cursor cursor(message);
  Hash hash;
  hash.add(cursor.run(2));  // legacy_version
  cursor.run(32);           // random
  cursor.counted(1);        // legacy_session_id
  hash_numbers(hash, cursor.counted(2));
  hash.add(cursor.counted(1));  // legacy_compression_methods
  if (!cursor.good()) return false;
  // Before TLS 1.3 there may be none.
  if (!cursor.at_end() && !read_extensions(cursor.counted(2), hello, hash)) return false;
  hello.fingerprint = hash.value();
  return cursor.good();
}

}  // namespace

Hello read_client_hello(std::string_view bytes, ClientHello& hello) {
  // A message may be cut into several records.
  std::string joined;
  std::string_view message;
  for (std::string_view rest = bytes;;) {
    if (!rest.empty() && static_cast<std::uint8_t>(rest[0]) != kHandshake) return Hello::kNone;
    if (rest.size() >= 2 && rest[1] != 3) return Hello::kNone;
    if (rest.size() < kRecordHead) return bytes.size() > kMaxHelloBytes ? Hello::kNone : Hello::kMore;
    const std::uint32_t size = Cursor(rest.substr(3)).number(2);
    if (size == 0 || size > kMaxRecordBytes) return Hello::kNone;
    joined += rest.substr(kRecordHead, size);
    message = joined;
    if (static_cast<std::uint8_t>(message.empty() ? kClientHello : message[0]) != kClientHello) return Hello::kNone;
    if (message.size() >= 4) {
      const std::uint32_t length = Cursor(message.substr(1)).number(3);
      if (length > kMaxHelloBytes) return Hello::kNone;
      if (message.size() - 4 >= length) {
        hello = {};
        return read_message(message.substr(4, length), hello) ? Hello::kWhole : Hello::kNone;
      }
    }
    if (rest.size() < kRecordHead + size) return bytes.size() > kMaxHelloBytes ? Hello::kNone : Hello::kMore;
    rest.remove_prefix(kRecordHead + size);
  }
}

}  // namespace tokometer::wire::tls
