// Reads the content of one message as it passes: undoes its coding, and reads
// the JSON document or the form that it is.
//
// Not here: streams of events (stream_reader.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/function_ref.h"
#include "json/extractor.h"
#include "meter/findings.h"
#include "provider/format.h"
#include "wire/content_coding.h"
#include "wire/fields.h"
#include "wire/form_data.h"

namespace tokometer::meter {

// Content with its coding undone.
class CodedContent {
 public:
  // `findings` must outlive it. A coding that is unknown is a fault, and then there is no content.
  CodedContent(wire::Fields fields, Findings& findings);

  // Hands what `bytes` mean to `use`, in pieces. A fault is counted once; what comes after it is not read.
  void feed(std::string_view bytes, FunctionRef<void(std::string_view)> use);
  // The content has ended where its sender meant it to. False if it ended within its coding.
  bool finish();
  // Whether all of it was read so far: its coding is known and not corrupt.
  bool readable() const { return readable_; }
  // Nothing more is wanted.
  void close() { closed_ = true; }

 private:
  void unreadable();

  Findings& findings_;
  std::optional<wire::content_coding::Decoder> decoder_;  // none: no coding
  bool closed_ = false;
  bool readable_ = true;
};

// One JSON document, of which `rules` says what is wanted.
class DocumentReader {
 public:
  // `rules` and `findings` must outlive the reader. `max_bytes` bounds what is looked at.
  DocumentReader(const provider::ContentRules& rules, std::uint64_t max_bytes, Findings& findings)
      : rules_(rules), findings_(findings), left_(max_bytes), extractor_(rules.set) {}

  void feed(std::string_view content);
  // Nothing more will be read: the limit was reached, or it is no JSON.
  bool closed() const { return closed_; }
  // The document has ended, complete or broken off. False if it was to be complete, and ended within its JSON.
  bool finish(bool complete);

 private:
  const provider::ContentRules& rules_;
  Findings& findings_;
  std::uint64_t left_;
  json::Extractor extractor_;
  bool started_ = false;
  bool closed_ = false;
};

// A multipart form, of which `picks` says what is wanted.
class FormReader {
 public:
  // `picks` and `findings` must outlive the reader.
  FormReader(wire::form_data::Decoder decoder, const std::vector<provider::HeadPick>& picks, std::uint64_t max_bytes,
             Findings& findings)
      : picks_(picks), findings_(findings), left_(max_bytes), decoder_(std::move(decoder)) {}

  void feed(std::string_view content);
  // Nothing more will be read: the form or the limit has ended.
  bool closed() const { return closed_; }

 private:
  const std::vector<provider::HeadPick>& picks_;
  Findings& findings_;
  std::uint64_t left_;
  wire::form_data::Decoder decoder_;
  bool closed_ = false;
};

}  // namespace tokometer::meter
