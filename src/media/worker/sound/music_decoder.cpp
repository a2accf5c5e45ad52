#include "media/worker/sound/music_decoder.hpp"

#include <fmt/format.h>

#include <new>

#include "media/protocol/catalog.hpp"
#include "media/worker/container/limits.hpp"
#include "media/worker/container/source.hpp"

extern "C" {
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
}

namespace atelier::media::sound {
namespace {

constexpr int kBadPacketsMax = 1'000;

bool is_sane(const AVFrame& frame) {
  return frame.nb_samples > 0 && frame.sample_rate > 0 && frame.sample_rate <= container::kSampleRateMax &&
         frame.ch_layout.nb_channels > 0 && frame.ch_layout.nb_channels <= container::kChannelsMax;
}

}  // namespace

Result<std::unique_ptr<MusicDecoder>> MusicDecoder::open(int fd, const std::string& name) {
  auto source = container::open_source(fd, name);
  if (!source) return error_of(source);
  if (source->format.family != container::Family::stream)
    return fail(ErrorCode::invalid_argument, name + " is a picture, not music", {"media_unsupported", ""});
  auto opened = container::open_stream(fd, source->format, name);
  if (!opened) return error_of(opened);
  if (!opened->header.has_audio)
    return fail(ErrorCode::invalid_argument, name + " is a video without sound, not music", {"media_unsupported", ""});
  std::unique_ptr<MusicDecoder> decoder(new MusicDecoder(std::move(opened->demuxer), name));
  if (auto started = decoder->start(); !started) return error_of(started);
  return decoder;
}

Result<> MusicDecoder::start() {
  AVFormatContext& format = *demuxer_.format;
  const AVCodec* codec = nullptr;
  stream_ = av_find_best_stream(&format, AVMEDIA_TYPE_AUDIO, -1, -1, &codec, 0);
  if (stream_ < 0 || codec == nullptr)
    return fail(ErrorCode::invalid_argument, name_ + " holds sound in a form that is not read here",
                {"media_unsupported", ""});
  for (unsigned i = 0; i < format.nb_streams; ++i)
    if (static_cast<int>(i) != stream_) format.streams[i]->discard = AVDISCARD_ALL;
  codec_.reset(avcodec_alloc_context3(codec));
  frame_.reset(av_frame_alloc());
  if (!codec_ || !frame_) throw std::bad_alloc();
  auto packet = container::allocate_packet();
  if (!packet) return error_of(packet);
  packet_ = *std::move(packet);
  codec_->thread_count = 1;
  codec_->pkt_timebase = format.streams[stream_]->time_base;
  int status = avcodec_parameters_to_context(codec_.get(), format.streams[stream_]->codecpar);
  if (status >= 0) status = avcodec_open2(codec_.get(), codec, nullptr);
  if (status < 0) return container::fail_av(status, "cannot decode " + name_);
  return {};
}

Result<bool> MusicDecoder::decode_some(std::vector<float>& out) {
  int bad_count = 0;
  for (;;) {
    const int got = avcodec_receive_frame(codec_.get(), frame_.get());
    if (got == AVERROR_EOF) {
      if (resampler_)
        if (auto flushed = pull(nullptr, 0, out); !flushed) return error_of(flushed);
      resampler_.reset();
      return false;
    }
    if (got >= 0) {
      if (auto done = convert(*frame_, out); !done) return error_of(done);
      av_frame_unref(frame_.get());
      return true;
    }
    if (got != AVERROR(EAGAIN) && ++bad_count > kBadPacketsMax)
      return container::fail_av(got, "cannot decode " + name_);
    if (auto fed = feed(); !fed) return error_of(fed);
  }
}

// One packet of our stream, or the news that there is none any more.
Result<bool> MusicDecoder::feed() {
  while (!is_at_end_) {
    const int got = av_read_frame(demuxer_.format.get(), packet_.get());
    if (got < 0) {
      is_at_end_ = true;
      avcodec_send_packet(codec_.get(), nullptr);
      return false;
    }
    const bool is_ours = packet_->stream_index == stream_;
    const int sent = is_ours ? avcodec_send_packet(codec_.get(), packet_.get()) : 0;
    av_packet_unref(packet_.get());
    if (sent == AVERROR(ENOMEM)) return container::fail_av(sent, "cannot decode " + name_);
    if (is_ours) return true;
  }
  return false;
}

Result<> MusicDecoder::convert(const AVFrame& frame, std::vector<float>& out) {
  if (!is_sane(frame))
    return fail(ErrorCode::invalid_argument, name_ + " changes to a form of sound that is not read here",
                {"media_unreadable", ""});
  if (auto fits = fit_resampler(frame, out); !fits) return fits;
  return pull(const_cast<const std::uint8_t**>(frame.extended_data), frame.nb_samples, out);
}

Result<> MusicDecoder::fit_resampler(const AVFrame& frame, std::vector<float>& out) {
  if (resampler_ && frame.format == sample_format_ && frame.sample_rate == sample_rate_ &&
      frame.ch_layout.nb_channels == channel_count_)
    return {};
  if (resampler_)
    if (auto flushed = pull(nullptr, 0, out); !flushed) return flushed;
  AVChannelLayout from = {};
  // Files that only say how many channels they have, or order them their own way, are taken to have the usual ones.
  if (frame.ch_layout.order == AV_CHANNEL_ORDER_NATIVE)
    av_channel_layout_copy(&from, &frame.ch_layout);
  else
    av_channel_layout_default(&from, frame.ch_layout.nb_channels);
  AVChannelLayout stereo = AV_CHANNEL_LAYOUT_STEREO;
  SwrContext* made = nullptr;
  int status = swr_alloc_set_opts2(&made, &stereo, AV_SAMPLE_FMT_FLT, kSampleRate, &from,
                                   static_cast<AVSampleFormat>(frame.format), frame.sample_rate, 0, nullptr);
  av_channel_layout_uninit(&from);
  resampler_.reset(made);
  if (status >= 0) status = swr_init(made);
  if (status < 0) return container::fail_av(status, fmt::format("cannot bring {} to 48 kHz stereo", name_));
  sample_format_ = frame.format;
  sample_rate_ = frame.sample_rate;
  channel_count_ = frame.ch_layout.nb_channels;
  return {};
}

Result<> MusicDecoder::pull(const std::uint8_t** planes, int frame_count, std::vector<float>& out) {
  const int room = swr_get_out_samples(resampler_.get(), frame_count);
  if (room < 0) return container::fail_av(room, "cannot resample " + name_);
  const std::size_t before = out.size();
  out.resize(before + 2 * static_cast<std::size_t>(room));
  auto* target = reinterpret_cast<std::uint8_t*>(out.data() + before);
  const int made = swr_convert(resampler_.get(), &target, room, planes, frame_count);
  if (made < 0) return container::fail_av(made, "cannot resample " + name_);
  out.resize(before + 2 * static_cast<std::size_t>(made));
  return {};
}

}  // namespace atelier::media::sound
