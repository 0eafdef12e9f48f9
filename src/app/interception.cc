#include "app/interception.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <set>
#include <span>
#include <utility>

#include "base/files.h"
#include "net/crypto.h"

namespace tokometer::app {
namespace {

constexpr std::size_t kTokenBytes = 24;

// "amazonaws.com" of "bedrock-runtime.*.amazonaws.com"; empty for what is no domain.
std::string domain_of(std::string_view host) {
  if (const auto star = host.rfind('*'); star != std::string_view::npos) {
    const auto dot = host.find('.', star);
    host = dot == std::string_view::npos ? std::string_view() : host.substr(dot + 1);
  }
  host = host.substr(0, host.find(':'));
  const bool is_ip = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return is_ip || host == "localhost" ? std::string() : std::string(host);
}

}  // namespace

std::filesystem::path authority_folder(const std::filesystem::path& data_dir) { return data_dir / "ca"; }

std::vector<std::string> intercepted_domains(const provider::Registry& providers, const Config& config) {
  std::set<std::string> domains;
  for (const auto& spec : providers.specs()) {
    for (const std::string& host : spec->hosts) domains.insert(domain_of(host));
  }
  for (const std::string& host : config.intercept) {
    const std::string domain = host.contains('*') ? domain_of(host) : host;
    if (domain.empty()) return {};
    domains.insert(domain);
  }
  domains.erase("");
  return {domains.begin(), domains.end()};
}

Result<std::unique_ptr<net::CertificateAuthority>> open_authority(const std::filesystem::path& data_dir,
                                                                  const std::vector<std::string>& domains) {
  return net::CertificateAuthority::open(authority_folder(data_dir), domains);
}

std::vector<std::string> uncovered_domains(const net::CertificateAuthority::Info& authority,
                                           const std::vector<std::string>& domains) {
  // None means any, here and there.
  if (domains.empty() && !authority.permitted.empty()) return {"*"};
  std::vector<std::string> uncovered;
  std::ranges::copy_if(domains, std::back_inserter(uncovered),
                       [&](const std::string& domain) { return !authority.covers(domain); });
  return uncovered;
}

std::string uncovered_text(const std::vector<std::string>& uncovered, bool held) {
  constexpr std::size_t kNamed = 5;
  const std::span<const std::string> named = std::span(uncovered).first(std::min(kNamed, uncovered.size()));
  return fmt::format(
      "the certificate authority was made before {}{} was to be intercepted: calls there {} until `tokometer ca "
      "rotate`",
      fmt::join(named, ", "), uncovered.size() > kNamed ? fmt::format(" and {} more", uncovered.size() - kNamed) : "",
      held ? "fail, as --hard lets none pass unread," : "pass unread");
}

bool is_local_listener(std::string_view listen) {
  return listen.starts_with("unix:") || listen.starts_with("127.") || listen.starts_with("[::1]:") ||
         listen.starts_with("localhost:");
}

std::filesystem::path proxy_token_file(const std::filesystem::path& data_dir) { return data_dir / "proxy-token"; }

std::optional<std::string> find_proxy_token(const std::filesystem::path& data_dir) {
  std::ifstream file(proxy_token_file(data_dir));
  std::string token;
  if (!std::getline(file, token) || token.empty()) return std::nullopt;
  return token;
}

Result<std::string> proxy_token(const std::filesystem::path& data_dir) {
  if (auto token = find_proxy_token(data_dir)) return std::move(*token);
  const std::filesystem::path path = proxy_token_file(data_dir);
  const auto random = net::random_bytes(kTokenBytes);
  if (!random) return fail(random.error());
  std::string token;
  for (const char c : *random) token += fmt::format("{:02x}", static_cast<unsigned char>(c));
  const auto made = make_file(path, token + "\n");
  if (!made) return fail(made.error());
  if (!*made) return fail(io_error(path.string(), EEXIST));  // it is there, and empty
  return token;
}

}  // namespace tokometer::app
