#include "media/worker/container/video_frame.hpp"

#include <algorithm>
#include <cmath>
#include <new>
#include <vector>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libswscale/swscale.h>
}

namespace atelier::media::container {
namespace {

struct CodecDeleter {
  void operator()(AVCodecContext* codec) const noexcept { avcodec_free_context(&codec); }
};
using CodecPtr = std::unique_ptr<AVCodecContext, CodecDeleter>;
struct FrameDeleter {
  void operator()(AVFrame* frame) const noexcept { av_frame_free(&frame); }
};
using FramePtr = std::unique_ptr<AVFrame, FrameDeleter>;
struct ScalerDeleter {
  void operator()(SwsContext* scaler) const noexcept { sws_freeContext(scaler); }
};
using ScalerPtr = std::unique_ptr<SwsContext, ScalerDeleter>;

Result<CodecPtr> open_decoder(const AVStream& stream) {
  const AVCodec* decoder = avcodec_find_decoder(stream.codecpar->codec_id);
  if (decoder == nullptr)
    return fail(ErrorCode::invalid_argument,
                std::string("no decoder for ") + avcodec_get_name(stream.codecpar->codec_id),
                {"media_unsupported", ""});
  CodecPtr codec(avcodec_alloc_context3(decoder));
  if (!codec) throw std::bad_alloc();
  codec->thread_count = 1;
  codec->pkt_timebase = stream.time_base;
  int opened = avcodec_parameters_to_context(codec.get(), stream.codecpar);
  if (opened >= 0) opened = avcodec_open2(codec.get(), decoder, nullptr);
  if (opened < 0) return fail_av(opened, "the video cannot be decoded");
  return codec;
}

// Decodes on until a frame reaches `target_pts`; the last one there is, if none does.
Result<FramePtr> decode_until(AVFormatContext& format, AVCodecContext& codec, int stream_index,
                              std::int64_t target_pts) {
  // A whole long film at 60 frames a second; a keyframe is mostly near.
  constexpr int kPacketsMax = 2'000'000;
  auto packet = allocate_packet();
  if (!packet) return error_of(packet);
  FramePtr frame(av_frame_alloc());
  FramePtr latest(av_frame_alloc());
  if (!frame || !latest) throw std::bad_alloc();
  bool is_draining = false;
  for (int count = 0; count < kPacketsMax; ++count) {
    const int received = avcodec_receive_frame(&codec, frame.get());
    if (received == 0) {
      av_frame_unref(latest.get());
      av_frame_move_ref(latest.get(), frame.get());
      if (latest->best_effort_timestamp >= target_pts) return latest;
      continue;
    }
    if (received != AVERROR(EAGAIN) || is_draining) break;
    is_draining = av_read_frame(&format, packet->get()) < 0;
    if (is_draining || (*packet)->stream_index == stream_index)
      // Broken packets are the decoder's to skip: a later frame will do.
      (void)avcodec_send_packet(&codec, is_draining ? nullptr : packet->get());
    av_packet_unref(packet->get());
  }
  if (latest->width == 0)
    return fail(ErrorCode::invalid_argument, "no frame of the video can be decoded", {"media_unreadable", ""});
  return latest;
}

Result<ImagePtr> to_rgb(const AVFrame& frame, int width) {
  const int shown_width = std::min(width, frame.width);
  const int height =
      std::max(1, static_cast<int>(std::lround(static_cast<double>(frame.height) * shown_width / frame.width)));
  const ScalerPtr scaler(sws_getContext(
      frame.width, frame.height, static_cast<AVPixelFormat>(frame.format), shown_width, height, AV_PIX_FMT_RGB24,
      SWS_LANCZOS | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_BITEXACT, nullptr, nullptr, nullptr));
  if (!scaler)
    return fail(ErrorCode::invalid_argument, "the video's kind of pixels cannot be shown", {"media_unsupported", ""});
  const int matrix = frame.colorspace == AVCOL_SPC_UNSPECIFIED ? (frame.height >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601)
                                                               : frame.colorspace;
  const auto pixels_format = static_cast<AVPixelFormat>(frame.format);
  const bool is_full_range = frame.color_range == AVCOL_RANGE_JPEG || pixels_format == AV_PIX_FMT_YUVJ420P ||
                             pixels_format == AV_PIX_FMT_YUVJ422P || pixels_format == AV_PIX_FMT_YUVJ444P;
  sws_setColorspaceDetails(scaler.get(), sws_getCoefficients(matrix), is_full_range ? 1 : 0,
                           sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(shown_width) * static_cast<std::size_t>(height) * 3 + 64);
  std::uint8_t* planes[] = {pixels.data(), nullptr, nullptr, nullptr};
  const int strides[] = {shown_width * 3, 0, 0, 0};
  const int scaled = sws_scale(scaler.get(), frame.data, frame.linesize, 0, frame.height, planes, strides);
  if (scaled < 0) return fail_av(scaled, "the video's frame cannot be shown");
  VipsImage* image = vips_image_new_from_memory_copy(
      pixels.data(), static_cast<std::size_t>(shown_width) * static_cast<std::size_t>(height) * 3, shown_width, height,
      3, VIPS_FORMAT_UCHAR);
  if (image == nullptr) throw std::bad_alloc();
  image->Type = VIPS_INTERPRETATION_sRGB;
  return ImagePtr(image);
}

Result<ImagePtr> turn(ImagePtr image, int degrees) {
  if (degrees == 0) return image;
  VipsImage* turned = nullptr;
  if (vips_rot(image.get(), &turned,
               degrees == 90    ? VIPS_ANGLE_D90
               : degrees == 180 ? VIPS_ANGLE_D180
                                : VIPS_ANGLE_D270,
               nullptr) != 0)
    return fail(ErrorCode::internal, "the frame cannot be turned: " + take_vips_message());
  return ImagePtr(turned);
}

}  // namespace

Result<ImagePtr> decode_frame(OpenStream& stream, std::int64_t at_frame, int width) {
  AVFormatContext& format = *stream.demuxer.format;
  const int index = stream.header.video_index;
  AVStream& video = *format.streams[index];
  const auto codec = open_decoder(video);
  if (!codec) return error_of(codec);
  const AVRational rate = av_guess_frame_rate(&format, &video, nullptr);
  const std::int64_t start = video.start_time == AV_NOPTS_VALUE ? 0 : video.start_time;
  std::int64_t target = start;
  if (rate.num > 0 && rate.den > 0) target += av_rescale_q(at_frame, av_inv_q(rate), video.time_base);
  // Where it cannot seek it reads from the start.
  if (at_frame > 0) (void)avformat_seek_file(&format, index, INT64_MIN, target, target, 0);
  const auto frame = decode_until(format, **codec, index, target);
  if (!frame) return error_of(frame);
  // A turned video's width is its coded height.
  const bool is_turned = stream.header.turn_degrees % 180 != 0;
  const int coded_width =
      is_turned ? static_cast<int>(std::lround(static_cast<double>(width) * (*frame)->width / (*frame)->height))
                : width;
  auto image = to_rgb(**frame, std::max(1, coded_width));
  if (!image) return error_of(image);
  return turn(*std::move(image), stream.header.turn_degrees);
}

}  // namespace atelier::media::container
