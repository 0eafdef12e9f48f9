#include "tokenizer/image_tokens.h"

#include <algorithm>
#include <cmath>

namespace tokometer::tokenizer {
namespace {

struct Pixels {
  double width;
  double height;
};

// Shrinks to `edge` on the longer side; never grows.
Pixels within(Pixels size, double edge) {
  const double factor = std::min(1.0, edge / std::max(size.width, size.height));
  return {size.width * factor, size.height * factor};
}

double tiles(Pixels size, double edge) {
  // A scaled side that should be whole may be off by its rounding.
  constexpr double kSlack = 1e-6;
  return std::ceil(size.width / edge - kSlack) * std::ceil(size.height / edge - kSlack);
}

Pixels shortest_to(Pixels size, double edge) {
  const double factor = std::min(1.0, edge / std::min(size.width, size.height));
  return {size.width * factor, size.height * factor};
}

// Scaled down so far that whole patches cover it with at most `most` of them.
double patches(Pixels size, double most) {
  constexpr double kPatch = 32;
  const double wanted = tiles(size, kPatch);
  if (wanted <= most || most == 0) return wanted;
  const double factor = std::sqrt(kPatch * kPatch * most / (size.width * size.height));
  const double across = size.width * factor / kPatch;
  const double down = size.height * factor / kPatch;
  const double fitted = factor * std::min(std::floor(across) / across, std::floor(down) / down);
  return tiles({size.width * fitted, size.height * fitted}, kPatch);
}

}  // namespace

std::optional<std::int64_t> image_tokens(const ImageRule& rule, std::optional<ImageSize> size, Detail detail) {
  if (rule.kind == ImageRule::Kind::kFixed) return std::llround(rule.base);
  if (rule.kind == ImageRule::Kind::kTiles && detail == Detail::kLow) return std::llround(rule.base);
  if (!size) return std::nullopt;
  const Pixels pixels{static_cast<double>(size->width), static_cast<double>(size->height)};
  switch (rule.kind) {
    case ImageRule::Kind::kTiles:
      return std::llround(rule.base + rule.per * tiles(shortest_to(within(pixels, 2048), 768), 512));
    case ImageRule::Kind::kPatches:
      return std::llround(std::ceil(rule.base + rule.per * patches(pixels, static_cast<double>(rule.max))));
    case ImageRule::Kind::kArea: {
      const Pixels scaled = rule.max > 0 ? within(pixels, static_cast<double>(rule.max)) : pixels;
      return std::llround(std::ceil(rule.base + scaled.width * scaled.height / rule.per));
    }
    case ImageRule::Kind::kGrid: {
      const bool small = std::max(size->width, size->height) <= 384;
      return std::llround(rule.base + rule.per * (small ? 1 : tiles(pixels, 768)));
    }
    case ImageRule::Kind::kFixed:
      break;
  }
  return std::nullopt;
}

}  // namespace tokometer::tokenizer
