#include "quota/account.h"

#include <gtest/gtest.h>

#include <vector>

#include "json/query_set.h"
#include "wire/base64.h"

namespace tokometer::quota {
namespace {

using provider::AccountRules;
using From = provider::AccountSource::From;

AccountRules rules() {
  AccountRules rules;
  rules.credential = {{.from = From::kField, .name = "authorization", .after = "tid=", .until = ";"},
                      {.from = From::kField, .name = "authorization"},
                      {.from = From::kQuery, .name = "key"}};
  return rules;
}

std::string found(std::vector<wire::Field> fields, std::string_view target = "/v1/x") {
  const AccountRules all = rules();
  const Account account(all, fields, target);
  EXPECT_EQ(account.find(""), account.credential()) << "nothing else says who it is";
  return std::string(account.credential());
}

TEST(Credential, IsTheSameHoweverItIsSent) {
  EXPECT_EQ(found({{"Authorization", "Bearer sk-1"}}), "sk-1");
  EXPECT_EQ(found({{"authorization", "bearer   sk-1"}}), "sk-1");
  EXPECT_EQ(found({{"authorization", "sk-1"}}), "sk-1");
  EXPECT_EQ(found({}, "/v1/x?alt=sse&key=sk-1&b"), "sk-1");
  EXPECT_EQ(found({{"authorization", "sk-1 x"}}), "sk-1 x") << "no scheme has a digit";
}

TEST(Credential, TakesThePartThatStaysTheSame) {
  EXPECT_EQ(found({{"authorization", "Bearer tid=u42;exp=1;sku=x"}}), "u42");
  EXPECT_EQ(found({{"authorization", "Bearer tid=u42"}}), "u42");
}

TEST(Credential, MayBeMissing) {
  EXPECT_EQ(found({}), "");
  EXPECT_EQ(found({{"authorization", ""}}), "");
  EXPECT_EQ(found({{"authorization", "Bearer "}}), "");
  EXPECT_EQ(found({}, "/v1/x?key="), "");
  EXPECT_EQ(found({}, "/v1/x?"), "");
  EXPECT_EQ(found({}, "/v1/x?keys=1&ke"), "");
}

// Who is told by what a call says of itself, in this order.
AccountRules identities() {
  AccountRules rules;
  rules.credential = {{.from = From::kField, .name = "authorization"}};
  rules.identity = {{.from = From::kUser, .after = "_account_", .until = "_session_", .of = "oat-"},
                    {.from = From::kResponse, .name = "x-organization", .of = "oat-"},
                    {.from = From::kField, .name = "x-account"},
                    {.from = From::kPath, .after = "/projects/", .until = "/", .of = "ya29."}};
  return rules;
}

std::string who(std::string_view token, std::string_view user, std::vector<wire::Field> answered,
                std::string_view account_field = "", std::string_view target = "/v1/x") {
  const AccountRules all = identities();
  std::vector<wire::Field> fields{{"authorization", token}};
  if (!account_field.empty()) fields.push_back({"x-account", account_field});
  Account account(all, fields, target);
  account.response(answered);
  return account.find(user);
}

TEST(Account, IsWhomTheExchangeNamesBeforeItsToken) {
  const std::vector<wire::Field> organization{{"X-Organization", "o1"}};
  EXPECT_EQ(who("Bearer oat-1", "user_a_account_7_session_b", organization), "7");
  EXPECT_EQ(who("Bearer oat-2", "user_a_account_7_session_c", {}), "7");
  EXPECT_EQ(who("Bearer oat-1", "user_a_account__session_b", organization), "o1");
  EXPECT_EQ(who("Bearer oat-1", "", organization, "acc"), "o1");
  EXPECT_EQ(who("Bearer oat-1", "", {}, "acc"), "acc");
  EXPECT_EQ(who("Bearer oat-1", "", {}), "oat-1");
}

TEST(Account, IsToldByItsKeyWhereThatStays) {
  EXPECT_EQ(who("Bearer sk-1", "user_a_account_7_session_b", {{"x-organization", "o1"}}), "sk-1");
}

TEST(Account, MayBeTheProjectOfThePath) {
  EXPECT_EQ(who("Bearer ya29.a", "", {}, "", "/v1/projects/p1/x?projects/"), "p1");
  EXPECT_EQ(who("Bearer ya29.a", "", {}, "", "/v1/x?/projects/p1/"), "ya29.a");
}

TEST(Account, MayBeAClaimOfAToken) {
  const json::WantedQuery wanted{
      .text = "$['https://api.openai.com/auth'].user", .want = json::Want::kValue, .max_bytes = 100};
  AccountRules rules;
  rules.credential = {{.from = From::kField, .name = "authorization"}};
  rules.identity = {{.from = From::kField, .name = "authorization"}};
  rules.identity[0].claim =
      std::make_shared<const json::QuerySet>(std::move(*json::QuerySet::compile(std::span(&wanted, 1))));
  const auto claim = [&](std::string_view payload) {
    const std::string token = "Bearer e30." + wire::base64::encode(payload) + ".c2ln";
    const std::vector<wire::Field> fields{{"authorization", token}};
    const std::string found = Account(rules, fields, "/").find("");
    return found == token.substr(7) ? "the token" : found;
  };
  EXPECT_EQ(claim(R"({"exp": 1, "https://api.openai.com/auth": {"user": "u1"}})"), "u1");
  EXPECT_EQ(claim(R"({"https://api.openai.com/auth": {"user": ["u1"]}})"), "the token");
  EXPECT_EQ(claim(R"({"sub": "u1"})"), "the token");
  EXPECT_EQ(claim(R"({"https://api.openai.com/auth": {"user": "u1"})"), "the token") << "cut short";
  EXPECT_EQ(
      claim(R"({"https://api.openai.com/auth": {"user": "u1"}, "x": ")" + std::string(kMaxTokenBytes, 'x') + "\"}"),
      "the token")
      << "too long";
  for (const char* odd : {"", ".", "..", "a.b.c", "a.%%.c", "a.e30", "sk-1"}) {
    const std::vector<wire::Field> fields{{"authorization", odd}};
    EXPECT_EQ(Account(rules, fields, "/").find(""), odd);
  }
}

}  // namespace
}  // namespace tokometer::quota
