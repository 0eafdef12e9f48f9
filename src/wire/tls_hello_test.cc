#include "wire/tls_hello.h"

#include <gtest/gtest.h>

namespace tokometer::wire::tls {
namespace {

std::string number(std::size_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>((value >> (8 * i)) & 0xFFU);
  return text;
}
std::string counted(std::string_view run, int bytes) { return number(run.size(), bytes) + std::string(run); }
std::string extension(std::size_t kind, std::string_view content) { return number(kind, 2) + counted(content, 2); }
std::string server_name(std::string_view name) {
  return extension(0, counted(std::string(1, '\0') + counted(name, 2), 2));
}
std::string alpn(std::initializer_list<std::string_view> names) {
  std::string list;
  for (const auto name : names) list += counted(name, 1);
  return extension(16, counted(list, 2));
}

std::string message(std::string_view extensions, char random = 'r', std::string_view ciphers = "\x13\x01\x13\x02") {
  const std::string body = "\x03\x03" + std::string(32, random) + counted("session", 1) + counted(ciphers, 2) +
                           counted(std::string_view("\0", 1), 1) + counted(extensions, 2);
  return "\x01" + counted(body, 3);
}
std::string record(std::string_view content) { return "\x16\x03\x01" + counted(content, 2); }

ClientHello read(std::string_view bytes) {
  ClientHello hello;
  EXPECT_EQ(read_client_hello(bytes, hello), Hello::kWhole);
  return hello;
}
Hello kind(std::string_view bytes) {
  ClientHello hello;
  return read_client_hello(bytes, hello);
}

TEST(TlsHello, ReadsNameAndProtocols) {
  const ClientHello hello = read(record(message(server_name("API.Example.com") + alpn({"h2", "http/1.1"}))));
  EXPECT_EQ(hello.server_name, "api.example.com");
  EXPECT_EQ(hello.protocols, (std::vector<std::string>{"h2", "http/1.1"}));
}

TEST(TlsHello, WaitsForTheRestHoweverItIsCut) {
  const std::string whole = record(message(server_name("a.example")));
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_EQ(kind(whole.substr(0, size)), Hello::kMore) << size;
  const std::string text = message(server_name("a.example"));
  const std::string cut = record(text.substr(0, 3)) + record(text.substr(3, 40)) + record(text.substr(43));
  EXPECT_EQ(read(cut).server_name, "a.example");
}

TEST(TlsHello, TellsWhatIsNoTls) {
  EXPECT_EQ(kind("GET / HTTP/1.1\r\n"), Hello::kNone);
  EXPECT_EQ(kind("SSH-2.0-x"), Hello::kNone);
  EXPECT_EQ(kind("\x16\x02"), Hello::kNone);
  EXPECT_EQ(kind(record("\x02" + counted("x", 3))), Hello::kNone);                // a ServerHello
  EXPECT_EQ(kind(record("\x01" + counted("too short", 3))), Hello::kNone);        // no hello in it
  EXPECT_EQ(kind(record("\x01" + number(kMaxHelloBytes + 1, 3))), Hello::kNone);  // longer than any
  EXPECT_EQ(kind(std::string("\x16\x03\x01\x00\x00", 5)), Hello::kNone);          // an empty record
  std::string drips;                                                              // never whole
  while (drips.size() <= kMaxHelloBytes) drips += record(drips.empty() ? "\x01\x7F" : "x");
  EXPECT_EQ(kind(drips), Hello::kNone);
}

TEST(TlsHello, FingerprintsTheProgramAndNotTheCall) {
  const auto fingerprint = [](std::string_view text) { return read(record(text)).fingerprint; };
  const std::string common = alpn({"h2"}) + extension(43, counted("\x03\x04", 1));
  const std::uint64_t one = fingerprint(message(server_name("a.example") + common));
  EXPECT_EQ(one, fingerprint(message(server_name("b.example") + common, 'q')));
  EXPECT_EQ(one, fingerprint(message(common + extension(41, "ticket"))));         // resumed
  EXPECT_EQ(one, fingerprint(message(extension(0x1A1A, "") + common)));           // GREASE
  EXPECT_EQ(one, fingerprint(message(common, 'r', "\x8A\x8A\x13\x01\x13\x02")));  // the same among ciphers
  EXPECT_NE(one, fingerprint(message(alpn({"http/1.1"}) + extension(43, counted("\x03\x04", 1)))));
  EXPECT_NE(one, fingerprint(message(common, 'r', "\x13\x02\x13\x01")));
  EXPECT_NE(one, fingerprint(message(common + extension(23, ""))));
}

TEST(TlsHello, TakesNoNameWithForbiddenCharacters) {
  EXPECT_EQ(read(record(message(server_name("a b\n")))).server_name, "");
}

}  // namespace
}  // namespace tokometer::wire::tls
