#include "media/worker/picture/segment_encoder.hpp"

#include <algorithm>
#include <array>
#include <new>

#include "base/hash.hpp"
#include "media/worker/container/fd_io.hpp"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
}

namespace atelier::media::picture {
namespace {

struct CodecDeleter {
  void operator()(AVCodecContext* codec) const noexcept { avcodec_free_context(&codec); }
};
using CodecPtr = std::unique_ptr<AVCodecContext, CodecDeleter>;
struct AvFrameDeleter {
  void operator()(AVFrame* frame) const noexcept { av_frame_free(&frame); }
};
using AvFramePtr = std::unique_ptr<AVFrame, AvFrameDeleter>;

// 8 Mbit/s at 1080p up to 30 frames a second, 12 above (YouTube's advice), in proportion for other sizes.
std::int64_t bit_rate_max(const EncoderSettings& settings) {
  const std::int64_t full = settings.fps > 30 ? 12'000'000 : 8'000'000;
  const std::int64_t pixels = std::int64_t{settings.width} * settings.height;
  return std::max<std::int64_t>(full * pixels / (1080 * 1920) / 1000 * 1000, 200'000);
}

void configure(AVCodecContext& codec, const EncoderSettings& settings) {
  codec.width = settings.width;
  codec.height = settings.height;
  codec.pix_fmt = AV_PIX_FMT_YUV420P;
  codec.time_base = {1, settings.fps};
  codec.framerate = {settings.fps, 1};
  codec.sample_aspect_ratio = {1, 1};
  codec.color_primaries = AVCOL_PRI_BT709;
  codec.color_trc = AVCOL_TRC_BT709;
  codec.colorspace = AVCOL_SPC_BT709;
  codec.color_range = AVCOL_RANGE_MPEG;
  codec.chroma_sample_location = AVCHROMA_LOC_LEFT;
  codec.profile = FF_PROFILE_H264_HIGH;
  codec.thread_count = settings.thread_count;
  codec.gop_size = std::max(settings.fps / 2, 1);
  codec.keyint_min = codec.gop_size;
  codec.max_b_frames = 2;
  codec.rc_max_rate = bit_rate_max(settings);
  codec.rc_buffer_size = static_cast<int>(codec.rc_max_rate);  // one second
  codec.flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_CLOSED_GOP | AV_CODEC_FLAG_BITEXACT;
}

// b-adapt=0: two B-frames always, whatever the picture. No pyramid: players and joins see one frame of delay.
constexpr const char* kX264Parameters =
    "scenecut=0:open-gop=0:b-adapt=0:b-pyramid=none:force-cfr=1:sync-lookahead=0:sliced-threads=0";

// x264 164's routines for AVX-512 read samples that nobody wrote: the same frames give one of several streams. Without
// them they give one, and the same on machines that lack AVX-512.
bool has_unsteady_routines() noexcept { return __builtin_cpu_supports("avx512f") != 0; }
constexpr const char* kWithoutAvx512 = ":asm=AVX2,FMA3,LZCNT,BMI2";  // all that a machine with AVX-512 has beside it

Result<CodecPtr> open_codec(const EncoderSettings& settings) {
  const AVCodec* x264 = avcodec_find_encoder_by_name("libx264");
  if (x264 == nullptr) return fail(ErrorCode::internal, "FFmpeg here was built without libx264");
  CodecPtr codec(avcodec_alloc_context3(x264));
  if (!codec) throw std::bad_alloc();
  configure(*codec, settings);
  const std::string rate_factor = std::to_string(settings.rate_factor);
  const std::array options = {std::pair{"preset", "veryfast"}, std::pair{"crf", rate_factor.c_str()}};
  for (const auto& [name, value] : options)
    if (const int set = av_opt_set(codec->priv_data, name, value, 0); set < 0)
      return container::fail_av(set, std::string("cannot set the encoder's ") + name);
  std::string parameters = kX264Parameters;
  if (has_unsteady_routines()) parameters += kWithoutAvx512;
  if (const int set = av_opt_set(codec->priv_data, "x264-params", parameters.c_str(), 0); set < 0)
    return container::fail_av(set, "cannot set the encoder's x264-params");
  if (const int opened = avcodec_open2(codec.get(), x264, nullptr); opened < 0)
    return container::fail_av(opened, "cannot open the H.264 encoder");
  return codec;
}

struct OptionsDeleter {
  void operator()(AVDictionary* options) const noexcept { av_dict_free(&options); }
};

// The index goes into room left before the samples, more than it can need: what is not used becomes a "free" box.
AVDictionary* mp4_options(std::int64_t frame_count) {
  constexpr std::int64_t kFixedBytes = 4'096, kBytesPerFrame = 40;
  AVDictionary* options = nullptr;
  av_dict_set(&options, "movflags", "+negative_cts_offsets", 0);
  av_dict_set_int(&options, "use_editlist", 0, 0);
  av_dict_set_int(&options, "write_tmcd", 0, 0);
  av_dict_set_int(&options, "moov_size", kFixedBytes + frame_count * kBytesPerFrame, 0);
  return options;
}

Result<container::Muxer> open_file(int fd, const AVCodecContext& codec, std::int64_t mp4_frame_count) {
  auto muxer = container::open_muxer(fd, mp4_frame_count > 0 ? "mp4" : "nut");
  if (!muxer) return error_of(muxer);
  AVStream* stream = avformat_new_stream(muxer->format.get(), nullptr);
  if (stream == nullptr) throw std::bad_alloc();
  if (const int copied = avcodec_parameters_from_context(stream->codecpar, &codec); copied < 0)
    return container::fail_av(copied, "cannot describe the video");
  stream->time_base = codec.time_base;
  stream->avg_frame_rate = codec.framerate;
  // The first dts is below zero by the B-frames' delay. Shifting everything would move frame 0 off 0.
  muxer->format->avoid_negative_ts = 0;
  AVDictionary* raw = mp4_frame_count > 0 ? mp4_options(mp4_frame_count) : nullptr;
  const int written = avformat_write_header(muxer->format.get(), &raw);
  const std::unique_ptr<AVDictionary, OptionsDeleter> unknown(raw);
  if (written < 0) return container::fail_av(written, "cannot write the segment's head");
  if (av_dict_count(unknown.get()) != 0) return fail(ErrorCode::internal, "FFmpeg's MP4 muxer here lacks an option");
  return muxer;
}

void keep_memory(void*, std::uint8_t*) {}

class X264Encoder final : public SegmentEncoder {
 public:
  X264Encoder(CodecPtr codec, container::Muxer muxer, container::PacketPtr packet, AvFramePtr frame)
      : codec_(std::move(codec)), muxer_(std::move(muxer)), packet_(std::move(packet)), frame_(std::move(frame)) {}

  Result<> push(Frame& frame) override {
    ensure(frame.width() == codec_->width && frame.height() == codec_->height, "an encoder's frames have one size");
    wrap(frame);
    const int sent = avcodec_send_frame(codec_.get(), frame_.get());
    // libx264 has copied the samples by now and nobody else may hold them: the caller draws into them next.
    ensure(sent < 0 || av_frame_is_writable(frame_.get()) == 1, "the encoder keeps no frame");
    av_frame_unref(frame_.get());
    if (sent < 0) return container::fail_av(sent, "cannot encode a frame");
    return drain();
  }

  Result<> finish() override {
    // An encoder that was given nothing must not be flushed: the segment is then empty.
    if (frame_count_ > 0) {
      if (const int sent = avcodec_send_frame(codec_.get(), nullptr); sent < 0)
        return container::fail_av(sent, "cannot end the video");
      if (auto drained = drain(); !drained) return error_of(drained);
    }
    if (const int ended = av_write_trailer(muxer_.format.get()); ended < 0)
      return container::fail_av(ended, "cannot end the segment");
    avio_flush(muxer_.io.get());
    if (muxer_.io->error < 0) return container::fail_av(muxer_.io->error, "cannot write the segment");
    return {};
  }

 private:
  // Lends our planes to libavcodec, counted, so that it does not copy them.
  void wrap(Frame& frame) {
    frame_->format = AV_PIX_FMT_YUV420P;
    frame_->width = frame.width();
    frame_->height = frame.height();
    frame_->pts = frame_count_++;
    frame_->color_primaries = codec_->color_primaries;
    frame_->color_trc = codec_->color_trc;
    frame_->colorspace = codec_->colorspace;
    frame_->color_range = codec_->color_range;
    frame_->chroma_location = codec_->chroma_sample_location;
    for (int index = 0; index < 3; ++index) {
      const Plane plane = frame.plane(index);
      frame_->data[index] = plane.data;
      frame_->linesize[index] = static_cast<int>(plane.stride);
    }
    frame_->buf[0] = av_buffer_create(frame.bytes(), frame.size_bytes(), keep_memory, nullptr, 0);
    if (frame_->buf[0] == nullptr) throw std::bad_alloc();
  }

  Result<> drain() {
    for (;;) {
      const int got = avcodec_receive_packet(codec_.get(), packet_.get());
      if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) return {};
      if (got < 0) return container::fail_av(got, "cannot encode a frame");
      av_packet_rescale_ts(packet_.get(), codec_->time_base, muxer_.format->streams[0]->time_base);
      packet_->stream_index = 0;
      if (const int written = av_interleaved_write_frame(muxer_.format.get(), packet_.get()); written < 0)
        return container::fail_av(written, "cannot write the segment");
    }
  }

  CodecPtr codec_;
  container::Muxer muxer_;
  container::PacketPtr packet_;
  AvFramePtr frame_;
  std::int64_t frame_count_ = 0;
};

}  // namespace

Result<std::unique_ptr<SegmentEncoder>> SegmentEncoder::open(int fd, const EncoderSettings& settings) {
  auto codec = open_codec(settings);
  if (!codec) return error_of(codec);
  auto muxer = open_file(fd, **codec, settings.mp4_frame_count);
  if (!muxer) return error_of(muxer);
  auto packet = container::allocate_packet();
  if (!packet) return error_of(packet);
  AvFramePtr frame(av_frame_alloc());
  if (!frame) throw std::bad_alloc();
  return std::make_unique<X264Encoder>(std::move(*codec), std::move(*muxer), std::move(*packet), std::move(frame));
}

Result<std::string> SegmentEncoder::parameter_sets(const EncoderSettings& settings) {
  const auto codec = open_codec(settings);
  if (!codec) return error_of(codec);
  const AVCodecContext& opened = **codec;
  return sha256({reinterpret_cast<const char*>(opened.extradata), static_cast<std::size_t>(opened.extradata_size)})
      .hex();
}

}  // namespace atelier::media::picture
