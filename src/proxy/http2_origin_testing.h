// For scripts (playbook_testing.h): an origin in HTTP/2, which writes down what it
// gets, and makes the bytes of what it is told to answer.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/http2_connection.h"

namespace tokometer::proxy {

class Http2OriginPeer final : private wire::http2::Events {
 public:
  Http2OriginPeer(const wire::http2::Limits& limits, std::function<void(const std::string&)> its_log)
      : log(std::move(its_log)), connection(wire::http2::Role::kServer, limits, *this) {}

  void receive(std::string_view bytes) { connection.receive(bytes, {}); }
  // What it has to say without being told.
  std::string bytes() {
    connection.write(kAll);
    return std::exchange(connection.out(), {});
  }
  std::string head(std::int32_t stream, std::vector<wire::Field> fields, bool end = false) {
    connection.send_head(*streams_.at(stream), fields, end);
    return bytes();
  }
  std::string informational(std::int32_t stream, std::vector<wire::Field> fields) {
    connection.send_informational(*streams_.at(stream), fields);
    return bytes();
  }
  std::string content(std::int32_t stream, std::string_view text, bool end = false,
                      std::vector<wire::Field> trailers = {}) {
    connection.send_content(*streams_.at(stream), std::span(&text, 1),
                            end ? wire::http2::End::kYes : wire::http2::End::kNo, trailers, kAll);
    return bytes();
  }
  std::string answer(std::int32_t stream, std::string_view text) {
    const std::string begin = head(stream, {{":status", "200"}});
    return begin + content(stream, text, true);
  }
  std::string reset(std::int32_t stream, wire::http2::Code code) {
    connection.reset(*streams_.at(stream), code);
    resetting_ = true;  // it closes its own stream at once
    std::string made = bytes();
    resetting_ = false;
    return made;
  }
  std::string ping() {
    connection.ping();
    return bytes();
  }
  std::string goaway() {
    connection.goaway(wire::http2::Code::kNoError);
    return bytes();
  }

  std::function<void(const std::string&)> log;
  wire::http2::Connection connection;
  bool consumes = true;
  std::size_t received_bytes = 0;

 private:
  static constexpr std::size_t kAll = std::size_t{1} << 30U;

  void on_head(wire::http2::Stream& stream, const Head& head) override {
    streams_[stream.id()] = &stream;
    std::string line = fmt::format("{} head", stream.id());
    for (const auto& [name, value] : head.fields) line += fmt::format(" {}={}", name, value);
    log(head.end ? line + " end" : line);
  }
  void on_content(wire::http2::Stream& stream, std::string_view content) override {
    if (consumes) connection.consume(stream, content.size());
    received_bytes += content.size();
    log(content.size() > 100 ? fmt::format("{} content of {}", stream.id(), content.size())
                             : fmt::format("{} content {}", stream.id(), content));
  }
  void on_end(wire::http2::Stream& stream, wire::Fields trailers) override {
    std::string line = fmt::format("{} end", stream.id());
    for (const auto& [name, value] : trailers) line += fmt::format(" {}={}", name, value);
    log(line);
  }
  void on_stream_closed(wire::http2::Stream& stream, std::uint32_t code) override {
    streams_.erase(stream.id());
    if (code != 0 && !resetting_) log(fmt::format("{} closed {}", stream.id(), code));
  }
  void on_room(wire::http2::Stream& /*stream*/) override {}
  void on_pong() override { log("pong"); }
  void on_goaway(std::int32_t /*last*/) override { log("goaway"); }

  std::map<std::int32_t, wire::http2::Stream*> streams_;
  bool resetting_ = false;
};

}  // namespace tokometer::proxy
