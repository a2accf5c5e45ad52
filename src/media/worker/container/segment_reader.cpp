#include "media/worker/container/segment_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "media/worker/container/nut.hpp"

namespace atelier::media::container {
namespace {

// Far more than a part has; frames are numbered, so a wild number must not make a table.
constexpr std::int64_t kSegmentFramesMax = 1'000'000;

}  // namespace

std::unexpected<Error> SegmentReader::broken(const std::string& what) const {
  return fail(ErrorCode::invalid_argument, name_ + " " + what, {"segment_broken", name_});
}

Result<SegmentReader> SegmentReader::open(int fd, std::string name, const FilmFormat& film) {
  auto demuxer = open_nut(fd, name);
  if (!demuxer) return error_of(demuxer);
  auto packet = allocate_packet();
  if (!packet) return error_of(packet);
  SegmentReader reader(*std::move(demuxer), *std::move(packet), std::move(name), film.fps);
  const AVCodecParameters& codec = reader.codec();
  if (codec.codec_id != AV_CODEC_ID_H264 || codec.extradata_size <= 0)
    return reader.broken("must hold H.264 with its parameter sets in its head");
  if (codec.width != film.width || codec.height != film.height)
    return reader.broken(
        fmt::format("is {}x{}; the film is {}x{}", codec.width, codec.height, film.width, film.height));
  return reader;
}

std::string_view SegmentReader::parameter_sets() const {
  return {reinterpret_cast<const char*>(codec().extradata), static_cast<std::size_t>(codec().extradata_size)};
}

Result<AVPacket*> SegmentReader::next() {
  av_packet_unref(packet_.get());
  const int read = av_read_frame(demuxer_.format.get(), packet_.get());
  if (read == AVERROR_EOF) {
    if (frame_count_ == 0) return broken("has no frames");
    if (std::find(seen_.begin(), seen_.end(), false) != seen_.end()) return broken("lacks a frame between others");
    return nullptr;
  }
  if (read < 0) return fail_av(read, "cannot read " + name_);
  if (auto noted = note_frame(); !noted) return error_of(noted);
  return packet_.get();
}

Result<> SegmentReader::note_frame() {
  if (packet_->pts == AV_NOPTS_VALUE) return broken("has a frame without a time");
  const AVRational frame{1, fps_};
  frame_of_last_ = av_rescale_q(packet_->pts, stream().time_base, frame);
  if (av_compare_ts(frame_of_last_, frame, packet_->pts, stream().time_base) != 0)
    return broken("has a frame between two frames' times");
  if (frame_of_last_ < 0 || frame_of_last_ >= kSegmentFramesMax)
    return broken(fmt::format("has a frame numbered {}", frame_of_last_));
  if (frame_count_ == 0 && ((packet_->flags & AV_PKT_FLAG_KEY) == 0 || frame_of_last_ != 0))
    return broken("does not begin with a keyframe at 0");
  const auto index = static_cast<std::size_t>(frame_of_last_);
  if (index >= seen_.size()) seen_.resize(index + 1, false);
  if (seen_[index]) return broken(fmt::format("has frame {} twice", frame_of_last_));
  seen_[index] = true;
  ++frame_count_;
  return {};
}

}  // namespace atelier::media::container
