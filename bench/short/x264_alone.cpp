// What x264 alone costs: reads raw 4:2:0 frames from a file (best on a RAM disk), and encodes them in parts of two
// seconds with the very encoder settings of a short's segments, so many parts side by side. Prints seconds and frames.
//   bench_x264 <frames.yuv> <width> <height> <fps> <parts side by side>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "base/unique_fd.hpp"
#include "media/protocol/catalog.hpp"
#include "media/worker/picture/frame.hpp"
#include "media/worker/picture/segment_encoder.hpp"

namespace {

using namespace atelier;
using media::picture::EncoderSettings;
using media::picture::Frame;
using media::picture::SegmentEncoder;

struct Film {
  const std::uint8_t* bytes;
  std::int64_t frame_count;
  EncoderSettings settings;
  std::size_t frame_bytes() const {
    return static_cast<std::size_t>(settings.width) * static_cast<std::size_t>(settings.height) * 3 / 2;
  }
};

void copy_plane(const std::uint8_t*& from, const media::picture::Plane& to) {
  for (std::int32_t y = 0; y < to.height; ++y, from += to.width)
    std::memcpy(to.row(y), from, static_cast<std::size_t>(to.width));
}

bool encode_part(const Film& film, std::int64_t first, std::int64_t count) {
  const UniqueFd out(::memfd_create("segment", MFD_CLOEXEC));
  auto encoder = SegmentEncoder::open(out.get(), film.settings);
  if (!encoder) return std::fprintf(stderr, "%s\n", encoder.error().message.c_str()), false;
  Frame frame(film.settings.width, film.settings.height);
  for (std::int64_t i = first; i < first + count; ++i) {
    const std::uint8_t* from = film.bytes + static_cast<std::size_t>(i) * film.frame_bytes();
    for (int plane = 0; plane < 3; ++plane) copy_plane(from, frame.plane(plane));
    if (auto pushed = (*encoder)->push(frame); !pushed) return false;
  }
  return (*encoder)->finish().has_value();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6)
    return std::fprintf(stderr, "bench_x264 <frames.yuv> <width> <height> <fps> <parts side by side>\n"), 2;
  Film film{.bytes = nullptr,
            .frame_count = 0,
            .settings = {.width = std::atoi(argv[2]), .height = std::atoi(argv[3]), .fps = std::atoi(argv[4])}};
  const UniqueFd file(::open(argv[1], O_RDONLY | O_CLOEXEC));
  struct stat facts{};
  if (!file.is_open() || ::fstat(file.get(), &facts) != 0) return std::perror(argv[1]), 1;
  film.frame_count = facts.st_size / static_cast<std::int64_t>(film.frame_bytes());
  void* mapped =
      ::mmap(nullptr, static_cast<std::size_t>(facts.st_size), PROT_READ, MAP_SHARED | MAP_POPULATE, file.get(), 0);
  if (mapped == MAP_FAILED) return std::perror("mmap"), 1;
  film.bytes = static_cast<const std::uint8_t*>(mapped);

  const std::int64_t part_frames = std::int64_t{film.settings.fps} * media::kPartSeconds;
  std::atomic<std::int64_t> next = 0;
  std::atomic<bool> has_failed = false;
  const auto before = std::chrono::steady_clock::now();
  std::vector<std::jthread> threads;
  for (int i = 0; i < std::atoi(argv[5]); ++i)
    threads.emplace_back([&] {
      for (std::int64_t first = next.fetch_add(part_frames); first < film.frame_count;
           first = next.fetch_add(part_frames))
        if (!encode_part(film, first, std::min(part_frames, film.frame_count - first))) has_failed = true;
    });
  threads.clear();
  std::printf("%.3f %lld\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count(),
              static_cast<long long>(film.frame_count));
  return has_failed ? 1 : 0;
}
