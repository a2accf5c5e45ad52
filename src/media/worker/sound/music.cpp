#include "media/worker/sound/music.hpp"

#include <algorithm>
#include <cmath>

#include "media/protocol/catalog.hpp"
#include "media/worker/sound/music_decoder.hpp"

namespace atelier::media::sound {
namespace {

constexpr std::size_t kCrossfadeFrames = kSampleRate / 2;
constexpr std::size_t kCrossfadeFloats = 2 * kCrossfadeFrames;
// 20 dB over full scale, or no number at all: a broken file.
constexpr float kLevelMax = 10.0F;

void make_sane(StereoSpan samples) {
  for (float& sample : samples) sample = std::isfinite(sample) ? std::clamp(sample, -kLevelMax, kLevelMax) : 0.0F;
}

}  // namespace

Music::Music(int fd, std::string name, std::unique_ptr<MusicDecoder> decoder)
    : fd_(fd), name_(std::move(name)), decoder_(std::move(decoder)) {}
Music::Music(Music&&) noexcept = default;
Music::~Music() = default;

Result<Music> Music::open(int fd, std::string name) {
  auto decoder = MusicDecoder::open(fd, name);
  if (!decoder) return error_of(decoder);
  return Music(fd, std::move(name), *std::move(decoder));
}

Result<> Music::read(StereoSpan out) {
  while (!out.empty()) {
    if (given_ == free_)
      if (auto done = refill(); !done) return done;
    const std::size_t step = std::min(free_ - given_, out.size());
    std::copy_n(waiting_.begin() + static_cast<std::ptrdiff_t>(given_), step, out.begin());
    given_ += step;
    out = out.subspan(step);
  }
  return {};
}

// Until something may be given out.
Result<> Music::refill() {
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(given_));
  given_ = free_ = 0;
  while (free_ == 0) {
    const std::size_t before = waiting_.size();
    const auto is_more = decoder_->decode_some(waiting_);
    if (!is_more) return error_of(is_more);
    make_sane(StereoSpan(waiting_).subspan(before));
    pass_frame_count_ += static_cast<std::int64_t>((waiting_.size() - before) / 2);
    if (!*is_more)
      if (auto done = start_anew(); !done) return done;
    free_ = std::max(free_, waiting_.size() > kCrossfadeFloats ? waiting_.size() - kCrossfadeFloats : 0);
  }
  return {};
}

// What waits is the file's end: its last half second goes over into the first of the next pass. Shorter pieces are
// joined as they are.
Result<> Music::start_anew() {
  if (pass_frame_count_ == 0)
    return fail(ErrorCode::invalid_argument, name_ + " holds no sound that can be decoded", {"media_truncated", ""});
  auto decoder = MusicDecoder::open(fd_, name_);
  if (!decoder) return error_of(decoder);
  decoder_ = *std::move(decoder);
  const bool is_long = pass_frame_count_ > 3 * static_cast<std::int64_t>(kCrossfadeFrames);
  pass_frame_count_ = 0;
  if (!is_long) {
    free_ = waiting_.size();
    return {};
  }
  std::vector<float> head;
  while (head.size() < kCrossfadeFloats) {
    const auto is_more = decoder_->decode_some(head);
    if (!is_more) return error_of(is_more);
    if (!*is_more) break;
  }
  make_sane(head);
  pass_frame_count_ = static_cast<std::int64_t>(head.size() / 2);
  const std::size_t count = std::min({head.size(), waiting_.size(), kCrossfadeFloats});
  float* tail = waiting_.data() + (waiting_.size() - count);
  for (std::size_t i = 0; i < count; ++i) {
    // Equal power: the two halves of a piece of music are not alike.
    const float part = static_cast<float>(i / 2) / static_cast<float>(count / 2);
    tail[i] = tail[i] * std::sqrt(1 - part) + head[i] * std::sqrt(part);
  }
  waiting_.insert(waiting_.end(), head.begin() + static_cast<std::ptrdiff_t>(count), head.end());
  free_ = waiting_.size() > kCrossfadeFloats ? waiting_.size() - kCrossfadeFloats : 0;
  return {};
}

}  // namespace atelier::media::sound
