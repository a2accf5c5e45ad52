#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <optional>
#include <utility>

#include "media/worker/picture/background.hpp"
#include "media/worker/picture/clip_reader.hpp"

extern "C" {
#include <libswscale/swscale.h>
}

namespace atelier::media::picture {
namespace {

struct ScalerDeleter {
  void operator()(SwsContext* scaler) const noexcept { sws_freeContext(scaler); }
};
using ScalerPtr = std::unique_ptr<SwsContext, ScalerDeleter>;

// What a scaler is made for; a clip may change any of it on the way.
struct Shape {
  int width = 0;
  int height = 0;
  int format = -1;
  int colorspace = 0;
  int range = 0;
  AVRational sample_aspect{0, 1};
  bool operator==(const Shape& other) const noexcept {
    return width == other.width && height == other.height && format == other.format && colorspace == other.colorspace &&
           range == other.range && sample_aspect.num == other.sample_aspect.num &&
           sample_aspect.den == other.sample_aspect.den;
  }
};

Shape shape_of(const AVFrame& frame) {
  return {frame.width, frame.height, frame.format, frame.colorspace, frame.color_range, frame.sample_aspect_ratio};
}

// Untagged video is BT.601 when it is small and BT.709 when it is HD, as players take it.
int matrix_of(const Shape& shape) {
  switch (shape.colorspace) {
    case AVCOL_SPC_BT709:
      return SWS_CS_ITU709;
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
      return SWS_CS_ITU601;
    case AVCOL_SPC_FCC:
      return SWS_CS_FCC;
    case AVCOL_SPC_SMPTE240M:
      return SWS_CS_SMPTE240M;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
      return SWS_CS_BT2020;
    default:
      return std::min(shape.width, shape.height) < 720 ? SWS_CS_ITU601 : SWS_CS_ITU709;
  }
}

// yuvj formats are full range by name; the rest says so.
std::pair<AVPixelFormat, bool> format_and_range(const Shape& shape) {
  switch (shape.format) {
    case AV_PIX_FMT_YUVJ420P:
      return {AV_PIX_FMT_YUV420P, true};
    case AV_PIX_FMT_YUVJ422P:
      return {AV_PIX_FMT_YUV422P, true};
    case AV_PIX_FMT_YUVJ444P:
      return {AV_PIX_FMT_YUV444P, true};
    default:
      return {static_cast<AVPixelFormat>(shape.format), shape.range == AVCOL_RANGE_JPEG};
  }
}

struct Crop {
  std::int64_t left, top, width, height;
};

// The largest part of the picture, in its middle, that has the target's proportions.
Crop cover(const Shape& shape, Extent target) {
  const bool has_aspect = shape.sample_aspect.num > 0 && shape.sample_aspect.den > 0;
  const std::int64_t aspect_num = has_aspect ? shape.sample_aspect.num : 1;
  const std::int64_t aspect_den = has_aspect ? shape.sample_aspect.den : 1;
  // width * aspect / height == target.width / target.height
  const auto fitted_width = static_cast<std::int64_t>(static_cast<__int128>(shape.height) * target.width * aspect_den /
                                                      (static_cast<__int128>(target.height) * aspect_num));
  const auto fitted_height = static_cast<std::int64_t>(static_cast<__int128>(shape.width) * target.height * aspect_num /
                                                       (static_cast<__int128>(target.width) * aspect_den));
  const auto even = [](std::int64_t value, std::int64_t limit) {
    return std::clamp<std::int64_t>(value / 2 * 2, std::min<std::int64_t>(2, limit), limit);
  };
  const std::int64_t width = fitted_width < shape.width ? even(fitted_width, shape.width) : shape.width;
  const std::int64_t height = fitted_width < shape.width ? shape.height : even(fitted_height, shape.height);
  return {(shape.width - width) / 4 * 2, (shape.height - height) / 4 * 2, width, height};
}

void turn_plane(const ConstPlane& source, int quarter_turns, const Plane& target) {
  for (std::int32_t y = 0; y < target.height; ++y) {
    std::uint8_t* to = target.row(y);
    for (std::int32_t x = 0; x < target.width; ++x) switch (quarter_turns) {
        case 1:
          to[x] = source.row(source.height - 1 - x)[y];
          break;
        case 2:
          to[x] = source.row(source.height - 1 - y)[source.width - 1 - x];
          break;
        default:
          to[x] = source.row(x)[source.width - 1 - y];
          break;
      }
  }
}

class ClipBackground final : public Background {
 public:
  ClipBackground(ClipReader reader, Extent frame, std::int32_t fps)
      : reader_(std::move(reader)),
        is_sideways_(reader_.quarter_turns() % 2 != 0),
        fps_(fps),
        cropped_(av_frame_alloc()) {
    if (!cropped_) throw std::bad_alloc();
    // The loop's length in frames: a clip's length is rarely a whole number of ours.
    loop_frames_ = std::max<std::int64_t>((reader_.duration_us() * fps + 500'000) / 1'000'000, 1);
    if (reader_.quarter_turns() != 0)
      unturned_.emplace(is_sideways_ ? Frame(frame.height, frame.width) : Frame(frame.width, frame.height));
  }

  Result<> draw(std::int64_t frame_index, Frame& target) override {
    const std::int64_t index = frame_index % loop_frames_;
    const auto picture = reader_.at(index * 1'000'000 / fps_, 1'000'000 / fps_);
    if (!picture) return error_of(picture);
    if (!unturned_) return scale(**picture, target);
    if (auto scaled = scale(**picture, *unturned_); !scaled) return error_of(scaled);
    for (int plane = 0; plane < 3; ++plane)
      turn_plane(std::as_const(*unturned_).plane(plane), reader_.quarter_turns(), target.plane(plane));
    return {};
  }

 private:
  Result<> scale(const AVFrame& picture, Frame& target) {
    const Shape shape = shape_of(picture);
    if (shape.width <= 0 || shape.height <= 0)
      return fail(ErrorCode::invalid_argument, "the clip has an empty picture");
    const Extent extent{target.width(), target.height()};
    const Crop crop = cover(shape, extent);
    if (!scaler_ || !(shape == shape_))
      if (auto made = make_scaler(shape, crop, extent); !made) return error_of(made);
    av_frame_unref(cropped_.get());
    if (const int shared = av_frame_ref(cropped_.get(), &picture); shared < 0)
      return container::fail_av(shared, "cannot use the clip");
    cropped_->crop_left = static_cast<std::size_t>(crop.left);
    cropped_->crop_top = static_cast<std::size_t>(crop.top);
    cropped_->crop_right = static_cast<std::size_t>(shape.width - crop.width - crop.left);
    cropped_->crop_bottom = static_cast<std::size_t>(shape.height - crop.height - crop.top);
    if (const int applied = av_frame_apply_cropping(cropped_.get(), AV_FRAME_CROP_UNALIGNED); applied < 0)
      return container::fail_av(applied, "cannot crop the clip");
    std::array<std::uint8_t*, 4> planes{};
    std::array<int, 4> strides{};
    for (int index = 0; index < 3; ++index) {
      planes[static_cast<std::size_t>(index)] = target.plane(index).data;
      strides[static_cast<std::size_t>(index)] = static_cast<int>(target.plane(index).stride);
    }
    const int rows = sws_scale(scaler_.get(), cropped_->data, cropped_->linesize, 0, cropped_->height, planes.data(),
                               strides.data());
    if (rows != target.height()) return fail(ErrorCode::internal, "the clip's picture cannot be scaled");
    return {};
  }

  Result<> make_scaler(const Shape& shape, const Crop& crop, Extent target) {
    const auto [format, is_full_range] = format_and_range(shape);
    if (sws_isSupportedInput(format) == 0)
      return fail(ErrorCode::invalid_argument, "the clip's pixel format is not one we read");
    // Without these flags the result depends on the processor.
    constexpr int kFlags = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT;
    scaler_.reset(sws_getContext(static_cast<int>(crop.width), static_cast<int>(crop.height), format, target.width,
                                 target.height, AV_PIX_FMT_YUV420P, kFlags, nullptr, nullptr, nullptr));
    if (!scaler_) return fail(ErrorCode::invalid_argument, "the clip's pictures cannot be scaled");
    const int* from = sws_getCoefficients(matrix_of(shape));
    const int* to = sws_getCoefficients(SWS_CS_ITU709);
    (void)sws_setColorspaceDetails(scaler_.get(), from, is_full_range ? 1 : 0, to, 0, 0, 1 << 16, 1 << 16);
    shape_ = shape;
    return {};
  }

  ClipReader reader_;
  bool is_sideways_;
  std::int32_t fps_;
  std::int64_t loop_frames_ = 1;
  AvFrame cropped_;
  ScalerPtr scaler_;
  Shape shape_;
  std::optional<Frame> unturned_;  // before its turn; only for clips that are turned
};

}  // namespace

Result<std::unique_ptr<Background>> make_clip_background(int fd, Extent frame, std::int32_t fps) {
  auto reader = ClipReader::open(fd);
  if (!reader) return error_of(reader);
  return std::make_unique<ClipBackground>(std::move(*reader), frame, fps);
}

}  // namespace atelier::media::picture
