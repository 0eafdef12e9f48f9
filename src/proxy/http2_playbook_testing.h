// Scripts for sessions in HTTP/2 (playbook_testing.h), with a client that speaks
// it: what the session sends it is written as lines of their own.
//
//   Http2Playbook play;
//   play.request({{":path", "/acme/x"}}) << "connect https://api.acme.example:443"
//        >> connected(1) << "send 1 GET /x HTTP/1.1\r\nhost: api.acme.example\r\n\r\n"
//        >> received(1, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") << "release 1"
//        << "1 head 200 content-length=2" << "1 content ok" << "1 end" << "1 closed 0";
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/playbook_testing.h"
#include "wire/http2_connection.h"

namespace tokometer::proxy {

class Http2Playbook : public Playbook, private wire::http2::Events {
 public:
  explicit Http2Playbook(const wire::http2::Limits& client_limits = {})
      : client_(wire::http2::Role::kClient, client_limits, *this) {}

  // A GET unless `fields` say otherwise; each with its content still to come if not `end`.
  Playbook& request(std::vector<wire::Field> fields, bool end = true) {
    std::vector<wire::Field> head;
    const auto add = [&](std::string_view name, std::string_view value) {
      head.push_back({name, wire::find(fields, name).value_or(value)});
    };
    add(":method", "GET");
    add(":scheme", "http");
    add(":path", "/");
    add(":authority", "us");
    for (const wire::Field& field : fields) {
      if (wire::find(head, field.name) != field.value || !field.name.starts_with(':')) head.push_back(field);
    }
    streams_.push_back(client_.open(head, end, nullptr));
    return from_client();
  }
  Playbook& content(std::size_t stream, std::string_view text, wire::http2::End end = wire::http2::End::kNo,
                    std::vector<wire::Field> trailers = {}) {
    client_.send_content(*streams_.at(stream), std::span(&text, 1), end, trailers, kAll);
    return from_client();
  }
  Playbook& reset(std::size_t stream, wire::http2::Code code) {
    client_.reset(*streams_.at(stream), code);
    const bool was_silent = std::exchange(silent, true);  // it closes its own stream at once
    client_.write(kAll);
    silent = was_silent;
    return from_client();
  }
  // The client takes `bytes` of what came; until then they count against its windows.
  Playbook& consume(std::size_t stream, std::size_t bytes) {
    client_.consume(*streams_.at(stream), bytes);
    return from_client();
  }
  Playbook& consume_all(std::size_t stream) {
    return consume(stream, std::exchange(unconsumed_[streams_.at(stream)], std::size_t{0}));
  }
  // Of a stream's content, what the client could not send yet.
  std::size_t waiting(std::size_t stream) const { return streams_.at(stream)->queued(); }
  // What the client has to say as things are: acknowledgements, updates of windows.
  Playbook& from_client() {
    client_.write(kAll);
    const std::string bytes = std::exchange(client_.out(), {});
    return *this >> received(kClient, bytes);
  }
  wire::http2::Connection& client() { return client_; }
  bool consumes = true;  // the client takes content as it comes
  bool turns = true;     // turns of the loop end
  bool plain = false;    // the client speaks HTTP/1.1 as yet
  bool silent = false;   // what the client gets is not written down

  bool send(ConnId conn, std::initializer_list<std::string_view> pieces) override {
    if (conn != kClient || plain) return Playbook::send(conn, pieces);
    ++sends;
    for (const std::string_view piece : pieces) to_client_ += piece;
    return writable;
  }
  void call_at_turn_end() override { turn_asked_ = true; }

  int sends = 0;  // to the client

 protected:
  void settled(Session& session) override {
    while (turns && std::exchange(turn_asked_, false)) session.on_turn_end();
    client_.receive(std::exchange(to_client_, {}), {});
  }

 private:
  static constexpr std::size_t kAll = std::size_t{1} << 30U;

  void on_head(wire::http2::Stream& stream, const Head& head) override {
    std::string line = fmt::format("{} head", stream.id());
    for (const auto& [name, value] : head.fields) {
      line += name == ":status" ? fmt::format(" {}", value) : fmt::format(" {}={}", name, value);
    }
    note(head.end ? line + " end" : line);
  }
  void on_content(wire::http2::Stream& stream, std::string_view content) override {
    if (consumes) {
      client_.consume(stream, content.size());
    } else {
      unconsumed_[&stream] += content.size();
    }
    note(fmt::format("{} content {}", stream.id(), content));
    received_bytes += content.size();
  }
  void on_end(wire::http2::Stream& stream, wire::Fields trailers) override {
    std::string line = fmt::format("{} end", stream.id());
    for (const auto& [name, value] : trailers) line += fmt::format(" {}={}", name, value);
    note(line);
  }
  void on_stream_closed(wire::http2::Stream& stream, std::uint32_t code) override {
    std::ranges::replace(streams_, &stream, nullptr);
    if (code != 0) note(fmt::format("{} closed {}", stream.id(), code));
  }
  void on_room(wire::http2::Stream& /*stream*/) override {}
  void on_pong() override {}
  void on_goaway(std::int32_t last) override { note(fmt::format("goaway {}", last)); }

  void note(std::string line) {
    if (!silent) log(std::move(line));
  }

  wire::http2::Connection client_;
  std::vector<wire::http2::Stream*> streams_;
  std::map<wire::http2::Stream*, std::size_t> unconsumed_;
  std::string to_client_;
  bool turn_asked_ = false;

 public:
  std::size_t received_bytes = 0;
};

}  // namespace tokometer::proxy
