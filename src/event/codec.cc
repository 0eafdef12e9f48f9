#include "event/codec.h"

#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "event/fields.h"

namespace tokometer::event {
namespace {

enum class Wire : std::uint8_t { kVarint = 0, kBytes = 1 };

constexpr std::size_t kMaxVarintBytes = 10;

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) { return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1)); }

// The most bytes that any one field of `event` takes, added up.
std::size_t bound(const Event& event) {
  constexpr std::size_t kOverhead = 2 * kMaxVarintBytes;
  std::size_t bytes = 0;
  for_each_field(event, [&](const Field&, const auto& member) {
    using Member = std::remove_cvref_t<decltype(member)>;
    bytes += kOverhead;
    if constexpr (std::is_same_v<Member, std::string>) {
      bytes += member.size();
    } else if constexpr (std::is_same_v<Member, Uuid>) {
      bytes += member.bytes.size();
    } else if constexpr (std::is_same_v<Member, std::vector<std::string>>) {
      for (const std::string& text : member) bytes += kOverhead + text.size();
    } else if constexpr (std::is_same_v<Member, std::vector<std::pair<std::string, std::int64_t>>>) {
      for (const auto& [name, count] : member) bytes += 2 * kOverhead + name.size();
    }
  });
  return bytes;
}

// Writes to memory that is known to suffice.
class FieldWriter {
 public:
  explicit FieldWriter(char* at) : at_(at) {}
  char* at() const { return at_; }

  void operator()(const Field& field, const Uuid& id) {
    bytes(field, {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
  }
  void operator()(const Field& field, UtcTime time) { number(field, time.time_since_epoch().count()); }
  void operator()(const Field& field, std::int64_t value) {
    if (value != 0) number(field, value);
  }
  void operator()(const Field& field, int value) { (*this)(field, static_cast<std::int64_t>(value)); }
  // Whatever its default: a flag whose default is true must be able to say false.
  void operator()(const Field& field, bool value) { number(field, value ? 1 : 0); }
  void operator()(const Field& field, meter::UsageSource source) { (*this)(field, static_cast<std::int64_t>(source)); }
  void operator()(const Field& field, meter::UsageStep step) { (*this)(field, static_cast<std::int64_t>(step)); }
  void operator()(const Field& field, meter::EstimatedCounts counts) {
    (*this)(field, static_cast<std::int64_t>(counts));
  }
  // A count of 0 is written: it is not the same as none.
  void operator()(const Field& field, const std::optional<std::int64_t>& value) {
    if (value) number(field, *value);
  }
  void operator()(const Field& field, const std::string& text) {
    if (!text.empty()) bytes(field, text);
  }
  void operator()(const Field& field, const std::vector<std::string>& texts) {
    for (const std::string& text : texts) bytes(field, text);
  }
  void operator()(const Field& field, const std::vector<std::pair<std::string, std::int64_t>>& calls) {
    for (const auto& [name, count] : calls) {
      char prefix[kMaxVarintBytes];
      const std::size_t prefix_bytes = put_varint(prefix, zigzag(count));
      tag(field, Wire::kBytes);
      varint(prefix_bytes + name.size());
      raw({prefix, prefix_bytes});
      raw(name);
    }
  }

 private:
  static std::size_t put_varint(char* to, std::uint64_t value) {
    std::size_t size = 0;
    while (value >= 0x80) {
      to[size++] = static_cast<char>(value | 0x80);
      value >>= 7;
    }
    to[size++] = static_cast<char>(value);
    return size;
  }
  void varint(std::uint64_t value) { at_ += put_varint(at_, value); }
  void raw(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void tag(const Field& field, Wire wire) { varint(field.number << 1 | static_cast<std::uint32_t>(wire)); }
  void number(const Field& field, std::int64_t value) {
    tag(field, Wire::kVarint);
    varint(zigzag(value));
  }
  void bytes(const Field& field, std::string_view text) {
    tag(field, Wire::kBytes);
    varint(text.size());
    raw(text);
  }

  char* at_;
};

// Walks through the fields of one encoded event, which stand in ascending order.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : rest_(bytes) { advance(); }

  bool failed() const { return failed_; }

  template <typename Member>
  void operator()(const Field& field, Member& member) {
    while (number_ < field.number) advance();
    while (number_ == field.number) {
      if (!take(member)) failed_ = true;
      advance();
    }
  }
  // Checks what is left, which has numbers that only newer programs know.
  void finish() {
    while (number_ != kEnd) advance();
  }

 private:
  static constexpr std::uint64_t kEnd = ~std::uint64_t{0};

  static std::optional<std::uint64_t> take_varint(std::string_view& from) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < from.size() && i < kMaxVarintBytes; ++i) {
      const auto byte = static_cast<unsigned char>(from[i]);
      if (i == kMaxVarintBytes - 1 && byte > 1) return std::nullopt;  // more than 64 bits
      value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
      if (byte < 0x80) {
        from.remove_prefix(i + 1);
        return value;
      }
    }
    return std::nullopt;
  }

