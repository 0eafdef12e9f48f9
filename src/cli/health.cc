#include "cli/health.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "app/instance.h"
#include "app/interception.h"
#include "client/call_context.h"
#include "json/document.h"
#include "net/address.h"
#include "net/blocking_client.h"
#include "wire/base64.h"

namespace tokometer::cli {
namespace {

std::string question(std::string_view path, std::string_view more_fields = {}) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}\r\n", path, more_fields);
}

// What tells the proxy of a data folder that we may see all; nothing where it asks for no token.
std::string credentials(const std::filesystem::path& data_dir) {
  if (data_dir.empty()) return {};
  const auto token = app::find_proxy_token(data_dir);
  if (!token) return {};
  return fmt::format("Authorization: Basic {}\r\n", wire::base64::encode("tokometer:" + *token));
}

Result<Health> read_health(const std::string& response) {
  const std::size_t end = response.find("\r\n\r\n");
  if (!response.starts_with("HTTP/1.1 200 ") || end == std::string::npos) {
    return fail(ErrorCode::kInvalid, "what listens there is no tokometer");
  }
  const auto document = json::Document::parse(response.substr(end + 4));
  if (!document || !document->root()["status"].string()) {
    return fail(ErrorCode::kInvalid, "what listens there is no tokometer");
  }
  const json::Node root = document->root();
  Health health;
  health.status = *root["status"].string();
  health.open_calls = root["open_exchanges"].int64().value_or(0);
  health.journal_ok = root["journal"]["ok"].boolean().value_or(false);
  health.journal_lag_bytes = root["journal"]["lag_bytes"].int64().value_or(0);
  health.store_ok = root["store"]["ok"].boolean().value_or(true);
  for (const json::Node entry : root["distrustful"].elements()) {
    const Health::Distrust one{.client = std::string(entry["client"].string().value_or("")),
                               .host = std::string(entry["host"].string().value_or("")),
                               .silent = entry["silent"].boolean().value_or(false),
                               .held = entry["held"].boolean().value_or(false)};
    if (std::ranges::find(health.distrustful, one) == health.distrustful.end()) health.distrustful.push_back(one);
  }
  for (const std::string_view scheme : {"https", "http"}) {
    const json::Node one = root["upstream_proxy"][scheme];
    const auto address = one["address"].string();
    if (!address) continue;
    health.upstream.push_back({.scheme = std::string(scheme),
                               .address = std::string(*address),
                               .from = std::string(one["from"].string().value_or(""))});
  }
  return health;
}

}  // namespace

Result<Health> ask_health(const std::vector<std::string>& listening, const std::filesystem::path& data_dir,
                          std::chrono::milliseconds limit) {
  Result<Health> health = fail(ErrorCode::kNotFound, "it listens nowhere");
  for (std::string where : listening) {
    // An address for all interfaces is no address to connect to.
    if (const auto url = app::local_url({where})) where = url->substr(std::string_view("http://").size());
    const auto address = net::Address::parse(where);
    if (!address) continue;
    const auto response = net::ask(*address, question("/-/health", credentials(data_dir)), limit);
    health = response ? read_health(*response) : Result<Health>(fail(response.error()));
    if (health) break;
  }
  return health;
}

Unread ask_unread(const std::string& address, const std::filesystem::path& data_dir, std::string_view run,
                  std::chrono::milliseconds limit) {
  Unread unread;
  const auto to = net::Address::parse(address);
  if (!to) return unread;
  const std::string page = "/-/tunnelled/" + client::encode_context({.run = std::string(run)});
  const auto response = net::ask(*to, question(page, credentials(data_dir)), limit);
  const std::size_t end = response ? response->find("\r\n\r\n") : std::string::npos;
  if (end == std::string::npos) return unread;
  const auto document = json::Document::parse(response->substr(end + 4));
  if (!document) return unread;
  const json::Node root = document->root();
  for (const json::Node host : root["hosts"].elements()) unread.hosts.emplace_back(host.string().value_or(""));
  for (const json::Node one : root["distrustful"].elements()) {
    unread.distrustful.push_back({.client = std::string(one["client"].string().value_or("")),
                                  .host = std::string(one["host"].string().value_or(""))});
  }
  return unread;
}

}  // namespace tokometer::cli
