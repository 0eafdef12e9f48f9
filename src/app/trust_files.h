// The files of certificates that programs are told to trust, so that they take
// ours beside those that they would take anyway.
//
//   TrustFiles files(data_dir, ca_certificate);
//   files.bundle({});            // DATA_DIR/ca-bundle.pem: the system's roots and ours
//   files.extra(own_extra_file)  // what NODE_EXTRA_CA_CERTS names already, and ours
//
// Files hold certificates only, never a key. They are written anew when what they are made of has changed; that may be
// just then (authority_rotation.h).
//
// Not here: our CA (net/certificate_authority.h), putting it into the system's own store.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace tokometer::app {

// Where systems keep their roots as one file; the first that is there is used.
std::vector<std::filesystem::path> usual_root_files();

class TrustFiles {
 public:
  // `certificate` is our CA's file; during a rotation it has those of both.
  TrustFiles(std::filesystem::path data_dir, std::filesystem::path certificate,
             std::vector<std::filesystem::path> root_files = usual_root_files())
      : data_dir_(std::move(data_dir)), certificate_(std::move(certificate)), root_files_(std::move(root_files)) {}

  // For programs that trust a file instead of the system's roots: `own` (what they were told so far; empty: nothing)
  // in the place of the system's roots, and ours. Nothing where there are neither: a file with ours alone would make
  // them refuse every other host.
  Result<std::optional<std::filesystem::path>> bundle(const std::string& own) const;
  // For programs that trust a file besides: `own`, if there is one, and ours.
  Result<std::filesystem::path> extra(const std::string& own) const;
  // Puts ours in the place of `earlier` ones (PEM) in every such file that is there, so that who is led to it by name
  // needs no new one. How many it has changed.
  Result<std::size_t> renew(const std::vector<std::string>& earlier) const;

 private:
  using File = std::optional<std::filesystem::path>;

  Result<File> bundle_with(const std::string& ours, const std::string& own) const;
  Result<File> extra_with(const std::string& ours, const std::string& own) const;
  // What `make` makes, of what our file holds now.
  Result<File> settled(const std::function<Result<File>(const std::string& ours)>& make) const;
  Result<void> put(const std::filesystem::path& file, const std::string& content) const;
  Result<File> write(std::string_view name, const std::string& sources, const std::string& content) const;
  std::filesystem::path data_dir_;
  std::filesystem::path certificate_;
  std::vector<std::filesystem::path> root_files_;
};

}  // namespace tokometer::app
