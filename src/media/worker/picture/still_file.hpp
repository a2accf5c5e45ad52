#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "base/error.hpp"
#include "media/worker/picture/file_mapping.hpp"
#include "media/worker/picture/frame.hpp"
#include "media/worker/picture/motion.hpp"

namespace atelier::media::picture {

// What `still` makes and `segment` maps: a picture larger than the frame (still_extent), in the frame's own 4:2:0
// format, behind a header of 64 bytes. Little-endian. The planes follow at their offsets, then 64 bytes of zero, so
// that the sampler may read past the last row.
class StillFile {
 public:
  // Checks every number of the header against the file's size, and that the picture was made for this frame.
  static Result<StillFile> open(int fd, Extent frame);

  Extent extent() const noexcept { return extent_; }
  const std::array<ConstPlane, 3>& planes() const noexcept { return planes_; }

 private:
  StillFile(FileMapping mapping, Extent extent, std::array<ConstPlane, 3> planes) noexcept
      : mapping_(std::move(mapping)), extent_(extent), planes_(planes) {}

  FileMapping mapping_;
  Extent extent_;
  std::array<ConstPlane, 3> planes_;
};

// `rgb`: 8-bit R, G, B, tightly packed, of still_extent(frame).
Result<> write_still(int fd, std::span<const std::uint8_t> rgb, Extent frame);

}  // namespace atelier::media::picture
