#include "media/worker/container/fd_io.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <new>

namespace atelier::media::container {
namespace {

constexpr int kBufferBytes = 64 * 1024;

struct Position {
  int fd;
  std::int64_t offset;
};

int read_packet(void* opaque, std::uint8_t* buffer, int size) {
  auto& position = *static_cast<Position*>(opaque);
  ssize_t got = -1;
  do got = pread(position.fd, buffer, static_cast<std::size_t>(size), position.offset);
  while (got < 0 && errno == EINTR);
  if (got < 0) return AVERROR(errno);
  if (got == 0) return AVERROR_EOF;
  position.offset += got;
  return static_cast<int>(got);
}

int write_packet(void* opaque, std::uint8_t* buffer, int size) {
  auto& position = *static_cast<Position*>(opaque);
  int done = 0;
  while (done < size) {
    const ssize_t step = pwrite(position.fd, buffer + done, static_cast<std::size_t>(size - done), position.offset);
    if (step < 0 && errno == EINTR) continue;
    if (step <= 0) return AVERROR(step < 0 ? errno : EIO);
    position.offset += step;
    done += static_cast<int>(step);
  }
  return size;
}

std::int64_t seek(void* opaque, std::int64_t offset, int whence) {
  auto& position = *static_cast<Position*>(opaque);
  struct stat facts{};
  if (fstat(position.fd, &facts) != 0) return AVERROR(errno);
  switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
      return facts.st_size;
    case SEEK_SET:
      break;
    case SEEK_CUR:
      offset += position.offset;
      break;
    case SEEK_END:
      offset += facts.st_size;
      break;
    default:
      return AVERROR(EINVAL);
  }
  if (offset < 0) return AVERROR(EINVAL);
  position.offset = offset;
  return offset;
}

enum class Way : std::uint8_t { read, write };

Result<AvioPtr> make_io(int fd, Way way) {
  auto position = std::make_unique<Position>(Position{fd, 0});
  auto* buffer = static_cast<unsigned char*>(av_malloc(kBufferBytes));
  if (buffer == nullptr) throw std::bad_alloc();
  AvioPtr io(avio_alloc_context(buffer, kBufferBytes, way == Way::write, position.get(),
                                way == Way::read ? read_packet : nullptr, way == Way::write ? write_packet : nullptr,
                                seek));
  if (!io) {
    av_free(buffer);
    throw std::bad_alloc();
  }
  (void)position.release();  // the deleter's
  return io;
}

// Demuxers and muxers ask to open what files refer to: playlists, external tracks, a second pass. There is nothing.
int refuse_open(AVFormatContext*, AVIOContext** io, const char*, int, AVDictionary**) {
  *io = nullptr;
  return AVERROR(EACCES);
}

}  // namespace

void AvioDeleter::operator()(AVIOContext* io) const noexcept {
  if (io == nullptr) return;
  delete static_cast<Position*>(io->opaque);
  av_freep(&io->buffer);
  avio_context_free(&io);
}

void InputDeleter::operator()(AVFormatContext* input) const noexcept { avformat_close_input(&input); }
void OutputDeleter::operator()(AVFormatContext* output) const noexcept { avformat_free_context(output); }

Result<AvioPtr> read_from_fd(int fd) { return make_io(fd, Way::read); }
Result<AvioPtr> write_to_fd(int fd) { return make_io(fd, Way::write); }

Result<Demuxer> open_demuxer(int fd, const char* format_name, const std::string& name) {
  const AVInputFormat* format = av_find_input_format(format_name);
  if (format == nullptr)
    return fail(ErrorCode::internal, std::string("FFmpeg here has no demuxer called ") + format_name);
  auto io = read_from_fd(fd);
  if (!io) return error_of(io);
  AVFormatContext* context = avformat_alloc_context();
  if (context == nullptr) throw std::bad_alloc();
  context->pb = io->get();
  context->io_open = refuse_open;
  context->flags |= AVFMT_FLAG_CUSTOM_IO;
  // Counters of what a hostile header may make FFmpeg allocate.
  context->max_streams = 64;
  const int opened = avformat_open_input(&context, nullptr, format, nullptr);  // frees the context on failure
  if (opened < 0) return fail_av(opened, "cannot read " + name);
  return Demuxer{*std::move(io), FormatInput(context)};
}

Result<Muxer> open_muxer(int fd, const char* format_name) {
  auto io = write_to_fd(fd);
  if (!io) return error_of(io);
  AVFormatContext* context = nullptr;
  const int made = avformat_alloc_output_context2(&context, nullptr, format_name, nullptr);
  if (made < 0) return fail_av(made, std::string("cannot make a muxer for ") + format_name);
  Muxer muxer{*std::move(io), FormatOutput(context)};
  context->pb = muxer.io.get();
  context->io_open = refuse_open;
  context->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
  return muxer;
}

Result<PacketPtr> allocate_packet() {
  PacketPtr packet(av_packet_alloc());
  if (!packet) throw std::bad_alloc();
  return packet;
}

std::string av_message(int error_number) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error_number, text, sizeof text);
  return text;
}

std::unexpected<Error> fail_av(int error_number, const std::string& doing, std::source_location source) {
  if (error_number == AVERROR(ENOMEM))
    return fail(ErrorCode::unavailable, doing + ": not enough memory", {"worker_oom", ""}, source);
  if (error_number == AVERROR(EFBIG))
    return fail(ErrorCode::too_large, doing + ": the result is larger than it may be", {"output_too_large", ""},
                source);
  if (error_number == AVERROR(ENOSPC) || error_number == AVERROR(EDQUOT) || error_number == AVERROR(EIO))
    return fail_errno(AVUNERROR(error_number), doing, source);
  return fail(ErrorCode::invalid_argument, doing + ": " + av_message(error_number), {"media_unreadable", ""}, source);
}

}  // namespace atelier::media::container
