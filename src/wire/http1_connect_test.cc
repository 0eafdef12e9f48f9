#include "wire/http1_connect.h"

#include <gtest/gtest.h>

#include <utility>

namespace tokometer::wire::http1 {
namespace {

using State = ConnectAnswer::State;

using Answered = std::pair<State, std::string>;

// What comes of `bytes`, and what is left of them, whole and at every cut.
Answered answer_to(std::string_view bytes, int status = 0) {
  Answered whole;
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    ConnectAnswer answer;
    std::string_view first = bytes.substr(0, cut);
    std::string_view second = bytes.substr(cut);
    State state = answer.read(first);
    std::string left(first);
    if (state == State::kMore) state = answer.read(second);
    left += second;
    if (cut == 0) whole = {state, left};
    EXPECT_EQ(state, whole.first) << "cut at " << cut;
    if (state == State::kStands) {
      EXPECT_EQ(left, whole.second) << "cut at " << cut;
    }
    EXPECT_EQ(answer.status(), status) << "cut at " << cut;
  }
  return whole;
}

TEST(ConnectRequest, NamesTheOriginTwice) {
  EXPECT_EQ(connect_request("a.example:443", ""), "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n");
}

TEST(ConnectRequest, CarriesCredentials) {
  EXPECT_EQ(connect_request("[::1]:8443", "Basic dTpw"),
            "CONNECT [::1]:8443 HTTP/1.1\r\nHost: [::1]:8443\r\nProxy-Authorization: Basic dTpw\r\n\r\n");
}

TEST(ConnectAnswer, StandsWithASuccessAndLeavesWhatFollows) {
  EXPECT_EQ(answer_to("HTTP/1.1 200 Connection established\r\n\r\nSSH-2.0"), Answered(State::kStands, "SSH-2.0"));
  EXPECT_EQ(answer_to("HTTP/1.0 200 OK\r\nVia: x\r\n\r\n"), Answered(State::kStands, ""));
  EXPECT_EQ(answer_to("HTTP/1.1 204 No\r\n\r\n"), Answered(State::kStands, ""));
}

TEST(ConnectAnswer, HasNoContentWhateverItSays) {
  EXPECT_EQ(answer_to("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), Answered(State::kStands, "hello"));
  EXPECT_EQ(answer_to("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello"), Answered(State::kStands, "hello"));
}

TEST(ConnectAnswer, WaitsPastInterimAnswers) {
  EXPECT_EQ(answer_to("HTTP/1.1 103 Soon\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), Answered(State::kStands, ""));
  EXPECT_EQ(answer_to("HTTP/1.1 100 Go on\r\n\r\n").first, State::kMore);
}

TEST(ConnectAnswer, IsRefusedWithItsStatus) {
  EXPECT_EQ(
      answer_to("HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 2\r\n\r\nno", 407).first,
      State::kRefused);
  EXPECT_EQ(answer_to("HTTP/1.1 502 Bad\r\n\r\n", 502).first, State::kRefused);
  EXPECT_EQ(answer_to("HTTP/1.1 302 There\r\nLocation: /\r\n\r\n", 302).first, State::kRefused);
  EXPECT_EQ(answer_to("HTTP/1.1 101 Up\r\n\r\n", 101).first, State::kRefused);
}

TEST(ConnectAnswer, IsRefusedWhereItIsNoHttp) {
  EXPECT_EQ(answer_to("SSH-2.0-OpenSSH_9.2\r\n\r\n").first, State::kRefused);
  EXPECT_EQ(answer_to("HTTP/1.1 200 OK\r\nbad field\r\n\r\n").first, State::kRefused);
  EXPECT_EQ(answer_to("HTTP/1.1 200 " + std::string(4'096, 'x')).first, State::kRefused);
}

}  // namespace
}  // namespace tokometer::wire::http1
