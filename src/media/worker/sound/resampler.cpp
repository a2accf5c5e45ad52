#include "media/worker/sound/resampler.hpp"

#include <algorithm>

#include "media/protocol/catalog.hpp"
#include "media/worker/container/fd_io.hpp"

extern "C" {
#include <libavutil/channel_layout.h>
#include <libavutil/cpu.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
}

namespace atelier::media::sound {
namespace {

Result<ResamplerPtr> open_resampler(std::int32_t sample_rate) {
  AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO;  // swresample takes it without const
  SwrContext* made = nullptr;
  int status = swr_alloc_set_opts2(&made, &mono, AV_SAMPLE_FMT_FLT, kSampleRate, &mono, AV_SAMPLE_FMT_S16, sample_rate,
                                   0, nullptr);
  ResamplerPtr resampler(made);
  if (status >= 0) {
    // Flat to 0.97 of the engine's band, images below -90 dB: speech at 16 kHz has strong s sounds right at its edge.
    av_opt_set_int(made, "filter_size", 64, 0);
    av_opt_set_double(made, "cutoff", 0.97, 0);
    av_opt_set_int(made, "exact_rational", 1, 0);
    status = swr_init(made);
  }
  if (status < 0) return container::fail_av(status, "cannot resample speech");
  return resampler;
}

}  // namespace

void ResamplerDeleter::operator()(SwrContext* resampler) const noexcept { swr_free(&resampler); }

PlainArithmetic::PlainArithmetic() {
#if defined(__x86_64__)
  av_force_cpu_flags(AV_CPU_FLAG_MMX | AV_CPU_FLAG_MMXEXT | AV_CPU_FLAG_CMOV | AV_CPU_FLAG_SSE | AV_CPU_FLAG_SSE2);
#endif
}
PlainArithmetic::~PlainArithmetic() { av_force_cpu_flags(-1); }

Result<std::vector<float>> resample_speech(std::span<const std::int16_t> samples, std::int32_t sample_rate) {
  auto resampler = open_resampler(sample_rate);
  if (!resampler) return error_of(resampler);
  const auto count = static_cast<std::int64_t>(samples.size());
  const auto wanted = static_cast<std::size_t>((count * kSampleRate + sample_rate - 1) / sample_rate);
  std::vector<float> out(wanted + 256);
  std::size_t done = 0;
  const auto convert = [&](const std::uint8_t* in, int in_count) -> Result<> {
    auto* target = reinterpret_cast<std::uint8_t*>(out.data() + done);
    const int made = swr_convert(resampler->get(), &target, static_cast<int>(out.size() - done),
                                 in != nullptr ? &in : nullptr, in_count);
    if (made < 0) return container::fail_av(made, "cannot resample speech");
    done += static_cast<std::size_t>(made);
    return {};
  };
  if (auto fed = convert(reinterpret_cast<const std::uint8_t*>(samples.data()), static_cast<int>(count)); !fed)
    return error_of(fed);
  if (auto flushed = convert(nullptr, 0); !flushed) return error_of(flushed);
  out.resize(wanted);
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(std::min(done, wanted)), out.end(), 0.0F);
  return out;
}

}  // namespace atelier::media::sound
