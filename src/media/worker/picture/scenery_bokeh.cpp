#include <algorithm>
#include <array>
#include <vector>

#include "media/worker/picture/field.hpp"
#include "media/worker/picture/random.hpp"
#include "media/worker/picture/scenery.hpp"
#include "media/worker/picture/wave.hpp"

namespace atelier::media::picture {
namespace {

constexpr std::int32_t kCell = 4;
constexpr std::size_t kDiscs = 30;

struct Palette {
  Rgb top, bottom;
  std::array<Rgb, 3> lights;
};
constexpr std::array kPalettes = {
    Palette{{0.030F, 0.022F, 0.060F},
            {0.110F, 0.045F, 0.070F},
            {{{0.95F, 0.55F, 0.22F}, {0.90F, 0.30F, 0.36F}, {0.95F, 0.75F, 0.45F}}}},
    Palette{{0.012F, 0.030F, 0.060F},
            {0.030F, 0.085F, 0.110F},
            {{{0.25F, 0.70F, 0.80F}, {0.35F, 0.45F, 0.95F}, {0.75F, 0.85F, 0.95F}}}},
    Palette{{0.035F, 0.015F, 0.055F},
            {0.080F, 0.030F, 0.110F},
            {{{0.85F, 0.35F, 0.70F}, {0.45F, 0.35F, 0.95F}, {0.95F, 0.60F, 0.55F}}}},
    Palette{{0.015F, 0.035F, 0.030F},
            {0.060F, 0.075F, 0.040F},
            {{{0.55F, 0.80F, 0.35F}, {0.95F, 0.80F, 0.35F}, {0.30F, 0.70F, 0.60F}}}},
};

struct Disc {
  float x, y, radius;  // in frame heights; x over the frame's width and a margin on each side
  float strength, sway, breath_offset, sway_offset;
  double climb;  // laps a second
  double breath, sway_turns;
  Rgb light;
};

// As it stands in one frame, in cells.
struct Spot {
  float x, y, radius, edge;
  Rgb light;
};

class Bokeh final : public Background {
 public:
  explicit Bokeh(const SceneryRequest& request)
      : field_(request.frame, kCell, best_kernels()),
        fps_(request.fps),
        aspect_(static_cast<float>(request.frame.width) / static_cast<float>(request.frame.height)),
        cells_(static_cast<float>(request.frame.height) / kCell),
        row_(field_.make_row()) {
    Random random(request.seed);
    palette_ = kPalettes[random.below(kPalettes.size())];
    const float size = std::min(aspect_, 1.0F);
    for (std::size_t i = 0; i < kDiscs; ++i) {
      // Few large and faint ones, many small and brighter ones.
      const float share = static_cast<float>(i) / static_cast<float>(kDiscs - 1);
      const float small = 1.0F - share;
      discs_[i] = {.x = random.between(0.0F, aspect_),
                   .y = random.between(0.0F, 1.0F),
                   .radius = size * (0.040F + 0.170F * small * small * random.between(0.8F, 1.1F)),
                   .strength = mix(0.20F, 0.52F, share) * random.between(0.6F, 1.0F),
                   .sway = random.between(0.01F, 0.04F),
                   .breath_offset = random.between(0.0F, 1.0F),
                   .sway_offset = random.between(0.0F, 1.0F),
                   .climb = random.between(0.004F, 0.014F),
                   .breath = random.between(0.05F, 0.14F),
                   .sway_turns = random.between(0.02F, 0.05F),
                   .light = palette_.lights[random.below(3)]};
    }
  }

  Result<> draw(std::int64_t frame_index, Frame& target) override {
    for (std::size_t i = 0; i < kDiscs; ++i) spots_[i] = place(discs_[i], frame_index);
    for (std::int32_t row = 0; row < field_.rows(); ++row) {
      shade_ground(field_.position(row));
      for (const Spot& spot : spots_) add(spot, row);
      field_.set_row(row, row_);
    }
    field_.paint(target);
    return {};
  }

 private:
  // A lap leads from below the lower edge to above the upper one, so that a disc never appears in sight.
  Spot place(const Disc& disc, std::int64_t frame_index) const {
    float lap = disc.y + phase(frame_index, fps_, disc.climb);
    lap -= lap >= 1.0F ? 1.0F : 0.0F;
    const float y = 1.0F + disc.radius - lap * (1.0F + 2.0F * disc.radius);
    const float x = disc.x + disc.sway * wave(phase(frame_index, fps_, disc.sway_turns) + disc.sway_offset);
    const float breath = 0.72F + 0.28F * wave(phase(frame_index, fps_, disc.breath) + disc.breath_offset);
    const float light = disc.strength * breath;
    const float radius = disc.radius * cells_;
    return {x * cells_,
            y * cells_,
            radius,
            std::max(radius * 0.16F, 1.5F),
            {disc.light.red * light, disc.light.green * light, disc.light.blue * light}};
  }

  void shade_ground(float v) {
    const float share = smooth(v);
    const float red = mix(palette_.top.red, palette_.bottom.red, share);
    const float green = mix(palette_.top.green, palette_.bottom.green, share);
    const float blue = mix(palette_.top.blue, palette_.bottom.blue, share);
    std::fill(row_.red.begin(), row_.red.end(), red);
    std::fill(row_.green.begin(), row_.green.end(), green);
    std::fill(row_.blue.begin(), row_.blue.end(), blue);
  }

  // A lens draws a disc a little brighter towards its rim.
  void add(const Spot& spot, std::int32_t row) {
    const float dy = static_cast<float>(row) - spot.y;
    if (dy < -spot.radius || dy > spot.radius) return;
    const auto left = std::max(static_cast<std::int32_t>(spot.x - spot.radius), 0);
    const auto right = std::min(static_cast<std::int32_t>(spot.x + spot.radius) + 2, field_.columns());
    const float scale = 1.0F / (spot.radius * spot.radius);
    const float sharpness = spot.radius / (2.0F * spot.edge);
    float* red = row_.red.data();
    float* green = row_.green.data();
    float* blue = row_.blue.data();
    for (std::int32_t x = left; x < right; ++x) {
      const float dx = static_cast<float>(x) - spot.x;
      const float inside = 1.0F - (dx * dx + dy * dy) * scale;
      const float cover = smooth(inside * sharpness);
      const float light = cover * (1.0F - 0.38F * clamp01(inside));
      red[x] += light * spot.light.red;
      green[x] += light * spot.light.green;
      blue[x] += light * spot.light.blue;
    }
  }

  Field field_;
  std::int32_t fps_;
  float aspect_;
  float cells_;  // per frame height
  ColourRow row_;
  Palette palette_{};
  std::array<Disc, kDiscs> discs_{};
  std::array<Spot, kDiscs> spots_{};
};

}  // namespace

std::unique_ptr<Background> make_bokeh(const SceneryRequest& request) { return std::make_unique<Bokeh>(request); }

}  // namespace atelier::media::picture
