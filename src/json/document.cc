#include "json/document.h"

#include <algorithm>

#include "json/document_data.h"
#include "json/number.h"
#include "json/text.h"

namespace tokometer::json {

Document::Document(std::unique_ptr<const DocumentData> data) : data_(std::move(data)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Node Document::root() const { return {data_.get(), static_cast<std::uint32_t>(data_->slots.size() - 1)}; }

std::string_view Document::text() const { return data_->text; }

Location Document::location(std::size_t offset) const { return json::location(data_->text, offset); }

std::vector<Document::Duplicate> Document::duplicates() const {
  std::vector<Duplicate> all;
  for (const Slot& slot : data_->slots) {
    if (std::ranges::binary_search(data_->duplicates, slot.name_offset)) {
      all.push_back({std::string(data_->string(slot.name)), location(slot.name_offset)});
    }
  }
  return all;
}

Location location(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t newline = before.rfind('\n');
  const std::string_view line = newline == std::string_view::npos ? before : before.substr(newline + 1);
  return {.line = static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1,
          .column = count_code_points(line) + 1};
}

Kind Node::kind() const { return data_ == nullptr ? Kind::kNull : data_->slots[slot_].kind; }

std::optional<bool> Node::boolean() const {
  if (!is_bool()) return std::nullopt;
  return raw() == "true";
}

std::optional<std::string_view> Node::string() const {
  if (!is_string()) return std::nullopt;
  return data_->string(data_->slots[slot_].string);
}

std::optional<std::string_view> Node::number() const {
  if (!is_number()) return std::nullopt;
  return raw();
}

std::optional<std::int64_t> Node::int64() const { return scaled(0); }

std::optional<std::int64_t> Node::scaled(int scale) const {
  return is_number() ? to_scaled(raw(), scale) : std::nullopt;
}

std::optional<double> Node::to_double() const { return is_number() ? json::to_double(raw()) : std::nullopt; }

std::size_t Node::size() const { return is_array() || is_object() ? data_->slots[slot_].string.size : 0; }

Node Node::operator[](std::string_view name) const {
  if (!is_object()) return {};
  const StringRef children = data_->slots[slot_].string;
  for (std::uint32_t i = children.begin; i != children.begin + children.size; ++i) {
    if (data_->string(data_->slots[i].name) == name) return {data_, i};
  }
  return {};
}

Node Node::operator[](std::size_t index) const {
  if (!is_array() || index >= size()) return {};
  return {data_, data_->slots[slot_].string.begin + static_cast<std::uint32_t>(index)};
}

Member Node::Members::at(Node parent, std::size_t index) {
  const std::uint32_t slot = parent.data_->slots[parent.slot_].string.begin + static_cast<std::uint32_t>(index);
  return {parent.data_->string(parent.data_->slots[slot].name), Node(parent.data_, slot)};
}

std::string_view Node::raw() const {
  if (data_ == nullptr) return {};
  const Slot& slot = data_->slots[slot_];
  return std::string_view(data_->text).substr(slot.begin, slot.size);
}

std::size_t Node::offset() const { return data_ == nullptr ? 0 : data_->slots[slot_].begin; }

Location Node::location() const { return data_ == nullptr ? Location{} : json::location(data_->text, offset()); }

Location Member::name_location() const {
  return json::location(value.data_->text, value.data_->slots[value.slot_].name_offset);
}

bool equal(Node a, Node b) {
  if (!a || !b) return !a && !b;
  if (a.kind() != b.kind() || a.size() != b.size()) return false;
  switch (a.kind()) {
    case Kind::kNull:
      return true;
    case Kind::kBool:
      return a.boolean() == b.boolean();
    case Kind::kNumber:
      return compare_numbers(*a.number(), *b.number()) == 0;
    case Kind::kString:
      return a.string() == b.string();
    case Kind::kArray:
      for (std::size_t i = 0; i < a.size(); ++i) {
        if (!equal(a[i], b[i])) return false;
      }
      return true;
    case Kind::kObject:
      return std::ranges::all_of(a.members(), [b](const Member& member) {
        const Node other = b[member.name];
        return other && equal(member.value, other);
      });
  }
  return false;
}

}  // namespace tokometer::json
