#include "wire/http1_decoder.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "wire/http1_split_testing.h"

namespace tokometer::wire::http1 {
namespace {

// Decodes `bytes` in one piece, byte by byte and in two pieces at every cut;
// fails where they differ, returns the transcript.
std::string requests(std::string_view bytes, const Limits& limits = {}) {
  const std::string expected = transcribe_requests(bytes, whole, limits);
  EXPECT_EQ(transcribe_requests(bytes, one_byte, limits), expected);
  for (std::size_t cut = 1; cut < bytes.size() && bytes.size() < 2000; ++cut) {
    EXPECT_EQ(transcribe_requests(
                  bytes, [cut](std::size_t at) { return at == 0 ? cut : std::string_view::npos; }, limits),
              expected)
        << "cut at " << cut;
  }
  return expected;
}

std::string responses(std::string_view bytes, bool head_request = false) {
  const std::string expected = transcribe_responses(bytes, whole, head_request);
  EXPECT_EQ(transcribe_responses(bytes, one_byte, head_request), expected);
  for (std::size_t cut = 1; cut < bytes.size() && bytes.size() < 2000; ++cut) {
    EXPECT_EQ(transcribe_responses(
                  bytes, [cut](std::size_t at) { return at == 0 ? cut : std::string_view::npos; }, head_request),
              expected)
        << "cut at " << cut;
  }
  return expected;
}

TEST(Http1RequestTest, ReadsHeadAndContent) {
  EXPECT_EQ(requests("POST /v1/x?a=b HTTP/1.1\r\nHost: a.example\r\nX-Case:  kept \t\r\nContent-Length: 3\r\n\r\nabc"),
            "POST /v1/x?a=b a.example 1.1 expect=false upgrade=false\n"
            "  Host=a.example\n  X-Case=kept\n  Content-Length=3\n"
            "  raw=80 keep_alive=true framing=1:3\n"
            "content \"abc\" wire \"abc\"\nend\n");
}

TEST(Http1RequestTest, ReadsPipelinedRequests) {
  EXPECT_EQ(requests("\r\nGET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
                     "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
                     "GET /3 HTTP/1.0\r\n\r\n"),
            "GET /1 a 1.1 expect=false upgrade=false\n  Host=a\n  raw=28 keep_alive=true framing=0:0\nend\n"
            "POST /2 a 1.1 expect=false upgrade=false\n  Host=a\n  Content-Length=2\n"
            "  raw=48 keep_alive=true framing=1:2\ncontent \"hi\" wire \"hi\"\nend\n"
            "GET /3  1.0 expect=false upgrade=false\n  raw=19 keep_alive=false framing=0:0\nend\n");
}

TEST(Http1RequestTest, FindsContentInChunksAndKeepsTheWireAsItWas) {
  EXPECT_EQ(
      requests("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
               "3;x=\"y z\"\r\nabc\r\n0A\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n"),
      "POST / a 1.1 expect=false upgrade=false\n  Host=a\n  Transfer-Encoding=chunked\n"
      "  raw=56 keep_alive=true framing=2:0\n"
      "content \"abc0123456789\" wire \"3;x=\"y z\"\r\nabc\r\n0A\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n\"\nend\n");
}

TEST(Http1RequestTest, TakesAnAbsoluteFormApart) {
  const std::string text = requests("GET http://b.example:8/x?y HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(text.starts_with("GET /x?y b.example:8 1.1 ")) << text;
}

TEST(Http1RequestTest, SeesExpectUpgradeAndConnectionOptions) {
  const std::string text = requests(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nExpect: 100-Continue\r\n"
      "\r\n");
  EXPECT_NE(text.find("expect=true upgrade=true"), std::string::npos) << text;
  EXPECT_NE(requests("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\n\r\n").find("keep_alive=false"),
            std::string::npos);
  EXPECT_NE(requests("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").find("keep_alive=true"), std::string::npos);
}

struct RefusedCase {
  const char* name;
  std::string_view bytes;
  const char* expected;
};

class Http1RefusedTest : public testing::TestWithParam<RefusedCase> {};

TEST_P(Http1RefusedTest, IsRefusedHoweverItIsCut) {
  const std::string text = requests(GetParam().bytes);
  const std::string expected = std::string("refused ") + GetParam().expected + "\n";
  EXPECT_TRUE(text.ends_with(expected)) << text;
}

using namespace std::string_view_literals;

INSTANTIATE_TEST_SUITE_P(
    Smuggling, Http1RefusedTest,
    testing::Values(
        RefusedCase{"LengthAndChunked",
                    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                    "400 length_and_chunked"},
        RefusedCase{"ChunkedAndLength",
                    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
                    "400 length_and_chunked"},
        RefusedCase{"TwoLengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
                    "400 framing_repeated"},
        RefusedCase{"TwoEqualLengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\ncontent-length: 3\r\n\r\n",
                    "400 framing_repeated"},
        RefusedCase{"LengthList", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\n", "400 content_length"},
        RefusedCase{"LengthSigned", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\n", "400 content_length"},
        RefusedCase{"LengthNegative", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\n", "400 content_length"},
        RefusedCase{"LengthHex", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\n", "400 content_length"},
        RefusedCase{"LengthEmpty", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", "400 content_length"},
        RefusedCase{"LengthHuge", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551619\r\n\r\n",
                    "400 content_length"},
        RefusedCase{"TwoChunked",
                    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
                    "400 framing_repeated"},
        RefusedCase{"ChunkedTwice", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
                    "501 transfer_encoding"},
        RefusedCase{"ChunkedNotLast", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
                    "501 transfer_encoding"},
        RefusedCase{"GzipThenChunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                    "501 transfer_encoding"},
        RefusedCase{"ChunkedMisspelt", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
                    "501 transfer_encoding"},
        RefusedCase{"ChunkedWithVerticalTab",
                    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0b"
                    "chunked\r\n\r\n",
                    "400 field_value"},
        RefusedCase{"ChunkedIn10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
                    "400 transfer_encoding_1_0"},
        RefusedCase{"SpaceBeforeColon", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 3\r\n\r\n", "400 field_name"},
        RefusedCase{"TabBeforeColon", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\t: chunked\r\n\r\n",
                    "400 field_name"},
        RefusedCase{"ObsFold", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", "400 obs_fold"},
        RefusedCase{"ObsFoldTab", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\t2\r\n\r\n", "400 obs_fold"},
        RefusedCase{"FoldInFirstField", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400 obs_fold"},
        RefusedCase{"BareLfInHead", "GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n", "400 bare_lf"},
        RefusedCase{"BareLfAtEnd", "GET / HTTP/1.1\r\nHost: a\r\n\n", "400 bare_lf"},
        RefusedCase{"BareLfAfterRequestLine", "GET / HTTP/1.1\nHost: a\r\n\r\n", "400 bare_lf"},
        RefusedCase{"BareCrInValue", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\rY: 2\r\n\r\n", "400 field_value"},
        RefusedCase{"BareCrInName", "GET / HTTP/1.1\r\nHost: a\r\nX\rY: 2\r\n\r\n", "400 field_name"},
        RefusedCase{"NulInValue", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\0002\r\n\r\n"sv, "400 field_value"},
        RefusedCase{"NulInLongValue", "GET / HTTP/1.1\r\nHost: a\r\nX: 0123456789\0abcdef\r\n\r\n"sv,
                    "400 field_value"},
        RefusedCase{"NulInName", "GET / HTTP/1.1\r\nHost: a\r\nX\0: 1\r\n\r\n"sv, "400 field_name"},
        RefusedCase{"EmptyName", "GET / HTTP/1.1\r\nHost: a\r\n: 1\r\n\r\n", "400 field_name"},
        RefusedCase{"NoColon", "GET / HTTP/1.1\r\nHost: a\r\nabc\r\n\r\n", "400 field_name"},
        RefusedCase{"NameNotAscii", "GET / HTTP/1.1\r\nHost: a\r\nX\xc3\xa9: 1\r\n\r\n", "400 field_name"},
        RefusedCase{"DelInValue", "GET / HTTP/1.1\r\nHost: a\r\nX: a\x7f\r\n\r\n", "400 field_value"},
        RefusedCase{"NoHost", "GET / HTTP/1.1\r\nX: a\r\n\r\n", "400 host"},
        RefusedCase{"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400 host"},
        RefusedCase{"HostWithUser", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "400 host"},
        RefusedCase{"HostWithPath", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400 host"}),
    [](const auto& refused) { return refused.param.name; });

INSTANTIATE_TEST_SUITE_P(
    RequestLine, Http1RefusedTest,
    testing::Values(RefusedCase{"Http09", "GET /\r\n", "505 http_version"},
                    RefusedCase{"Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 http2"},
                    RefusedCase{"Http3", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", "505 http_version"},
                    RefusedCase{"Http12", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", "505 http_version"},
                    RefusedCase{"LowerCaseVersion", "GET / http/1.1\r\nHost: a\r\n\r\n", "400 request_line"},
                    RefusedCase{"LongVersion", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", "400 request_line"},
                    RefusedCase{"TwoSpaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400 target"},
                    RefusedCase{"SpaceInTarget", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "400 target"},
                    RefusedCase{"TabInLine", "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", "400 request_line"},
                    RefusedCase{"Fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", "400 target"},
                    RefusedCase{"ControlInTarget", "GET /a\x01 HTTP/1.1\r\nHost: a\r\n\r\n", "400 target"},
                    RefusedCase{"NotAsciiTarget", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", "400 target"},
                    RefusedCase{"RelativeTarget", "GET a/b HTTP/1.1\r\nHost: a\r\n\r\n", "400 target"},
                    RefusedCase{"OtherScheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "400 target"},
                    RefusedCase{"UserInTarget", "GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n", "400 target"},
                    RefusedCase{"UrlWithoutPath", "GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", "400 target"},
                    RefusedCase{"AsteriskGet", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", "400 target"},
                    RefusedCase{"ConnectToAPath", "CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n", "400 target"},
                    RefusedCase{"ConnectWithContent",
                                "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nContent-Length: 1\r\n\r\n", "400 connect"},
                    RefusedCase{"MethodNotToken", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n", "400 request_line"},
                    RefusedCase{"TlsHello", "\x16\x03\x01\x02", "400 request_line"},
                    RefusedCase{"TwoEmptyLines", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400 request_line"},
                    RefusedCase{"LoneCr", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400 request_line"},
                    RefusedCase{"FirstOfTwoFaultsCounts", "GET / HTTP/x.1\r\nHost: a\n\r\n", "400 request_line"},
                    RefusedCase{"LeadingSpace", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", "400 request_line"}),
    [](const auto& refused) { return refused.param.name; });

TEST(Http1LimitsTest, RefusesALongRequestLineBeforeItsEnd) {
  EXPECT_EQ(requests("GET /" + std::string(20000, 'a')), "refused 414 start_line_too_long\n");
}

TEST(Http1LimitsTest, RefusesALargeHeadBeforeItsEnd) {
  EXPECT_EQ(requests("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(70000, 'a')), "refused 431 head_too_large\n");
}

TEST(Http1LimitsTest, RefusesAHundredThousandFields) {
  std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 100000; ++i) bytes += "a:\r\n";
  EXPECT_EQ(requests(bytes + "\r\n"), "refused 431 head_too_large\n");
}

TEST(Http1LimitsTest, TakesWhatIsJustWithinTheLimits) {
  const Limits limits{.start_line_bytes = 16, .head_bytes = 30, .fields = 2};
  EXPECT_TRUE(requests("GET / HTTP/1.1\r\nHost: a\r\na:\r\n\r\n", {.fields = 2}).ends_with("end\n"));
  EXPECT_EQ(requests("GET / HTTP/1.1\r\nHost: a\r\na:\r\nb:\r\n\r\n", {.fields = 2}), "refused 431 head_too_large\n");
  EXPECT_TRUE(requests("GET / HTTP/1.1\r\nHost: a\r\n\r\n", limits).ends_with("end\n"));
  EXPECT_EQ(requests("GET / HTTP/1.1\r\nHost: abcde\r\n\r\n", limits), "refused 431 head_too_large\n");
}

TEST(Http1ResponseTest, ReadsEveryFraming) {
  EXPECT_EQ(responses("HTTP/1.1 200 All Right\r\nContent-Length: 2\r\n\r\nhi"),
            "200 All Right 1.1\n  Content-Length=2\n  raw=45 keep_alive=true framing=1:2\n"
            "content \"hi\" wire \"hi\"\nend\n");
  EXPECT_EQ(responses("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
            "200 OK 1.1\n  Transfer-Encoding=Chunked\n  raw=47 keep_alive=true framing=2:0\n"
            "content \"hi\" wire \"2\r\nhi\r\n0\r\n\r\n\"\nend\n");
  EXPECT_EQ(responses("HTTP/1.0 200 \r\n\r\nuntil the end"),
            "200  1.0\n  raw=17 keep_alive=false framing=3:0\ncontent \"until the end\" wire \"until the end\"\n");
  EXPECT_EQ(responses("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"),
            "200  1.1\n  Content-Length=0\n  raw=35 keep_alive=true framing=0:0\nend\n");
}

TEST(Http1ResponseTest, SomeResponsesHaveNoContentWhateverTheySay) {
  for (const std::string_view status : {"100", "103", "204", "304"}) {
    const std::string text = responses("HTTP/1.1 " + std::string(status) + " X\r\nContent-Length: 5\r\n\r\n");
    EXPECT_TRUE(text.ends_with("framing=0:0\nend\n")) << text;
  }
  EXPECT_TRUE(responses("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true).ends_with("framing=0:0\nend\n"));
  EXPECT_TRUE(responses("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true).ends_with("framing=0:0\nend\n"));
}

TEST(Http1ResponseTest, RefusesWhatTwoReadersCouldReadDifferently) {
  const auto refused = [](std::string_view bytes) { return responses(bytes); };
  EXPECT_EQ(refused("HTTP/2 200\r\n\r\n"), "refused 502 status_line\n");
  EXPECT_EQ(refused("HTTP/1.1 20 OK\r\n\r\n"), "refused 502 status_line\n");
  EXPECT_EQ(refused("HTTP/1.1 2000 OK\r\n\r\n"), "refused 502 status_line\n");
  EXPECT_EQ(refused("HTTP/1.1 099 OK\r\n\r\n"), "refused 502 status_line\n");
  EXPECT_EQ(refused("HTTP/1.1 200 O\x01K\r\n\r\n"), "refused 502 status_line\n");
  EXPECT_EQ(refused("HTTP/1.1 200 OK\nX: 1\r\n\r\n"), "refused 400 bare_lf\n");
  EXPECT_EQ(refused("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
            "refused 400 length_and_chunked\n");
  EXPECT_EQ(refused("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
            "refused 400 framing_repeated\n");
  EXPECT_EQ(refused("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), "refused 502 transfer_encoding_1_0\n");
}

TEST(Http1RequestTest, AHeadInOnePieceIsNotCopied) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
  RequestDecoder decoder{Limits{}};
  std::string_view input = bytes;
  ASSERT_EQ(decoder.read(input), Read::kHead);
  EXPECT_EQ(decoder.head().raw.data(), bytes.data());
  EXPECT_EQ(input, "rest");
}

}  // namespace
}  // namespace tokometer::wire::http1