  void stop() {
    failed_ = true;
    number_ = kEnd;
  }

  // To the next field, or to the end.
  void advance() {
    if (failed_ || rest_.empty()) {
      number_ = kEnd;
      return;
    }
    const auto tag = take_varint(rest_);
    const auto value = tag ? take_varint(rest_) : std::nullopt;
    if (!value || *tag >> 1 < number_ || *tag >> 1 == kEnd) return stop();
    number_ = *tag >> 1;
    wire_ = static_cast<Wire>(*tag & 1);
    value_ = *value;
    if (wire_ == Wire::kVarint) return;
    if (value_ > rest_.size()) return stop();
    bytes_ = rest_.substr(0, value_);
    rest_.remove_prefix(value_);
  }

  std::optional<std::int64_t> integer() const {
    if (wire_ != Wire::kVarint) return std::nullopt;
    return unzigzag(value_);
  }

  bool take(Uuid& id) {
    if (wire_ != Wire::kBytes || bytes_.size() != id.bytes.size()) return false;
    std::memcpy(id.bytes.data(), bytes_.data(), bytes_.size());
    return true;
  }
  bool take(UtcTime& time) {
    const auto value = integer();
    if (value) time = UtcTime(std::chrono::microseconds(*value));
    return value.has_value();
  }
  bool take(std::int64_t& member) {
    const auto value = integer();
    member = value.value_or(0);
    return value.has_value();
  }
  bool take(int& member) {
    const auto value = integer();
    if (!value || !std::in_range<int>(*value)) return false;
    member = static_cast<int>(*value);
    return true;
  }
  bool take(bool& member) {
    const auto value = integer();
    member = value && *value != 0;
    return value.has_value();
  }
  bool take(meter::UsageSource& member) { return take_choice(member, meter::UsageSource::kEstimated); }
  bool take(meter::UsageStep& member) { return take_choice(member, meter::UsageStep::kGuess); }
  bool take(meter::EstimatedCounts& member) { return take_choice(member, meter::EstimatedCounts::kBoth); }
  // An enumerator that a newer program invented is none that we can vouch for.
  template <typename Enum>
  bool take_choice(Enum& member, Enum last) {
    const auto value = integer();
    const bool known = value && *value >= 0 && *value <= static_cast<std::int64_t>(last);
    member = known ? static_cast<Enum>(*value) : Enum{};
    return value.has_value();
  }
  bool take(std::optional<std::int64_t>& member) {
    member = integer();
    return member.has_value();
  }
  bool take(std::string& member) {
    if (wire_ != Wire::kBytes) return false;
    member.assign(bytes_);
    return true;
  }
  bool take(std::vector<std::string>& member) {
    if (wire_ != Wire::kBytes) return false;
    member.emplace_back(bytes_);
    return true;
  }
  bool take(std::vector<std::pair<std::string, std::int64_t>>& member) {
    if (wire_ != Wire::kBytes) return false;
    std::string_view rest = bytes_;
    const auto count = take_varint(rest);
    if (!count) return false;
    member.emplace_back(rest, unzigzag(*count));
    return true;
  }

  std::string_view rest_;
  std::uint64_t number_ = 0;  // of the field that stands before rest_; kEnd behind the last
  Wire wire_ = Wire::kVarint;
  std::uint64_t value_ = 0;
  std::string_view bytes_;
  bool failed_ = false;
};

}  // namespace

void encode(const Event& event, std::string& out) {
  const std::size_t start = out.size();
  out.resize_and_overwrite(start + bound(event), [&](char* data, std::size_t) {
    FieldWriter writer(data + start);
    for_each_field(event, writer);
    return static_cast<std::size_t>(writer.at() - data);
  });
}

Result<Event> decode(std::string_view bytes) {
  Event event;
  FieldReader reader(bytes);
  for_each_field(event, reader);
  reader.finish();
  if (reader.failed()) return fail(ErrorCode::kCorrupt, "event: its bytes break the format");
  if (event.id == Uuid()) return fail(ErrorCode::kCorrupt, "event: no id");
  return event;
}

}  // namespace tokometer::event
