#include "base/nearest.h"

#include <gtest/gtest.h>

#include <array>

namespace tokometer {
namespace {

constexpr std::array<std::string_view, 4> kWords{"listen", "data_dir", "base_url", "workers"};

TEST(Nearest, FindsLettersMissingAddedReplacedAndSwapped) {
  EXPECT_EQ(nearest("lisen", kWords), "listen");
  EXPECT_EQ(nearest("listten", kWords), "listen");
  EXPECT_EQ(nearest("lizten", kWords), "listen");
  EXPECT_EQ(nearest("lsiten", kWords), "listen");
}

TEST(Nearest, IgnoresCaseAndKindOfDash) { EXPECT_EQ(nearest("Data-Dir", kWords), "data_dir"); }

TEST(Nearest, PrefersTheNearer) {
  constexpr std::array<std::string_view, 2> kModels{"models", "model"};
  EXPECT_EQ(nearest("modle", kModels), "model");
}

TEST(Nearest, SaysNothingAboutWordsThatAreFar) {
  EXPECT_EQ(nearest("colour", kWords), std::nullopt);
  EXPECT_EQ(nearest("", kWords), std::nullopt);
  EXPECT_EQ(nearest(std::string(1000, 'l'), kWords), std::nullopt);
}

}  // namespace
}  // namespace tokometer
