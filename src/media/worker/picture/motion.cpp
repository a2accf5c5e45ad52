#include "media/worker/picture/motion.hpp"

#include <algorithm>
#include <array>

#include "media/worker/picture/random.hpp"

namespace atelier::media::picture {
namespace {

// Steps between the frame's samples, in source samples. Never below 1, so that the still is never enlarged.
constexpr Position kWide = kOnePixel * 123 / 100;
constexpr Position kMiddle = kOnePixel * 113 / 100;
constexpr Position kClose = kOnePixel * 103 / 100;
constexpr std::int64_t kTauSeconds = 9;
constexpr std::int64_t kShareBits = 16;

std::int32_t even(std::int32_t value) { return value / 2 * 2; }

}  // namespace

Extent still_extent(std::int32_t frame_width, std::int32_t frame_height) noexcept {
  return {even(frame_width * 5 / 4), even(frame_height * 5 / 4)};
}

Motion::Motion(Extent source, Extent frame, std::int32_t fps, std::uint64_t seed) noexcept
    : source_(source), frame_(frame), tau_frames_(kTauSeconds * fps) {
  struct Move {
    Position from;
    Position to;
    std::int32_t x_from, x_to, y_from, y_to;  // of 16
  };
  // Mostly in, sometimes out, sometimes along: what a hand with a camera would do.
  constexpr std::array kMoves = {
      Move{kWide, kClose, 8, 8, 8, 7},    Move{kWide, kClose, 8, 4, 8, 6},     Move{kWide, kClose, 8, 12, 8, 6},
      Move{kWide, kClose, 6, 10, 8, 10},  Move{kClose, kWide, 8, 8, 6, 8},     Move{kClose, kWide, 11, 8, 7, 8},
      Move{kClose, kWide, 5, 8, 7, 8},    Move{kMiddle, kMiddle, 1, 15, 8, 7}, Move{kMiddle, kMiddle, 15, 1, 8, 7},
      Move{kMiddle, kClose, 8, 8, 14, 3},
  };
  const Move& move = kMoves[Random(seed).below(kMoves.size())];
  constexpr std::int64_t kSixteenth = std::int64_t{1} << (kShareBits - 4);
  from_ = {move.from, move.x_from * kSixteenth, move.y_from * kSixteenth};
  to_ = {move.to, move.x_to * kSixteenth, move.y_to * kSixteenth};
}

View Motion::at(std::int64_t frame_index) const noexcept {
  const std::int64_t index = std::clamp<std::int64_t>(frame_index, 0, std::int64_t{1} << 30);
  const std::int64_t done = (index << kPositionBits) / (index + tau_frames_);  // 0 to 1, 32 bits
  const auto along = [done](std::int64_t from, std::int64_t to) {
    return from + static_cast<std::int64_t>((static_cast<__int128>(to - from) * done) >> kPositionBits);
  };
  // Shares are carried with 32 more bits, or the slow end of the way would move in steps.
  return view(along(from_.step, to_.step), along(from_.x << kPositionBits, to_.x << kPositionBits),
              along(from_.y << kPositionBits, to_.y << kPositionBits));
}

View Motion::view(Position step, std::int64_t x, std::int64_t y) const noexcept {
  const auto room = [step](std::int32_t source, std::int32_t frame) {
    return std::max<Position>(0, (Position{source} - 1) * kOnePixel - (Position{frame} - 1) * step);
  };
  const auto share = [](Position of, std::int64_t part) {
    return static_cast<Position>((static_cast<__int128>(of) * part) >> (kShareBits + kPositionBits));
  };
  return {share(room(source_.width, frame_.width), x), share(room(source_.height, frame_.height), y), step};
}

}  // namespace atelier::media::picture
