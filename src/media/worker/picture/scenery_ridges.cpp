#include <algorithm>
#include <array>
#include <vector>

#include "media/worker/picture/field.hpp"
#include "media/worker/picture/random.hpp"
#include "media/worker/picture/ridge_layer.hpp"
#include "media/worker/picture/scenery.hpp"
#include "media/worker/picture/wave.hpp"

namespace atelier::media::picture {
namespace {

// Dunes and waves: a sky of soft light, and ridges before it.

constexpr std::int32_t kCell = 8;

Rgb between(const Rgb& from, const Rgb& to, float share) {
  return {mix(from.red, to.red, share), mix(from.green, to.green, share), mix(from.blue, to.blue, share)};
}

// The sum of two sines, bent so that crests lean.
struct Line {
  float base, reach;
  float frequency, fine_frequency, lean;
  double drift, fine_drift, swell;
  float offset, fine_offset, swell_offset, swell_share;

  void trace(std::int64_t frame_index, std::int32_t fps, float frame_height, std::vector<float>& height) const {
    const float turn = phase(frame_index, fps, drift) + offset;
    const float fine_turn = phase(frame_index, fps, fine_drift) + fine_offset;
    const float swelling = 1.0F - swell_share + swell_share * wave(phase(frame_index, fps, swell) + swell_offset);
    const float scale = 1.0F / frame_height;
    float* out = height.data();
    const auto count = static_cast<std::int32_t>(height.size());
    for (std::int32_t x = 0; x < count; ++x) {
      const float u = static_cast<float>(x) * scale;
      const float broad = wave(u * frequency + turn + lean * wave(u * frequency + turn + 0.25F));
      const float fine = wave(u * fine_frequency + fine_turn);
      out[x] = base - reach * swelling * (broad + 0.28F * fine);
    }
  }
};

struct Sun {
  float x, y, size;
  Rgb light;
};

class Ridges : public Background {
 public:
  Ridges(const SceneryRequest& request, std::size_t count)
      : frame_(request.frame),
        fps_(request.fps),
        field_(request.frame, kCell, best_kernels()),
        layer_(request.frame, count, best_kernels()),
        lines_(count),
        colours_(count),
        height_(static_cast<std::size_t>(request.frame.width)) {}

  Result<> draw(std::int64_t frame_index, Frame& target) override {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      lines_[i].trace(frame_index, fps_, static_cast<float>(frame_.height), height_);
      layer_.set(i, height_, colours_[i]);
    }
    field_.paint(target, &layer_);
    return {};
  }

 protected:
  float aspect() const { return static_cast<float>(frame_.width) / static_cast<float>(frame_.height); }

  // The sky does not move: it is painted once. Between its colours it passes through the middle one at `horizon`.
  void paint_sky(const Rgb& top, const Rgb& middle, const Rgb& bottom, float horizon, const Sun& sun) {
    ColourRow row = field_.make_row();
    for (std::int32_t y = 0; y < field_.rows(); ++y) {
      const float v = field_.position(y);
      const Rgb sky = v < horizon ? between(top, middle, smooth(v / horizon))
                                  : between(middle, bottom, smooth((v - horizon) / (1.0F - horizon)));
      for (std::int32_t x = 0; x < field_.columns(); ++x) {
        const float dx = (field_.position(x) - sun.x) / sun.size;
        const float dy = (v - sun.y) / sun.size;
        const float near = 1.0F / (1.0F + dx * dx + dy * dy);
        const float light = near * near;
        const auto at = static_cast<std::size_t>(x);
        row.red[at] = sky.red + light * sun.light.red;
        row.green[at] = sky.green + light * sun.light.green;
        row.blue[at] = sky.blue + light * sun.light.blue;
      }
      field_.set_row(y, row);
    }
  }

  // Rows over which a rim's light fades: a share of the frame's height, as a power of two.
  std::int32_t glow_shift(std::int32_t rows_at_1080) const {
    const std::int32_t rows = rows_at_1080 * std::min(frame_.width, frame_.height) / 1080;
    std::int32_t shift = 1;
    while (shift < 10 && (2 << shift) <= rows) ++shift;
    return shift;
  }

  Extent frame_;
  std::int32_t fps_;
  Field field_;
  RidgeLayer layer_;
  std::vector<Line> lines_;
  std::vector<RidgeColours> colours_;
  std::vector<float> height_;
};

struct DunePalette {
  Rgb zenith, dusk, haze;  // sky, sky at the horizon, the farthest ridge
  Rgb near;                // the closest ridge
  Rgb sun;
};
constexpr std::array kDunePalettes = {
    DunePalette{{0.055F, 0.070F, 0.190F},
                {0.560F, 0.290F, 0.250F},
                {0.400F, 0.225F, 0.250F},
                {0.060F, 0.030F, 0.070F},
                {0.360F, 0.230F, 0.090F}},
    DunePalette{{0.030F, 0.080F, 0.150F},
                {0.270F, 0.430F, 0.450F},
                {0.200F, 0.330F, 0.370F},
                {0.018F, 0.045F, 0.070F},
                {0.240F, 0.230F, 0.150F}},
    DunePalette{{0.080F, 0.050F, 0.170F},
                {0.500F, 0.270F, 0.400F},
                {0.350F, 0.195F, 0.340F},
                {0.045F, 0.022F, 0.075F},
                {0.350F, 0.170F, 0.140F}},
    DunePalette{{0.060F, 0.075F, 0.120F},
                {0.530F, 0.410F, 0.260F},
                {0.400F, 0.300F, 0.205F},
                {0.060F, 0.042F, 0.035F},
                {0.300F, 0.220F, 0.100F}},
};

class Dunes final : public Ridges {
 public:
  static constexpr std::size_t kCount = 7;

