#pragma once

#include <ebur128.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "media/worker/container/fd_io.hpp"
#include "media/worker/sound/wav.hpp"
#include "tests/media/sound/speech_fixture.hpp"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/log.h>
}

namespace atelier::media::sound {

using Samples = std::vector<float>;

// Reproducible noise without its highest octaves, at `level`.
inline Samples noise(std::size_t count, float level, std::uint32_t seed) {
  Samples samples(count);
  float low = 0;
  for (float& sample : samples) {
    seed = seed * 1664525U + 1013904223U;
    low += 0.3F * ((static_cast<float>(seed >> 8) / 8388608.0F - 1) - low);
    sample = level * low;
  }
  return samples;
}
inline Samples tone(std::size_t count, float level, double hertz) {
  Samples samples(count);
  for (std::size_t i = 0; i < count; ++i)
    samples[i] = level * static_cast<float>(std::sin(2 * M_PI * hertz * static_cast<double>(i) / kSampleRate));
  return samples;
}
inline std::string wav_of(const Samples& samples) {
  auto file = make_memory_file();
  WavWriter writer(file->get());
  ensure(writer.write(samples).has_value() && writer.finish().has_value(), "a test cannot write a WAV file");
  return *read_file(file->get(), *size_of_file(file->get()));
}

// What a soundtrack task is asked for, in whole frames of 30 a second.
struct Production {
  struct Scene {
    Samples samples;
    std::int64_t first_frame;
  };
  std::int64_t frame_count = 0;
  std::vector<Scene> scenes;
  std::string music;  // a file's bytes
  double gain_db = -16;
  double duck_db = 12;
};

inline std::unique_ptr<FakeTaskContext> context_of(const Production& production) {
  av_log_set_level(AV_LOG_QUIET);  // as in the worker
  auto context = std::make_unique<FakeTaskContext>();
  json::Array scenes;
  for (std::size_t i = 0; i < production.scenes.size(); ++i) {
    const std::string name = "scene" + std::to_string(i);
    context->add_input(name, wav_of(production.scenes[i].samples));
    scenes.push_back(json::Object{{"input", name}, {"first_frame", production.scenes[i].first_frame}});
  }
  json::Value music;
  if (!production.music.empty()) {
    context->add_input("music", production.music);
    music = json::Object{{"input", "music"}, {"gain_db", production.gain_db}, {"duck_db", production.duck_db}};
  }
  context->set_parameters(json::Object{{"fps", 30},
                                       {"frame_count", production.frame_count},
                                       {"scenes", scenes},
                                       {"music", music},
                                       {"loudness_lufs", -14.0},
                                       {"true_peak_dbtp", -1.5}});
  context->add_output("audio");
  return context;
}

// A soundtrack as a player without edit lists hears it: every packet decoded, nothing dropped.
struct Heard {
  Samples left, right;
  std::vector<std::int64_t> pts;  // in samples
  double lufs = 0;
  double true_peak_dbtp = 0;
};

inline void measure(Heard& heard) {
  ebur128_state* state = ebur128_init(2, kSampleRate, EBUR128_MODE_I | EBUR128_MODE_TRUE_PEAK);
  Samples frames;
  for (std::size_t i = 0; i < heard.left.size(); ++i) frames.insert(frames.end(), {heard.left[i], heard.right[i]});
  ebur128_add_frames_float(state, frames.data(), heard.left.size());
  ebur128_loudness_global(state, &heard.lufs);
  double left = 0, right = 0;
  ebur128_true_peak(state, 0, &left);
  ebur128_true_peak(state, 1, &right);
  heard.true_peak_dbtp = 20 * std::log10(std::max(left, right));
  ebur128_destroy(&state);
}

inline Heard listen_to(int fd) {
  Heard heard;
  auto demuxer = container::open_demuxer(fd, "nut", "soundtrack");
  ensure(demuxer.has_value() && demuxer->format->nb_streams == 1, "a soundtrack cannot be opened");
  AVStream* stream = demuxer->format->streams[0];
  AVCodecContext* decoder = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_AAC));
  avcodec_parameters_to_context(decoder, stream->codecpar);
  decoder->flags2 |= AV_CODEC_FLAG2_SKIP_MANUAL;
  ensure(avcodec_open2(decoder, nullptr, nullptr) >= 0, "AAC cannot be decoded");
  AVFrame* frame = av_frame_alloc();
  auto packet = *container::allocate_packet();
  const auto take = [&] {
    while (avcodec_receive_frame(decoder, frame) >= 0) {
      const auto* left = reinterpret_cast<const float*>(frame->data[0]);
      const auto* right = reinterpret_cast<const float*>(frame->data[1]);
      heard.left.insert(heard.left.end(), left, left + frame->nb_samples);
      heard.right.insert(heard.right.end(), right, right + frame->nb_samples);
    }
  };
  while (av_read_frame(demuxer->format.get(), packet.get()) >= 0) {
    heard.pts.push_back(av_rescale_q(packet->pts, stream->time_base, {1, kSampleRate}));
    avcodec_send_packet(decoder, packet.get());
    take();
    av_packet_unref(packet.get());
  }
  avcodec_send_packet(decoder, nullptr);
  take();
  av_frame_free(&frame);
  avcodec_free_context(&decoder);
  measure(heard);
  return heard;
}

inline double rms_db(std::span<const float> samples) {
  double sum = 0;
  for (const float sample : samples) sum += static_cast<double>(sample) * sample;
  return 10 * std::log10(sum / static_cast<double>(samples.size()) + 1e-20);
}

// The level of one frequency (Goertzel).
inline double level_db(std::span<const float> samples, double hertz) {
  double re = 0, im = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double angle = 2 * M_PI * hertz * static_cast<double>(i) / kSampleRate;
    re += samples[i] * std::cos(angle);
    im += samples[i] * std::sin(angle);
  }
  return 20 * std::log10(2 * std::hypot(re, im) / static_cast<double>(samples.size()) + 1e-20);
}

}  // namespace atelier::media::sound
