#include "app/metering_tap.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "app/exchange_quotas.h"
#include "event/assemble.h"
#include "meter/websocket_meter.h"
#include "provider/format.h"

namespace tokometer::app {
namespace {

// Whether the request asks for a WebSocket that its endpoint's format can read.
bool wants_websocket(const proxy::ExchangeStart& start) {
  if (start.method != "GET" || start.endpoint == nullptr || start.endpoint->format == nullptr) return false;
  return start.endpoint->format->websocket && wire::has_token(start.fields, "upgrade", "websocket");
}

std::int64_t microseconds(SteadyTime from, SteadyTime to) {
  return std::chrono::duration_cast<std::chrono::microseconds>(to - from).count();
}

// What all exchanges together may keep for estimates is shared among those that are open: with thousands of streams
// each keeps less, and the process stays within bounds.
constexpr std::int64_t kSampleBudgetBytes = std::int64_t{16} << 20U;

meter::Limits with_share(meter::Limits limits, std::int64_t open) {
  const auto share = static_cast<std::size_t>(kSampleBudgetBytes / std::max<std::int64_t>(open, 1));
  limits.sample_bytes = std::min(limits.sample_bytes, share);
  return limits;
}

void journal(const MeteringServices& services, const event::Event& event) {
  if (services.journal == nullptr) return;
  // The journal itself keeps, counts and logs what it cannot write.
  if (!services.journal->append(event)) services.metrics.tap_fault("journal");
}

// The journal has the event when this returns.
void record(const MeteringServices& services, event::Event&& event) {
  journal(services, event);
  const Counted before = services.estimates.settle(event);
  services.budgets.add(event, before);
  services.metrics.exchange_closed(event, before);
  if (services.feed != nullptr) services.feed->offer(std::move(event));
}

class MeteringTap final : public proxy::Tap {
 public:
  // `services` and `ids` must outlive the tap.
  MeteringTap(const MeteringServices& services, EventIds& ids, std::shared_ptr<const Rules> rules,
              const meter::Limits& limits, const proxy::ExchangeStart& start)
      : services_(services),
        ids_(ids),
        rules_(std::move(rules)),
        meter_(start.spec, start.endpoint, start.target, with_share(limits, services.metrics.open_exchanges()),
               rules_->fallbacks()),
        started_(start.started_steady),
        quotas_(start.spec, start.fields, start.target) {
    event_.id = ids.make(start.started_at);
    event_.started_at = start.started_at;
    event::describe_request(event_,
                            {.spec = start.spec,
                             .endpoint = start.endpoint,
                             .method = start.method,
                             .host = start.host,
                             .target = start.target,
                             .fields = start.fields,
                             .project = start.project,
                             .context = start.context},
                            *rules_->clients);
    rules_->prices->prepare(event_.provider);
    meter_.each_call([this](meter::Reading&& call) { take_call(std::move(call)); });
    meter_.request_head(start.fields);
    if (wants_websocket(start)) {
      websocket_ = std::make_unique<meter::WebSocketMeter>(
          *start.spec, *start.endpoint, start.target, start.fields, started_,
          with_share(limits, services.metrics.open_exchanges()), rules_->counter.get());
    }
    const bool captured =
        start.endpoint == nullptr ? services_.keep_unknown || services_.capture_known : services_.capture_known;
    if (services_.captures != nullptr && captured) {
      capture_ = services_.captures->open(start.spec, start.fields, start.tls);
    }
    services_.metrics.exchange_opened();
  }

  // An exchange that the core gave up without a word still counts, once.
  ~MeteringTap() override {
    if (finished_) return;
    if (in_tunnel_) {
      tunnel_ended({.error = proxy::to_string(proxy::Abort::kShutdown), .harmless_idle = true}, started_);
    } else {
      finish(started_);
    }
  }
  MeteringTap(const MeteringTap&) = delete;
  MeteringTap& operator=(const MeteringTap&) = delete;

  void request_content(std::string_view bytes) override {
    event_.request_bytes += static_cast<std::int64_t>(bytes.size());
    meter_.request_content(bytes);
    if (capture_) capture_->request_content(bytes);
  }

  void request_end() override { meter_.request_end(); }

  void response_head(int status, wire::Fields fields, SteadyTime at) override {
    event_.status_code = status;
    event_.time_to_first_byte_us = microseconds(started_, at);
    meter_.response_head(status, fields);
    // The wall clock may have been set since; how long it took has not.
    quotas_.response_head(status, fields, event_.started_at + std::chrono::microseconds(microseconds(started_, at)));
    if (websocket_) websocket_->accepted(fields);
    if (capture_) capture_->response_head(status, fields);
  }

  void response_content(std::string_view bytes, SteadyTime at) override {
    if (!event_.time_to_first_chunk_us) event_.time_to_first_chunk_us = microseconds(started_, at);
    event_.response_bytes += static_cast<std::int64_t>(bytes.size());
    meter_.response_content(bytes);
    if (capture_) capture_->response_content(bytes);
  }

