#include "app/start_memory.h"

#include <cstdint>
#include <cstdlib>  // defines __GLIBC__ where it is the C library

#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifdef __linux__
#include <sys/mman.h>
#include <unistd.h>

extern "C" {
// Where the linker put the program's first byte and the end of its code.
extern char __executable_start;  // NOLINT(bugprone-reserved-identifier,readability-identifier-naming)
extern char etext;
}
#endif

namespace tokometer::app {

void release_free_heap() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

void release_code_pages() {
#ifdef __linux__
  // A program begins at the start of a page. The mapping is the file's, private and never written to: what is dropped
  // is read again.
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const std::uintptr_t bytes =
      reinterpret_cast<std::uintptr_t>(&etext) - reinterpret_cast<std::uintptr_t>(&__executable_start);
  ::madvise(&__executable_start, bytes / page * page, MADV_DONTNEED);
#endif
}

}  // namespace tokometer::app
