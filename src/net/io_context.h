// What the connections of one worker share: loop, limits, buffers, figures.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/limits.h"
#include "net/loop.h"
#include "net/pipes.h"

namespace tokometer::net {

// Figures of one worker: written by its thread, read by any.
struct Counters {
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> accept_failures{0};  // no descriptor or memory left
  std::atomic<std::uint64_t> dialed{0};
  std::atomic<std::uint64_t> dial_failures{0};
  std::atomic<std::uint64_t> reused{0};  // taken from the pool
  std::atomic<std::uint64_t> bytes_read{0};
  std::atomic<std::uint64_t> bytes_written{0};
  std::atomic<std::size_t> clients{0};
  std::atomic<std::size_t> origins{0};  // in use
  std::atomic<std::size_t> idle{0};     // in the pool
  std::atomic<std::size_t> lingering{0};

  // Adds without the cost of an atomic read-modify-write: one writer only.
  template <typename T>
  static void add(std::atomic<T>& counter, T by) {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  template <typename T>
  static void subtract(std::atomic<T>& counter, T by) {
    counter.store(counter.load(std::memory_order_relaxed) - by, std::memory_order_relaxed);
  }
};

struct IoContext {
  IoContext(Loop& its_loop, const Limits& its_limits)
      : loop(its_loop), limits(its_limits), pipes(its_limits.max_pipes), read_buffer(its_limits.read_buffer_bytes) {}

  Loop& loop;
  const Limits limits;
  Counters counters;
  Pipes pipes;
  std::vector<char> read_buffer;  // valid from a read to the end of its callback
  std::string plaintext;          // the same, decrypted
  std::string ciphertext;         // what TLS wants sent, until the write of the same call
};

}  // namespace tokometer::net
