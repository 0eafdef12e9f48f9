#include "meter/body_reader.h"

#include <string>

namespace tokometer::meter {
namespace {

std::string coding_of(wire::Fields fields) {
  std::string value;
  for (const wire::Field& field : fields) {
    if (!wire::iequals(field.name, "content-encoding")) continue;
    if (!value.empty()) value += ',';
    value += field.value;
  }
  return value;
}

}  // namespace

CodedContent::CodedContent(wire::Fields fields, Findings& findings) : findings_(findings) {
  const std::string coding = coding_of(fields);
  if (coding.empty()) return;
  auto decoder = wire::content_coding::Decoder::open(coding);
  if (!decoder) {
    unreadable();
  } else if (!decoder->is_identity()) {
    decoder_ = std::move(*decoder);
  }
}

void CodedContent::feed(std::string_view bytes, FunctionRef<void(std::string_view)> use) {
  if (closed_) return;
  if (!decoder_) return use(bytes);
  if (decoder_->feed(bytes, use) || closed_) return;
  unreadable();
}

void CodedContent::unreadable() {
  closed_ = true;
  readable_ = false;
  findings_.count(Fault::kContentCoding);
}

bool CodedContent::finish() {
  if (closed_ || !decoder_ || decoder_->finish()) return true;
  findings_.count(Fault::kContentCoding);
  return false;
}

void DocumentReader::feed(std::string_view content) {
  if (closed_ || content.empty()) return;
  started_ = true;
  const auto sink = [&](std::size_t query, const json::Value& value) { findings_.take(rules_, query, value); };
  const auto looked_at = content.substr(0, left_);
  if (!extractor_.feed(looked_at, sink)) {
    closed_ = true;
    findings_.count(Fault::kSyntax);
  } else if (looked_at.size() < content.size()) {
    closed_ = true;
    findings_.cut();
  }
  left_ -= looked_at.size();
}

bool DocumentReader::finish(bool complete) {
  if (closed_ || !started_ || !complete) return true;
  const auto sink = [&](std::size_t query, const json::Value& value) { findings_.take(rules_, query, value); };
  if (extractor_.finish(sink)) return true;
  findings_.count(Fault::kSyntax);
  return false;
}

void FormReader::feed(std::string_view content) {
  if (closed_) return;
  const auto looked_at = content.substr(0, left_);
  left_ -= looked_at.size();
  decoder_.feed(looked_at, [this](const wire::form_data::Field& field) {
    for (const provider::HeadPick& pick : picks_) {
      if (pick.from != provider::HeadPick::From::kForm || pick.name != field.name) continue;
      if (field.truncated) return findings_.cut();
      findings_.put(pick.pick, field.value);
    }
  });
  if (looked_at.size() < content.size()) findings_.cut();
  closed_ = decoder_.complete() || looked_at.size() < content.size();
}

}  // namespace tokometer::meter
