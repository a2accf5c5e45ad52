#include "media/worker/picture/frame.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

#include "base/error.hpp"

namespace atelier::media::picture {

Frame::Frame(std::int32_t width, std::int32_t height) : width_(width), height_(height) {
  ensure(width > 0 && height > 0 && width % 2 == 0 && height % 2 == 0, "a frame's sides are even");
  size_bytes_ = offset(3);
  bytes_.reset(static_cast<std::uint8_t*>(std::aligned_alloc(kRowAlignment_bytes, size_bytes_)));
  if (!bytes_) throw std::bad_alloc();
  std::memset(bytes_.get(), 0, size_bytes_);
}

void Frame::Free::operator()(std::uint8_t* bytes) const noexcept { std::free(bytes); }

std::size_t Frame::offset(int index) const noexcept {
  const auto luma = static_cast<std::size_t>(aligned_stride(width_)) * static_cast<std::size_t>(height_);
  const auto chroma = static_cast<std::size_t>(aligned_stride(width_ / 2)) * static_cast<std::size_t>(height_ / 2);
  return index == 0 ? 0 : luma + static_cast<std::size_t>(index - 1) * chroma;
}

Plane Frame::plane(int index) noexcept {
  const std::int32_t divisor = index == 0 ? 1 : 2;
  return {bytes_.get() + offset(index), aligned_stride(width_ / divisor), width_ / divisor, height_ / divisor};
}

ConstPlane Frame::plane(int index) const noexcept {
  const std::int32_t divisor = index == 0 ? 1 : 2;
  return {bytes_.get() + offset(index), aligned_stride(width_ / divisor), width_ / divisor, height_ / divisor};
}

}  // namespace atelier::media::picture
