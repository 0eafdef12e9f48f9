// Counts tokens for bench/tokenizer.py, which compares it with tiktoken.
//
// Reads requests from standard input, "count ENCODING SIZE\n" or "encode ENCODING SIZE\n" and SIZE bytes of text, and
// answers each with a line: "TOKENS NANOSECONDS" (of processor time, for the counting alone), or the tokens' ids.
#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <string>

#include "embedded/embedded.h"
#include "tokenizer/library.h"

namespace {

// Of this thread: what others do on the machine does not count.
std::int64_t cpu_nanoseconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

int main() {
  using namespace tokometer;
  const tokenizer::Library library(embedded::rank_tables(), {});
  std::string what;
  std::string name;
  std::size_t size = 0;
  while (std::cin >> what >> name >> size) {
    std::cin.get();
    std::string text(size, '\0');
    std::cin.read(text.data(), static_cast<std::streamsize>(size));
    const auto encoding = tokenizer::encoding_named(name);
    const tokenizer::Tokenizer* tokenizer = encoding ? library.find(*encoding) : nullptr;
    if (tokenizer == nullptr) {
      std::fputs(fmt::format("no tokenizer \"{}\"\n", name).c_str(), stderr);
      return 1;
    }
    std::string answer;
    if (what == "encode") {
      answer = fmt::format("{}\n", fmt::join(tokenizer->encode(text), " "));
    } else {
      const std::int64_t start = cpu_nanoseconds();
      const std::size_t tokens = tokenizer->count(text);
      const std::int64_t taken = cpu_nanoseconds() - start;
      answer = fmt::format("{} {}\n", tokens, taken);
    }
    std::fwrite(answer.data(), 1, answer.size(), stdout);
    std::fflush(stdout);
  }
  return 0;
}
