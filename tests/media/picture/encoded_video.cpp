#include "tests/media/picture/encoded_video.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/unique_fd.hpp"
#include "media/protocol/memory_file.hpp"
#include "media/worker/container/fd_io.hpp"
#include "media/worker/picture/clip_reader.hpp"

extern "C" {
#include <libavutil/display.h>
#include <libavutil/opt.h>
}

namespace atelier::media::picture {
namespace {

void keep_frame(const AVFrame& frame, ReadVideo& video) {
  DecodedFrame kept{frame.best_effort_timestamp,
                    av_get_picture_type_char(frame.pict_type),
                    frame.key_frame != 0,
                    frame.width,
                    frame.height,
                    {}};
  for (int y = 0; y < frame.height; ++y) {
    const std::uint8_t* row = frame.data[0] + static_cast<std::ptrdiff_t>(y) * frame.linesize[0];
    kept.luma.insert(kept.luma.end(), row, row + frame.width);
  }
  video.frames.push_back(std::move(kept));
}

void drain(AVCodecContext& codec, AVFrame& frame, ReadVideo& video) {
  while (avcodec_receive_frame(&codec, &frame) >= 0) {
    keep_frame(frame, video);
    av_frame_unref(&frame);
  }
}

}  // namespace

ReadVideo read_video(int fd, const char* format_name) {
  ReadVideo video;
  auto demuxer = container::open_demuxer(fd, format_name, "the test's video");
  EXPECT_TRUE(demuxer);
  if (!demuxer) return video;
  AVFormatContext& format = *demuxer->format;
  EXPECT_GE(avformat_find_stream_info(&format, nullptr), 0);
  video.stream_count = static_cast<int>(format.nb_streams);
  const AVStream& stream = *format.streams[0];
  const AVCodecParameters& parameters = *stream.codecpar;
  video.time_base_num = stream.time_base.num;
  video.time_base_den = stream.time_base.den;
  video.codec = avcodec_get_name(parameters.codec_id);
  video.extradata.assign(reinterpret_cast<const char*>(parameters.extradata),
                         static_cast<std::size_t>(parameters.extradata_size));
  CodecContext codec(avcodec_alloc_context3(avcodec_find_decoder(parameters.codec_id)));
  EXPECT_GE(avcodec_parameters_to_context(codec.get(), &parameters), 0);
  codec->thread_count = 1;
  EXPECT_GE(avcodec_open2(codec.get(), nullptr, nullptr), 0);
  const container::PacketPtr packet(av_packet_alloc());
  const AvFrame frame(av_frame_alloc());
  while (av_read_frame(&format, packet.get()) >= 0) {
    video.packets.push_back({packet->pts,
                             packet->dts,
                             (packet->flags & AV_PKT_FLAG_KEY) != 0,
                             {reinterpret_cast<const char*>(packet->data), static_cast<std::size_t>(packet->size)}});
    EXPECT_GE(avcodec_send_packet(codec.get(), packet.get()), 0);
    av_packet_unref(packet.get());
    drain(*codec, *frame, video);
  }
  (void)avcodec_send_packet(codec.get(), nullptr);
  drain(*codec, *frame, video);
  // From the decoder: what the SPS says, not what the container does.
  video.profile = codec->profile;
  video.primaries = codec->color_primaries;
  video.transfer = codec->color_trc;
  video.matrix = codec->colorspace;
  video.range = codec->color_range;
  video.aspect_num = codec->sample_aspect_ratio.num;
  video.aspect_den = codec->sample_aspect_ratio.den;
  video.rate_num = codec->framerate.num;
  video.rate_den = codec->framerate.den;
  return video;
}

std::uint8_t grey_of(int index) { return static_cast<std::uint8_t>(24 + index % 50 * 4); }
int frame_of(std::uint8_t grey) { return (grey - 24 + 2) / 4; }

namespace {

CodecContext open_encoder(const ClipSpec& spec) {
  CodecContext codec(avcodec_alloc_context3(avcodec_find_encoder_by_name("libx264")));
  codec->width = spec.width;
  codec->height = spec.height;
  codec->pix_fmt = AV_PIX_FMT_YUV420P;
  codec->time_base = {spec.time_base_num, spec.time_base_den};
  codec->gop_size = spec.gop_size;
  codec->color_range = spec.is_full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  codec->colorspace = AVCOL_SPC_BT709;
  codec->thread_count = 1;
  codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  EXPECT_GE(av_opt_set(codec->priv_data, "preset", "ultrafast", 0), 0);
  EXPECT_GE(av_opt_set(codec->priv_data, "crf", "2", 0), 0);
  EXPECT_GE(av_opt_set(codec->priv_data, "x264-params", "scenecut=0:bframes=2", 0), 0);
  EXPECT_GE(avcodec_open2(codec.get(), nullptr, nullptr), 0);
  return codec;
}

void turn(AVStream& stream, int quarter_turns) {
  if (quarter_turns == 0) return;
  auto* matrix = av_stream_new_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(std::int32_t));
  av_display_rotation_set(reinterpret_cast<std::int32_t*>(matrix), 90.0 * quarter_turns);
}

// libx264 hands on no durations; a file without its last one would end a picture early.
std::int64_t duration_at(const ClipSpec& spec, std::int64_t pts) {
  const auto next = std::upper_bound(spec.pts.begin(), spec.pts.end(), pts);
  return next == spec.pts.end() ? spec.last_duration : *next - pts;
}

void write_packets(const ClipSpec& spec, AVCodecContext& codec, AVFormatContext& format) {
  const container::PacketPtr packet(av_packet_alloc());
  while (avcodec_receive_packet(&codec, packet.get()) >= 0) {
    packet->duration = duration_at(spec, packet->pts);
    av_packet_rescale_ts(packet.get(), codec.time_base, format.streams[0]->time_base);
    packet->stream_index = 0;
    EXPECT_GE(av_interleaved_write_frame(&format, packet.get()), 0);
  }
}

}  // namespace

