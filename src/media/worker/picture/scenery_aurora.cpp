#include <array>
#include <vector>

#include "media/worker/picture/field.hpp"
#include "media/worker/picture/random.hpp"
#include "media/worker/picture/scenery.hpp"
#include "media/worker/picture/wave.hpp"

namespace atelier::media::picture {
namespace {

constexpr std::int32_t kCell = 8;

struct Palette {
  Rgb zenith, horizon;  // the sky
  Rgb hem, veil;        // a curtain's lower edge and its upper end
};
constexpr std::array kPalettes = {
    Palette{{0.020F, 0.030F, 0.095F}, {0.030F, 0.085F, 0.120F}, {0.16F, 0.72F, 0.46F}, {0.28F, 0.16F, 0.52F}},
    Palette{{0.034F, 0.022F, 0.100F}, {0.060F, 0.050F, 0.140F}, {0.20F, 0.58F, 0.72F}, {0.44F, 0.12F, 0.46F}},
    Palette{{0.014F, 0.036F, 0.085F}, {0.020F, 0.100F, 0.110F}, {0.46F, 0.70F, 0.30F}, {0.06F, 0.36F, 0.46F}},
    Palette{{0.048F, 0.018F, 0.085F}, {0.110F, 0.045F, 0.105F}, {0.72F, 0.34F, 0.44F}, {0.26F, 0.12F, 0.52F}},
};

constexpr std::size_t kCurtains = 3;

struct Curtain {
  float base, sway, height, strength;
  float frequency, fold, ray;
  double drift, fold_drift, ray_drift;
  float offset;
};

class Aurora final : public Background {
 public:
  explicit Aurora(const SceneryRequest& request)
      : field_(request.frame, kCell, best_kernels()), fps_(request.fps), row_(field_.make_row()) {
    Random random(request.seed);
    palette_ = kPalettes[random.below(kPalettes.size())];
    for (std::size_t i = 0; i < kCurtains; ++i) {
      const auto depth = static_cast<float>(i);
      curtains_[i] = {.base = 0.40F + 0.17F * depth + random.between(-0.04F, 0.04F),
                      .sway = random.between(0.05F, 0.085F),
                      .height = random.between(0.26F, 0.36F),
                      .strength = 0.84F + 0.10F * depth,
                      .frequency = random.between(0.55F, 0.95F),
                      .fold = random.between(1.5F, 2.3F),
                      .ray = random.between(7.0F, 10.0F),
                      .drift = random.between(0.012F, 0.022F),
                      .fold_drift = random.between(0.020F, 0.034F),
                      .ray_drift = random.between(0.030F, 0.055F),
                      .offset = random.between(0.0F, 1.0F)};
      hem_[i].resize(static_cast<std::size_t>(field_.columns()));
      light_[i].resize(static_cast<std::size_t>(field_.columns()));
    }
  }

  Result<> draw(std::int64_t frame_index, Frame& target) override {
    for (std::size_t i = 0; i < kCurtains; ++i) hang(i, frame_index);
    for (std::int32_t row = 0; row < field_.rows(); ++row) {
      shade_sky(field_.position(row));
      for (std::size_t i = 0; i < kCurtains; ++i) add_curtain(i, field_.position(row));
      field_.set_row(row, row_);
    }
    field_.paint(target);
    return {};
  }

 private:
  // Where a curtain's hem hangs and how bright it is, per column.
  void hang(std::size_t index, std::int64_t frame_index) {
    const Curtain& curtain = curtains_[index];
    const float drift = phase(frame_index, fps_, curtain.drift) + curtain.offset;
    const float fold_drift = phase(frame_index, fps_, curtain.fold_drift) + curtain.offset;
    const float ray_drift = phase(frame_index, fps_, curtain.ray_drift);
    float* hem = hem_[index].data();
    float* light = light_[index].data();
    for (std::int32_t x = 0; x < field_.columns(); ++x) {
      const float u = field_.position(x);
      const float fold = wave(u * curtain.fold - fold_drift);
      const float bend = wave(u * curtain.frequency + drift + 0.10F * fold);
      hem[x] = curtain.base + curtain.sway * bend + 0.35F * curtain.sway * fold;
      const float fine = wave(u * curtain.ray + 0.55F * bend + ray_drift);
      const float coarse = wave(u * curtain.ray * 0.31F + 0.8F * fold - ray_drift);
      const float patch = wave(u * 0.7F - drift * 1.0F + 0.3F);
      light[x] = curtain.strength * (0.56F + 0.16F * fine + 0.20F * coarse) * (0.72F + 0.28F * patch);
    }
  }

  void shade_sky(float v) {
    const float share = smooth(v);
    const float red = mix(palette_.zenith.red, palette_.horizon.red, share);
    const float green = mix(palette_.zenith.green, palette_.horizon.green, share);
    const float blue = mix(palette_.zenith.blue, palette_.horizon.blue, share);
    for (std::size_t x = 0; x < row_.red.size(); ++x) {
      row_.red[x] = red;
      row_.green[x] = green;
      row_.blue[x] = blue;
    }
  }

  // Fades slowly upwards from the hem and fast below it; the higher, the more it has the veil's colour.
  void add_curtain(std::size_t index, float v) {
    const float up_scale = 1.0F / curtains_[index].height;
    const float down_scale = 1.0F / 0.030F;
    const float* hem = hem_[index].data();
    const float* light = light_[index].data();
    float* red = row_.red.data();
    float* green = row_.green.data();
    float* blue = row_.blue.data();
    const Rgb from = palette_.hem;
    const Rgb to = palette_.veil;
    for (std::int32_t x = 0; x < field_.columns(); ++x) {
      const float above = hem[x] - v;
      const float distance = above * (above > 0.0F ? up_scale : -down_scale);
      const float fall = 1.0F / (1.0F + 2.2F * distance * distance);
      const float glow = light[x] * fall * fall;
      const float veil = clamp01(above * up_scale * 1.5F);
      red[x] += glow * mix(from.red, to.red, veil);
      green[x] += glow * mix(from.green, to.green, veil);
      blue[x] += glow * mix(from.blue, to.blue, veil);
    }
  }

  Field field_;
  std::int32_t fps_;
  ColourRow row_;
  Palette palette_{};
  std::array<Curtain, kCurtains> curtains_{};
  std::array<std::vector<float>, kCurtains> hem_;
  std::array<std::vector<float>, kCurtains> light_;
};

}  // namespace

std::unique_ptr<Background> make_aurora(const SceneryRequest& request) { return std::make_unique<Aurora>(request); }

}  // namespace atelier::media::picture
