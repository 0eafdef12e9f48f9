// A stand-in provider for `tokometer demo`: answers as OpenAI, Anthropic and
// Gemini do, streamed and whole, with usage that fits what it says. Nothing of
// it thinks, and no key is needed.
//
//   auto server = net::Server::open({.listen = {*net::Address::parse("127.0.0.1:0")}}, clock, log);
//   (*server)->start(std::make_shared<StandIn>());
//
// Knows POST /v1/chat/completions, /v1/messages and
// /v1beta/models/MODEL:generateContent and :streamGenerateContent; anything
// else is 404.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/driver.h"

namespace tokometer::app {

// What the stand-in says to one request: a head, then pieces of content that
// go out one by one, some milliseconds apart.
struct StandInAnswer {
  int status = 200;
  std::string_view content_type = "application/json";
  std::vector<std::string> pieces{};
};

// `target` decides the provider and `body` the model and whether to stream.
StandInAnswer stand_in_answer(std::string_view target, std::string_view body);

class StandIn final : public proxy::SessionFactory {
 public:
  std::unique_ptr<proxy::Session> open(proxy::Driver& driver) override;
};

}  // namespace tokometer::app
