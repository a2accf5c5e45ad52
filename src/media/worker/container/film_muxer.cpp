#include "media/worker/container/film_muxer.hpp"

#include <memory>
#include <new>

#include "media/protocol/catalog.hpp"

extern "C" {
#include <libavutil/dict.h>
}

namespace atelier::media::container {
namespace {

// So many frames of H.264 may be held back for reordering at most (ITU-T H.264 annex A, MaxDpbFrames). Decoding times
// start this early, so that none is later than its frame's presentation. What is written are differences only.
constexpr std::int64_t kReorderFramesMax = 16;
// 48 kHz has every frame rate's multiple; a frame is a whole number of these ticks.
constexpr int kTicksPerFrame = 512;

struct DictionaryDeleter {
  void operator()(AVDictionary* dictionary) const noexcept { av_dict_free(&dictionary); }
};

// More than the index can need, since FFmpeg writes it into room left before the samples; what is not used becomes a
// "free" box. Per frame: size 4, composition offset 8, sync sample 4, dependency 1. Per sound packet: size 4. Per half
// second two chunks: offset 8, run 12.
std::int64_t index_bytes(const FilmFormat& film) {
  const std::int64_t sound_packets = film.frame_count * samples_per_frame(film.fps) / 1'024 + 2;
  const std::int64_t half_seconds = film.frame_count * 2 / film.fps + 2;
  constexpr std::int64_t kFixed = 4'096;
  return kFixed + static_cast<std::int64_t>(film.title.size()) + film.frame_count * 17 + sound_packets * 4 +
         half_seconds * 2 * 20;
}

Result<AVStream*> add_stream(AVFormatContext& format, const AVCodecParameters& codec, AVRational time_base) {
  AVStream* stream = avformat_new_stream(&format, nullptr);
  if (stream == nullptr) throw std::bad_alloc();
  if (const int copied = avcodec_parameters_copy(stream->codecpar, &codec); copied < 0)
    return fail_av(copied, "cannot set up the film");
  stream->codecpar->codec_tag = 0;
  stream->time_base = time_base;
  return stream;
}

}  // namespace

Result<FilmMuxer> FilmMuxer::open(int fd, const FilmFormat& film, const AVCodecParameters& video,
                                  const AVCodecParameters& sound) {
  auto muxer = open_muxer(fd, "mp4");
  if (!muxer) return error_of(muxer);
  AVFormatContext& format = *muxer->format;
  const int timescale = film.fps * kTicksPerFrame;
  auto picture = add_stream(format, video, {1, timescale});
  if (!picture) return error_of(picture);
  (*picture)->avg_frame_rate = (*picture)->r_frame_rate = {film.fps, 1};
  (*picture)->sample_aspect_ratio = (*picture)->codecpar->sample_aspect_ratio = {1, 1};
  // NUT has no place for them; all that is rendered here is BT.709 in television range.
  (*picture)->codecpar->color_primaries = AVCOL_PRI_BT709;
  (*picture)->codecpar->color_trc = AVCOL_TRC_BT709;
  (*picture)->codecpar->color_space = AVCOL_SPC_BT709;
  (*picture)->codecpar->color_range = AVCOL_RANGE_MPEG;
  if (auto audio = add_stream(format, sound, {1, kSampleRate}); !audio) return error_of(audio);
  if (!film.title.empty()) av_dict_set(&format.metadata, "title", film.title.c_str(), 0);
  format.avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;

  AVDictionary* raw = nullptr;
  av_dict_set(&raw, "movflags", "+negative_cts_offsets", 0);
  av_dict_set_int(&raw, "use_editlist", 0, 0);
  av_dict_set_int(&raw, "moov_size", index_bytes(film), 0);
  av_dict_set_int(&raw, "video_track_timescale", timescale, 0);
  av_dict_set_int(&raw, "write_tmcd", 0, 0);
  const int begun = avformat_write_header(&format, &raw);
  const std::unique_ptr<AVDictionary, DictionaryDeleter> options(raw);  // what the muxer did not know stays in it
  if (begun < 0) return fail_av(begun, "cannot begin the film");
  if (av_dict_count(options.get()) != 0) return fail(ErrorCode::internal, "FFmpeg's MP4 muxer here lacks an option");
  return FilmMuxer(*std::move(muxer), film.fps);
}

Result<> FilmMuxer::write(AVPacket& packet, int stream, AVRational unit) {
  packet.stream_index = stream;
  packet.pos = -1;
  av_packet_rescale_ts(&packet, unit, muxer_.format->streams[stream]->time_base);
  if (const int written = av_write_frame(muxer_.format.get(), &packet); written < 0)
    return fail_av(written, "cannot write the film");
  return {};
}

Result<> FilmMuxer::write_video(AVPacket& packet, std::int64_t pts_frame) {
  packet.dts = video_count_++ - kReorderFramesMax;
  packet.pts = pts_frame;
  packet.duration = 1;
  if (packet.dts > packet.pts)
    return fail(ErrorCode::invalid_argument, "a frame comes too late in the stream to be shown in time");
  return write(packet, 0, {1, fps_});
}

Result<> FilmMuxer::write_sound(AVPacket& packet, std::int64_t first_sample) {
  packet.dts = packet.pts = first_sample;
  packet.duration = 1'024;
  return write(packet, 1, {1, kSampleRate});
}

Result<> FilmMuxer::finish() {
  if (const int ended = av_write_trailer(muxer_.format.get()); ended < 0) return fail_av(ended, "cannot end the film");
  avio_flush(muxer_.io.get());
  if (muxer_.io->error < 0) return fail_av(muxer_.io->error, "cannot write the film");
  return {};
}

}  // namespace atelier::media::container
