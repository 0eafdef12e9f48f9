#include "meter/response_reader.h"

#include <algorithm>
#include <utility>

namespace tokometer::meter {

using provider::Framing;

ResponseReader::ResponseReader(const provider::Format& format, wire::Fields fields, std::string head_usage,
                               const Limits& limits, Findings& findings)
    : format_(format),
      findings_(findings),
      limits_(limits),
      coded_(fields, findings),
      head_usage_(std::move(head_usage)),
      type_(type_of(fields)) {
  // An event stream that is still empty is a stream all the same.
  if (type_ == Type::kEvents && format.stream) open(Framing::kSse);
}

ResponseReader::Type ResponseReader::type_of(wire::Fields fields) {
  auto type = wire::find(fields, "content-type").value_or("");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (wire::iequals(type, "text/event-stream")) return Type::kEvents;
  for (const char* lines : {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonl",
                            "application/jsonlines", "application/stream+json"}) {
    if (wire::iequals(type, lines)) return Type::kLines;
  }
  return Type::kOther;
}

bool ResponseReader::may_be(Framing framing) const {
  return format_.stream && std::ranges::find(format_.stream->framings, framing) != format_.stream->framings.end();
}

void ResponseReader::open(Framing framing) {
  decided_ = true;
  auto& stream = reader_.emplace<StreamReader>(*format_.stream, framing, limits_.max_event_bytes, findings_);
  if (!head_usage_.empty()) stream.start_with(std::exchange(head_usage_, {}));
}

void ResponseReader::decide(char first) {
  decided_ = true;
  if (first == '[' && may_be(Framing::kJsonArray)) return open(Framing::kJsonArray);
  if (type_ == Type::kLines && may_be(Framing::kNdjson)) return open(Framing::kNdjson);
  if (first == '{' || first == '[') {
    reader_.emplace<DocumentReader>(format_.response, limits_.max_response_bytes, findings_);
    return;
  }
  // "data:", "event:", "id:", "retry:" or a comment: no JSON begins like that, and some servers name the wrong type.
  if (std::string_view("deir:").contains(first) && may_be(Framing::kSse)) open(Framing::kSse);
}

void ResponseReader::feed(std::string_view bytes) {
  coded_.feed(bytes, [this](std::string_view piece) { content(piece); });
}

void ResponseReader::content(std::string_view content) {
  if (!decided_) {
    const auto first = content.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
    if (first == std::string_view::npos) return;
    content.remove_prefix(first);
    decide(content.front());
  }
  if (auto* stream = std::get_if<StreamReader>(&reader_)) {
    stream->feed(content);
  } else if (auto* document = std::get_if<DocumentReader>(&reader_)) {
    document->feed(content);
    if (document->closed()) coded_.close();
  } else {
    coded_.close();
  }
}

void ResponseReader::finish(bool complete) {
  if (complete) coded_.finish();
  if (auto* stream = std::get_if<StreamReader>(&reader_)) {
    stream->finish(complete);
  } else if (auto* document = std::get_if<DocumentReader>(&reader_)) {
    document->finish(complete);
  }
}

std::string ResponseReader::take_usage() {
  if (auto* stream = std::get_if<StreamReader>(&reader_)) return stream->take_usage();
  return combined(head_usage_, findings_.take(provider::Slot::kUsage), provider::Combine::kMerge);
}

}  // namespace tokometer::meter
