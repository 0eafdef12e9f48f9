// A stored event computed again: its usage by the provider specs in force, its
// cost by the prices in force.
//
// The usage comes from the provider's usage object, which the event keeps word
// for word, and so a spec that was mended mends what it had read wrongly. The
// price is the one that held when the call began. Doing it twice changes nothing.
//
// Not here: going through the store (store.h, Store::rewrite).
#pragma once

#include "event/event.h"
#include "pricing/catalog.h"
#include "provider/registry.h"

namespace tokometer::event {

// Whether anything about `event` changed.
bool reprice(Event& event, const provider::Registry& providers, const pricing::Catalog& catalog);

}  // namespace tokometer::event
