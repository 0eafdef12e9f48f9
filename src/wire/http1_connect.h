// A tunnel through another proxy, as its client asks for it: CONNECT (RFC 9110, 9.3.6) and the answer to that.
//
//   out = http1::connect_request("api.example.com:443", "Basic dTpw");
//   http1::ConnectAnswer answer;
//   switch (answer.read(bytes)) {  // takes from the front of `bytes`
//     case http1::ConnectAnswer::State::kMore: …     // took everything; give more
//     case http1::ConnectAnswer::State::kStands: …   // what is left of `bytes` came through the tunnel
//     case http1::ConnectAnswer::State::kRefused: …  // answer.status() says why, if it was an answer at all
//   }
//
// Not here: which proxy is asked (net/upstream_proxy.h), CONNECT from our own clients (http1_decoder.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/http1_decoder.h"

namespace tokometer::wire::http1 {

// `authority` is "host:port"; `credentials` the value of Proxy-Authorization, or empty.
std::string connect_request(std::string_view authority, std::string_view credentials);

class ConnectAnswer {
 public:
  enum class State : std::uint8_t { kMore, kStands, kRefused };

  ConnectAnswer();

  // Not to be asked again after a refusal.
  State read(std::string_view& bytes);
  // Of a refusal; 0 if what came is not HTTP.
  int status() const { return status_; }

 private:
  ResponseDecoder decoder_;
  int status_ = 0;
};

}  // namespace tokometer::wire::http1
