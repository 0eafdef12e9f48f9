#include "app/authority_rotation.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "app/interception.h"
#include "app/trust_files.h"
#include "app/trust_store.h"
#include "base/files.h"

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;
using net::CertificateAuthority;

constexpr unsigned kPublic = 0644;

fs::path earlier_folder(const fs::path& folder) { return folder / "earlier"; }
fs::path next_file(const fs::path& folder) { return folder / "next.pem"; }

// Of who rotates, as long as it lives.
class RotationLock {
 public:
  // Nothing while another process has it.
  static Result<std::optional<RotationLock>> take(const fs::path& folder) {
    std::error_code error;
    if (fs::create_directories(folder, error)) fs::permissions(folder, fs::perms::owner_all, error);
    const fs::path file = folder / "rotation.lock";
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return fail(io_error(file.string(), errno));
    RotationLock lock(descriptor);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
    if (errno == EWOULDBLOCK || errno == EINTR) return std::nullopt;
    return fail(io_error(file.string(), errno));
  }
  RotationLock(RotationLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  RotationLock& operator=(RotationLock&&) = delete;
  ~RotationLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

 private:
  explicit RotationLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

// The first of those in a file.
std::string_view first_certificate(std::string_view pem) {
  constexpr std::string_view kEnd = "-----END CERTIFICATE-----\n";
  const auto end = pem.find(kEnd);
  return end == std::string_view::npos ? pem : pem.substr(0, end + kEnd.size());
}

class Rotation {
 public:
  Rotation(const fs::path& data_dir, const RotationLock& /*held*/)
      : data_dir_(data_dir), folder_(authority_folder(data_dir)) {}

  // Both are trusted from here on, and the new one is there.
  Result<std::unique_ptr<CertificateAuthority>> begin(const std::vector<std::string>& domains) {
    if (auto forgotten = forget_lost(); !forgotten) return fail(std::move(forgotten.error()));
    if (auto kept = keep_current(); !kept) return fail(std::move(kept.error()));
    auto made = CertificateAuthority::make(domains);
    if (!made) return made;
    if (auto noted = replace_file(next_file(folder_), (*made)->pem(), kPublic); !noted) return fail(noted.error());
    // Those that a proxy may still use, which was not told of the rotation before this one.
    const std::string listed = read_file(certificate_file()).value_or("");
    std::string both;
    for (const std::string& one : earlier()) {
      if (listed.contains(one)) both += one;
    }
    if (auto shown = show(both + (*made)->pem(), earlier()); !shown) {
      // Else runs would want to make files of both, too.
      if (auto back = replace_file(certificate_file(), listed, kPublic); !back) return fail(std::move(back.error()));
      return fail(std::move(shown.error()));
    }
    if (auto put = (*made)->put_key(folder_, true); !put) return fail(std::move(put.error()));
    return made;
  }

  // No proxy uses another authority than that in the folder.
  Result<void> end() {
    const auto next = read_file(next_file(folder_));
    if (!next) return {};
    const auto current = CertificateAuthority::find(folder_);
    if (!current) return fail(current.error());
    const std::string ours = (*current)->pem();
    std::vector<std::string> gone = earlier();
    if (*next != ours) gone.push_back(*next);
    if (auto shown = show(ours, gone); !shown) return shown;
    if (auto forgotten = forget_kept(ours); !forgotten) return forgotten;
    return remove_next();
  }

 private:
  fs::path certificate_file() const { return CertificateAuthority::certificate_path(folder_); }

  std::vector<std::string> earlier() const {
    std::vector<std::string> certificates;
    for (const EarlierCertificate& one : earlier_certificates(folder_, UtcTime())) {
      if (auto content = read_file(one.file)) certificates.push_back(std::move(*content));
    }
    return certificates;
  }

  // ca.pem first: who makes a file of it looks there again afterwards.
  Result<void> show(const std::string& certificates, const std::vector<std::string>& gone) const {
    if (auto written = replace_file(certificate_file(), certificates, kPublic); !written) return written;
    auto renewed = TrustFiles(data_dir_, certificate_file()).renew(gone);
    return renewed ? Result<void>() : fail(std::move(renewed.error()));
  }

  // A certificate whose key was lost with the process that made it: it was never used.
  Result<void> forget_lost() const {
    const auto next = read_file(next_file(folder_));
    const auto current = CertificateAuthority::find(folder_);
    if (!next || !current || *next == (*current)->pem()) return {};
    std::string listed = read_file(certificate_file()).value_or("");
    if (const auto at = listed.find(*next); at != std::string::npos) listed.erase(at, next->size());
    return show(listed, {*next});
  }

  Result<void> keep_current() const {
    if (CertificateAuthority::find(folder_)) {
      const auto current = CertificateAuthority::open(folder_, {});  // mends ca.pem
      return current ? keep((*current)->pem(), (*current)->info().name) : fail(current.error());
    }
    // There is none, or its key is broken, and clients trust it all the same.
    const auto listed = read_file(certificate_file());
    const auto info = CertificateAuthority::read(certificate_file());
    if (!listed || !info) return {};
    return keep(first_certificate(*listed), info->name);
  }

  Result<void> keep(std::string_view pem, const std::string& name) const {
    const fs::path to = earlier_folder(folder_);
    std::error_code error;
    fs::create_directories(to, error);
    if (error) return fail(io_error(to.string(), error.value()));
    return replace_file(to / (TrustedCertificate{.file = {}, .name = name}.id() + ".pem"), pem);
  }

  // Where a rotation was cut short before its key was there, what was kept is still ours.
  Result<void> forget_kept(const std::string& ours) const {
    std::error_code error;
    for (const EarlierCertificate& one : earlier_certificates(folder_, UtcTime())) {
      if (read_file(one.file).value_or("") == ours) fs::remove(one.file, error);
      if (error) return fail(io_error(one.file.string(), error.value()));
    }
    return {};
  }

  Result<void> remove_next() const {
    std::error_code error;
    fs::remove(next_file(folder_), error);
    if (error) return fail(io_error(next_file(folder_).string(), error.value()));
    return {};
  }

  const fs::path& data_dir_;
  fs::path folder_;
};

}  // namespace

std::vector<EarlierCertificate> earlier_certificates(const fs::path& folder, UtcTime now) {
  std::vector<EarlierCertificate> found;
  const auto files = files_in(earlier_folder(folder), ".pem");
  if (!files) return found;
  for (const fs::path& file : *files) {
    auto info = CertificateAuthority::read(file);
    if (info && info->not_after > now) found.push_back({file, std::move(*info)});
  }
  return found;
}

Result<void> rotate_authority(const fs::path& data_dir, const std::vector<std::string>& domains,
                              const std::function<Result<void>(const CertificateAuthority::Info& made)>& tell) {
  const auto lock = RotationLock::take(authority_folder(data_dir));
  if (!lock) return fail(lock.error());
  if (!*lock)
    return fail(ErrorCode::kInvalid, "another `tokometer ca rotate` is at work there: wait until it has ended");
  Rotation rotation(data_dir, **lock);
  const auto made = rotation.begin(domains);
  if (!made) return fail(made.error());
  if (auto told = tell((*made)->info()); !told) return told;
  return rotation.end();
}

bool is_rotating(const fs::path& data_dir) {
  std::error_code error;
  return fs::exists(next_file(authority_folder(data_dir)), error);
}

Result<void> end_rotation(const fs::path& data_dir) {
  if (!is_rotating(data_dir)) return {};
  const auto lock = RotationLock::take(authority_folder(data_dir));
  if (!lock) return fail(lock.error());
  if (!*lock) return {};  // it goes on, and ends by itself
  return Rotation(data_dir, **lock).end();
}

}  // namespace tokometer::app
