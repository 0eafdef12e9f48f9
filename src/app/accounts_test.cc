#include "app/accounts.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "base/files.h"
#include "embedded/embedded.h"
#include "provider/registry.h"
#include "quota/account.h"
#include "wire/base64.h"

namespace tokometer::app {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;

class AccountsTest : public testing::Test {
 protected:
  AccountsTest() {
    std::string name = (fs::temp_directory_path() / "tokometer-accounts-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    registry_ = *provider::Registry::load(embedded::providers(), "");
  }
  ~AccountsTest() override {
    std::error_code error;
    fs::remove_all(folder_, error);
  }

  std::string of(const Accounts& accounts, std::string_view provider, std::vector<wire::Field> fields,
                 std::string_view target = "/v1/x") {
    return accounts.fingerprint(quota::Account(registry_->by_name(provider)->account, fields, target).find(""));
  }

  fs::path folder_;
  std::shared_ptr<const provider::Registry> registry_;
  std::vector<std::string> logged_;
  Log log_{LogLevel::kDebug, [this](LogLevel, std::string_view line) { logged_.emplace_back(line); }};
};

TEST_F(AccountsTest, TellsCredentialsApart) {
  const Accounts accounts = Accounts::open(folder_, log_);
  const std::string one = of(accounts, "openai", {{"authorization", "Bearer sk-1"}});
  EXPECT_THAT(one, MatchesRegex("[0-9a-f]{12}"));
  EXPECT_NE(of(accounts, "openai", {{"authorization", "Bearer sk-2"}}), one);
  EXPECT_EQ(of(accounts, "openai", {{"Api-Key", "sk-1"}}), one);
  EXPECT_EQ(of(accounts, "anthropic", {{"x-api-key", "sk-1"}}), one);
  EXPECT_EQ(of(accounts, "gcp.gemini", {}, "/v1beta/models?key=sk-1"), one);
  EXPECT_EQ(of(accounts, "openai", {{"cookie", "sk-1"}}), "");
  // A Copilot token changes every half hour, a signature with every request; whose they are stays.
  EXPECT_EQ(of(accounts, "github.copilot", {{"authorization", "Bearer tid=u1;exp=1"}}),
            of(accounts, "github.copilot", {{"authorization", "Bearer tid=u1;exp=2"}}));
  EXPECT_EQ(of(accounts, "aws.bedrock",
               {{"authorization",
                 "AWS4-HMAC-SHA256 Credential=AKIA1/20260401/us-east-1/bedrock/aws4_request, "
                 "SignedHeaders=host, Signature=ab"}}),
            of(accounts, "aws.bedrock",
               {{"authorization",
                 "AWS4-HMAC-SHA256 Credential=AKIA1/20260402/us-east-1/bedrock/aws4_request, "
                 "SignedHeaders=host, Signature=cd"}}));
  EXPECT_THAT(logged_, IsEmpty());
}

// Access tokens are renewed by the hour; whose quotas they count on stays.
TEST_F(AccountsTest, KnowsAnAccountWhoseTokenIsRenewed) {
  const Accounts accounts = Accounts::open(folder_, log_);
  const auto claude = [&](std::string_view token, std::string_view user, std::string_view organization) {
    const std::vector<wire::Field> fields{{"authorization", token}};
    quota::Account account(registry_->by_name("anthropic")->account, fields, "/v1/messages");
    account.response(std::vector<wire::Field>{{"anthropic-organization-id", organization}});
    return accounts.fingerprint(account.find(user));
  };
  const std::string one = claude("Bearer sk-ant-oat01-a", "user_0a_account_1b_session_5f", "o1");
  EXPECT_EQ(claude("Bearer sk-ant-oat01-b", "user_0a_account_1b_session_6f", "o1"), one);
  EXPECT_EQ(claude("Bearer sk-ant-oat01-b", R"({"device_id":"d","account_uuid":"1b","session_id":"s"})", "o1"), one);
  EXPECT_NE(claude("Bearer sk-ant-oat01-c", "user_0a_account_2c_session_7f", "o1"), one) << "a colleague";
  EXPECT_EQ(claude("Bearer sk-ant-oat01-a", "", "o1"), claude("Bearer sk-ant-oat01-b", "ann", "o1"));
  EXPECT_NE(claude("sk-ant-api03-a", "", "o1"), claude("sk-ant-api03-b", "", "o1")) << "keys stay what they are";

  const auto token = [](std::string_view claims) { return "Bearer e30." + wire::base64::encode(claims) + ".c2ln"; };
  const std::string first = token(R"({"exp":1,"https://api.openai.com/auth":{"chatgpt_account_user_id":"u__a"}})");
  const std::string second = token(R"({"exp":2,"https://api.openai.com/auth":{"chatgpt_account_user_id":"u__a"}})");
  EXPECT_EQ(of(accounts, "openai.codex", {{"authorization", first}, {"chatgpt-account-id", "a"}}),
            of(accounts, "openai.codex", {{"authorization", second}, {"chatgpt-account-id", "a"}}));
  EXPECT_EQ(of(accounts, "openai", {{"authorization", first}}), of(accounts, "openai", {{"authorization", second}}));
  EXPECT_EQ(of(accounts, "openai", {{"authorization", token(R"({"exp":1,"sub":"me"})")}}),
            of(accounts, "openai", {{"authorization", token(R"({"exp":2,"sub":"me"})")}}));
  EXPECT_NE(of(accounts, "openai", {{"authorization", "Bearer sk-1"}}),
            of(accounts, "openai", {{"authorization", "Bearer sk-2"}}))
      << "keys stay what they are";
  EXPECT_EQ(of(accounts, "openai.codex", {{"authorization", "Bearer x"}, {"chatgpt-account-id", "a"}}),
            of(accounts, "openai.codex", {{"authorization", "Bearer y"}, {"chatgpt-account-id", "a"}}));
  for (const std::string_view provider : {"azure.ai.openai", "ibm.watsonx.ai", "databricks"}) {
    const std::string early = token(R"({"exp":1,"oid":"me","iam_id":"me","sub":"me"})");
    const std::string late = token(R"({"exp":2,"oid":"me","iam_id":"me","sub":"me"})");
    EXPECT_EQ(of(accounts, provider, {{"authorization", early}}), of(accounts, provider, {{"authorization", late}}))
        << provider;
  }
  const std::string_view path = "/v1/projects/p1/locations/global/publishers/google/models/m:generateContent";
  EXPECT_EQ(of(accounts, "gcp.vertex_ai", {{"authorization", "Bearer ya29.a"}}, path),
            of(accounts, "gcp.vertex_ai", {{"authorization", "Bearer ya29.b"}}, path));
}

TEST_F(AccountsTest, KeepsItsKeyForItself) {
  const std::string first = of(Accounts::open(folder_, log_), "openai", {{"authorization", "Bearer sk-1"}});
  EXPECT_EQ(of(Accounts::open(folder_, log_), "openai", {{"authorization", "Bearer sk-1"}}), first);
  struct stat status = {};
  ASSERT_EQ(::stat((folder_ / "account.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(read_file(folder_ / "account.key")->size(), 32U);
  // Another installation cannot tell that it is the same credential.
  fs::remove(folder_ / "account.key");
  EXPECT_NE(of(Accounts::open(folder_, log_), "openai", {{"authorization", "Bearer sk-1"}}), first);
}

TEST_F(AccountsTest, ReplacesAKeyThatIsNone) {
  for (const std::size_t size : {0, 31, 33}) {
    logged_.clear();
    std::ofstream(folder_ / "account.key") << std::string(size, 'k');
    const std::string one = of(Accounts::open(folder_, log_), "openai", {{"authorization", "Bearer sk-1"}});
    EXPECT_THAT(logged_, ElementsAre(HasSubstr("not a key")));
    EXPECT_EQ(of(Accounts::open(folder_, log_), "openai", {{"authorization", "Bearer sk-1"}}), one);
  }
}

TEST_F(AccountsTest, WorksWithoutAFolder) {
  const std::string one = of(Accounts::open("", log_), "openai", {{"authorization", "Bearer sk-1"}});
  EXPECT_THAT(one, MatchesRegex("[0-9a-f]{12}"));
  EXPECT_THAT(logged_, IsEmpty());
  EXPECT_NE(of(Accounts::open(folder_ / "missing", log_), "openai", {{"authorization", "Bearer sk-1"}}), one);
  EXPECT_THAT(logged_, ElementsAre(HasSubstr("for this run only")));
}

}  // namespace
}  // namespace tokometer::app
