#include "wire/form_data.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace tokometer::wire::form_data {
namespace {

constexpr std::string_view kType = "multipart/form-data; boundary=--x";

// "name=value", and "!" behind a value that was cut; then whether the form was closed.
std::vector<std::string> decode(std::string_view type, const std::vector<std::string_view>& chunks,
                                const Limits& limits = {}) {
  std::vector<std::string> fields;
  auto decoder = Decoder::open(type, limits);
  if (!decoder) return {"no form"};
  for (const auto chunk : chunks) {
    decoder->feed(chunk, [&](const Field& field) {
      fields.push_back(std::string(field.name) + "=" + std::string(field.value) + (field.truncated ? "!" : ""));
    });
  }
  fields.emplace_back(decoder->complete() ? "complete" : "open");
  return fields;
}

using Fields = std::vector<std::string>;

constexpr std::string_view kForm =
    "preamble\r\n"
    "----x\r\n"
    "Content-Disposition: form-data; name=\"model\"\r\n"
    "\r\n"
    "whisper-1\r\n"
    "----x  \r\n"
    "content-type: audio/wav\r\n"
    "CONTENT-DISPOSITION: form-data; name=\"file\"; filename=\"a;\\\"b.wav\"\r\n"
    "\r\n"
    "RIFF\r\n--\r\n----\r\n--y\r\r\n\n\r\n"
    "----x\r\n"
    "Content-Disposition: form-data; name=stream\r\n"
    "\r\n"
    "\r\n----x\r\n"
    "Content-Disposition: form-data; name=\"lines\"\r\n"
    "\r\n"
    "a\r\n--b\r\r\n---c\r\n"
    "----x--\r\n"
    "epilogue";

TEST(FormData, GivesThePlainFields) {
  EXPECT_EQ(decode(kType, {kForm}), (Fields{"model=whisper-1", "stream=", "lines=a\r\n--b\r\r\n---c", "complete"}));
}

TEST(FormData, GivesTheSameWhereverItIsCut) {
  const Fields whole = decode(kType, {kForm});
  for (std::size_t cut = 1; cut < kForm.size(); ++cut) {
    ASSERT_EQ(decode(kType, {kForm.substr(0, cut), kForm.substr(cut)}), whole) << cut;
  }
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < kForm.size(); ++i) bytes.push_back(kForm.substr(i, 1));
  EXPECT_EQ(decode(kType, bytes), whole);
}

TEST(FormData, StartsWithItsFirstBoundary) {
  EXPECT_EQ(decode("multipart/form-data;boundary=\"b 1\"",
                   {"--b 1\r\ncontent-disposition: form-data; name=a\r\n\r\n1\r\n--b 1--"}),
            (Fields{"a=1", "complete"}));
}

TEST(FormData, KeepsNoMoreThanItsLimits) {
  const Limits limits{.max_value_bytes = 3, .max_head_bytes = 60};
  EXPECT_EQ(decode(kType,
                   {"----x\r\ncontent-disposition: form-data; name=a\r\n\r\n1234567\r\n----x\r\nx-long: " +
                    std::string(100, 'x') +
                    "\r\ncontent-disposition: form-data; name=b\r\n\r\n1\r\n----x\r\n"
                    "content-disposition: form-data; name=c\r\n\r\n123\r\n----x--"},
                   limits),
            (Fields{"a=123!", "c=123", "complete"}));
}

TEST(FormData, IsCutShort) {
  EXPECT_EQ(decode(kType, {"----x\r\ncontent-disposition: form-data; name=a\r\n\r\n12"}), (Fields{"open"}));
  EXPECT_EQ(decode(kType, {""}), (Fields{"open"}));
}

TEST(FormData, RefusesWhatIsNoForm) {
  for (const char* type : {"", "application/json", "multipart/mixed; boundary=x", "multipart/form-data",
                           "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a\r\nb\""}) {
    EXPECT_EQ(decode(type, {}), (Fields{"no form"})) << type;
  }
  EXPECT_EQ(decode("multipart/form-data; boundary=" + std::string(71, 'x'), {}), (Fields{"no form"}));
}

}  // namespace
}  // namespace tokometer::wire::form_data
