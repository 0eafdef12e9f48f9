#include "app/authority_rotation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <memory>

#include "app/interception.h"
#include "app/trust_files.h"
#include "app/trust_store.h"
#include "base/files.h"

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;
using net::CertificateAuthority;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class AuthorityRotation : public testing::Test {
 protected:
  AuthorityRotation() {
    put(root / "roots.crt", "ROOTS\n");
    put(root / "own.crt", "OWN\n");
  }
  ~AuthorityRotation() override { fs::remove_all(root); }

  static void put(const fs::path& file, const std::string& content) {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << content;
  }
  // That of the key that is there.
  std::string ours() const { return CertificateAuthority::find(folder).value()->pem(); }
  std::string listed() const { return read_file(folder / "ca.pem").value(); }
  std::vector<std::string> rotate(const std::function<Result<void>()>& tell = [] { return Result<void>(); }) const {
    const auto rotated = rotate_authority(data_dir, {}, [&](const auto&) { return tell(); });
    return rotated ? std::vector<std::string>() : std::vector{rotated.error().message};
  }
  // Leaves what a process does that ends while it waits for the proxy.
  void cut_short_at_the_proxy() const {
    EXPECT_THAT(rotate([] { return Result<void>(fail(ErrorCode::kTimeout, "no answer")); }),
                testing::ElementsAre("no answer"));
  }
  // And of one that ends before the new key is there. The new certificate.
  std::string cut_short_before_the_key() const {
    const std::string lost = CertificateAuthority::make({}).value()->pem();
    put(folder / "next.pem", lost);
    const auto current = CertificateAuthority::open(folder, {}).value();
    fs::create_directories(folder / "earlier");
    put(folder / "earlier" / (TrustedCertificate{.file = {}, .name = current->info().name}.id() + ".pem"), ours());
    put(folder / "ca.pem", listed() + lost);
    const auto files = files_in(data_dir, ".pem").value();
    for (const fs::path& file : files) put(file, read_file(file).value() + lost);
    return lost;
  }
  void make_files() const {
    ASSERT_TRUE(CertificateAuthority::open(folder, {}));
    ASSERT_TRUE(trust.bundle({}).value());
    ASSERT_TRUE(trust.extra(root / "own.crt"));
  }
  // All that programs are led to.
  std::vector<std::string> trusted() const {
    return {listed(), read_file(trust.bundle({}).value().value()).value(),
            read_file(trust.extra(root / "own.crt").value()).value()};
  }
  void expect_settled() const {
    EXPECT_EQ(listed(), ours());
    EXPECT_EQ(read_file(data_dir / "ca-bundle.pem").value(), "ROOTS\n" + ours());
    EXPECT_FALSE(is_rotating(data_dir));
    for (const EarlierCertificate& one : earlier_certificates(folder, UtcTime())) {
      EXPECT_NE(read_file(one.file).value(), ours());
    }
  }

  fs::path root = [] {
    std::string pattern = testing::TempDir() + "rotation_XXXXXX";
    return fs::path(::mkdtemp(pattern.data()));
  }();
  fs::path data_dir = root / "data";
  fs::path folder = authority_folder(data_dir);
  TrustFiles trust{data_dir, folder / "ca.pem", {root / "roots.crt"}};
};

TEST_F(AuthorityRotation, HasBothTrustedUntilTheProxyUsesTheNewOne) {
  make_files();
  const std::string before = ours();
  std::string during;
  Log log(LogLevel::kError);
  ASSERT_THAT(rotate([&] {
                during = ours();
                EXPECT_TRUE(is_rotating(data_dir));
                // In files that were there, and in those that are made now.
                EXPECT_EQ(read_file(data_dir / "ca-bundle.pem").value(), "ROOTS\n" + before + during);
                for (const std::string& file : trusted())
                  EXPECT_THAT(file, AllOf(HasSubstr(before), HasSubstr(during)));
                EXPECT_EQ(open_authority(data_dir, {}, log).value()->pem(), during) << "as a run does";
                EXPECT_THAT(listed(), HasSubstr(before));
                return Result<void>();
              }),
              IsEmpty());
  EXPECT_NE(during, before);
  EXPECT_EQ(ours(), during);
  expect_settled();
  for (const std::string& file : trusted()) EXPECT_THAT(file, AllOf(Not(HasSubstr(before)), HasSubstr(during)));
  const auto earlier = earlier_certificates(folder, UtcTime());
  ASSERT_THAT(earlier, SizeIs(1));
  EXPECT_EQ(read_file(earlier[0].file).value(), before);
}

