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
#include "meter/exchange_meter.h"
#include "meter/findings.h"
#include "meter/stream_reader.h"
#include "provider/format.h"
#include "wire/fields.h"

namespace tokometer::meter {

class ResponseReader {
 public:
  // `format` and `findings` must outlive the reader. `head_usage` is what the response's fields say it used.
  ResponseReader(const provider::Format& format, wire::Fields fields, std::string head_usage, const Limits& limits,
                 Findings& findings);

  void feed(std::string_view bytes);
  // `complete` is whether the response came to its end.
  void finish(bool complete);

  bool is_stream() const { return std::holds_alternative<StreamReader>(reader_); }
  // The usage object of the whole response; empty if there was none.
  std::string take_usage();

 private:
  enum class Type : std::uint8_t { kEvents, kLines, kOther };
  struct Nothing {};  // not known yet, or nothing that is read

  static Type type_of(wire::Fields fields);
  void content(std::string_view content);
  void decide(char first);
  void open(provider::Framing framing);
  bool may_be(provider::Framing framing) const;

  const provider::Format& format_;
  Findings& findings_;
  Limits limits_;
  CodedContent coded_;
  std::string head_usage_;
  std::variant<Nothing, DocumentReader, StreamReader> reader_;
  Type type_;
  bool decided_ = false;
};

}  // namespace tokometer::meter
