#include "app/trust_store.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;

// A machine in a folder: its own root, home and programs, which note how they were called.
class TrustStoreTest : public testing::Test {
 protected:
  TrustStoreTest() {
    std::string name = testing::TempDir() + "trust_XXXXXX";
    folder_ = mkdtemp(name.data());
    fs::create_directories(folder_ / "bin");
    fs::create_directories(folder_ / "home");
    ours_ = {folder_ / "ca.pem", "Tokometer CA 3F09A2C1"};
    std::ofstream(ours_.file) << "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    surroundings_ = {.path = (folder_ / "bin").string(), .home = folder_ / "home", .root = folder_ / "root"};
  }
  ~TrustStoreTest() override { fs::remove_all(folder_); }

  void add_program(const std::string& name, const std::string& script) const {
    const fs::path file = folder_ / "bin" / name;
    std::ofstream(file) << "#!/bin/sh\necho \"" << name << " $*\" >>" << (folder_ / "calls").string() << "\n" << script;
    fs::permissions(file, fs::perms::owner_all);
  }
  void add_system(const std::string& folder, const std::string& program) const {
    fs::create_directories(folder_ / "root" / folder);
    add_program(program, "");
  }
  std::string calls() const {
    std::ifstream stream(folder_ / "calls");
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }
  std::vector<TrustPlan> install() const { return TrustStores::load()->install_plans(surroundings_, ours_); }
  std::vector<TrustPlan> uninstall() const { return TrustStores::load()->uninstall_plans(surroundings_, ours_); }

  fs::path folder_;
  TrustedCertificate ours_;
  TrustSurroundings surroundings_;
};

TEST_F(TrustStoreTest, DebianIsChangedAndChangedBack) {
  add_system("usr/local/share/ca-certificates", "update-ca-certificates");
  auto plans = install();
  ASSERT_EQ(plans.size(), 1U);
  EXPECT_TRUE(plans[0].needs_root);
  ASSERT_TRUE(carry_out(plans[0]));
  const fs::path copy = folder_ / "root/usr/local/share/ca-certificates/tokometer-3f09a2c1.crt";
  EXPECT_EQ(fs::file_size(copy), fs::file_size(ours_.file));
  EXPECT_NE(fs::status(copy).permissions() & fs::perms::others_read, fs::perms::none);
  EXPECT_EQ(calls(), "update-ca-certificates \n");
  EXPECT_TRUE(install()[0].done);
  plans = uninstall();
  ASSERT_TRUE(carry_out(plans[0]));
  EXPECT_FALSE(fs::exists(copy));
  EXPECT_EQ(calls(), "update-ca-certificates \nupdate-ca-certificates --fresh\n");
  EXPECT_TRUE(uninstall()[0].done);
}

TEST_F(TrustStoreTest, SystemsAreToldApartByFolderAndProgram) {
  add_system("etc/pki/ca-trust/source/anchors", "update-ca-trust");
  EXPECT_EQ(install()[0].title, "the system's store (RHEL, Fedora)");
  EXPECT_EQ(shell_line(install()[0].steps[0]),
            "install -m 644 " + ours_.file.string() + " " +
                (folder_ / "root/etc/pki/ca-trust/source/anchors/tokometer-3f09a2c1.pem").string());
  fs::remove_all(folder_ / "root");
  add_system("Library/Keychains", "security");
  const auto keychain = uninstall()[0];
  EXPECT_EQ(keychain.title, "the system's keychain");
  ASSERT_EQ(keychain.steps.size(), 2U);
  EXPECT_TRUE(shell_line(keychain.steps[1])
                  .ends_with("delete-certificate -c 'Tokometer CA 3F09A2C1' /Library/Keychains/System.keychain"));
  fs::remove_all(folder_ / "root");
  add_system("etc/ca-certificates/trust-source", "trust");
  EXPECT_TRUE(shell_line(install()[0].steps[0]).ends_with("trust anchor --store " + ours_.file.string()));
}

TEST_F(TrustStoreTest, AnUnknownSystemHasNoPlan) { EXPECT_TRUE(install().empty()); }

TEST_F(TrustStoreTest, EachProfileOfABrowserIsChanged) {
  for (const char* const profile : {".mozilla/firefox/a.default", ".mozilla/firefox/b", ".pki/nssdb"}) {
    fs::create_directories(surroundings_.home / profile);
    std::ofstream(surroundings_.home / profile / "cert9.db") << "";
  }
  fs::create_directories(surroundings_.home / ".mozilla/firefox/Crash Reports");
  auto plans = install();
  ASSERT_EQ(plans.size(), 3U);
  EXPECT_FALSE(plans[0].missing.empty()) << "certutil is not there";
  // The certificate is in a database once -A was called for it.
  add_program("certutil",
              "case $1 in -L) test -e \"${3#sql:}/has\" ;; -A) touch \"${3#sql:}/has\" ;; "
              "-D) rm \"${3#sql:}/has\" ;; esac");
  plans = install();
  for (const TrustPlan& plan : plans) {
    EXPECT_FALSE(plan.needs_root);
    EXPECT_FALSE(plan.done);
    ASSERT_TRUE(carry_out(plan));
  }
  for (const TrustPlan& plan : install()) EXPECT_TRUE(plan.done) << plan.title;
  for (const TrustPlan& plan : uninstall()) ASSERT_TRUE(carry_out(plan));
  for (const TrustPlan& plan : uninstall()) EXPECT_TRUE(plan.done) << plan.title;
  EXPECT_NE(calls().find("-A -d sql:" + (surroundings_.home / ".pki/nssdb").string() +
                         " -t C,, -n Tokometer CA 3F09A2C1 -i " + ours_.file.string()),
            std::string::npos)
      << calls();
}

TEST_F(TrustStoreTest, AStepThatFailsIsSaid) {
  add_system("usr/local/share/ca-certificates", "update-ca-certificates");
  add_program("update-ca-certificates", "echo 'no space left' >&2; exit 1\n");
  const auto done = carry_out(install()[0]);
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("no space left"), std::string::npos);
}

}  // namespace
}  // namespace tokometer::app
