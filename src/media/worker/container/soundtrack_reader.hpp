#pragma once

#include <cstdint>

#include "media/worker/container/fd_io.hpp"

namespace atelier::media::container {

// AAC-LC codes this many samples at a time.
inline constexpr std::int64_t kSamplesPerPacket = 1'024;

// The packets of the finished soundtrack: AAC at 48 kHz, the first at sample 0, without gaps.
class SoundtrackReader {
 public:
  static Result<SoundtrackReader> open(int fd);

  const AVCodecParameters& codec() const { return *demuxer_.format->streams[0]->codecpar; }
  // Null at the end. Valid until the next call.
  Result<AVPacket*> next();
  // Where the packet that next() would give starts.
  std::int64_t next_sample() const noexcept { return packet_count_ * kSamplesPerPacket; }

 private:
  SoundtrackReader(Demuxer demuxer, PacketPtr packet) : demuxer_(std::move(demuxer)), packet_(std::move(packet)) {}

  Demuxer demuxer_;
  PacketPtr packet_;
  std::int64_t packet_count_ = 0;
};

}  // namespace atelier::media::container
