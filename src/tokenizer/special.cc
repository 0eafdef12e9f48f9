#include "tokenizer/special.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace tokometer::tokenizer {
namespace {

struct Name {
  std::string_view text;  // without "<|" and "|>"
  Token token;
};

constexpr std::array kGpt2Names{Name{"endoftext", 50256}};
constexpr std::array kCl100kNames{Name{"endoftext", 100257}, Name{"fim_prefix", 100258}, Name{"fim_middle", 100259},
                                  Name{"fim_suffix", 100260}, Name{"endofprompt", 100276}};
constexpr std::array kO200kNames{Name{"endoftext", 199999}, Name{"endofprompt", 200018}};
constexpr std::array kHarmonyNames{Name{"startoftext", 199998}, Name{"endoftext", 199999}, Name{"return", 200002},
                                   Name{"constrain", 200003},   Name{"channel", 200005},   Name{"start", 200006},
                                   Name{"end", 200007},         Name{"message", 200008},   Name{"call", 200012},
                                   Name{"endofprompt", 200018}};

std::span<const Name> names_of(Encoding encoding) {
  switch (encoding) {
    case Encoding::kP50kBase:
    case Encoding::kR50kBase:
      return kGpt2Names;
    case Encoding::kCl100kBase:
      return kCl100kNames;
    case Encoding::kO200kBase:
      return kO200kNames;
    case Encoding::kO200kHarmony:
      return kHarmonyNames;
    case Encoding::kTekken:
    case Encoding::kLlama3:
      break;
  }
  return {};
}

// <|reserved_200013|> and so on; the numbers between the named ones are reserved too.
std::optional<Token> reserved_harmony(std::string_view name) {
  constexpr std::string_view kReserved = "reserved_";
  if (!name.starts_with(kReserved) || name.size() != kReserved.size() + 6) return std::nullopt;
  Token token = 0;
  const auto [end, error] = std::from_chars(name.data() + kReserved.size(), name.data() + name.size(), token);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  const bool named = std::ranges::any_of(
      kHarmonyNames, [&](const Name& one) { return one.token == token && one.text != "endofprompt"; });
  if (token < 200000 || token > 201087 || named) return std::nullopt;
  return token;
}

std::optional<Token> special_named(Encoding encoding, std::string_view name) {
  for (const Name& one : names_of(encoding)) {
    if (one.text == name) return one.token;
  }
  return encoding == Encoding::kO200kHarmony ? reserved_harmony(name) : std::nullopt;
}

}  // namespace

std::optional<Special> find_special(Encoding encoding, std::string_view text, std::size_t from) {
  constexpr std::size_t kLongest = 24;  // of a name
  for (std::size_t at = text.find("<|", from); at != std::string_view::npos; at = text.find("<|", at + 1)) {
    const std::string_view name = text.substr(at + 2, kLongest + 2);
    const std::size_t end = name.find("|>");
    if (end == std::string_view::npos) continue;
    if (const auto token = special_named(encoding, name.substr(0, end))) return Special{at, end + 4, *token};
  }
  return std::nullopt;
}

}  // namespace tokometer::tokenizer
