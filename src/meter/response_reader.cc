#include "meter/response_reader.h"

#include <algorithm>
#include <utility>

namespace tokometer::meter {

using provider::Framing;

ResponseReader::ResponseReader(const provider::Format& format, Head head, const Limits& limits, Findings& findings,
                               const ApartSink& calls)
    : format_(format),
      findings_(findings),
      calls_(calls),
      limits_(limits),
      is_success_(head.status >= 200 && head.status < 300),
      coded_(head.fields, findings),
      sample_(limits.sample_bytes),
      head_usage_(std::move(head.usage)),
      type_(type_of(head.fields)) {
  // An event stream that is still empty is a stream all the same.
  if (type_ == Type::kEvents && format.stream) open(Framing::kSse);
  if (type_ == Type::kAwsEvents && may_be(Framing::kAwsEventStream)) open(Framing::kAwsEventStream);
}

ResponseReader::Type ResponseReader::type_of(wire::Fields fields) {
  auto type = wire::find(fields, "content-type").value_or("");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (type.empty()) return Type::kNone;
  if (wire::iequals(type, "text/event-stream")) return Type::kEvents;
  if (wire::iequals(type, "application/vnd.amazon.eventstream")) return Type::kAwsEvents;
  for (const char* lines : {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonl",
                            "application/jsonlines", "application/stream+json"}) {
    if (wire::iequals(type, lines)) return Type::kLines;
  }
  for (const char* media : {"audio/", "image/", "video/", "application/octet-stream"}) {
    if (wire::istarts_with(type, media)) return Type::kMedia;
  }
  return Type::kOther;
}

bool ResponseReader::may_be(Framing framing) const {
  return format_.stream && std::ranges::find(format_.stream->framings, framing) != format_.stream->framings.end();
}

void ResponseReader::open(StreamReader::Cut cut) {
  decided_ = true;
  auto& stream = reader_.emplace<StreamReader>(*format_.stream, format_.usage, cut, limits_.max_event_bytes, sample_,
                                               findings_, calls_);
  if (!head_usage_.empty()) stream.start_with(std::exchange(head_usage_, {}));
}

void ResponseReader::decide(char first) {
  decided_ = true;
  if (first == '[' && may_be(Framing::kJsonArray)) return open(Framing::kJsonArray);
  // A message's length, whose first byte is 0.
  if (first == '\0' && may_be(Framing::kAwsEventStream)) return open(Framing::kAwsEventStream);
  if (type_ == Type::kLines && may_be(Framing::kNdjson)) return open(Framing::kNdjson);
  // Without a type, lines of JSON look like one document at first: where an endpoint may answer in lines, it does.
  if (type_ == Type::kNone && first == '{' && may_be(Framing::kNdjson)) return open(Framing::kNdjson);
  // The results of a batch are a file, which may come under any type; what tells of an error is a document.
  if (first == '{' && is_success_ && format_.stream && format_.stream->separate) {
    if (format_.stream->elements) return open(StreamReader::Elements());
    if (may_be(Framing::kNdjson)) return open(Framing::kNdjson);
  }
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
    sample_.add(content);
    // What was kept of a broken document must not depend on how it was cut.
    if (document->closed() && (!sample_.is_open() || sample_.total() > limits_.max_response_bytes)) coded_.close();
  } else {
    coded_.close();
  }
}

bool ResponseReader::finish(bool complete) {
  bool ended = complete && coded_.finish();
  if (auto* stream = std::get_if<StreamReader>(&reader_)) {
    stream->finish(complete);
    // Of what could not be read, the end is not known; without a type, it may be a document that looks like a stream.
    if (is_success_ && coded_.readable() && type_ != Type::kNone) ended = ended && stream->has_ended();
  } else if (auto* document = std::get_if<DocumentReader>(&reader_)) {
    ended = document->finish(complete) && ended;
  }
  return ended;
}

TextSample ResponseReader::text() const {
  if (const auto* stream = std::get_if<StreamReader>(&reader_)) return stream->text();
  return document_text(format_.response_text, sample_);
}

std::string ResponseReader::last_usage() const {
  const auto* stream = std::get_if<StreamReader>(&reader_);
  return stream != nullptr ? stream->last_usage() : std::string();
}

bool ResponseReader::is_silent_stream() const {
  const auto* stream = std::get_if<StreamReader>(&reader_);
  return stream != nullptr && !stream->has_begun();
}

bool ResponseReader::usage_has_only_begun() const {
  const auto* stream = std::get_if<StreamReader>(&reader_);
  return stream != nullptr && stream->usage_has_only_begun();
}

std::string ResponseReader::take_usage() {
  if (auto* stream = std::get_if<StreamReader>(&reader_)) return stream->take_usage();
  return combined(head_usage_, findings_.take_usage(), provider::Combine::kMerge);
}

}  // namespace tokometer::meter
