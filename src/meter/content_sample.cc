#include "meter/content_sample.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "meter/find_word.h"

namespace tokometer::meter {
namespace {

// Before each event: the lengths of its type and of its data.
using EventLengths = std::array<std::uint32_t, 2>;

void append_event(std::string& to, std::string_view type, std::string_view data) {
  const EventLengths lengths = {static_cast<std::uint32_t>(type.size()), static_cast<std::uint32_t>(data.size())};
  to.append(reinterpret_cast<const char*>(lengths.data()), sizeof(lengths));
  to += type;
  to += data;
}

void read_events(std::string_view from, FunctionRef<void(std::string_view, std::string_view)> use) {
  while (from.size() >= sizeof(EventLengths)) {
    EventLengths lengths;
    std::memcpy(lengths.data(), from.data(), sizeof(lengths));
    from.remove_prefix(sizeof(lengths));
    use(from.substr(0, lengths[0]), from.substr(lengths[0], lengths[1]));
    from.remove_prefix(std::size_t{lengths[0]} + lengths[1]);
  }
}

}  // namespace

void ContentSample::rotate() {
  std::swap(older_, newer_);
  newer_.clear();
  kept_ -= older_content_;
  older_content_ = std::exchange(newer_content_, 0);
}

void ContentSample::add(std::string_view bytes) {
  if (tail_bytes_ == 0) return;
  total_ += bytes.size();
  if (head_.size() < head_bytes_) {
    const auto part = bytes.substr(0, head_bytes_ - head_.size());
    head_ += part;
    kept_ += part.size();
    bytes.remove_prefix(part.size());
  }
  while (!bytes.empty()) {
    if (newer_.size() == tail_bytes_) rotate();
    const auto part = bytes.substr(0, tail_bytes_ - newer_.size());
    newer_ += part;
    newer_content_ += part.size();
    kept_ += part.size();
    bytes.remove_prefix(part.size());
  }
}

void ContentSample::add_event(std::string_view type, std::string_view data) {
  if (tail_bytes_ == 0) return;
  total_ += data.size();
  const std::size_t size = sizeof(EventLengths) + type.size() + data.size();
  if (!head_full_ && head_.size() + size <= head_bytes_) {
    append_event(head_, type, data);
    kept_ += data.size();
    return;
  }
  head_full_ = true;
  if (size > tail_bytes_) return;
  if (newer_.size() + size > tail_bytes_) rotate();
  append_event(newer_, type, data);
  newer_content_ += data.size();
  kept_ += data.size();
}

void ContentSample::drop() { *this = ContentSample(0); }

double ContentSample::head_share() const {
  return total_ == 0 ? 1 : static_cast<double>(whole() ? total_ : head_.size()) / static_cast<double>(total_);
}

std::string ContentSample::head() const { return whole() ? head_ + older_ + newer_ : head_; }

void ContentSample::for_each_event(FunctionRef<void(std::string_view, std::string_view)> use) const {
  for (const std::string* part : {&head_, &older_, &newer_}) read_events(*part, use);
}

bool ContentSample::mentions(std::string_view word) const {
  return std::ranges::any_of(std::array{&head_, &older_, &newer_},
                             [&](const std::string* part) { return find_word(*part, word) != std::string_view::npos; });
}

std::vector<std::string> ContentSample::runs() const {
  if (whole()) return {head_ + older_ + newer_};
  return {head_, older_ + newer_};
}

}  // namespace tokometer::meter
