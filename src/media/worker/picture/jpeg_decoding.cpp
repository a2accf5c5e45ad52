#include "media/worker/picture/jpeg_decoding.hpp"

#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <vector>

extern "C" {
#include <jerror.h>
#include <jpeglib.h>
}

namespace atelier::media::picture {
namespace {

// Each scan of a progressive file goes over all of it; real ones have a dozen.
constexpr int kScansMax = 100;
constexpr int kComplaintsMax = 100;

// What libjpeg calls back with.
struct Complaints {
  jpeg_error_mgr errors;
  jpeg_progress_mgr progress;
  std::jmp_buf out;
};

[[noreturn]] void leave(j_common_ptr codec) { std::longjmp(static_cast<Complaints*>(codec->client_data)->out, 1); }

// A file that ends early is no picture, and one with endless complaints is made to cost time.
void weigh_complaint(j_common_ptr codec, int level) {
  if (level >= 0) return;
  if (codec->err->msg_code == JWRN_JPEG_EOF || ++codec->err->num_warnings > kComplaintsMax) leave(codec);
}

void watch_scans(j_common_ptr codec) {
  if (reinterpret_cast<j_decompress_ptr>(codec)->input_scan_number > kScansMax) leave(codec);
}

void say_nothing(j_common_ptr) {}

struct Rows {
  std::vector<JSAMPLE> samples;
  std::uint32_t width = 0;  // of a row, all of which are stored
  std::uint32_t height = 0;
  int bands = 3;
  // What is needed of each row.
  std::uint32_t left = 0, kept_width = 0;
};

unsigned denominator_for(double shrink) { return shrink >= 8 ? 8 : (shrink >= 4 ? 4 : (shrink >= 2 ? 2 : 1)); }

bool is_usual(const jpeg_decompress_struct& codec) {
  const bool is_grey = codec.jpeg_color_space == JCS_GRAYSCALE && codec.num_components == 1;
  const bool is_colour = codec.jpeg_color_space == JCS_YCbCr && codec.num_components == 3;
  return codec.data_precision == 8 && (is_grey || is_colour);
}

struct Band {
  std::uint32_t from = 0, count = 0;
};
// The middle `part` of a side, its middle exactly, and a little more for the filter that comes after.
Band middle_of(std::uint32_t side, double part) {
  constexpr std::uint32_t kMargin = 8;
  const std::uint32_t from = (side - std::clamp(static_cast<std::uint32_t>(std::ceil(side * part)), 1U, side)) / 2;
  const std::uint32_t kept_from = from - std::min(from, kMargin);
  return {kept_from, side - 2 * kept_from};
}

// Nothing here that has a destructor may be made: an error leaves by longjmp.
bool read_rows(jpeg_decompress_struct& codec, std::span<const std::uint8_t> file, const JpegNeed& need, Rows& rows) {
  jpeg_create_decompress(&codec);
  codec.progress = &static_cast<Complaints*>(codec.client_data)->progress;
  jpeg_mem_src(&codec, file.data(), file.size());
  if (jpeg_read_header(&codec, TRUE) != JPEG_HEADER_OK || !is_usual(codec)) return false;
  codec.out_color_space = codec.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  codec.scale_num = 1;
  codec.scale_denom = denominator_for(need.shrink);
  if (jpeg_start_decompress(&codec) == FALSE) return false;
  const double aspect = static_cast<double>(codec.output_width) / codec.output_height;
  const double wanted = need.aspect.value_or(aspect);
  const Band across = middle_of(codec.output_width, std::min(1.0, wanted / aspect));
  const Band down = middle_of(codec.output_height, std::min(1.0, aspect / wanted));
  JDIMENSION from = across.from, width = across.count;
  if (width < codec.output_width) jpeg_crop_scanline(&codec, &from, &width);  // begins at a block
  rows.bands = codec.output_components;
  rows.width = width;
  rows.height = down.count;
  rows.left = across.from - from;
  rows.kept_width = across.count;
  const std::size_t stride = std::size_t{width} * static_cast<std::size_t>(rows.bands);
  rows.samples.resize(stride * down.count);
  if (down.from > 0 && jpeg_skip_scanlines(&codec, down.from) != down.from) return false;
  for (std::uint32_t y = 0; y < down.count;) {
    JSAMPROW row = rows.samples.data() + stride * y;
    y += jpeg_read_scanlines(&codec, &row, 1);
  }
  // What lies below is not looked at, unless the rows go down to the end.
  if (codec.output_scanline == codec.output_height) jpeg_finish_decompress(&codec);
  return true;
}

bool read_guarded(std::span<const std::uint8_t> file, const JpegNeed& need, Rows& rows) {
  Complaints complaints{};
  jpeg_decompress_struct codec{};
  codec.err = jpeg_std_error(&complaints.errors);
  codec.client_data = &complaints;
  complaints.errors.error_exit = leave;
  complaints.errors.emit_message = weigh_complaint;
  complaints.errors.output_message = say_nothing;
  complaints.progress.progress_monitor = watch_scans;
  volatile bool is_read = false;
  if (setjmp(complaints.out) == 0) is_read = read_rows(codec, file, need, rows);
  jpeg_destroy_decompress(&codec);
  return is_read;
}

// Rows begin at a block; what lies before the part that is needed goes.
void keep_middle(Rows& rows) {
  if (rows.kept_width == rows.width) return;
  const auto bands = static_cast<std::size_t>(rows.bands);
  const std::size_t stride = rows.width * bands, kept = rows.kept_width * bands;
  for (std::size_t y = 0; y < rows.height; ++y)
    std::memmove(rows.samples.data() + y * kept, rows.samples.data() + y * stride + rows.left * bands, kept);
  rows.samples.resize(rows.height * kept);
  rows.width = rows.kept_width;
  rows.left = 0;
}

}  // namespace

ImagePtr decode_jpeg(std::span<const std::uint8_t> file, VipsImage* header, const JpegNeed& need) {
  Rows rows;
  if (!read_guarded(file, need, rows)) return nullptr;
  keep_middle(rows);
  ImagePtr image(vips_image_new_from_memory_copy(rows.samples.data(), rows.samples.size(), static_cast<int>(rows.width),
                                                 static_cast<int>(rows.height), rows.bands, VIPS_FORMAT_UCHAR));
  if (!image) return nullptr;
  image->Type = rows.bands == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
  if (const int orientation = vips_image_get_orientation(header); orientation > 1)
    vips_image_set_int(image.get(), VIPS_META_ORIENTATION, orientation);
  (void)copy_profile(header, image.get());
  return image;
}

}  // namespace atelier::media::picture
