#pragma once

#include <cstdint>
#include <string>

namespace atelier::doubles {

// A clip that plays everywhere and costs nothing to make: pictures of one colour each, as JPEG in MP4 (ISO 14496-12),
// four in a second. The same seed gives the same bytes.
struct Clip {
  int width = 0, height = 0;
  int frame_count = 1;
  std::uint64_t seed = 0;
};
std::string mp4_of(const Clip& clip);

}  // namespace atelier::doubles
