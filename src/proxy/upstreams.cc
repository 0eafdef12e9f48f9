#include "proxy/upstreams.h"

#include <algorithm>
#include <utility>

#include "proxy/http_origin.h"

namespace tokometer::proxy {
namespace {

// A held head has our changes in it: a name of the origin's that may be longer than the client's.
wire::http1::Limits held_limits(wire::http1::Limits limits) {
  limits.start_line_bytes *= 2;
  limits.head_bytes *= 2;
  limits.fields += 8;
  return limits;
}

}  // namespace

Upstreams::Upstreams(Driver& driver, const Settings& settings)
    : driver_(driver),
      limits_(settings.limits),
      http2_(settings.origin_http2),
      request_decoder_(held_limits(settings.limits.http1)) {}

ConnId Upstreams::connect(HttpOrigin& stream, const Origin& to, Reuse reuse, Offer offer) {
  const bool shareable = http2_ && offer == Offer::kAny && to.tls;
  if (shareable && reuse == Reuse::kAllowed) {
    for (const ConnId conn : shared_) {
      Slot& slot = slots_.at(conn);
      if (slot.to != to) continue;
      const bool fits = slot.connecting ? !is_http1(to) : slot.http2 && slot.http2->has_room(slot.also.size() + 1);
      if (!fits) continue;
      slot.also.push_back(&stream);
      return conn;
    }
  }
  const ConnId conn = driver_.connect(to, reuse, shareable ? Offer::kAny : Offer::kHttp1);
  Slot& slot = slots_[conn];
  slot.holder = &stream;
  if (shareable) {
    slot.to = to;
    shared_.push_back(conn);
  }
  return conn;
}

void Upstreams::release(ConnId conn) {
  erase(conn);
  driver_.release(conn, nullptr);
}

void Upstreams::close(ConnId conn, HttpOrigin& stream, Close how) {
  if (how == Close::kHalf) {
    driver_.close(conn, how);
    return;
  }
  const auto found = slots_.find(conn);
  if (found == slots_.end()) return;
  Slot& slot = found->second;
  if (slot.holder == &stream) slot.holder = nullptr;
  std::erase(slot.also, &stream);
  // Others may still wait for it, or have it.
  if (slot.holder != nullptr || !slot.also.empty() || slot.http2) return;
  erase(conn);
  driver_.close(conn, how);
}

// What the session hears.

void Upstreams::on_connected(ConnId conn, Connected how) {
  const auto found = slots_.find(conn);
  if (found == slots_.end()) return;
  Slot& slot = found->second;
  slot.connecting = false;
  slot.reused = how.reused;
  if (how.protocol == Protocol::kHttp2) {
    open_http2(conn, slot, std::move(how.idle));
    return;
  }
  std::erase(shared_, conn);
  if (slot.to.tls && !slot.to.host.empty() && !is_http1(slot.to)) {
    if (http1_origins_.size() == kKnownOrigins) http1_origins_.erase(http1_origins_.begin());
    http1_origins_.push_back(slot.to);
  }
  std::vector<HttpOrigin*> others = std::exchange(slot.also, {});
  if (slot.holder == nullptr && !others.empty()) {
    slot.holder = others.front();
    others.erase(others.begin());
  }
  HttpOrigin* const holder = slot.holder;
  for (HttpOrigin* const other : others) other->connect_again();  // may move the slots
  if (holder != nullptr) holder->on_connected(how.reused);
}

void Upstreams::on_bytes(ConnId conn, std::string_view bytes) {
  const auto found = slots_.find(conn);
  if (found == slots_.end()) return;
  if (found->second.http2) {
    found->second.http2->receive(bytes, driver_.steady());
  } else if (found->second.holder != nullptr) {
    found->second.holder->on_bytes(bytes);
  }
}

void Upstreams::on_eof(ConnId conn) {
  const auto found = slots_.find(conn);
  if (found == slots_.end()) return;
  if (!found->second.http2) {
    if (found->second.holder != nullptr) found->second.holder->on_eof();
    return;
  }
  driver_.close(conn, Close::kReset);
  on_closed(conn, NetError::kNone);
}

void Upstreams::on_closed(ConnId conn, NetError why) {
  const auto found = slots_.find(conn);
  if (found == slots_.end()) return;
  Slot slot = std::move(found->second);
  erase(conn);
  if (slot.http2) slot.http2->lost(why);
  if (slot.holder != nullptr) slot.holder->on_closed(why);
  for (HttpOrigin* const other : slot.also) other->on_closed(why);
}

void Upstreams::on_drained(ConnId conn) {
  const auto found = slots_.find(conn);
  if (found == slots_.end()) return;
  if (found->second.http2) {
    found->second.http2->drained();
  } else if (found->second.holder != nullptr) {
    found->second.holder->on_drained();
  }
}

void Upstreams::settle() {
  // What is told here may ask for more, at the end of the list.
  for (std::size_t i = 0; i < shared_.size(); ++i) {
    const ConnId conn = shared_[i];
    settle(conn);
    if (i < shared_.size() && shared_[i] != conn) --i;  // it is gone
  }
}

void Upstreams::settle(ConnId conn) {
  Slot& slot = slots_.at(conn);
  if (!slot.http2) return;
  give_streams(slot);
  slot.http2->write();
  if (!slot.also.empty()) return;
  if (slot.http2->is_reusable()) {
    std::unique_ptr<Http2Upstream> idle = std::move(slot.http2);
    idle->detach();
    erase(conn);
    driver_.release(conn, std::move(idle));
  } else if (slot.http2->is_unused() || slot.http2->is_over()) {
    std::unique_ptr<Http2Upstream> over = std::move(slot.http2);
    erase(conn);
    driver_.close(conn, Close::kGraceful);
    over->lost(NetError::kReset);
  }
}

bool Upstreams::is_http1(const Origin& to) const {
  return std::ranges::find(http1_origins_, to) != http1_origins_.end();
}

void Upstreams::open_http2(ConnId conn, Slot& slot, std::unique_ptr<IdleConnection> idle) {
  if (idle != nullptr) {
    slot.http2.reset(static_cast<Http2Upstream*>(idle.release()));
  } else {
    slot.http2 = std::make_unique<Http2Upstream>(limits_);
  }
  slot.http2->attach(driver_, conn);
  if (HttpOrigin* const holder = std::exchange(slot.holder, nullptr)) slot.also.insert(slot.also.begin(), holder);
}

// Those that were promised a stream get it, or ask anew.
void Upstreams::give_streams(Slot& slot) {
  Http2Upstream& http2 = *slot.http2;
  const bool reused = slot.reused;
  for (HttpOrigin* const stream : std::exchange(slot.also, {})) {
    if (!stream->on_http2(http2, reused)) stream->connect_again();
  }
}

void Upstreams::erase(ConnId conn) {
  slots_.erase(conn);
  std::erase(shared_, conn);
}

}  // namespace tokometer::proxy
