// Any bytes are a hello, no TLS, or the beginning of one; what is whole stays so when more follows.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "wire/tls_hello.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tokometer::wire::tls;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  ClientHello hello;
  const Hello result = read_client_hello(bytes, hello);
  ClientHello longer;
  const Hello with_more = read_client_hello(bytes + "more", longer);
  if (result == Hello::kWhole) {
    TOKOMETER_CHECK(with_more == Hello::kWhole);
    TOKOMETER_CHECK(longer.fingerprint == hello.fingerprint && longer.server_name == hello.server_name);
    for (const char c : hello.server_name) TOKOMETER_CHECK(c > 0x20 && c < 0x7F);
  }
  if (result == Hello::kNone) TOKOMETER_CHECK(with_more == Hello::kNone);
  if (size > 0) {
    ClientHello shorter;
    const Hello cut = read_client_hello(std::string_view(bytes).substr(0, size - 1), shorter);
    TOKOMETER_CHECK(cut != Hello::kNone || result == Hello::kNone);
  }
  return 0;
}
