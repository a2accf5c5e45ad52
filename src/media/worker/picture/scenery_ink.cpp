#include <algorithm>
#include <array>
#include <vector>

#include "media/worker/picture/field.hpp"
#include "media/worker/picture/random.hpp"
#include "media/worker/picture/scenery.hpp"
#include "media/worker/picture/wave.hpp"

namespace atelier::media::picture {
namespace {

constexpr std::int32_t kCell = 8;
constexpr std::size_t kFolds = 4;

struct Palette {
  Rgb water, cloud, pigment, thread;
};
constexpr std::array kPalettes = {
    Palette{{0.020F, 0.035F, 0.090F}, {0.055F, 0.200F, 0.400F}, {0.500F, 0.140F, 0.330F}, {0.900F, 0.560F, 0.420F}},
    Palette{{0.030F, 0.020F, 0.060F}, {0.260F, 0.090F, 0.380F}, {0.080F, 0.330F, 0.450F}, {0.500F, 0.780F, 0.760F}},
    Palette{{0.015F, 0.050F, 0.060F}, {0.030F, 0.270F, 0.280F}, {0.560F, 0.330F, 0.090F}, {0.920F, 0.760F, 0.430F}},
    Palette{{0.050F, 0.018F, 0.035F}, {0.360F, 0.070F, 0.130F}, {0.160F, 0.100F, 0.370F}, {0.840F, 0.420F, 0.500F}},
};

struct Fold {
  float frequency, reach;
  double drift_x, drift_y;
  float offset_x, offset_y;
};

// Pigment in water: a plane folded over itself a few times, each fold finer, all drifting.
class Ink final : public Background {
 public:
  explicit Ink(const SceneryRequest& request)
      : field_(request.frame, kCell, best_kernels()), fps_(request.fps), row_(field_.make_row()) {
    Random random(request.seed);
    palette_ = kPalettes[random.below(kPalettes.size())];
    float frequency = 0.62F;
    float reach = 0.30F;
    for (Fold& fold : folds_) {
      fold = {.frequency = frequency * random.between(0.9F, 1.15F),
              .reach = reach,
              .drift_x = random.between(0.008F, 0.020F),
              .drift_y = random.between(0.008F, 0.020F),
              .offset_x = random.between(0.0F, 1.0F),
              .offset_y = random.between(0.0F, 1.0F)};
      frequency *= 1.62F;
      reach *= 0.56F;
    }
    const auto count = static_cast<std::size_t>(field_.columns());
    x_.resize(count);
    y_.resize(count);
    ridge_.resize(count);
  }

  Result<> draw(std::int64_t frame_index, Frame& target) override {
    std::fill(ridge_.begin(), ridge_.end(), 0.0F);
    for (std::int32_t row = 0; row < field_.rows(); ++row) {
      for (std::int32_t x = 0; x < field_.columns(); ++x) {
        x_[static_cast<std::size_t>(x)] = field_.position(x) * 1.15F;
        y_[static_cast<std::size_t>(x)] = field_.position(row) * 1.15F;
      }
      for (const Fold& fold : folds_) bend(fold, frame_index);
      colour(phase(frame_index, fps_, 0.011));
      field_.set_row(row, row_);
    }
    field_.paint(target);
    return {};
  }

 private:
  void bend(const Fold& fold, std::int64_t frame_index) {
    const float across = phase(frame_index, fps_, fold.drift_x) + fold.offset_x;
    const float down = fold.offset_y - phase(frame_index, fps_, fold.drift_y);
    float* xs = x_.data();
    float* ys = y_.data();
    for (std::int32_t i = 0; i < field_.columns(); ++i) {
      xs[i] += fold.reach * wave(ys[i] * fold.frequency + across);
      ys[i] += fold.reach * wave(xs[i] * fold.frequency + down);
    }
  }

  void colour(float drift) {
    const float* xs = x_.data();
    const float* ys = y_.data();
    float* red = row_.red.data();
    float* green = row_.green.data();
    float* blue = row_.blue.data();
    float* ridges = ridge_.data();  // of the row above
    float before = ridges[0];
    const auto [water, cloud, pigment, thread] = palette_;
    for (std::int32_t i = 0; i < field_.columns(); ++i) {
      const float mass = 0.5F + 0.5F * wave(xs[i] * 0.9F + ys[i] * 0.35F + drift);
      const float stain = 0.5F + 0.5F * wave(ys[i] * 1.1F - xs[i] * 0.4F + 0.2F);
      const float ridge = wave(xs[i] * 1.6F + ys[i] * 1.3F - drift);
      const float line = 1.0F - (ridge < 0.0F ? -ridge : ridge);
      // Where the folds lie closer than the grid can show, threads would break into dots: they fade out before.
      const float across = ridge - ridges[i];
      const float along = ridge - before;
      before = ridge;
      ridges[i] = ridge;
      const float crowd = 1.0F + 420.0F * (across * across + along * along);
      const float filament = line * line * line * line * 0.42F * mass / (crowd * crowd);
      const float density = mass * mass;
      const float tint = stain * stain * stain * 0.85F;
      red[i] = mix(mix(water.red, cloud.red, density), pigment.red, tint) + filament * thread.red;
      green[i] = mix(mix(water.green, cloud.green, density), pigment.green, tint) + filament * thread.green;
      blue[i] = mix(mix(water.blue, cloud.blue, density), pigment.blue, tint) + filament * thread.blue;
    }
  }

  Field field_;
  std::int32_t fps_;
  ColourRow row_;
  Palette palette_{};
  std::array<Fold, kFolds> folds_{};
  std::vector<float> x_, y_, ridge_;
};

}  // namespace

std::unique_ptr<Background> make_ink(const SceneryRequest& request) { return std::make_unique<Ink>(request); }

}  // namespace atelier::media::picture
