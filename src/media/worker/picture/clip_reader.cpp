#include "media/worker/picture/clip_reader.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstring>
#include <new>
#include <string_view>

extern "C" {
#include <libavutil/display.h>
}

namespace atelier::media::picture {
namespace {

constexpr AVRational kMicroseconds = {1, 1'000'000};
constexpr std::int64_t kDurationMax_us = std::int64_t{4} * 3600 * 1'000'000;
constexpr int kSideMax = 8192;
constexpr unsigned kStreamsMax = 16;
constexpr std::int64_t kProbeBytesMax = 8 << 20;
// How much a file may end before the length it states: rounding, and audio that is a little longer.
constexpr std::int64_t kMissingMax_us = 1'000'000;
// Damaged packets that are passed over before the clip counts as broken.
constexpr int kBadPacketsMax = 8;

Result<const char*> sniff(int fd) {
  if (fd < 0) return fail(ErrorCode::invalid_argument, "no clip was given");
  std::array<char, 12> head{};
  const ssize_t got = ::pread(fd, head.data(), head.size(), 0);
  if (got == 0)
    return fail(ErrorCode::invalid_argument, "the clip is empty (0 bytes)", {"media_unreadable", "/background"});
  const std::string_view bytes(head.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  if (bytes.starts_with("\x1a\x45\xdf\xa3")) return "matroska";
  constexpr std::array<std::string_view, 6> kBoxes = {"ftyp", "moov", "mdat", "wide", "free", "skip"};
  for (const std::string_view box : kBoxes)
    if (bytes.size() >= 8 && bytes.substr(4, 4) == box) return "mov";
  return fail(ErrorCode::invalid_argument, "the clip is neither MP4/MOV nor Matroska/WebM",
              {"media_unreadable", "/background"});
}

std::unexpected<Error> refuse(std::string message, std::source_location source = std::source_location::current()) {
  return fail(ErrorCode::invalid_argument, std::move(message), {"media_unreadable", "/background"}, source);
}

int quarter_turns_of(const AVStream& stream) {
  const auto* matrix = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, nullptr);
  if (matrix == nullptr) return 0;
  std::array<std::int32_t, 9> aligned;
  std::memcpy(aligned.data(), matrix, sizeof aligned);
  const double counterclockwise = av_display_rotation_get(aligned.data());
  if (std::isnan(counterclockwise)) return 0;
  return ((static_cast<int>(std::lround(-counterclockwise / 90.0)) % 4) + 4) % 4;
}

Result<CodecContext> open_decoder(const AVStream& stream) {
  const AVCodec* decoder = avcodec_find_decoder(stream.codecpar->codec_id);
  if (decoder == nullptr)
    return refuse(
        fmt::format("the clip's codec ({}) cannot be decoded here", avcodec_get_name(stream.codecpar->codec_id)));
  CodecContext codec(avcodec_alloc_context3(decoder));
  if (!codec) throw std::bad_alloc();
  if (const int copied = avcodec_parameters_to_context(codec.get(), stream.codecpar); copied < 0)
    return container::fail_av(copied, "cannot read the clip's parameters");
  codec->thread_count = 1;  // scenes are rendered side by side
  codec->pkt_timebase = stream.time_base;
  codec->max_pixels = std::int64_t{kSideMax} * kSideMax;
  if (const int opened = avcodec_open2(codec.get(), decoder, nullptr); opened < 0)
    return container::fail_av(opened, "cannot decode the clip");
  return codec;
}

Result<int> choose_stream(AVFormatContext& format) {
  if (format.nb_streams > kStreamsMax)
    return refuse(fmt::format("the clip has {} streams; at most {} are allowed", format.nb_streams, kStreamsMax));
  const int index = av_find_best_stream(&format, AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  if (index < 0) return refuse("the clip has no video in it");
  for (unsigned at = 0; at < format.nb_streams; ++at)
    if (static_cast<int>(at) != index) format.streams[at]->discard = AVDISCARD_ALL;
  const AVCodecParameters& parameters = *format.streams[index]->codecpar;
  if (parameters.width <= 0 || parameters.height <= 0 || parameters.width > kSideMax || parameters.height > kSideMax)
    return refuse(fmt::format("the clip is {}x{}; at most {} pixels a side are allowed", parameters.width,
                              parameters.height, kSideMax));
  return index;
}

}  // namespace

ClipReader::ClipReader(container::Demuxer demuxer, CodecContext codec, int stream_index)
    : demuxer_(std::move(demuxer)),
      codec_(std::move(codec)),
      packet_(av_packet_alloc()),
      shown_(av_frame_alloc()),
      next_(av_frame_alloc()),
      stream_index_(stream_index) {
  if (!packet_ || !shown_ || !next_) throw std::bad_alloc();
}

Result<ClipReader> ClipReader::open(int fd) {
  const auto format_name = sniff(fd);
  if (!format_name) return error_of(format_name);
  auto demuxer = container::open_demuxer(fd, *format_name, "the clip");
  if (!demuxer) return error_of(demuxer);
  AVFormatContext& format = *demuxer->format;
  format.probesize = kProbeBytesMax;
  if (const int found = avformat_find_stream_info(&format, nullptr); found < 0)
    return container::fail_av(found, "cannot read the clip");
  const auto index = choose_stream(format);
  if (!index) return error_of(index);
  const AVStream& stream = *format.streams[*index];
  auto codec = open_decoder(stream);
  if (!codec) return error_of(codec);
  ClipReader reader(std::move(*demuxer), std::move(*codec), *index);
  reader.quarter_turns_ = quarter_turns_of(stream);
  if (auto measured = reader.measure(); !measured) return error_of(measured);
  return reader;
}

Result<> ClipReader::measure() {
  const AVFormatContext& format = *demuxer_.format;
  const AVStream& stream = *format.streams[stream_index_];
  if (stream.start_time != AV_NOPTS_VALUE) start_us_ = av_rescale_q(stream.start_time, stream.time_base, kMicroseconds);
  if (stream.duration != AV_NOPTS_VALUE && stream.duration > 0)
    duration_us_ = av_rescale_q(stream.duration, stream.time_base, kMicroseconds);
  else if (format.duration != AV_NOPTS_VALUE)
    duration_us_ = format.duration;
  if (duration_us_ <= 0) return refuse("the clip does not say how long it is");
  if (duration_us_ > kDurationMax_us)
    return refuse(fmt::format("the clip is {} s long; at most 4 hours are allowed", duration_us_ / 1'000'000));
  return {};
}

std::int64_t ClipReader::time_of(const AVFrame& frame) const noexcept {
  const std::int64_t pts = frame.best_effort_timestamp != AV_NOPTS_VALUE ? frame.best_effort_timestamp : 0;
  return av_rescale_q(pts, demuxer_.format->streams[stream_index_]->time_base, kMicroseconds) - start_us_;
}

Result<> ClipReader::seek(std::int64_t time_us) {
  const AVRational time_base = demuxer_.format->streams[stream_index_]->time_base;
  const std::int64_t target = av_rescale_q(time_us + start_us_, kMicroseconds, time_base);
  if (const int moved = av_seek_frame(demuxer_.format.get(), stream_index_, target, AVSEEK_FLAG_BACKWARD); moved < 0)
    return container::fail_av(moved,
                              fmt::format("cannot find {:.3f} s in the clip", static_cast<double>(time_us) / 1e6));
  avcodec_flush_buffers(codec_.get());
  has_shown_ = has_next_ = is_flushing_ = false;
  return {};
}

// Gives the decoder one packet, or the end. False once there is nothing more to give.
Result<bool> ClipReader::feed() {
  if (is_flushing_) return false;
  for (int bad_packets = 0;;) {
    const int got = av_read_frame(demuxer_.format.get(), packet_.get());
    if (got < 0) {
      if (got != AVERROR_EOF) return container::fail_av(got, "the clip is broken or cut off");
      is_flushing_ = true;
      (void)avcodec_send_packet(codec_.get(), nullptr);
      return true;
    }
    const bool is_ours = packet_->stream_index == stream_index_;
    const int sent = is_ours ? avcodec_send_packet(codec_.get(), packet_.get()) : 0;
    av_packet_unref(packet_.get());
    if (!is_ours) continue;
    if (sent >= 0) return true;
    if (++bad_packets > kBadPacketsMax) return container::fail_av(sent, "the clip is broken");
  }
}

Result<bool> ClipReader::decode_next() {
  for (;;) {
    const int got = avcodec_receive_frame(codec_.get(), next_.get());
    if (got >= 0) return true;
    if (got == AVERROR_EOF) return false;
    if (got != AVERROR(EAGAIN)) return container::fail_av(got, "cannot decode the clip");
    const auto fed = feed();
    if (!fed) return error_of(fed);
    if (!*fed) return false;
  }
}

Result<const AVFrame*> ClipReader::at(std::int64_t time_us, std::int64_t step_us) {
  constexpr std::int64_t kFar_us = 10'000'000;  // beyond this a seek is cheaper than decoding on
  if (last_asked_us_ < 0 || time_us < last_asked_us_ || time_us > last_asked_us_ + kFar_us)
    if (auto moved = seek(time_us); !moved) return error_of(moved);
  last_asked_us_ = time_us;
  const std::int64_t latest_us = time_us + step_us / 4;
  for (;;) {
    if (!has_next_) {
      const auto decoded = decode_next();
      if (!decoded) return error_of(decoded);
      if (!*decoded) break;
      has_next_ = true;
    }
    // The very first picture stands for whatever comes before it.
    if (has_shown_ && time_of(*next_) > latest_us) return shown_.get();
    av_frame_unref(shown_.get());
    av_frame_move_ref(shown_.get(), next_.get());
    has_shown_ = true;
    has_next_ = false;
    if (time_of(*shown_) > latest_us) return shown_.get();
  }
  if (!has_shown_ || time_us - time_of(*shown_) > kMissingMax_us)
    return refuse(fmt::format("the clip is cut off: it says {:.1f} s, but there is no picture at {:.1f} s",
                              static_cast<double>(duration_us_) / 1e6, static_cast<double>(time_us) / 1e6));
  return shown_.get();
}

}  // namespace atelier::media::picture
