#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "media/worker/container/stream_header.hpp"
#include "media/worker/sound/resampler.hpp"

extern "C" {
#include <libavcodec/avcodec.h>
}

namespace atelier::media::sound {

// Decodes the best audio stream of a file to interleaved stereo float at 48 kHz, once through.
class MusicDecoder {
 public:
  static Result<std::unique_ptr<MusicDecoder>> open(int fd, const std::string& name);

  // Appends some more frames to `out`; false at the end. What cannot be decoded is skipped.
  Result<bool> decode_some(std::vector<float>& out);

 private:
  struct CodecDeleter {
    void operator()(AVCodecContext* codec) const noexcept { avcodec_free_context(&codec); }
  };
  struct FrameDeleter {
    void operator()(AVFrame* frame) const noexcept { av_frame_free(&frame); }
  };
  explicit MusicDecoder(container::Demuxer demuxer, std::string name)
      : demuxer_(std::move(demuxer)), name_(std::move(name)) {}
  Result<> start();
  Result<bool> feed();
  Result<> convert(const AVFrame& frame, std::vector<float>& out);
  Result<> fit_resampler(const AVFrame& frame, std::vector<float>& out);
  Result<> pull(const std::uint8_t** planes, int frame_count, std::vector<float>& out);

  container::Demuxer demuxer_;
  std::string name_;
  int stream_ = -1;
  std::unique_ptr<AVCodecContext, CodecDeleter> codec_;
  container::PacketPtr packet_;
  std::unique_ptr<AVFrame, FrameDeleter> frame_;
  ResamplerPtr resampler_;
  // What the resampler was made for.
  int sample_format_ = -1;
  int sample_rate_ = 0;
  int channel_count_ = 0;
  bool is_at_end_ = false;
};

}  // namespace atelier::media::sound
