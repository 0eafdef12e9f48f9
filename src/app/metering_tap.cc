#include "app/metering_tap.h"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>

#include "event/assemble.h"

namespace tokometer::app {
namespace {

std::int64_t microseconds(SteadyTime from, SteadyTime to) {
  return std::chrono::duration_cast<std::chrono::microseconds>(to - from).count();
}

class MeteringTap final : public proxy::Tap {
 public:
  MeteringTap(const MeteringServices& services, std::shared_ptr<const Rules> rules, const meter::Limits& limits,
              const proxy::ExchangeStart& start, const Uuid& id)
      : services_(services),
        rules_(std::move(rules)),
        meter_(start.spec, start.endpoint, start.target, limits),
        started_(start.started_steady) {
    event_.id = id;
    event_.started_at = start.started_at;
    event::describe_request(event_,
                            {.spec = start.spec,
                             .endpoint = start.endpoint,
                             .method = start.method,
                             .host = start.host,
                             .target = start.target,
                             .fields = start.fields,
                             .project = start.project},
                            *rules_->clients);
    meter_.request_head(start.fields);
    if (services_.captures != nullptr) capture_ = services_.captures->open(start.spec, start.fields);
    services_.metrics.exchange_opened();
  }

  // An exchange that the core gave up without a word still counts, once.
  ~MeteringTap() override {
    if (!finished_) finish(started_);
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
    if (capture_) capture_->response_head(status, fields);
  }

  void response_content(std::string_view bytes, SteadyTime at) override {
    if (!event_.time_to_first_chunk_us) event_.time_to_first_chunk_us = microseconds(started_, at);
    event_.response_bytes += static_cast<std::int64_t>(bytes.size());
    meter_.response_content(bytes);
    if (capture_) capture_->response_content(bytes);
  }

  void response_end(SteadyTime at) override {
    meter_.response_end(true);
    finish(at);
  }

  void aborted(proxy::Abort why, int status_sent, SteadyTime at) override {
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
    settle_repeat(reading);
    report_faults(reading);
    event::apply_reading(event_, std::move(reading), *rules_->prices);
    if (capture_) event_.capture_ref = services_.captures->close(std::move(capture_), event_);
    if (services_.journal != nullptr) {
      // The journal itself keeps, counts and logs what it cannot write.
      const auto appended = services_.journal->append(event_);
      if (!appended) services_.metrics.tap_fault("journal");
    }
    services_.metrics.exchange_closed(event_);
    if (services_.feed != nullptr) services_.feed->offer(std::move(event_));
  }

  // A poll that repeats the usage of a response counts only if that was not seen before.
  void settle_repeat(const meter::Reading& reading) {
    if (reading.usage.source != meter::UsageSource::kReported) return;
    const bool first = services_.repeats.first(event_.provider, reading.response_id);
    if (reading.billing == provider::Billing::kOncePerResponse) event_.billable = first;
  }

  void report_faults(const meter::Reading& reading) {
    for (std::size_t i = 0; i < meter::kFaultCount; ++i) {
      if (reading.faults[i] == 0) continue;
      const std::string_view code = meter::to_string(static_cast<meter::Fault>(i));
      services_.metrics.tap_fault(code);
      services_.log.once(LogLevel::kWarn, fmt::format("tap/{}/{}", event_.provider, code),
                         fmt::format("{} {}: {} while reading usage; traffic is not affected (said once)",
                                     event_.provider, event_.operation, code));
    }
  }

  const MeteringServices& services_;
  const std::shared_ptr<const Rules> rules_;  // the meter points into them
  meter::ExchangeMeter meter_;
  event::Event event_;
  const SteadyTime started_;
  std::unique_ptr<Capture> capture_;
  bool finished_ = false;
};

}  // namespace

MeteringTaps::MeteringTaps(const MeteringServices& services, std::shared_ptr<const Rules> rules,
                           const meter::Limits& limits)
    : services_(services), rules_(std::move(rules)), limits_(limits) {}

std::unique_ptr<proxy::Tap> MeteringTaps::open(const proxy::ExchangeStart& start) {
  // What no spec names may be a model's call that is not known yet: a POST is shown, without an operation.
  if (start.endpoint == nullptr ? start.method != "POST" : start.endpoint->ignore) return nullptr;
  Uuid id;
  {
    const std::lock_guard lock(mutex_);
    id = ids_.make(start.started_at);
  }
  return std::make_unique<MeteringTap>(services_, rules_, limits_, start, id);
}

}  // namespace tokometer::app