  explicit Dunes(const SceneryRequest& request) : Ridges(request, kCount) {
    Random random(request.seed);
    const DunePalette& palette = kDunePalettes[random.below(kDunePalettes.size())];
    const float width = aspect();
    const Sun sun{width * random.between(0.25F, 0.75F), 0.30F, 0.15F, palette.sun};
    paint_sky(palette.zenith, palette.dusk, palette.haze, 0.42F, sun);
    for (std::size_t i = 0; i < kCount; ++i) {
      const float near = static_cast<float>(i) / static_cast<float>(kCount - 1);
      const float broad = mix(1.5F, 0.75F, near) / (0.5F * width + 0.5F);
      lines_[i] = {.base = 0.385F + 0.47F * near * (0.62F + 0.38F * near),
                   .reach = mix(0.014F, 0.050F, near),
                   .frequency = broad * random.between(0.85F, 1.2F),
                   .fine_frequency = broad * random.between(2.3F, 3.1F),
                   .lean = random.between(0.06F, 0.12F),
                   .drift = mix(0.0035F, 0.014F, near),
                   .fine_drift = mix(0.008F, 0.034F, near),
                   .swell = 0.02,
                   .offset = random.between(0.0F, 1.0F),
                   .fine_offset = random.between(0.0F, 1.0F),
                   .swell_offset = 0.0F,
                   .swell_share = 0.0F};
      // Mist lies in the valleys: each ridge fades towards the haze at its foot.
      const Rgb body = between(palette.haze, palette.near, smooth(near * 0.9F + 0.1F));
      colours_[i] = {.crest = body,
                     .foot = between(body, palette.haze, mix(0.40F, 0.10F, near)),
                     .glow = {palette.sun.red * 0.28F, palette.sun.green * 0.28F, palette.sun.blue * 0.28F},
                     .top = lines_[i].base - lines_[i].reach,
                     .depth = 0.22F,
                     .glow_shift = glow_shift(26)};
    }
  }
};

struct WavePalette {
  Rgb sky, crest, middle, deep;
};
constexpr std::array kWavePalettes = {
    WavePalette{{0.040F, 0.050F, 0.130F}, {0.130F, 0.420F, 0.520F}, {0.150F, 0.200F, 0.480F}, {0.055F, 0.030F, 0.150F}},
    WavePalette{{0.100F, 0.040F, 0.090F}, {0.640F, 0.300F, 0.270F}, {0.430F, 0.130F, 0.320F}, {0.095F, 0.030F, 0.140F}},
    WavePalette{{0.020F, 0.070F, 0.085F}, {0.330F, 0.520F, 0.400F}, {0.070F, 0.330F, 0.350F}, {0.015F, 0.080F, 0.130F}},
    WavePalette{{0.060F, 0.045F, 0.130F}, {0.560F, 0.380F, 0.560F}, {0.290F, 0.220F, 0.530F}, {0.060F, 0.045F, 0.180F}},
};

class Waves final : public Ridges {
 public:
  static constexpr std::size_t kCount = 8;

  explicit Waves(const SceneryRequest& request) : Ridges(request, kCount) {
    Random random(request.seed);
    const WavePalette& palette = kWavePalettes[random.below(kWavePalettes.size())];
    const float width = aspect();
    const Sun none{width * random.between(0.2F, 0.8F),
                   0.05F,
                   0.30F,
                   {palette.crest.red * 0.25F, palette.crest.green * 0.25F, palette.crest.blue * 0.25F}};
    paint_sky(palette.sky, between(palette.sky, palette.crest, 0.35F), palette.deep, 0.3F, none);
    for (std::size_t i = 0; i < kCount; ++i) {
      const float near = static_cast<float>(i) / static_cast<float>(kCount - 1);
      const float broad = random.between(0.60F, 0.95F) / (0.5F * width + 0.5F);
      const double way = i % 2 == 0 ? 1.0 : -1.0;
      lines_[i] = {.base = 0.20F + 0.70F * near,
                   .reach = random.between(0.040F, 0.062F),
                   .frequency = broad,
                   .fine_frequency = broad * random.between(1.6F, 2.1F),
                   .lean = 0.02F,
                   .drift = way * random.between(0.012F, 0.022F),
                   .fine_drift = way * random.between(0.020F, 0.034F),
                   .swell = random.between(0.03F, 0.05F),
                   .offset = random.between(0.0F, 1.0F),
                   .fine_offset = random.between(0.0F, 1.0F),
                   .swell_offset = random.between(0.0F, 1.0F),
                   .swell_share = 0.25F};
      const Rgb crest = near < 0.5F ? between(palette.crest, palette.middle, near * 2.0F)
                                    : between(palette.middle, palette.deep, near * 2.0F - 1.0F);
      colours_[i] = {.crest = crest,
                     .foot = between(crest, palette.deep, 0.72F),
                     .glow = {crest.red * 0.30F, crest.green * 0.30F, crest.blue * 0.30F},
                     .top = lines_[i].base - lines_[i].reach,
                     .depth = 0.24F,
                     .glow_shift = glow_shift(64)};
    }
  }
};

}  // namespace

std::unique_ptr<Background> make_dunes(const SceneryRequest& request) { return std::make_unique<Dunes>(request); }
std::unique_ptr<Background> make_waves(const SceneryRequest& request) { return std::make_unique<Waves>(request); }

}  // namespace atelier::media::picture