  bool tunnel_opened() override {
    in_tunnel_ = websocket_ != nullptr;
    if (in_tunnel_) report_quotas();
    return in_tunnel_;
  }

  bool may_hold_end(std::size_t size) const override { return websocket_->may_end_turn(size); }

  bool in_turn() const override { return websocket_->in_turn(); }

  void tunnel_content(proxy::From from, std::string_view bytes, SteadyTime at) override {
    const auto side = from == proxy::From::kFromClient ? meter::Side::kClient : meter::Side::kServer;
    websocket_->feed(
        side, bytes, at, [this](meter::Turn&& turn) { turn_ended(std::move(turn)); },
        [this](const meter::SideMessage& message, wire::websocket::Kind kind) {
          if (capture_) capture_->message(message, kind, message.at - started_);
        });
  }

  void tunnel_client_ended() override { client_ended_ = true; }

  void response_end(SteadyTime at) override {
    if (in_tunnel_ && client_ended_) return aborted(proxy::Abort::kClientClosed, 0, at);
    if (in_tunnel_) return tunnel_ended({}, at);
    meter_.response_end(true);
    finish(at);
  }

  void aborted(proxy::Abort why, int status_sent, SteadyTime at) override {
    if (in_tunnel_) {
      // Who left first is why: an origin whose client has gone may well break off.
      if (client_ended_) why = proxy::Abort::kClientClosed;
      const bool harmless = why == proxy::Abort::kClientClosed || why == proxy::Abort::kShutdown;
      return tunnel_ended({.error = proxy::to_string(why), .harmless_idle = harmless}, at);
    }
    meter_.response_end(false);
    event_.complete = false;
    event_.error_type = proxy::to_string(why);
    if (event_.status_code == 0) event_.status_code = status_sent;
    finish(at);
  }

 private:
  void finish(SteadyTime at) {
    finished_ = true;
    event_.duration_us = microseconds(started_, at);
    meter::Reading reading = meter_.finish();
    report_faults(reading.faults);
    // Nobody waits for the end of what broke off: its estimate may. Streams break off within a sound response, too.
    if (reading.later && !reading.complete && record_later(reading)) return;
    event::apply_reading(event_, std::move(reading), services_.repeats, *rules_->prices);
    if (capture_) event_.capture_ref = services_.captures->close(std::move(capture_), event_);
    report_quotas();
    record(services_, std::move(event_));
  }

  // Whether the event will be recorded when the table is loaded by which its usage is to be estimated. What is done by
  // then knows neither the tap nor its factory, which may be gone.
  bool record_later(const meter::Reading& reading) {
    event::Event event = event_;
    event.request_model = reading.request_model;
    event.response_model = reading.response_model;
    event.complete = false;
    // Named before it is known whether it can be kept; the event names it in either case.
    if (capture_) event.capture_ref = CaptureStore::name(event);
    auto work = [services = services_, rules = rules_, event, read = reading]() mutable {
      meter::finish_estimate(*rules->counter, *read.later, read.usage);
      event::apply_reading(event, std::move(read), services.repeats, *rules->prices);
      record(services, std::move(event));
    };
    if (!services_.late.offer(std::move(work))) return false;
    if (capture_) services_.captures->close(std::move(capture_), event);
    event_ = std::move(event);
    report_quotas();
    return true;
  }

  // Only now is it known which model was asked.
  void report_quotas() {
    if (quotas_.malformed() > 0) {
      services_.metrics.tap_fault("quota");
      services_.log.once(
          LogLevel::kInfo, fmt::format("tap/{}/quota", event_.provider),
          fmt::format("{}: response fields that tell of quotas could not be read (said once)", event_.provider));
    }
    const auto snapshots = quotas_.finish(services_.accounts, event_);
    if (!snapshots.empty()) services_.quotas.offer(snapshots);
  }

  // A line that was counted before makes no event: a file may be fetched often.
  void take_call(meter::Reading&& call) {
    event::Event part = event::part_of(event_, ++calls_);
    event::apply_reading(part, std::move(call), services_.repeats, *rules_->prices);
    if (!part.billable) return;
    part.id = ids_.make(part.started_at);
    journal(services_, part);
    const Counted before = services_.estimates.settle(part);
    services_.budgets.add(part, before);
    services_.metrics.call_counted(part, before);
    if (services_.feed != nullptr) services_.feed->offer(std::move(part));
  }

  void turn_ended(meter::Turn&& turn) {
    event::Event event = event::turn_event(event_, started_, turn);
    event.id = ids_.make(event.started_at);
    if (capture_) {
      capture_->turn(event.id);
      event.capture_ref = CaptureStore::name(event_);
    }
    report_faults(turn.reading.faults);
    event::apply_reading(event, std::move(turn.reading), services_.repeats, *rules_->prices);
    services_.metrics.exchange_opened();
    record(services_, std::move(event));
  }

