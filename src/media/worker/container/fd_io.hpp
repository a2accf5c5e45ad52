#pragma once

#include <cstdint>
#include <memory>

#include "base/error.hpp"

extern "C" {
#include <libavformat/avformat.h>
}

namespace atelier::media::container {

// FFmpeg over descriptors: no name is ever opened.

struct AvioDeleter {
  void operator()(AVIOContext* io) const noexcept;
};
using AvioPtr = std::unique_ptr<AVIOContext, AvioDeleter>;

// Reads the file from its start with pread, so that a shared offset does not matter. The descriptor stays the caller's.
Result<AvioPtr> read_from_fd(int fd);
// Writes and seeks likewise, with pwrite. What FFmpeg still buffers is written by avio_flush, not by the deleter.
Result<AvioPtr> write_to_fd(int fd);

struct InputDeleter {
  void operator()(AVFormatContext* input) const noexcept;
};
using FormatInput = std::unique_ptr<AVFormatContext, InputDeleter>;

// An input and what it reads from.
struct Demuxer {
  AvioPtr io;
  FormatInput format;
};
// Opens the file with exactly the demuxer called `format_name` ("nut", "mov"); it may open nothing else, whatever the
// file says. `name` is what messages call the file. Streams are not looked into: see avformat_find_stream_info.
Result<Demuxer> open_demuxer(int fd, const char* format_name, const std::string& name);

struct OutputDeleter {
  void operator()(AVFormatContext* output) const noexcept;
};
using FormatOutput = std::unique_ptr<AVFormatContext, OutputDeleter>;
struct Muxer {
  AvioPtr io;
  FormatOutput format;
};
// A muxer that writes the same bytes on every machine (AVFMT_FLAG_BITEXACT).
Result<Muxer> open_muxer(int fd, const char* format_name);

struct PacketDeleter {
  void operator()(AVPacket* packet) const noexcept { av_packet_free(&packet); }
};
using PacketPtr = std::unique_ptr<AVPacket, PacketDeleter>;
Result<PacketPtr> allocate_packet();

// "Invalid data found when processing input"
std::string av_message(int error_number);
// An FFmpeg call's failure while doing `doing`. Out of memory and a file over its size limit keep their meaning.
[[nodiscard]] std::unexpected<Error> fail_av(int error_number, const std::string& doing,
                                             std::source_location source = std::source_location::current());

}  // namespace atelier::media::container
