// Clients that refused our certificate: they pin another, or nobody told them of our CA. They are tunnelled from
// then on, to that host, for a while. Told apart by where they come from, by their run (`tokometer run`), by how they
// say hello (wire/tls_hello.h) and what they call themselves: what one program does is not another's.
//
// Some say it by an alert, which counts at once. Others just close, as does a client that is stopped, or one that
// opened a connection ahead and has no use for it: only when each of its connections in a row ends so, and none was
// spoken on, it is taken for distrust.
//
// Times are those of the driver's steady clock. Thread-safe.
//
// Not here: what becomes of the client (front.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "base/time.h"

namespace tokometer::proxy {

class Distrust {
 public:
  struct Client {
    std::uint64_t fingerprint = 0;  // of its hello
    std::string name;               // its User-Agent, or empty; at most kMaxNameBytes of it
    std::string host;               // that it asked for; the same
    std::string run;                // that it belongs to, or empty
    std::string address;
    bool held = false;  // its run has a hard budget, so that nothing of it may pass unread

    friend bool operator==(const Client&, const Client&) = default;
  };
  struct Entry {
    Client client;
    bool silent = false;  // it never said so
    SteadyTime until;     // then it gets another chance
  };
  static constexpr std::size_t kMaxEntries = 1'024;  // of each list; past it the oldest is forgotten
  static constexpr std::size_t kMaxNameBytes = 128;  // of what a client says, since it is kept, logged and shown
  static constexpr int kTurnsInARow = 2;
  static constexpr std::chrono::hours kLasts{1};
  static constexpr std::chrono::minutes kSilentLasts{10};
  static constexpr std::chrono::hours kTrustLasts{1};  // of a client that has spoken, against its silence

  // It has refused our certificate by an alert. Whether that is new.
  bool refused(const Client& client, SteadyTime now);
  // It has ended a connection on seeing our certificate, without a word. Whether it is taken for distrustful from now
  // on: that was kTurnsInARow times in a row, each connection begun when the one before had ended, and it has not
  // spoken on any of late.
  bool turned_away(const Client& client, SteadyTime began, SteadyTime ended);
  // It has spoken under our certificate: what it did before was no distrust.
  void trusted(const Client& client, SteadyTime now);
  bool contains(const Client& client, SteadyTime now) const;
  std::vector<Entry> entries(SteadyTime now) const;  // oldest first
  void clear();

 private:
  struct Suspect {
    Client client;
    SteadyTime ended;  // its last connection
    int turns = 0;
  };
  struct Speaker {
    Client client;
    SteadyTime spoke;
  };
  bool add(const Client& client, bool silent, SteadyTime now);

  mutable std::mutex mutex_;
  // Each oldest first.
  std::deque<Entry> entries_;
  std::deque<Suspect> suspects_;
  std::deque<Speaker> speakers_;
};

}  // namespace tokometer::proxy
