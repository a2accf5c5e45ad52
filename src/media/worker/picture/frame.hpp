#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace atelier::media::picture {

// One plane of 8-bit samples; `stride` is in bytes and at least `width`.
struct Plane {
  std::uint8_t* data = nullptr;
  std::ptrdiff_t stride = 0;
  std::int32_t width = 0;
  std::int32_t height = 0;

  std::uint8_t* row(std::int32_t y) const noexcept { return data + y * stride; }
};

struct ConstPlane {
  const std::uint8_t* data = nullptr;
  std::ptrdiff_t stride = 0;
  std::int32_t width = 0;
  std::int32_t height = 0;

  const std::uint8_t* row(std::int32_t y) const noexcept { return data + y * stride; }
};

inline constexpr std::int32_t kFrameSideMin = 64;
inline constexpr std::int32_t kFrameSideMax = 3840;
inline constexpr std::int32_t kRowAlignment_bytes = 64;

constexpr std::int32_t aligned_stride(std::int32_t width) noexcept {
  return (width + kRowAlignment_bytes - 1) / kRowAlignment_bytes * kRowAlignment_bytes;
}

// 8-bit 4:2:0 in BT.709, limited range, chroma sited left (H.264's default): U and V are half as wide and high. Rows
// start at multiples of 64 bytes and may be written up to the next multiple. Width and height are even.
class Frame {
 public:
  Frame(std::int32_t width, std::int32_t height);

  std::int32_t width() const noexcept { return width_; }
  std::int32_t height() const noexcept { return height_; }
  // 0 is Y, 1 is U, 2 is V.
  Plane plane(int index) noexcept;
  ConstPlane plane(int index) const noexcept;
  // All planes in one block, for whoever must own or compare them whole.
  std::uint8_t* bytes() noexcept { return bytes_.get(); }
  const std::uint8_t* bytes() const noexcept { return bytes_.get(); }
  std::size_t size_bytes() const noexcept { return size_bytes_; }

 private:
  struct Free {
    void operator()(std::uint8_t* bytes) const noexcept;
  };
  std::size_t offset(int index) const noexcept;

  std::int32_t width_;
  std::int32_t height_;
  std::size_t size_bytes_;
  std::unique_ptr<std::uint8_t[], Free> bytes_;
};

}  // namespace atelier::media::picture
