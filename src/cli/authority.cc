#include "cli/authority.h"

#include <system_error>
#include <utility>

#include "app/instance.h"
#include "app/interception.h"
#include "base/files.h"
#include "embedded/embedded.h"

namespace tokometer::cli {
namespace {

std::filesystem::path earlier_folder(const std::filesystem::path& folder) { return folder / "earlier"; }

}  // namespace

std::vector<EarlierCertificate> earlier_certificates(const std::filesystem::path& folder, UtcTime now) {
  std::vector<EarlierCertificate> found;
  const auto files = files_in(earlier_folder(folder), ".pem");
  if (!files) return found;
  for (const std::filesystem::path& file : *files) {
    auto info = net::CertificateAuthority::read(file);
    if (info && info->not_after > now) found.push_back({file, std::move(*info)});
  }
  return found;
}

Result<void> keep_earlier(const std::filesystem::path& folder) {
  const std::filesystem::path current = net::CertificateAuthority::certificate_path(folder);
  const auto info = net::CertificateAuthority::read(current);
  const auto content = read_file(current);
  if (!info || !content) return {};  // there is none, or none that anybody could trust
  std::error_code error;
  std::filesystem::create_directories(earlier_folder(folder), error);
  if (error) return fail(io_error(earlier_folder(folder).string(), error.value()));
  const app::TrustedCertificate named{current, info->name};
  return replace_file(earlier_folder(folder) / (named.id() + ".pem"), *content);
}

std::vector<std::string> wanted_domains(const provider::Registry& providers, app::Config config) {
  const auto running = app::find_instance(config.data_dir);
  if (running && running->status) {
    constexpr std::string_view kIntercept = "--intercept=";
    for (const std::string& word : running->status->start.options) {
      if (word.starts_with(kIntercept)) config.intercept.push_back(word.substr(kIntercept.size()));
    }
  }
  return app::intercepted_domains(providers, config);
}

Result<std::vector<std::string>> wanted_domains(const app::Config& config) {
  const auto registry = provider::Registry::load(embedded::providers(), config.config_dir / "providers");
  if (!registry) return fail(registry.error());
  return wanted_domains(**registry, config);
}

app::TrustSurroundings trust_surroundings(const Environment& environment) {
  return {.path = environment.variable("PATH").value_or(""), .home = environment.variable("HOME").value_or("")};
}

}  // namespace tokometer::cli