  void tunnel_ended(const meter::WebSocketMeter::End& end, SteadyTime at) {
    finished_ = true;
    websocket_->finish(end, at, [this](meter::Turn&& turn) { turn_ended(std::move(turn)); });
    std::array<std::uint32_t, meter::kFaultCount> faults{};
    auto connection = websocket_->connection(at, faults);
    report_faults(faults);
    std::string captured;
    if (capture_) captured = services_.captures->close(std::move(capture_), event_);
    if (!connection) return services_.metrics.exchange_dissolved();
    event::Event event = event::turn_event(event_, started_, *connection);
    event.capture_ref = std::move(captured);
    event::apply_reading(event, std::move(connection->reading), services_.repeats, *rules_->prices);
    record(services_, std::move(event));
  }

  void report_faults(const std::array<std::uint32_t, meter::kFaultCount>& faults) {
    for (std::size_t i = 0; i < meter::kFaultCount; ++i) {
      if (faults[i] == 0) continue;
      const std::string_view code = meter::to_string(static_cast<meter::Fault>(i));
      services_.metrics.tap_fault(code);
      services_.log.once(LogLevel::kWarn, fmt::format("tap/{}/{}", event_.provider, code),
                         fmt::format("{} {}: {} while reading usage; traffic is not affected (said once)",
                                     event_.provider, event_.operation, code));
    }
  }

  const MeteringServices& services_;
  EventIds& ids_;
  const std::shared_ptr<const Rules> rules_;  // the meter points into them
  meter::ExchangeMeter meter_;
  std::unique_ptr<meter::WebSocketMeter> websocket_;  // null: not asked for, or not to be read
  event::Event event_;
  const SteadyTime started_;
  ExchangeQuotas quotas_;
  std::unique_ptr<Capture> capture_;
  bool in_tunnel_ = false;     // what passes is a WebSocket's, and websocket_ is there
  bool client_ended_ = false;  // of a tunnel: before the origin did
  std::int64_t calls_ = 0;     // that the response told of
  bool finished_ = false;
};

}  // namespace

MeteringTaps::MeteringTaps(const MeteringServices& services, std::shared_ptr<const Rules> rules,
                           const meter::Limits& limits)
    : services_(services), rules_(std::move(rules)), limits_(limits) {}

void MeteringTaps::distrusted(const proxy::Distrust::Client& client, bool silent) {
  if (!client.run.empty()) services_.tunnelled.add(client.run, {.client = client.name, .host = client.host});
  const std::chrono::minutes lasts = silent ? proxy::Distrust::kSilentLasts : proxy::Distrust::kLasts;
  services_.log.warn(
      "{} {} our certificate for {}: {}; `tokometer run` and `tokometer env` show how to make it trust us",
      client.name.empty() ? "a client" : client.name, silent ? "closes whenever it sees" : "does not trust",
      client.host,
      client.held ? std::string("its calls there fail, as its run has a hard budget and none may pass unread")
                  : fmt::format("its calls there pass, but are not counted, for {} minutes or until `tokometer reload`",
                                lasts.count()));
}

void MeteringTaps::unreadable(const proxy::Distrust::Client& client) {
  if (!client.run.empty()) {
    services_.tunnelled.add(client.run, {.client = client.name, .host = client.host, .unreadable = true});
  }
  services_.log.once(
      LogLevel::kWarn, fmt::format("unreadable/{}/{}", client.name, client.host),
      fmt::format("{} speaks no TLS that can be read with {}: {} (said once)",
                  client.name.empty() ? "a client" : client.name, client.host,
                  client.held ? "its calls there fail, as its run has a hard budget and none may pass unread"
                              : "what it says there passes, but is not counted"));
}

void MeteringTaps::tunnelled(std::string_view host, const client::CallContext* context) {
  if (context != nullptr && !context->run.empty()) services_.tunnelled.add(context->run, host);
}

std::unique_ptr<proxy::Tap> MeteringTaps::open(const proxy::ExchangeStart& start) {
  // What no spec names may be a model's call that is not known yet: a POST is shown, without an operation.
  const bool is_ignored =
      start.endpoint == nullptr ? !services_.keep_unknown && start.method != "POST" : start.endpoint->ignore;
  if (is_ignored) return nullptr;
  return std::make_unique<MeteringTap>(services_, ids_, rules_, limits_, start);
}

void MeteringTaps::unreadable_context(std::string_view fault) {
  services_.metrics.tap_fault("context");
  services_.log.once(LogLevel::kWarn, "context",
                     fmt::format("{}; calls go on without it (said once; see TOKOMETER_CONTEXT)", fault));
}

}  // namespace tokometer::app
