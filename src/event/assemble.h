// Puts an event together from what different modules know of an exchange.
//
//   Event event;
//   describe_request(event, {.spec = spec, .endpoint = endpoint, …}, detector);  // when its head has passed
//   …
//   apply_reading(event, meter.finish(), repeats, catalog);                              // when it has ended
//
// Used for live exchanges (app/metering_tap.h) and for recorded ones alike.
// What only the caller knows (id, times, sizes, status, how it ended) it sets itself.
//
// Not here: reading bodies (meter/), prices (pricing/), clients (client/).
#pragma once

#include <cstdint>
#include <string_view>

#include "client/call_context.h"
#include "client/detector.h"
#include "event/event.h"
#include "meter/exchange_meter.h"
#include "meter/repeat_filter.h"
#include "meter/turn_reader.h"
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
  std::string_view target = {};                  // as sent to the origin
  wire::Fields fields = {};                      // those that give context included
  std::string_view project = {};                 // of the route; a field that gives the project goes before it
  const client::CallContext* context = nullptr;  // of the path or the connection; what else says something goes before
};

// Sets provider, operation, method, host, path (credentials redacted), client
// and the context: what fields give (client/context_fields.h), else the route, else `context`.
void describe_request(Event& event, const RequestFacts& request, const client::Detector& detector);

// The event of a call that another exchange tells of (a line of a batch's results): what `exchange` is known to be by
// its request and status, without its sizes and times. It is the `number`th, from 1, and begins as many microseconds
// later, so that such events keep their order. The caller sets its id.
Event part_of(const Event& exchange, std::int64_t number);

// Sets models, ids, usage and cost. Context that the caller gave goes before
// what was read from bodies. Needs id and started_at, which decides the price.
// A poll that repeats usage which `repeats` knows is not billable, nor is one
// of what is not done; one that brings the usage of a call that was counted
// without it replaces that call's event.
void apply_reading(Event& event, meter::Reading&& reading, meter::RepeatFilter& repeats,
                   const pricing::Catalog& catalog);

// The event of a turn on a WebSocket connection, whose own is `connection` and which was opened at `opened`: all but
// id and what apply_reading() sets.
Event turn_event(const Event& connection, SteadyTime opened, const meter::Turn& turn);

// Sets the event's cost from its usage, by the prices that held when it began; a call that bills nothing has none.
void apply_prices(Event& event, const pricing::Catalog& catalog);

}  // namespace tokometer::event
