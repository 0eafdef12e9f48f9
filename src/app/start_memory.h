// Gives back the memory that only loading and starting needed.
//
// Not here: what is loaded (rules.h), when it starts (proxy_service.h).
#pragma once

namespace tokometer::app {

// Free pages of the heap: documents of the data files take more than what was made of them.
void release_free_heap();

// Pages of the program's own code. Those that run again come back from the page cache, one cheap fault each; the
// code that reads specs, settings and prices does not.
void release_code_pages();

}  // namespace tokometer::app
