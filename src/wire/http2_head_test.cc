#include "wire/http2_head.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/http1_decoder.h"
#include "wire/http1_encoder.h"

namespace tokometer::wire::http2 {
namespace {

std::vector<Field> asked(std::vector<Field> more, std::string_view method = "GET", std::string_view path = "/x") {
  std::vector<Field> fields = {{":method", method}, {":scheme", "https"}, {":path", path}, {":authority", "a.example"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

std::string request_text(const std::vector<Field>& fields, bool end = true) {
  std::string text;
  const auto refused = write_request(fields, end, "key", text);
  return refused ? "refused: " + std::string(refused->code) : text;
}

TEST(Http2HeadTest, RequestsAreWrittenAsHttp1) {
  EXPECT_EQ(request_text(asked({{"accept", "*/*"}})), "GET /x HTTP/1.1\r\nhost: a.example\r\naccept: */*\r\n\r\n");
  EXPECT_EQ(request_text(asked({}, "POST"), false),
            "POST /x HTTP/1.1\r\nhost: a.example\r\ntransfer-encoding: chunked\r\n\r\n");
  EXPECT_EQ(request_text(asked({{"content-length", "3"}}, "POST"), false),
            "POST /x HTTP/1.1\r\nhost: a.example\r\ncontent-length: 3\r\n\r\n");
  EXPECT_EQ(request_text(asked({}, "POST")), "POST /x HTTP/1.1\r\nhost: a.example\r\ncontent-length: 0\r\n\r\n");
  EXPECT_EQ(request_text(asked({}, "OPTIONS", "*")), "OPTIONS * HTTP/1.1\r\nhost: a.example\r\n\r\n");
  // RFC 9113, 8.2.3
  EXPECT_EQ(request_text(asked({{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}, {"cookie", "c=3"}})),
            "GET /x HTTP/1.1\r\nhost: a.example\r\ncookie: a=1; b=2; c=3\r\nx: y\r\n\r\n");
  // RFC 8441
  const std::vector<Field> opens = asked({{":protocol", "websocket"}}, "CONNECT");
  EXPECT_TRUE(is_extended_connect(opens));
  EXPECT_EQ(request_text(opens, false),
            "GET /x HTTP/1.1\r\nhost: a.example\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-key: "
            "key\r\n\r\n");
}

TEST(Http2HeadTest, WhatHttp1CouldMisreadIsRefused) {
  EXPECT_EQ(request_text(asked({{"x", "a\r\ny: b"}})), "refused: field_value");
  EXPECT_EQ(request_text(asked({{"x: y\r\nz", "a"}})), "refused: field_name");
  EXPECT_EQ(request_text(asked({{"cookie", "a"}, {"cookie", "b\r\nc: d"}})), "refused: field_value");
  EXPECT_EQ(request_text(asked({{"", "a"}})), "refused: field_name");
  EXPECT_EQ(request_text(asked({}, "GET", "/x HTTP/1.1\r\ny: z")), "refused: target");
  EXPECT_EQ(request_text(asked({}, "GET", "/a b")), "refused: target");
  EXPECT_EQ(request_text(asked({}, "GET", "http://other/")), "refused: target");
  EXPECT_EQ(request_text(asked({}, "GET /y HTTP/1.1\r\nx:", "/x")), "refused: request_line");
  EXPECT_EQ(request_text(asked({{"host", "b.example"}})), "refused: host");
  EXPECT_EQ(request_text(asked({{"host", "A.example"}})), "GET /x HTTP/1.1\r\nhost: a.example\r\n\r\n");
  EXPECT_EQ(request_text(asked({{"te", "gzip"}})), "refused: te");
  EXPECT_EQ(request_text(asked({}, "CONNECT")), "refused: connect");
  for (const char* name : {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}) {
    EXPECT_EQ(request_text(asked({{name, "x"}})), "refused: connection_field");
  }
}

TEST(Http2HeadTest, ResponsesAreWrittenAsHttp1) {
  const auto response_text = [](std::vector<Field> fields, bool end, bool head_request = false) {
    std::string text;
    const auto refused = write_response(fields, end, head_request, text);
    return refused ? "refused: " + std::string(refused->code) : text;
  };
  EXPECT_EQ(response_text({{":status", "200"}, {"a", "b"}}, false),
            "HTTP/1.1 200 OK\r\na: b\r\ntransfer-encoding: chunked\r\n\r\n");
  EXPECT_EQ(response_text({{":status", "200"}, {"content-length", "2"}}, false),
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n");
  EXPECT_EQ(response_text({{":status", "200"}}, true), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  EXPECT_EQ(response_text({{":status", "200"}}, true, true), "HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(response_text({{":status", "204"}}, true), "HTTP/1.1 204 Error\r\n\r\n");
  EXPECT_EQ(response_text({{":status", "103"}, {"link", "a"}}, false), "HTTP/1.1 103 Error\r\nlink: a\r\n\r\n");
  for (const char* status : {"", "20", "2000", "abc", "101", "-10"}) {
    EXPECT_EQ(response_text({{":status", status}}, true), "refused: status") << status;
  }
}

TEST(Http2HeadTest, SomeTrailersSayWhatOnlyAHeadMay) {
  EXPECT_TRUE(is_trailer("grpc-status"));
  for (const char* name : {"content-length", "Transfer-Encoding", "host", ":status", "connection", "te", ""}) {
    EXPECT_FALSE(is_trailer(name)) << name;
  }
}

TEST(Http2HeadTest, ContentIsFramedAsItsHeadSays) {
  using Kind = http1::Framing::Kind;
  std::string buffer;
  const std::vector<std::string_view> pieces = {"ab", "c"};
  const std::vector<Field> trailers = {{"s", "1"}};
  EXPECT_EQ(http1::frame_content(Kind::kChunked, pieces, false, {}, buffer), "3\r\nabc\r\n");
  EXPECT_EQ(http1::frame_content(Kind::kChunked, pieces, true, trailers, buffer), "3\r\nabc\r\n0\r\ns: 1\r\n\r\n");
  EXPECT_EQ(http1::frame_content(Kind::kChunked, {}, true, {}, buffer), "0\r\n\r\n");
  EXPECT_EQ(http1::frame_content(Kind::kChunked, {}, false, {}, buffer), "");
  EXPECT_EQ(http1::frame_content(Kind::kLength, pieces, true, {}, buffer), "abc");
  const std::string_view one = http1::frame_content(Kind::kLength, std::span(pieces).first(1), true, {}, buffer);
  EXPECT_EQ(one.data(), pieces[0].data());  // not copied
}

}  // namespace
}  // namespace tokometer::wire::http2
