#include "net/resolver.h"

#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

#include "wire/fields.h"

namespace tokometer::net {
namespace {

// RFC 6761, 6.3: this name means the machine itself, whatever a name server says.
bool is_localhost(std::string_view name) { return name == "localhost" || name.ends_with(".localhost"); }

struct Wish {
  std::weak_ptr<void> alive;
  std::shared_ptr<Mailbox> mailbox;
  std::move_only_function<void(const Resolver::Answer&)> done;
};

void answer_to(Wish wish, Resolver::Answer answer) {
  const auto mailbox = wish.mailbox;
  mailbox->post([wish = std::move(wish), answer = std::move(answer)]() mutable {
    // Given up in this same thread or not at all: no race.
    if (!wish.alive.expired()) wish.done(answer);
  });
}

}  // namespace

// Shared with the threads, which end by themselves: one that hangs in
// getaddrinfo must not hold up the program's end.
struct Resolver::State {
  struct Known {
    Answer answer;
    SteadyTime until;
  };

  State(const Limits& its_limits, const Clock& its_clock, Source its_source, std::vector<Override> its_overrides)
      : limits(its_limits), clock(its_clock), source(std::move(its_source)), overrides(std::move(its_overrides)) {}

  const Limits limits;
  const Clock& clock;
  const Source source;
  const std::vector<Override> overrides;
  mutable std::mutex mutex;
  std::condition_variable work;
  std::unordered_map<std::string, Known> known;
  std::unordered_map<std::string, std::vector<Wish>> wishes;  // by name: queued or being looked up
  std::deque<std::string> queue;
  unsigned threads = 0;
  unsigned idle_threads = 0;
  bool closed = false;

  void remember(const std::string& name, const Answer& answer) {
    if (known.size() >= limits.max_cached_names) {
      const SteadyTime now = clock.steady();
      std::erase_if(known, [&](const auto& entry) { return entry.second.until <= now; });
      if (known.size() >= limits.max_cached_names) known.erase(known.begin());
    }
    const auto ttl = answer ? limits.name_ttl : limits.failed_name_ttl;
    known.insert_or_assign(name, Known{answer, clock.steady() + ttl});
  }

  static void serve(const std::shared_ptr<State>& state) {
    std::unique_lock lock(state->mutex);
    for (;;) {
      ++state->idle_threads;
      state->work.wait(lock, [&] { return state->closed || !state->queue.empty(); });
      --state->idle_threads;
      if (state->closed) return;
      const std::string name = std::move(state->queue.front());
      state->queue.pop_front();
      lock.unlock();
      const Answer answer = state->source(name);
      lock.lock();
      if (state->closed) return;
      state->remember(name, answer);
      const auto waiting = state->wishes.extract(name);
      lock.unlock();
      for (Wish& wish : waiting.mapped()) answer_to(std::move(wish), answer);
      lock.lock();
    }
  }
};

Result<Resolver::Override> Resolver::Override::parse(std::string_view text) {
  const auto bad = [&] {
    return fail(ErrorCode::kInvalid, fmt::format("\"{}\" is not HOST:PORT:ADDRESS or HOST:PORT:ADDRESS:PORT", text));
  };
  const auto colon = text.find(':');
  const auto second = colon == std::string_view::npos ? colon : text.find(':', colon + 1);
  if (colon == 0 || second == std::string_view::npos) return bad();
  std::uint16_t port = 0;
  const std::string_view digits = text.substr(colon + 1, second - colon - 1);
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (fault != std::errc() || end != digits.data() + digits.size() || port == 0) return bad();
  const std::string where(text.substr(second + 1));
  auto address = Address::parse(where);
  if (!address || address->family() == Address::Family::kUnix) {
    const std::string literal =
        where.starts_with('[') && where.ends_with(']') ? where.substr(1, where.size() - 2) : where;
    const auto ip = Address::ip(literal, port);
    if (!ip) return bad();
    address = *ip;
  }
  return Override{wire::lower_case(text.substr(0, colon)), port, *address};
}

std::optional<Address> Resolver::overridden(std::string_view host, std::uint16_t port) const {
  for (const Override& one : state_->overrides) {
    if (one.port == port && one.host == wire::lower_case(host)) return one.address;
  }
  return std::nullopt;
}

Resolver::Resolver(const Limits& limits, const Clock& clock, Source source, std::vector<Override> overrides)
    : state_(std::make_shared<State>(limits, clock, std::move(source), std::move(overrides))) {}

Resolver::~Resolver() {
  const std::lock_guard lock(state_->mutex);
  state_->closed = true;
  state_->wishes.clear();
  state_->work.notify_all();
}

std::optional<Resolver::Answer> Resolver::cached(std::string_view name) const {
  if (const auto literal = Address::ip(name, 0)) return Addresses{*literal};
  const std::string key = wire::lower_case(name);
  if (is_localhost(key)) return Addresses{*Address::ip("127.0.0.1", 0), *Address::ip("::1", 0)};
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->known.find(key);
  if (found == state_->known.end() || found->second.until <= state_->clock.steady()) return std::nullopt;
  return found->second.answer;
}

Resolver::Lookup Resolver::lookup(std::string_view name, std::shared_ptr<Mailbox> mailbox,
                                  std::move_only_function<void(const Answer&)> done) {
  Lookup lookup;
  lookup.alive_ = std::make_shared<char>();
  Wish wish{lookup.alive_, std::move(mailbox), std::move(done)};
  if (auto known = cached(name)) {
    answer_to(std::move(wish), std::move(*known));
    return lookup;
  }
  const std::string key = wire::lower_case(name);
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->wishes.find(key);
  if (found != state_->wishes.end()) {  // someone asked already
    found->second.push_back(std::move(wish));
    return lookup;
  }
  if (state_->wishes.size() >= state_->limits.max_pending_lookups) {
    answer_to(std::move(wish), fail(ErrorCode::kTooLarge, "too many names are being looked up"));
    return lookup;
  }
  state_->wishes[key].push_back(std::move(wish));
  state_->queue.push_back(key);
  if (state_->idle_threads < state_->queue.size() && state_->threads < state_->limits.lookup_threads) {
    try {
      std::thread([state = state_] { State::serve(state); }).detach();
      ++state_->threads;
    } catch (const std::system_error& error) {
      // Those that run serve the queue; without any, nobody would ever answer.
      if (state_->threads == 0) {
        state_->queue.clear();
        const Answer failed = fail(io_error("look-up: no thread", error.code().value()));
        for (auto& [waiting, wishes] : std::exchange(state_->wishes, {})) {
          for (Wish& each : wishes) answer_to(std::move(each), failed);
        }
      }
    }
  }
  state_->work.notify_one();
  return lookup;
}

Resolver::Source Resolver::system_source() {
  return [](const std::string& name) -> Answer {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(name.c_str(), nullptr, &hints, &found);
    if (error != 0) return fail(ErrorCode::kNetwork, fmt::format("{}: {}", name, ::gai_strerror(error)));
    Addresses addresses;
    for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
      if (const auto address = Address::from(entry->ai_addr, entry->ai_addrlen)) addresses.push_back(*address);
    }
    ::freeaddrinfo(found);
    if (addresses.empty()) return fail(ErrorCode::kNetwork, name + ": no address");
    return addresses;
  };
}

}  // namespace tokometer::net
