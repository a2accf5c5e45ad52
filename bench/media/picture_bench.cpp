// How long does one frame of 1080x1920 take in each stage, on one thread? x264 alone (BM_Encode) is what the others are
// measured against: together they may cost an eighth of it.

#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <vector>

#include "media/protocol/catalog.hpp"
#include "media/protocol/memory_file.hpp"
#include "media/worker/caption/tasks.hpp"
#include "media/worker/container/libraries.hpp"
#include "media/worker/picture/background.hpp"
#include "media/worker/picture/image_loading.hpp"
#include "media/worker/picture/overlay_blend.hpp"
#include "media/worker/picture/random.hpp"
#include "media/worker/picture/sampler.hpp"
#include "media/worker/picture/segment_encoder.hpp"
#include "media/worker/picture/still_file.hpp"

namespace atelier::media::picture {
namespace {

constexpr Extent kFrame{1080, 1920};
constexpr std::int32_t kFps = 30;

// A stand-in for a photograph: soft shapes with grain, so that x264 has what it has in a photograph to do.
std::vector<std::uint8_t> photograph(Extent extent) {
  std::vector<std::uint8_t> rgb;
  rgb.reserve(static_cast<std::size_t>(extent.width) * static_cast<std::size_t>(extent.height) * 3);
  Random random(1);
  for (std::int32_t y = 0; y < extent.height; ++y)
    for (std::int32_t x = 0; x < extent.width; ++x) {
      const std::int32_t shape = ((x / 90) ^ (y / 70)) * 11 % 120;
      const std::int32_t texture = (x * y / 97) % 23;
      for (const std::int32_t channel : {40, 60, 30})
        rgb.push_back(
            static_cast<std::uint8_t>(channel + shape + texture + static_cast<std::int32_t>(random.below(9))));
    }
  return rgb;
}

UniqueFd still_file() {
  auto file = make_memory_file();
  ensure(file.has_value(), "cannot make a memory file");
  const auto rgb = photograph(still_extent(kFrame.width, kFrame.height));
  ensure(write_still(file->get(), rgb, kFrame).has_value(), "cannot write a still");
  return *std::move(file);
}

void BM_Sampler(benchmark::State& state, const Kernels* kernels) {
  if (kernels == nullptr) return state.SkipWithError("this processor has no AVX2");
  const UniqueFd file = still_file();
  const auto still = StillFile::open(file.get(), kFrame);
  const Motion motion(still->extent(), kFrame, kFps, 1);
  Sampler sampler(kFrame, *kernels);
  Frame frame(kFrame.width, kFrame.height);
  std::int64_t index = 0;
  for (auto _ : state) sampler.draw(still->planes(), motion.at(index++), {}, frame);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(BM_Sampler, plain, &scalar_kernels())->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Sampler, avx2, avx2_kernels())->Unit(benchmark::kMillisecond);

void BM_Background(benchmark::State& state, const std::string& kind) {
  const UniqueFd file = kind == "still" ? still_file() : UniqueFd();
  const auto background = make_background({kind, 7, file.get()}, kFrame, kFps);
  Frame frame(kFrame.width, kFrame.height);
  std::int64_t index = 0;
  for (auto _ : state) ensure((*background)->draw(index++, frame).has_value(), "cannot draw");
  state.SetItemsProcessed(state.iterations());
}

caption::Overlay overlay() {
  // As large as captions get: three lines over the platforms' free width.
  caption::Overlay made{
      .x = 108, .y = 900, .width = 852, .height = 340, .luma = {}, .alpha = {}, .cb = {}, .cr = {}, .alpha_chroma = {}};
  made.luma.assign(852 * 340, 90);
  made.alpha.assign(852 * 340, 120);
  made.cb.assign(426 * 170, 50);
  made.cr.assign(426 * 170, 50);
  made.alpha_chroma.assign(426 * 170, 120);
  return made;
}

void BM_Blend(benchmark::State& state) {
  const auto made = overlay();
  Frame frame(kFrame.width, kFrame.height);
  for (auto _ : state) blend(made, best_kernels(), frame);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Blend)->Unit(benchmark::kMillisecond);

// The frames are drawn beforehand, so that only the encoder is timed.
void BM_Encode(benchmark::State& state, const std::string& kind) {
  constexpr std::int64_t kCount = 30;
  const UniqueFd file = kind == "still" ? still_file() : UniqueFd();
  const auto background = make_background({kind, 7, file.get()}, kFrame, kFps);
  std::vector<Frame> frames;
  for (std::int64_t index = 0; index < kCount; ++index) {
    frames.emplace_back(kFrame.width, kFrame.height);
    ensure((*background)->draw(index, frames.back()).has_value(), "cannot draw");
  }
  for (auto _ : state) {
    const auto out = make_memory_file();
    const auto encoder = SegmentEncoder::open(out->get(), {kFrame.width, kFrame.height, kFps});
    for (Frame& frame : frames) ensure((*encoder)->push(frame).has_value(), "cannot encode");
    ensure((*encoder)->finish().has_value(), "cannot end");
  }
  state.SetItemsProcessed(state.iterations() * kCount);
  state.counters["seconds_per_frame"] = benchmark::Counter(static_cast<double>(state.iterations() * kCount),
                                                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// What `segment` does: draw and encode in turn, so that caches are shared.
void BM_Segment(benchmark::State& state, const std::string& kind) {
  constexpr std::int64_t kCount = 30;
  const UniqueFd file = kind == "still" ? still_file() : UniqueFd();
  const auto background = make_background({kind, 7, file.get()}, kFrame, kFps);
  const auto caption = overlay();
  Frame frame(kFrame.width, kFrame.height);
  for (auto _ : state) {
    const auto out = make_memory_file();
    const auto encoder = SegmentEncoder::open(out->get(), {kFrame.width, kFrame.height, kFps});
    for (std::int64_t index = 0; index < kCount; ++index) {
      ensure((*background)->draw(index, frame).has_value(), "cannot draw");
      blend(caption, best_kernels(), frame);
      ensure((*encoder)->push(frame).has_value(), "cannot encode");
    }
    ensure((*encoder)->finish().has_value(), "cannot end");
  }
  state.SetItemsProcessed(state.iterations() * kCount);
  state.counters["seconds_per_frame"] = benchmark::Counter(static_cast<double>(state.iterations() * kCount),
                                                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void BM_PrepareStill(benchmark::State& state) {
  const RgbImage image{2400, 1600, photograph({2400, 1600})};
  const auto jpeg = encode_jpeg(image, 2400, 90);
  for (auto _ : state) benchmark::DoNotOptimize(load_cover(jpeg->bytes, still_extent(kFrame.width, kFrame.height)));
}
// libvips decodes and scales on threads of its own.
BENCHMARK(BM_PrepareStill)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

void register_kinds() {
  std::vector<std::string> kinds = {"still"};
  for (const BackgroundKind& kind : background_kinds()) kinds.emplace_back(kind.id);
  for (const std::string& kind : kinds) {
    benchmark::RegisterBenchmark(("BM_Background/" + kind).c_str(), [kind](benchmark::State& state) {
      BM_Background(state, kind);
    })->Unit(benchmark::kMillisecond);
  }
  for (const std::string kind : {"still", "waves"}) {
    benchmark::RegisterBenchmark(("BM_Encode/" + kind).c_str(), [kind](benchmark::State& state) {
      BM_Encode(state, kind);
    })->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark(("BM_Segment/" + kind).c_str(), [kind](benchmark::State& state) {
      BM_Segment(state, kind);
    })->Unit(benchmark::kMillisecond);
  }
}

}  // namespace
}  // namespace atelier::media::picture

int main(int argc, char** argv) {
  atelier::ensure(atelier::media::container::start_media_libraries().has_value(), "the libraries do not start");
  atelier::media::picture::register_kinds();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
