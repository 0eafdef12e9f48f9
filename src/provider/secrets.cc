#include "provider/secrets.h"

#include <algorithm>
#include <array>
#include <vector>

#include "wire/fields.h"

namespace tokometer::provider {
namespace {

constexpr std::array<std::string_view, 11> kAnywhere = {"auth",       "secret",    "key", "cookie",    "password",
                                                        "passwd",  // "oauth", "AWSAccessKeyId"
                                                        "credential", "signature", "jwt", "assertion", "passphrase"};
constexpr std::array<std::string_view, 5> kWholeWords = {"sig", "pass", "pwd", "otp", "hmac"};
// What tells a count of tokens from a token: "x-amzn-bedrock-input-token-count".
constexpr std::array<std::string_view, 9> kCounting = {"count", "counts", "limit",  "limits",   "max",
                                                       "min",   "num",    "budget", "remaining"};

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decoded_name(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

// "accessToken", "X-Amz-Security-Token" → lower-case words.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool humps = is_upper(c) && i > 0 && is_lower(name[i - 1]);
    if (humps && !words.back().empty()) words.emplace_back();
    if (is_upper(c)) {
      words.back() += static_cast<char>(c - 'A' + 'a');
    } else if (is_lower(c)) {
      words.back() += c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  return words;
}

bool is_listed(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::any_of(names, [name](std::string_view secret) { return wire::iequals(secret, name); });
}

}  // namespace

bool names_secret(std::string_view name) {
  const std::string decoded = percent_decoded_name(name);
  if (std::ranges::any_of(kAnywhere, [&](std::string_view part) { return wire::icontains(decoded, part); }))
    return true;
  const auto words = words_of(decoded);
  const auto is_in = [](const auto& list) {
    return [&list](const auto& word) { return std::ranges::count(list, word) != 0; };
  };
  if (std::ranges::any_of(words, is_in(kWholeWords))) return true;
  return std::ranges::any_of(words, [](const std::string& word) { return word.ends_with("token"); }) &&
         std::ranges::none_of(words, is_in(kCounting));
}

bool is_secret_field(const Spec* spec, std::string_view name) {
  // OpenAI's Realtime takes a browser's key as one of the subprotocols.
  if (names_secret(name) || wire::iequals(name, "sec-websocket-protocol")) return true;
  return spec != nullptr && is_listed(spec->secret_fields, name);
}

bool is_secret_parameter(const Spec* spec, std::string_view name) {
  return names_secret(name) || (spec != nullptr && is_listed(spec->secret_query, percent_decoded_name(name)));
}

std::string redacted_target(const Spec* spec, std::string_view target) {
  // ";" separates for some servers, and a second "?" stands where a client has added its parameters blindly.
  constexpr std::string_view kSeparators = "&;?";
  std::string redacted;
  redacted.reserve(target.size());
  std::size_t at = target.find('?');
  redacted += target.substr(0, at);
  while (at != std::string_view::npos) {
    redacted += target[at];
    const auto end = target.find_first_of(kSeparators, at + 1);
    const auto parameter = target.substr(at + 1, end == std::string_view::npos ? end : end - at - 1);
    const auto equals = parameter.find('=');
    const bool hides = equals != std::string_view::npos && is_secret_parameter(spec, parameter.substr(0, equals));
    redacted += hides ? parameter.substr(0, equals + 1) : parameter;
    if (hides) redacted += kRedacted;
    at = end;
  }
  return redacted;
}

namespace {

// As members are called without their case, '_' and '-'.
constexpr std::array<std::string_view, 19> kSecretMembers = {
    "apikey",  "xapikey",       "apitoken",           "accesstoken",    "refreshtoken",
    "idtoken", "authtoken",     "bearertoken",        "sessiontoken",   "clientsecret",
    "secret",  "secretkey",     "secretaccesskey",    "privatekey",     "password",
    "passwd",  "authorization", "authorizationtoken", "clientassertion"};
// How providers' keys begin; what follows is a run of letters, digits, '-' and '_'.
constexpr std::array<std::string_view, 5> kKeyBeginnings = {"sk-", "ek_", "gsk_", "xai-", "AIza"};
constexpr std::size_t kShortestKey = 20;

bool is_secret_member(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c != '_' && c != '-') plain += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return std::ranges::count(kSecretMembers, plain) != 0;
}

bool looks_like_key(std::string_view value) {
  if (value.starts_with("Bearer ")) return true;
  const bool begins =
      std::ranges::any_of(kKeyBeginnings, [&](std::string_view begin) { return value.starts_with(begin); });
  return begins && value.size() >= kShortestKey && value.find_first_of(" \\") == std::string_view::npos;
}

// Goes over strings of JSON wherever they stand, keeping all else as it is.
class ContentRedactor {
 public:
  explicit ContentRedactor(std::string_view text) : text_(text) { out_.reserve(text.size()); }

  std::string run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        string();
        continue;
      }
      if (secret_depth_ > 0 && (c == '{' || c == '[')) ++secret_depth_;
      if (secret_depth_ > 0 && (c == '}' || c == ']')) secret_depth_ = secret_depth_ > 2 ? secret_depth_ - 1 : 0;
      out_ += c;
      ++at_;
    }
    return std::move(out_);
  }

 private:
  void string() {
    const std::size_t begin = at_ + 1;
    std::size_t end = begin;
    while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2 : 1;
    end = std::min(end, text_.size());
    const std::string_view value = text_.substr(begin, end - begin);
    std::size_t next = text_.find_first_not_of(" \t\r\n", std::min(end + 1, text_.size()));
    const bool is_name = next != std::string_view::npos && text_[next] == ':';
    const bool hidden = !is_name && (value_is_secret_ || secret_depth_ > 0 || looks_like_key(value));
    out_ += '"';
    out_ += hidden ? kRedacted : value;
    if (end < text_.size()) out_ += '"';
    at_ = std::min(end + 1, text_.size());
    value_is_secret_ = false;
    if (!is_name) return;
    out_ += text_.substr(at_, next + 1 - at_);
    at_ = next + 1;
    if (!is_secret_member(value)) return;
    next = text_.find_first_not_of(" \t\r\n", at_);
    if (next == std::string_view::npos) return;
    // All strings of an object or list that is one secret.
    if (text_[next] == '{' || text_[next] == '[') secret_depth_ = std::max<std::size_t>(secret_depth_, 1);
    value_is_secret_ = text_[next] == '"';
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t secret_depth_ = 0;  // 0: not within a secret object; 1: before its bracket
  bool value_is_secret_ = false;
  std::string out_;
};

}  // namespace

std::string redacted_content(const Spec* spec, std::string_view text, bool is_form) {
  if (is_form) return redacted_target(spec, "?" + std::string(text)).substr(1);
  return ContentRedactor(text).run();
}

}  // namespace tokometer::provider
