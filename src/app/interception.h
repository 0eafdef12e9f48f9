// What the proxy needs to serve as a forward proxy: for which domains our
// certificates are good, who may use it, whom it must not call.
//
// Not here: what becomes of a request (proxy/forwarding.h), certificates (net/certificate_authority.h).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/config.h"
#include "base/error.h"
#include "net/certificate_authority.h"
#include "provider/registry.h"

namespace tokometer::app {

// The folder of the certificate authority in a data folder.
std::filesystem::path authority_folder(const std::filesystem::path& data_dir);

// The domains of all specs' hosts and of `intercept`, sorted; empty: any, since `intercept` says so.
std::vector<std::string> intercepted_domains(const provider::Registry& providers, const Config& config);

// The authority in the data folder, made for these domains if there is none.
Result<std::unique_ptr<net::CertificateAuthority>> open_authority(const std::filesystem::path& data_dir,
                                                                  const std::vector<std::string>& domains);

// Those of `domains` whose hosts clients would not believe this authority, as it was made before they were to be
// intercepted: they are tunnelled. Empty: all are covered.
std::vector<std::string> uncovered_domains(const net::CertificateAuthority::Info& authority,
                                           const std::vector<std::string>& domains);
// What is to be said of them, with its remedy. `held`: of a run whose calls may not pass unread.
std::string uncovered_text(const std::vector<std::string>& uncovered, bool held = false);

// Whether an address of `listen` is reached from this machine only.
bool is_local_listener(std::string_view listen);

// The password of the forward proxy, DIR/proxy-token (mode 0600, made where there is none), asked for as soon as
// others can reach it. Who has it may use our connections.
std::filesystem::path proxy_token_file(const std::filesystem::path& data_dir);
// As it is; nothing where there is none.
std::optional<std::string> find_proxy_token(const std::filesystem::path& data_dir);
Result<std::string> proxy_token(const std::filesystem::path& data_dir);

}  // namespace tokometer::app
