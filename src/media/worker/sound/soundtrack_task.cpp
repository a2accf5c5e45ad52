#include "media/worker/sound/soundtrack_task.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>

#include "media/protocol/catalog.hpp"
#include "media/worker/sound/aac_file.hpp"
#include "media/worker/sound/limiter.hpp"
#include "media/worker/sound/mixer.hpp"
#include "media/worker/sound/resampler.hpp"
#include "media/worker/sound/soundtrack_order.hpp"

namespace atelier::media::sound {
namespace {

constexpr std::int64_t kBlockFrames = 4'096;
// What silence is said to have, where a number is wanted: BS.1770's own gate.
constexpr double kSilenceLufs = -70;
// Nobody wants to hear a recording's noise raised further.
constexpr double kGainDbMax = 40;
// AAC adds a little to peaks. The first try allows for as much as speech usually gets; the next ones for what was
// heard.
constexpr double kCodecMarginDb = 0.5;
constexpr double kPeakToleranceDb = 0.05;
constexpr double kLoudnessToleranceLu = 0.1;
// What the encoder may take away or add before the gain is set anew.
constexpr double kHeardToleranceLu = 0.25;
constexpr int kGainTriesMax = 6;
constexpr int kEncodeTriesMax = 4;

// Measured figures pass through logarithms whose last bits may differ from machine to machine; hundredths do not.
double rounded(double db) { return std::round(db * 100) / 100; }
float from_db(double db) { return static_cast<float>(std::pow(10.0, db / 20)); }
double to_db(float linear) { return linear > 0 ? 20 * std::log10(static_cast<double>(linear)) : -120; }

std::unexpected<Error> cancelled() { return fail(ErrorCode::cancelled, "the soundtrack was cancelled"); }

// How loud the mix is made, and where it stops.
struct Level {
  double gain_db = 0;
  double ceiling_db = 0;
};

class Producer {
 public:
  Producer(TaskContext& context, const SoundtrackOrder& order, Mixer mixer)
      : context_(context), order_(order), mixer_(std::move(mixer)) {}

  Result<json::Value> run() {
    Level level{.gain_db = 0, .ceiling_db = order_.true_peak_dbtp - kCodecMarginDb};
    const auto loudness = measure_mix();
    if (!loudness) return error_of(loudness);
    if (*loudness) level.gain_db = rounded(std::min(order_.loudness_lufs - **loudness, kGainDbMax));
    for (int attempt = 1;; ++attempt) {
      if (*loudness)
        if (auto found = find_gain(level); !found) return error_of(found);
      const auto heard = encode(level);
      if (!heard) return error_of(heard);
      const double over_db = to_db(heard->true_peak) - (order_.true_peak_dbtp - kPeakToleranceDb);
      const double missing_lu =
          *loudness ? order_.loudness_lufs - heard->integrated_lufs.value_or(order_.loudness_lufs) : 0;
      const bool is_level = std::abs(missing_lu) <= kHeardToleranceLu || level.gain_db >= kGainDbMax;
      if ((over_db <= 0 && is_level) || attempt == kEncodeTriesMax) return describe(*heard, level);
      if (over_db > 0) level.ceiling_db = rounded(level.ceiling_db - over_db - 0.05);
      if (!is_level) codec_loss_lu_ += missing_lu;
    }
  }

 private:
  // Runs the mix through `use` from its start; the pass counts for `share` of all the work.
  template <class Use>
  Result<> pass(double share, Use use) {
    if (auto ready = mixer_.rewind(); !ready) return ready;
    const std::int64_t count = mixer_.frame_count();
    const double before = done_;
    for (std::int64_t at = 0; at < count; at += kBlockFrames) {
      block_.resize(static_cast<std::size_t>(2 * std::min(kBlockFrames, count - at)));
      if (auto mixed = mixer_.read(block_); !mixed) return mixed;
      if (auto used = use(); !used) return used;
      // Work that has to be done again does not count.
      done_ = std::min(0.99, before + share * static_cast<double>(at) / static_cast<double>(count));
      if (!context_.progress(static_cast<std::int64_t>(done_ * static_cast<double>(count)), count)) return cancelled();
    }
    return {};
  }

