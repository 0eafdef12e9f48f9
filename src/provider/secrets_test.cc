#include "provider/secrets.h"

#include <gtest/gtest.h>

#include <string>

namespace tokometer::provider {
namespace {

TEST(NamesSecret, KnowsCredentialsByTheWordsInTheirNames) {
  for (const char* name : {"key",
                           "api_key",
                           "api-key",
                           "apikey",
                           "API_KEY",
                           "AWSAccessKeyId",
                           "token",
                           "access_token",
                           "accessToken",
                           "id_token",
                           "signature",
                           "sig",
                           "X-Amz-Signature",
                           "X-Amz-Security-Token",
                           "X-Amz-Credential",
                           "client_secret",
                           "auth",
                           "authorization",
                           "Helicone-Auth",
                           "jwt",
                           "password",
                           "pwd",
                           "%6bey",
                           "%6Bey",
                           "to%6ben",
                           "Set-Cookie",
                           "code_verifier_hmac",
                           "client_assertion",
                           "X-Csrf-Token"}) {
    EXPECT_TRUE(names_secret(name)) << name;
  }
}

TEST(NamesSecret, LeavesWhatOnlySoundsLikeIt) {
  for (const char* name : {"", "%", "%6", "alt", "model", "api-version", "max_tokens", "max_token", "tokens", "design",
                           "maxOutputTokens", "x-amzn-bedrock-input-token-count", "x-ratelimit-remaining-tokens",
                           "token_limit", "signal", "passage", "content-type", "page", "tokenize"}) {
    EXPECT_FALSE(names_secret(name)) << name;
  }
}

TEST(IsSecret, TakesWhatTheSpecNamesToo) {
  Spec spec;
  spec.secret_fields = {"x-vendor"};
  spec.secret_query = {"q"};
  EXPECT_TRUE(is_secret_field(&spec, "X-Vendor"));
  EXPECT_TRUE(is_secret_field(&spec, "Authorization"));
  EXPECT_TRUE(is_secret_field(nullptr, "Sec-WebSocket-Protocol"));
  EXPECT_FALSE(is_secret_field(&spec, "q"));
  EXPECT_TRUE(is_secret_parameter(&spec, "%71"));
  EXPECT_FALSE(is_secret_parameter(&spec, "x-vendor"));
  EXPECT_FALSE(is_secret_parameter(nullptr, "q"));
}

// A spec that lists some names once stood for all: every other key was stored in clear.
TEST(RedactedTarget, HidesKeysThatTheSpecDoesNotName) {
  Spec spec;
  spec.secret_query = {"q"};
  for (const char* name : {"access_token", "apikey", "signature", "sig", "X-Amz-Signature", "X-Amz-Security-Token",
                           "client_secret", "auth", "jwt", "%6bey", "q", "Q"}) {
    const std::string path = std::string("/v1/chat/completions?") + name + "=";
    EXPECT_EQ(redacted_target(&spec, path + "SEKRET"), path + "REDACTED");
    EXPECT_EQ(redacted_target(&spec, path + "SEKRET&page=3"), path + "REDACTED&page=3");
  }
}

TEST(RedactedTarget, ChangesNothingElse) {
  for (const char* target : {"", "/x", "/x?", "/x?&", "/x?a", "/x?a=", "/x?a=b&&c=d&", "/x?key", "/models/m:go?alt=sse",
                             "/x?max_tokens=5", "text without a query", "?"}) {
    EXPECT_EQ(redacted_target(nullptr, target), target);
  }
}

TEST(RedactedTarget, ReadsEverySeparator) {
  EXPECT_EQ(redacted_target(nullptr, "/x?alt=sse&key=AIza&x"), "/x?alt=sse&key=REDACTED&x");
  EXPECT_EQ(redacted_target(nullptr, "/x?a=1;token=2;b=3"), "/x?a=1;token=REDACTED;b=3");
  EXPECT_EQ(redacted_target(nullptr, "/x?a=1?token=2"), "/x?a=1?token=REDACTED");
  EXPECT_EQ(redacted_target(nullptr, "https://h/x?sig=a%2Fb=="), "https://h/x?sig=REDACTED");
  EXPECT_EQ(redacted_target(nullptr, "/x?key="), "/x?key=REDACTED");
}

TEST(RedactedContent, HidesCredentialsWhereverTheyStandInJson) {
  const auto redacted = [](std::string_view text) { return redacted_content(nullptr, text, false); };
  EXPECT_EQ(redacted(R"({"refresh_token": "1//abc", "model": "m", "n": 3})"),
            R"({"refresh_token": "REDACTED", "model": "m", "n": 3})");
  EXPECT_EQ(redacted(R"(data: {"a":[{"Api-Key":"x\"y"},"kept"]})"
                     "\n\n"),
            R"(data: {"a":[{"Api-Key":"REDACTED"},"kept"]})"
            "\n\n");
  EXPECT_EQ(redacted(R"({"client_secret":{"value":"ek_1","expires_at":1,"list":["x"]},"id":"kept"})"),
            R"({"client_secret":{"value":"REDACTED","expires_at":1,"list":["REDACTED"]},"id":"kept"})");
  EXPECT_EQ(redacted(R"(["sk-proj-0123456789abcdefghij","sk-short","Bearer abc"])"),
            R"(["REDACTED","sk-short","REDACTED"])");
}

TEST(RedactedContent, LeavesContentAsItIs) {
  for (const char* text : {R"({"token":" hi","logprob":-0.1,"top_logprobs":[{"token":"a"}]})",
                           R"({"prompt_cache_key":"s1","author":"ann","max_tokens":5,"keys":["a"]})",
                           R"({"password":12,"text":"the password: \"x\""})", "no JSON \"at all", "\"ends in \\", ""}) {
    EXPECT_EQ(redacted_content(nullptr, text, false), text);
  }
}

TEST(RedactedContent, HidesCredentialsOfForms) {
  EXPECT_EQ(redacted_content(nullptr, "grant_type=refresh&refresh_token=abc&scope=x", true),
            "grant_type=refresh&refresh_token=REDACTED&scope=x");
}

}  // namespace
}  // namespace tokometer::provider
