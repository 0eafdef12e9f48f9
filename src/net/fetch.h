// Fetches one document over HTTPS (RFC 9110, RFC 9112), for commands that have
// nothing else to do meanwhile. Never used by the proxy.
//
//   const auto content = fetch("https://models.dev/api.json", {.tls = {.origin_ca = ca}});
//
// Always verified, as in tls_client.h. Follows redirects to https only. Needs a
// final answer of status 200 in no content coding. Sends nothing of the user's:
// no cookies, no credentials, no name but the program's.
//
// Not here: HTTP proxies; who sits behind one downloads by other means.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/resolver.h"
#include "net/tls_client.h"

namespace tokometer::net {

struct FetchOptions {
  TlsOptions tls = {};
  std::chrono::milliseconds timeout{30'000};       // for everything, redirects included
  std::size_t max_bytes = std::size_t{32} << 20U;  // of content
  int max_redirects = 5;
  Resolver::Source names = Resolver::system_source();
};

// Whether `text` looks like what fetch() takes: "https://…".
bool is_https_url(std::string_view text);

// The document at `url`. Fails with kInvalid (no such URL), kNetwork, kTimeout,
// kTooLarge or kNotFound; messages name the host, never more of the URL.
Result<std::string> fetch(std::string_view url, const FetchOptions& options);

}  // namespace tokometer::net
