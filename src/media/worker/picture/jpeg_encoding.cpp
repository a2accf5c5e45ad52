#include "media/worker/picture/jpeg_encoding.hpp"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <memory>

extern "C" {
#include <jpeglib.h>
}

namespace atelier::media::picture {
namespace {

struct WriteErrors {
  jpeg_error_mgr errors;
  std::jmp_buf out;
};

[[noreturn]] void leave_writing(j_common_ptr codec) {
  std::longjmp(static_cast<WriteErrors*>(codec->client_data)->out, 1);
}

void tell_nothing(j_common_ptr) {}

// Nothing here that has a destructor may be made: an error leaves by longjmp.
void write_rows(jpeg_compress_struct& codec, std::span<const std::uint8_t> rgb, Extent size, int quality,
                unsigned char** bytes, unsigned long* size_bytes) {
  jpeg_create_compress(&codec);
  jpeg_mem_dest(&codec, bytes, size_bytes);
  codec.image_width = static_cast<JDIMENSION>(size.width);
  codec.image_height = static_cast<JDIMENSION>(size.height);
  codec.input_components = 3;
  codec.in_color_space = JCS_RGB;
  jpeg_set_defaults(&codec);
  jpeg_set_quality(&codec, quality, TRUE);
  codec.optimize_coding = TRUE;
  jpeg_start_compress(&codec, TRUE);
  while (codec.next_scanline < codec.image_height) {
    // Only read, though libjpeg does not say so.
    auto* row = const_cast<JSAMPLE*>(rgb.data()) + std::size_t{codec.next_scanline} * codec.image_width * 3;
    jpeg_write_scanlines(&codec, &row, 1);
  }
  jpeg_finish_compress(&codec);
}

bool write_guarded(std::span<const std::uint8_t> rgb, Extent size, int quality, unsigned char** bytes,
                   unsigned long* size_bytes) {
  WriteErrors errors{};
  jpeg_compress_struct codec{};
  codec.err = jpeg_std_error(&errors.errors);
  codec.client_data = &errors;
  errors.errors.error_exit = leave_writing;
  errors.errors.output_message = tell_nothing;
  volatile bool is_written = false;
  if (setjmp(errors.out) == 0) {
    write_rows(codec, rgb, size, quality, bytes, size_bytes);
    is_written = true;
  }
  jpeg_destroy_compress(&codec);
  return is_written;
}

}  // namespace

Result<std::vector<std::uint8_t>> encode_small_jpeg(std::span<const std::uint8_t> rgb, Extent size, int quality) {
  unsigned char* bytes = nullptr;
  unsigned long size_bytes = 0;
  const bool is_written = write_guarded(rgb, size, quality, &bytes, &size_bytes);
  const std::unique_ptr<unsigned char, decltype(&std::free)> owned(bytes, std::free);
  if (!is_written) return fail(ErrorCode::internal, "cannot write a smaller image as JPEG");
  return std::vector<std::uint8_t>(bytes, bytes + size_bytes);
}

}  // namespace atelier::media::picture
