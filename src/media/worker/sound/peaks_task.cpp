#include "media/worker/sound/peaks_task.hpp"

#include <algorithm>

#include "media/protocol/catalog.hpp"
#include "media/protocol/memory_file.hpp"
#include "media/worker/sound/music_decoder.hpp"
#include "media/worker/sound/peaks.hpp"

namespace atelier::media::sound {

Result<json::Value> run_peaks(TaskContext& context) {
  json::ObjectReader reader(context.parameters());
  if (auto done = reader.finish(); !done) return error_of(done);
  const int output = context.output("peaks.dat");
  if (output < 0) return fail(ErrorCode::invalid_argument, "no output called \"peaks.dat\" was given");
  auto decoder = MusicDecoder::open(context.input("file"), "the file");
  if (!decoder) return error_of(decoder);
  Peaks peaks;
  std::vector<float> some;
  std::int64_t told = 0;
  for (bool is_more = true; is_more;) {
    some.clear();
    const auto decoded = (*decoder)->decode_some(some);
    if (!decoded) return error_of(decoded);
    is_more = *decoded;
    peaks.add(some);
    // Once for each second of it: how much there is in all is not known before its end.
    if (peaks.sample_count() - told < kSampleRate) continue;
    told = peaks.sample_count();
    if (!context.progress(told, told)) return fail(ErrorCode::cancelled, "stopped");
  }
  peaks.finish();
  if (peaks.size() == 0)
    return fail(ErrorCode::invalid_argument, "the file holds no sound that can be decoded", {"media_truncated", ""});
  if (auto written = write_file(output, peaks.data(kSampleRate)); !written) return error_of(written);
  return json::Object{{"sample_rate", kSampleRate},
                      {"samples_per_pixel", peaks.samples_per_pixel()},
                      {"length", static_cast<std::int64_t>(peaks.size())}};
}

}  // namespace atelier::media::sound
