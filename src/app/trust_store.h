// The stores in which a machine and its browsers keep the certificates that they
// trust: how ours gets in, and out again.
//
//   const auto stores = TrustStores::load();
//   for (const TrustPlan& plan : stores->install_plans(surroundings, certificate)) {
//     print(plan.title);
//     for (const TrustStep& step : plan.steps) print(shell_line(step));
//     carry_out(plan, surroundings);        // as root, where plan.needs_root
//   }
//
// Which stores there are, where and what commands they take is data: data/trust/systems.json.
// Browsers' stores are NSS databases, changed by certutil; no root is needed for them.
//
// Not here: the certificate itself (net/certificate_authority.h), files for single programs (trust_files.h).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tokometer::app {

struct TrustSurroundings {
  std::string path;                  // where programs are looked for
  std::filesystem::path home;        // whose browsers
  std::filesystem::path root = "/";  // before every folder of the system; another one in tests
};

struct TrustedCertificate {
  std::filesystem::path file;  // PEM
  std::string name;            // "Tokometer CA 3F09A2C1"
  std::string id() const;      // "3f09a2c1"
};

struct TrustStep {
  enum class Kind { kCopy, kRemove, kRun };
  Kind kind = Kind::kRun;
  std::filesystem::path from = {};      // kCopy
  std::filesystem::path to = {};        // kCopy, kRemove
  std::vector<std::string> words = {};  // kRun
};
// The step as a shell's command: "install -m 644 FROM TO", …
std::string shell_line(const TrustStep& step);

struct TrustPlan {
  std::string title;  // "the system's store (Debian, Ubuntu, Alpine)", "Firefox: abc.default"
  bool needs_root = false;
  bool done = false;  // there is nothing to do; steps is empty
  std::vector<TrustStep> steps;
  std::string missing = {};  // a program that it takes and that is not here, with its package; steps is empty
};

class TrustStores {
 public:
  static Result<TrustStores> load();  // what is inside the binary

  // A plan for every store that is here; none for the system if it is of no kind that is known.
  std::vector<TrustPlan> install_plans(const TrustSurroundings& surroundings, const TrustedCertificate& ours) const;
  std::vector<TrustPlan> uninstall_plans(const TrustSurroundings& surroundings, const TrustedCertificate& ours) const;

 private:
  struct System {
    std::string title, program, folder, file;
    std::vector<std::vector<std::string>> install, uninstall;
  };
  struct Browser {
    std::string title;
    std::vector<std::string> folders;
  };

  const System* system_here(const TrustSurroundings& surroundings) const;
  std::vector<TrustPlan> browser_plans(const TrustSurroundings& surroundings, const TrustedCertificate& ours,
                                       bool install) const;
  std::optional<TrustPlan> system_plan(const TrustSurroundings& surroundings, const TrustedCertificate& ours,
                                       bool install) const;

  std::vector<System> systems_;
  std::vector<Browser> browsers_;
};

// Does the steps, in order, until one fails.
Result<void> carry_out(const TrustPlan& plan);

}  // namespace tokometer::app
