#include "media/worker/picture/telling_frame.hpp"

#include <algorithm>
#include <array>

#include "media/worker/container/video_frame.hpp"

namespace atelier::media::picture {
namespace {

// Of 255. A night scene has lights in it and varies; a fade or a title card does not.
constexpr double kDarkMean = 20, kPlainDeviation = 8;
// Looked at in this order, in parts of the length; an early one shows what the video is, without its titles' end.
constexpr std::array kPlaces = {0.1, 0.25, 0.5, 0.02, 0.75};
// A long film is not read through for its picture.
constexpr double kFirstPlaceMaxSeconds = 12;

struct Look {
  double mean = 0, deviation = 0;
  bool is_telling() const noexcept { return mean >= kDarkMean && deviation >= kPlainDeviation; }
};

Look look_at(VipsImage* picture) {
  Look look;
  if (vips_avg(picture, &look.mean, nullptr) != 0 || vips_deviate(picture, &look.deviation, nullptr) != 0)
    vips_error_clear();
  return look;
}

std::int64_t frame_at(const container::StreamHeader& header, double place) {
  const double fps = header.fps > 0 ? header.fps : 25;
  const double seconds =
      place == kPlaces[0] ? first_place_seconds(header) : static_cast<double>(header.duration_ms) / 1'000 * place;
  return static_cast<std::int64_t>(seconds * fps);
}

}  // namespace

double first_place_seconds(const container::StreamHeader& header) noexcept {
  return std::min(static_cast<double>(header.duration_ms) / 1'000 * kPlaces[0], kFirstPlaceMaxSeconds);
}

Result<TellingFrame> find_telling_frame(container::OpenStream& stream, int width) {
  TellingFrame best;
  double best_deviation = -1;
  for (const double place : kPlaces) {
    const std::int64_t at_frame = frame_at(stream.header, place);
    if (best.picture && at_frame == best.at_frame) continue;
    auto picture = container::decode_frame(stream, at_frame, width);
    // Broken there; another place may do.
    if (!picture && picture.error().code == ErrorCode::invalid_argument && (best.picture || place != kPlaces.back()))
      continue;
    if (!picture) return error_of(picture);
    const Look look = look_at(picture->get());
    if (look.deviation > best_deviation) {
      best_deviation = look.deviation;
      best = {at_frame, std::move(*picture)};
    }
    if (look.is_telling()) break;
  }
  return best;
}

}  // namespace atelier::media::picture