std::string make_clip(const ClipSpec& spec) {
  const auto file = make_memory_file();
  auto muxer = container::open_muxer(file->get(), spec.format);
  EXPECT_TRUE(muxer);
  const CodecContext codec = open_encoder(spec);
  AVFormatContext& format = *muxer->format;
  AVStream* stream = avformat_new_stream(&format, nullptr);
  EXPECT_GE(avcodec_parameters_from_context(stream->codecpar, codec.get()), 0);
  stream->time_base = codec->time_base;
  turn(*stream, spec.quarter_turns);
  EXPECT_GE(avformat_write_header(&format, nullptr), 0);
  const AvFrame frame(av_frame_alloc());
  for (std::size_t i = 0; i < spec.pts.size(); ++i) {
    av_frame_unref(frame.get());
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = spec.width;
    frame->height = spec.height;
    frame->color_range = codec->color_range;
    EXPECT_GE(av_frame_get_buffer(frame.get(), 0), 0);
    const int index = static_cast<int>(i);
    for (int y = 0; y < spec.height; ++y)
      for (int x = 0; x < spec.width; ++x)
        frame->data[0][y * frame->linesize[0] + x] = spec.luma ? spec.luma(index, x, y) : grey_of(index);
    for (int plane = 1; plane < 3; ++plane)
      for (int y = 0; y < spec.height / 2; ++y)
        std::fill_n(frame->data[plane] + y * frame->linesize[plane], spec.width / 2, std::uint8_t{128});
    frame->pts = spec.pts[i];
    EXPECT_GE(avcodec_send_frame(codec.get(), frame.get()), 0);
    write_packets(spec, *codec, format);
  }
  (void)avcodec_send_frame(codec.get(), nullptr);
  write_packets(spec, *codec, format);
  EXPECT_GE(av_write_trailer(&format), 0);
  avio_flush(muxer->io.get());
  return *read_file(file->get(), *size_of_file(file->get()));
}

}  // namespace atelier::media::picture
