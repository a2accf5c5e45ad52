#include "media/worker/container/soundtrack_reader.hpp"

#include "media/protocol/catalog.hpp"
#include "media/worker/container/nut.hpp"

namespace atelier::media::container {

Result<SoundtrackReader> SoundtrackReader::open(int fd) {
  auto demuxer = open_nut(fd, "soundtrack");
  if (!demuxer) return error_of(demuxer);
  auto packet = allocate_packet();
  if (!packet) return error_of(packet);
  SoundtrackReader reader(*std::move(demuxer), *std::move(packet));
  if (reader.codec().codec_id != AV_CODEC_ID_AAC || reader.codec().sample_rate != kSampleRate ||
      reader.codec().extradata_size <= 0)
    return fail(ErrorCode::invalid_argument, "soundtrack must hold one stream of AAC at 48 kHz",
                {"soundtrack_broken", "soundtrack"});
  return reader;
}

Result<AVPacket*> SoundtrackReader::next() {
  av_packet_unref(packet_.get());
  const int read = av_read_frame(demuxer_.format.get(), packet_.get());
  if (read == AVERROR_EOF) return nullptr;
  if (read < 0) return fail_av(read, "cannot read soundtrack");
  ++packet_count_;
  return packet_.get();
}

}  // namespace atelier::media::container
