#include "net/pipes.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <string_view>

namespace tokometer::net {
namespace {

class PipesTest : public testing::Test {
 protected:
  PipesTest() {
    if (Pipes(1).take() == nullptr) skip_ = true;
  }
  void SetUp() override {
    if (skip_) GTEST_SKIP() << "no splice on this system";
  }
  // Two ends of a connection.
  struct Pair {
    Pair() {
      std::array<int, 2> ends{};
      EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
      here = Fd(ends[0]);
      there = Fd(ends[1]);
    }
    void send(std::string_view bytes) const {
      EXPECT_EQ(::send(there.number(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    }
    std::string received() const {
      std::array<char, 64> buffer{};
      const ssize_t count = ::recv(there.number(), buffer.data(), buffer.size(), 0);
      return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
    }
    Fd here;
    Fd there;
  };

  bool skip_ = false;
};

TEST_F(PipesTest, MovesBytesBetweenSockets) {
  Pipes pipes(1);
  const Pair from;
  const Pair to;
  const auto pipe = pipes.take();
  ASSERT_TRUE(pipe);
  EXPECT_EQ(pipe->fill(from.here.number()), -1);
  EXPECT_EQ(errno, EAGAIN);
  from.send("hello");
  EXPECT_EQ(pipe->fill(from.here.number()), 5);
  EXPECT_FALSE(pipe->empty());
  EXPECT_EQ(pipe->drain(to.here.number()), 5);
  EXPECT_TRUE(pipe->empty());
  EXPECT_EQ(to.received(), "hello");
}

TEST_F(PipesTest, SeesTheEnd) {
  Pipes pipes(1);
  Pair from;
  from.there.close();
  EXPECT_EQ(pipes.take()->fill(from.here.number()), 0);
}

TEST_F(PipesTest, HasALimit) {
  Pipes pipes(2);
  auto first = pipes.take();
  auto second = pipes.take();
  EXPECT_TRUE(first && second);
  EXPECT_EQ(pipes.take(), nullptr);
  pipes.give_back(std::move(first));
  EXPECT_NE(pipes.take(), nullptr);
  EXPECT_EQ(pipes.open(), 2U);
}

TEST_F(PipesTest, ClosesWhatIsNotEmpty) {
  Pipes pipes(1);
  const Pair from;
  from.send("left");
  auto pipe = pipes.take();
  EXPECT_EQ(pipe->fill(from.here.number()), 4);
  pipes.give_back(std::move(pipe));
  EXPECT_EQ(pipes.open(), 0U);
  EXPECT_TRUE(pipes.take()->empty());
}

}  // namespace
}  // namespace tokometer::net