TEST_F(AuthorityRotation, KeepsBothTrustedWhereTheProxyStillHasTheOldOne) {
  make_files();
  const std::string first = ours();
  cut_short_at_the_proxy();
  const std::string second = ours();
  for (const std::string& file : trusted()) EXPECT_THAT(file, AllOf(HasSubstr(first), HasSubstr(second)));
  EXPECT_TRUE(is_rotating(data_dir));
  // The proxy may have any of the three.
  cut_short_at_the_proxy();
  for (const std::string& file : trusted()) {
    EXPECT_THAT(file, AllOf(HasSubstr(first), HasSubstr(second), HasSubstr(ours())));
  }
  EXPECT_THAT(rotate(), IsEmpty());
  expect_settled();
  EXPECT_THAT(earlier_certificates(folder, UtcTime()), SizeIs(3));
}

TEST_F(AuthorityRotation, IsEndedByTheProxyThatStarts) {
  make_files();
  cut_short_at_the_proxy();
  const std::string ours_now = ours();
  ASSERT_TRUE(end_rotation(data_dir));
  EXPECT_EQ(ours(), ours_now);
  expect_settled();

  const std::string lost = cut_short_before_the_key();
  ASSERT_TRUE(end_rotation(data_dir));
  EXPECT_EQ(ours(), ours_now);
  expect_settled();
  for (const std::string& file : trusted()) EXPECT_THAT(file, Not(HasSubstr(lost)));
  EXPECT_THAT(earlier_certificates(folder, UtcTime()), SizeIs(1)) << "what was lost was never ours";
}

TEST_F(AuthorityRotation, LeavesAllAsItIsWhereTheFilesCannotBeWritten) {
  make_files();
  const std::string before = ours();
  fs::remove(data_dir / "ca-bundle.pem");
  fs::create_directories(data_dir / "ca-bundle.pem");
  EXPECT_THAT(rotate([] { return Result<void>(); }), Not(IsEmpty()));
  EXPECT_EQ(ours(), before);
  EXPECT_EQ(listed(), before) << "or runs would have to make files of both";
}

TEST_F(AuthorityRotation, ForgetsWhatWasLostBeforeItsKeyWasThere) {
  make_files();
  const std::string lost = cut_short_before_the_key();
  ASSERT_THAT(rotate([&] {
                for (const std::string& file : trusted()) EXPECT_THAT(file, Not(HasSubstr(lost)));
                return Result<void>();
              }),
              IsEmpty());
  expect_settled();
  EXPECT_THAT(earlier_certificates(folder, UtcTime()), SizeIs(1));
}

TEST_F(AuthorityRotation, IsDoneByOneProcessAtATime) {
  make_files();
  ASSERT_THAT(rotate([&] {
                const auto another = rotate_authority(data_dir, {}, [](const auto&) { return Result<void>(); });
                EXPECT_THAT(another.error().message, HasSubstr("another `tokometer ca rotate`"));
                EXPECT_TRUE(end_rotation(data_dir));
                EXPECT_TRUE(is_rotating(data_dir)) << "it is not for others to end one that goes on";
                return Result<void>();
              }),
              IsEmpty());
  expect_settled();
}

TEST_F(AuthorityRotation, MakesOneWhereThereIsNoneOrABrokenOne) {
  EXPECT_THAT(rotate(), IsEmpty());
  EXPECT_EQ(listed(), ours());
  make_files();
  const std::string before = ours();
  put(folder / "ca.key", "no key\n");
  ASSERT_THAT(rotate([&] {
                for (const std::string& file : trusted()) EXPECT_THAT(file, HasSubstr(before));
                return Result<void>();
              }),
              IsEmpty());
  expect_settled();
  ASSERT_THAT(earlier_certificates(folder, UtcTime()), SizeIs(1));
  // Clients that have files of ours trust the certificate, though ca.pem is gone.
  const std::string second = ours();
  fs::remove(folder / "ca.pem");
  ASSERT_THAT(rotate([&] {
                for (const std::string& file : trusted()) EXPECT_THAT(file, HasSubstr(second));
                return Result<void>();
              }),
              IsEmpty());
  expect_settled();
}

}  // namespace
}  // namespace tokometer::app
