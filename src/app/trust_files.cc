#include "app/trust_files.h"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <system_error>

#include "base/files.h"

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBundle = "ca-bundle";
constexpr std::string_view kExtra = "ca-extra";

// FNV-1a: tells files apart that are made of different ones, no more.
std::uint64_t name_hash(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  return hash;
}

void append_certificates(std::string& to, std::string_view pem) {
  if (!to.empty() && to.back() != '\n') to += '\n';
  to += pem;
}

// Whether `content` had any of them.
bool drop(std::string& content, const std::vector<std::string>& certificates) {
  bool dropped = false;
  for (const std::string& one : certificates) {
    for (auto at = content.find(one); !one.empty() && at != std::string::npos; at = content.find(one, at)) {
      content.erase(at, one.size());
      dropped = true;
    }
  }
  return dropped;
}

}  // namespace

std::vector<fs::path> usual_root_files() {
  return {
      "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Arch, Alpine
      "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Fedora, RHEL
      "/etc/pki/tls/certs/ca-bundle.crt",                   // older ones of those
      "/etc/ssl/ca-bundle.pem",                             // SUSE
      "/etc/ssl/cert.pem",                                  // macOS, BSD, Alpine
  };
}

// A rotation renews the files that are there: one that is written afterwards, of what was trusted before, would never
// have the new certificate.
Result<TrustFiles::File> TrustFiles::settled(const std::function<Result<File>(const std::string& ours)>& make) const {
  constexpr int kTries = 10;
  auto ours = read_file(certificate_);
  for (int i = 0;; ++i) {
    if (!ours) return fail(std::move(ours.error()));
    auto made = make(*ours);
    auto now = read_file(certificate_);
    if (!made || i == kTries || (now && *now == *ours)) return made;
    ours = std::move(now);
  }
}

Result<std::optional<fs::path>> TrustFiles::bundle(const std::string& own) const {
  return settled([&](const std::string& ours) { return bundle_with(ours, own); });
}

Result<TrustFiles::File> TrustFiles::bundle_with(const std::string& ours, const std::string& own) const {
  if (!own.empty()) {
    // A file of the user's that cannot be read is his program's business.
    if (auto content = read_file(own)) {
      if (content->contains(ours)) return own;
      append_certificates(*content, ours);
      return write(kBundle, own, *content);
    }
  }
  for (const fs::path& file : root_files_) {
    auto content = read_file(file);
    if (!content) continue;
    append_certificates(*content, ours);
    return write(kBundle, "", *content);
  }
  return std::nullopt;
}

Result<fs::path> TrustFiles::extra(const std::string& own) const {
  if (own.empty() || own == certificate_) return certificate_;
  auto made = settled([&](const std::string& ours) { return extra_with(ours, own); });
  if (!made) return fail(std::move(made.error()));
  return made->value_or(certificate_);
}

Result<TrustFiles::File> TrustFiles::extra_with(const std::string& ours, const std::string& own) const {
  auto content = read_file(own);
  if (!content) return std::nullopt;
  if (content->contains(ours)) return own;
  append_certificates(*content, ours);
  return write(kExtra, own, *content);
}

Result<TrustFiles::File> TrustFiles::write(std::string_view name, const std::string& sources,
                                           const std::string& content) const {
  fs::path file = data_dir_ / (sources.empty() ? fmt::format("{}.pem", name)
                                               : fmt::format("{}-{:016x}.pem", name, name_hash(sources)));
  if (const auto there = read_file(file); there && *there == content) return file;
  if (auto written = put(file, content); !written) return fail(written.error());
  return file;
}

Result<void> TrustFiles::put(const fs::path& file, const std::string& content) const {
  if (auto written = replace_file(file, content); !written) return written;
  // Programs of other users may read it: it holds what is public anyway.
  std::error_code ignored;
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read | fs::perms::others_read,
                  ignored);
  return {};
}

Result<std::size_t> TrustFiles::renew(const std::vector<std::string>& earlier) const {
  const auto ours = read_file(certificate_);
  if (!ours) return fail(ours.error());
  const auto files = files_in(data_dir_, ".pem");
  if (!files) return fail(files.error());
  std::size_t renewed = 0;
  for (const fs::path& file : *files) {
    const std::string name = file.filename().string();
    if (!name.starts_with(kBundle) && !name.starts_with(kExtra)) continue;
    auto content = read_file(file);
    if (!content) return fail(content.error());
    if (!drop(*content, earlier)) continue;
    if (!content->contains(*ours)) append_certificates(*content, *ours);
    if (auto written = put(file, *content); !written) return fail(written.error());
    ++renewed;
  }
  return renewed;
}

}  // namespace tokometer::app
