#include "media/worker/container/stream_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "media/worker/container/boxes.hpp"
#include "media/worker/container/limits.hpp"
#include "media/worker/container/mapped_file.hpp"
#include "media/worker/container/riff.hpp"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/display.h>
}

namespace atelier::media::container {
namespace {

// The decoders a look at the streams may start. What people's cameras, phones, recorders and browsers make.
constexpr const char* kDecoders =
    "h264,hevc,mpeg4,mpeg2video,mpeg1video,mjpeg,prores,dnxhd,vp8,vp9,libvpx-vp9,av1,libdav1d,theora,"
    "aac,mp3float,mp3,mp2float,mp2,opus,libopus,vorbis,flac,alac,ac3,eac3,"
    "pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_alaw,pcm_"
    "mulaw";

std::unexpected<Error> too_large(const std::string& what) {
  return fail(ErrorCode::too_large, what, {"media_too_large", ""});
}

Result<> check_whole(int fd, const FileFormat& format, const std::string& name) {
  const auto file = MappedFile::open(fd);
  if (!file) return error_of(file);
  const std::string_view demuxer = format.reader;
  if (demuxer == "mov") return check_boxes(file->bytes(), name);
  if (demuxer == "wav" || demuxer == "avi") return check_riff(file->bytes(), name);
  if (demuxer == "matroska") return check_matroska(file->bytes(), name);
  return {};
}

bool is_cover(const AVStream& stream) { return (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) != 0; }

int turn_of(const AVStream& stream) {
  const auto* matrix = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, nullptr);
  if (matrix == nullptr) return 0;
  const double counter_clockwise = av_display_rotation_get(reinterpret_cast<const std::int32_t*>(matrix));
  if (std::isnan(counter_clockwise)) return 0;
  return (static_cast<int>(std::lround(-counter_clockwise / 90.0)) * 90 % 360 + 360) % 360;
}

Result<> check_video(const StreamHeader& header, const std::string& name) {
  if (header.width <= 0 || header.height <= 0)
    return fail(ErrorCode::invalid_argument, name + " does not say how large its pictures are",
                {"media_unreadable", ""});
  if (header.width > kSideMax || header.height > kSideMax || header.width * header.height > kVideoPixelsMax)
    return too_large(fmt::format("{} is {}x{}; at most 7680x4320 is read", name, header.width, header.height));
  if (header.fps > kFrameRateMax ||
      static_cast<double>(header.width) * static_cast<double>(header.height) * header.fps > kVideoPixelsPerSecondMax)
    return too_large(fmt::format("{} is {}x{} at {:.2f} pictures a second; at most 7680x4320 at 60 is read", name,
                                 header.width, header.height, header.fps));
  return {};
}

Result<> check_audio(const AVCodecParameters& audio, const std::string& name) {
  if (audio.sample_rate > kSampleRateMax)
    return too_large(
        fmt::format("{} has {} samples a second; at most {} are read", name, audio.sample_rate, kSampleRateMax));
  if (audio.ch_layout.nb_channels > kChannelsMax)
    return too_large(
        fmt::format("{} has {} channels; at most {} are read", name, audio.ch_layout.nb_channels, kChannelsMax));
  return {};
}

// Browsers record WebM without a length. What is not said is found by reading to the end, without decoding.
Result<std::int64_t> measure_duration_ms(AVFormatContext& format) {
  constexpr int kPacketsMax = 5'000'000;
  auto packet = allocate_packet();
  if (!packet) return error_of(packet);
  std::int64_t end_us = 0;
  for (int count = 0; count < kPacketsMax && av_read_frame(&format, packet->get()) >= 0; ++count) {
    const AVRational base = format.streams[(*packet)->stream_index]->time_base;
    if ((*packet)->pts != AV_NOPTS_VALUE)
      end_us = std::max(end_us, av_rescale_q((*packet)->pts + (*packet)->duration, base, AV_TIME_BASE_Q));
    av_packet_unref(packet->get());
  }
  return end_us / 1'000;
}

Result<> look_at_video(AVFormatContext& format, AVStream& stream, StreamHeader& header) {
  header.has_video = true;
  header.video_index = stream.index;
  header.codec = avcodec_get_name(stream.codecpar->codec_id);
  header.width = stream.codecpar->width;
  header.height = stream.codecpar->height;
  header.turn_degrees = turn_of(stream);
  if (header.turn_degrees % 180 != 0) std::swap(header.width, header.height);
  const AVRational rate = av_guess_frame_rate(&format, &stream, nullptr);
  header.fps = rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0;
  return {};
}

Result<StreamHeader> look(AVFormatContext& format, const std::string& name) {
  if (format.nb_streams > kStreamsMax)
    return too_large(fmt::format("{} has {} streams; at most {} are read", name, format.nb_streams, kStreamsMax));
  StreamHeader header;
  for (unsigned i = 0; i < format.nb_streams; ++i) {
    AVStream& stream = *format.streams[i];
    if (stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !header.has_video && !is_cover(stream)) {
      if (auto done = look_at_video(format, stream, header); !done) return error_of(done);
      if (auto checked = check_video(header, name); !checked) return error_of(checked);
    } else if (stream.codecpar->codec_type == AVMEDIA_TYPE_AUDIO) {
      if (!header.has_audio) {
        header.channels = stream.codecpar->ch_layout.nb_channels;
        header.sample_rate = stream.codecpar->sample_rate;
      }
      header.has_audio = true;
      if (!header.has_video) header.codec = avcodec_get_name(stream.codecpar->codec_id);
      if (auto checked = check_audio(*stream.codecpar, name); !checked) return error_of(checked);
    }
  }
  if (!header.has_video && !header.has_audio)
    return fail(ErrorCode::invalid_argument, name + " holds neither video nor sound", {"media_unsupported", ""});
  header.duration_ms = format.duration > 0 ? format.duration / 1'000 : 0;
  return header;
}

}  // namespace

Result<OpenStream> open_stream(int fd, const FileFormat& format, const std::string& name) {
  if (auto whole = check_whole(fd, format, name); !whole) return error_of(whole);
  auto demuxer = open_demuxer(fd, format.reader, name);
  if (!demuxer) return error_of(demuxer);
  AVFormatContext& context = *demuxer->format;
  context.probesize = kLookBytesMax;
  context.max_analyze_duration = kLookMicrosecondsMax;
  context.codec_whitelist = av_strdup(kDecoders);  // the context's
  // Sizes are checked before any decoder sees them, and again after, when some only become known.
  if (context.nb_streams > 0)
    if (auto early = look(context, name); !early && early.error().code == ErrorCode::too_large) return error_of(early);
  if (const int found = avformat_find_stream_info(&context, nullptr); found < 0)
    return fail_av(found, "cannot read " + name);
  auto header = look(context, name);
  if (!header) return error_of(header);
  if (header->duration_ms == 0) {
    const auto measured = measure_duration_ms(context);
    if (!measured) return error_of(measured);
    header->duration_ms = *measured;
    if (const int back = avformat_seek_file(&context, -1, INT64_MIN, 0, 0, 0); back < 0 && header->has_video)
      return fail_av(back, "cannot go back to the start of " + name);
  }
  if (header->duration_ms > kDurationMsMax)
    return too_large(fmt::format("{} says it is {} hours long; at most {} are read", name,
                                 header->duration_ms / 3'600'000, kDurationMsMax / 3'600'000));
  if (header->duration_ms == 0)
    return fail(ErrorCode::invalid_argument, name + " holds no pictures and no sound after its header",
                {"media_truncated", ""});
  return OpenStream{*std::move(demuxer), *std::move(header)};
}

}  // namespace atelier::media::container
