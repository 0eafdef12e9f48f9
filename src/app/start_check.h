// What is wrong with settings that only a start of the proxy shows: providers that no spec describes, a file of CAs
// that cannot be read, a rules file with a fault.
//
//   for (const Fault& fault : start_faults(settings)) …
//
// Not here: values that are wrong by themselves or together (settings.h), and what
// depends on the moment: an address in use, a data folder that another proxy has.
#pragma once

#include <vector>

#include "app/settings.h"

namespace tokometer::app {

std::vector<Fault> start_faults(const Settings& settings);

}  // namespace tokometer::app