  Result<std::optional<double>> measure_mix() {
    auto meter = LoudnessMeter::make(mixer_.is_mono());
    if (!meter) return error_of(meter);
    TruePeakMeter peak;
    auto done = pass(0.15, [&] {
      peak.add(block_);
      return meter->add(block_);
    });
    if (!done) return error_of(done);
    mix_peak_db_ = to_db(peak.finish());
    return meter->integrated_lufs();
  }

  // The limiter takes away some loudness, which the gain then makes up for: the more of it, the harder the limiter
  // works already. How much comes of a decibel is known from the last two tries.
  Result<> find_gain(Level& level) {
    const double wanted = order_.loudness_lufs + codec_loss_lu_;
    if (mix_peak_db_ + level.gain_db <= level.ceiling_db && codec_loss_lu_ == 0) return {};
    double yield = 0.8, last_gain = 0, last_loudness = 0;
    for (int i = 0; i < kGainTriesMax; ++i) {
      const auto loudness = measure_limited(level);
      if (!loudness) return error_of(loudness);
      if (!*loudness || std::abs(wanted - **loudness) <= kLoudnessToleranceLu) return {};
      if (i > 0 && level.gain_db != last_gain)
        yield = std::clamp((**loudness - last_loudness) / (level.gain_db - last_gain), 0.1, 1.0);
      last_gain = level.gain_db;
      last_loudness = **loudness;
      level.gain_db = rounded(std::min(level.gain_db + (wanted - **loudness) / yield, kGainDbMax));
    }
    return {};
  }

  Result<std::optional<double>> measure_limited(const Level& level) {
    auto meter = LoudnessMeter::make(mixer_.is_mono());
    if (!meter) return error_of(meter);
    if (auto done = limited_pass(0.1, level, [&](std::span<const float> frames) { return meter->add(frames); }); !done)
      return error_of(done);
    return meter->integrated_lufs();
  }

  template <class Use>
  Result<> limited_pass(double share, const Level& level, Use use) {
    Limiter limiter(from_db(level.ceiling_db), mixer_.is_mono());
    const float gain = from_db(level.gain_db);
    std::vector<float> finished;
    auto done = pass(share, [&]() -> Result<> {
      for (float& sample : block_) sample *= gain;
      finished.clear();
      limiter.process(block_, finished);
      return use(std::span<const float>(finished));
    });
    if (!done) return done;
    finished.clear();
    limiter.finish(finished);
    return use(std::span<const float>(finished));
  }

  Result<HeardSound> encode(const Level& level) {
    // An earlier try may have been longer.
    if (ftruncate(order_.output, 0) != 0) return fail_errno(errno, "cannot write the soundtrack");
    auto file = AacFile::create(order_.output, order_.bit_rate_kbps, mixer_.is_mono());
    if (!file) return error_of(file);
    auto done = limited_pass(0.5, level, [&](std::span<const float> frames) { return (*file)->write(frames); });
    if (!done) return error_of(done);
    auto heard = (*file)->finish();
    packet_count_ = (*file)->packet_count();
    return heard;
  }

  Result<json::Value> describe(const HeardSound& heard, const Level& level) {
    const std::int64_t count = mixer_.frame_count();
    if (!context_.progress(count, count)) return cancelled();
    return json::Object{{"integrated_lufs", rounded(heard.integrated_lufs.value_or(kSilenceLufs))},
                        {"true_peak_dbtp", rounded(to_db(heard.true_peak))},
                        {"gain_db", level.gain_db},
                        {"packet_count", packet_count_}};
  }

  TaskContext& context_;
  const SoundtrackOrder& order_;
  Mixer mixer_;
  std::vector<float> block_;
  double mix_peak_db_ = 0;
  double codec_loss_lu_ = 0;
  double done_ = 0;
  std::int64_t packet_count_ = 0;
};

}  // namespace

Result<json::Value> run_soundtrack(TaskContext& context) {
  const PlainArithmetic plain;
  const auto order = read_soundtrack_order(context);
  if (!order) return error_of(order);
  auto mixer = Mixer::open(*order);
  if (!mixer) return error_of(mixer);
  return Producer(context, *order, *std::move(mixer)).run();
}

}  // namespace atelier::media::sound
