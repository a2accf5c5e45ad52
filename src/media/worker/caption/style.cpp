#include "media/worker/caption/style.hpp"

#include <algorithm>
#include <array>

namespace atelier::media::caption {
namespace {

constexpr Rgb kWhite{255, 255, 255};
constexpr Rgb kNight{10, 11, 16};
constexpr Rgb kSun{255, 214, 51};
constexpr Rgb kLemon{255, 230, 38};
constexpr Rgb kPaper{252, 248, 239};
constexpr Rgb kInk{28, 26, 23};

// Noto Sans ends at bold: a thin edge in the letters' own colour makes it as heavy as captions are elsewhere.
constexpr Layer kSpotlight[] = {
    {.colour = kNight, .opacity = 0.55, .edge = 0.1, .blur = 0.11, .drop = 0.06},
    {.colour = kNight, .edge = 0.115},
    {.colour = {}, .edge = 0.022},
};
constexpr Layer kPlain[] = {
    {.colour = kNight, .opacity = 0.5, .edge = 0.06, .blur = 0.1, .drop = 0.05},
    {.colour = kNight, .edge = 0.07},
    {.colour = {}},
};
constexpr Layer kCard[] = {{.colour = {}}};
// A hard drop below a thick edge, as cut from paper.
constexpr Layer kHeadline[] = {
    {.colour = kNight, .opacity = 0.5, .edge = 0.12, .blur = 0.09, .drop = 0.1},
    {.colour = kNight, .edge = 0.12, .drop = 0.06},
    {.colour = kNight, .edge = 0.12},
    {.colour = {}, .edge = 0.04},
};

constexpr Style kStyles[] = {
    {.id = "spotlight",
     .is_upper_case = false,
     .highlights_words = true,
     .ink = kWhite,
     .lit = kSun,
     .layers = kSpotlight,
     .card = {},
     .em_px = {88, 74, 78},
     .words_per_page = {4, 7, 5},
     .line_pitch = 1.2,
     .rise = 0.12},
    {.id = "plain",
     .is_upper_case = false,
     .highlights_words = false,
     .ink = kWhite,
     .lit = kWhite,
     .layers = kPlain,
     .card = {},
     .em_px = {72, 60, 64},
     .words_per_page = {4, 7, 5},
     .line_pitch = 1.22,
     .rise = 0},
    {.id = "card",
     .is_upper_case = false,
     .highlights_words = false,
     .ink = kInk,
     .lit = kInk,
     .layers = kCard,
     .card = Card{.colour = kPaper,
                  .opacity = 0.96,
                  .padding_x = 0.5,
                  .padding_y = 0.34,
                  .corner_radius = 0.3,
                  .shadow_blur = 0.2,
                  .shadow_drop = 0.1,
                  .shadow_opacity = 0.4},
     .em_px = {68, 58, 60},
     .words_per_page = {4, 7, 5},
     .line_pitch = 1.26,
     .rise = 0.18},
    {.id = "headline",
     .is_upper_case = true,
     .highlights_words = false,
     .ink = kLemon,
     .lit = kLemon,
     .layers = kHeadline,
     .card = {},
     .em_px = {126, 106, 108},
     .words_per_page = {2, 3, 2},
     .line_pitch = 1.04,
     .rise = 0.14},
};

// A Gaussian of this radius is below one part in 255 beyond about so many radii.
constexpr double kBlurReach = 2.2;

template <class Reach>
double farthest(std::span<const Layer> layers, Reach reach) {
  double most = 0;
  for (const Layer& layer : layers) most = std::max(most, reach(layer));
  return most;
}

// Where platforms put nothing of their own, at the nominal sizes.
struct NominalFormat {
  int width, height;
  Box box;
  double center_y;
};
constexpr NominalFormat kFormats[] = {
    // What Shorts, Reels and TikTok leave free together is x 108 to 960, y 384 to 1248; kept symmetrical about the
    // frame's middle, and low in it, where captions are looked for.
    {1080, 1920, {120, 384, 960, 1248}, 1112},
    // Players show their bar in the lowest tenth; the sides are kept for reading without moving the head.
    {1920, 1080, {240, 520, 1680, 972}, 872},
    // Feeds lay the sound and tag signs into the lowest tenth, and crop nothing.
    {1080, 1080, {86, 460, 994, 972}, 842},
};

}  // namespace

double Style::reach_side() const noexcept {
  if (card) return card->padding_x + kBlurReach * card->shadow_blur;
  return farthest(layers, [](const Layer& layer) { return layer.edge + kBlurReach * layer.blur; });
}
double Style::reach_above() const noexcept {
  if (card) return card->padding_y + kBlurReach * card->shadow_blur - card->shadow_drop;
  return farthest(layers, [](const Layer& layer) { return layer.edge + kBlurReach * layer.blur - layer.drop; });
}
double Style::reach_below() const noexcept {
  if (card) return rise + card->padding_y + kBlurReach * card->shadow_blur + card->shadow_drop;
  return rise + farthest(layers, [](const Layer& layer) { return layer.edge + kBlurReach * layer.blur + layer.drop; });
}

const Style* find_style(std::string_view id) noexcept {
  const auto found = std::ranges::find(kStyles, id, &Style::id);
  return found == std::end(kStyles) ? nullptr : found;
}

Format format_of(int width, int height) noexcept {
  const double ratio = static_cast<double>(width) / height;
  const Shape shape = ratio < 0.8 ? Shape::portrait : ratio > 1.25 ? Shape::wide : Shape::square;
  const NominalFormat& nominal = kFormats[static_cast<std::size_t>(shape)];
  const double x = static_cast<double>(width) / nominal.width;
  const double y = static_cast<double>(height) / nominal.height;
  return {shape,
          {nominal.box.left * x, nominal.box.top * y, nominal.box.right * x, nominal.box.bottom * y},
          nominal.center_y * y,
          std::min(x, y)};
}

}  // namespace atelier::media::caption
