// Reads a response's content: finds out what it is, then reads it as that.
//
// The content type decides between one document and a stream; where it is
// missing or says less than that, the first byte does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "meter/body_reader.h"
#include "meter/content_sample.h"
#include "meter/exchange_meter.h"
#include "meter/findings.h"
#include "meter/stream_reader.h"
#include "provider/format.h"
#include "wire/fields.h"

namespace tokometer::meter {

class ResponseReader {
 public:
  // What is known of the response's head.
  struct Head {
    int status;
    wire::Fields fields;
    std::string usage;  // what its fields say was used
  };

  // `format`, `findings` and `calls` must outlive the reader.
  ResponseReader(const provider::Format& format, Head head, const Limits& limits, Findings& findings,
                 const ApartSink& calls);

  void feed(std::string_view bytes);
  // `complete` is whether the response came to its end by its transport. Returns whether its content did, too: a
  // gateway that gives up ends a response properly, but not within what it passes on.
  bool finish(bool complete);

  bool is_stream() const { return std::holds_alternative<StreamReader>(reader_) && !format_.stream->separate; }
  // Whether the content is sound, pictures or a file by its type: nothing that would state usage.
  bool is_media() const { return type_ == Type::kMedia; }
  // Whether it is a stream in which no event came.
  bool is_silent_stream() const;
  // Whether usage was stated at the beginning of a stream alone, before there was any output to count.
  bool usage_has_only_begun() const;
  // The usage object of the whole response; empty if there was none.
  std::string take_usage();
  // Of a stream of one message, the usage object that was stated last; else empty.
  std::string last_usage() const;
  // What was kept of the content.
  const ContentSample& sample() const { return sample_; }
  // The text that came out, as far as it was kept.
  TextSample text() const;

 private:
  enum class Type : std::uint8_t { kNone, kEvents, kAwsEvents, kLines, kMedia, kOther };
  struct Nothing {};  // not known yet, or nothing that is read

  static Type type_of(wire::Fields fields);
  void content(std::string_view content);
  void decide(char first);
  void open(StreamReader::Cut cut);
  bool may_be(provider::Framing framing) const;

  const provider::Format& format_;
  Findings& findings_;
  const ApartSink& calls_;
  Limits limits_;
  bool is_success_;
  CodedContent coded_;
  ContentSample sample_;
  std::string head_usage_;
  std::variant<Nothing, DocumentReader, StreamReader> reader_;
  Type type_;
  bool decided_ = false;
};

}  // namespace tokometer::meter
