// Puts an event together from what different modules know of an exchange.
//
//   Event event;
//   describe_request(event, {.spec = spec, .endpoint = endpoint, …}, detector);  // when its head has passed
//   …
//   apply_reading(event, meter.finish(), catalog);                               // when it has ended
//
// Used for live exchanges (app/metering_tap.h) and for recorded ones alike.
// What only the caller knows (id, times, sizes, status, how it ended) it sets itself.
//
// Not here: reading bodies (meter/), prices (pricing/), clients (client/).
#pragma once

#include <string_view>

#include "client/detector.h"
#include "event/event.h"
#include "meter/exchange_meter.h"
#include "pricing/catalog.h"
#include "provider/registry.h"
#include "wire/fields.h"

namespace tokometer::event {

// A request's head as seen by the proxy or found in a recording.
struct RequestFacts {
  const provider::Spec* spec = nullptr;          // null: provider "unknown"
  const provider::Endpoint* endpoint = nullptr;  // null: no operation
  std::string_view method = {};
  std::string_view host = {};
  std::string_view target = {};   // as sent to the origin
  wire::Fields fields = {};       // X-Tokometer-* included
  std::string_view project = {};  // of the route; the field X-Tokometer-Project goes before it
};

// Sets provider, operation, method, host, path (credentials redacted), client
// and the context that X-Tokometer-Project, -Program, -Session, -Agent, -User
// and -Tags (comma-separated) give. Each value is cut at 256 bytes, tags at 32.
void describe_request(Event& event, const RequestFacts& request, const client::Detector& detector);

// Sets models, ids, usage and cost. Context that the caller gave goes before
// what was read from bodies. Needs started_at, which decides the price.
void apply_reading(Event& event, meter::Reading&& reading, const pricing::Catalog& catalog);

}  // namespace tokometer::event
