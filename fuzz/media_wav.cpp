// The WAV files that steps hand to each other, as a broken disk or a hostile worker could leave them.
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "media/worker/sound/wav.hpp"

using namespace atelier;
using namespace atelier::media::sound;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int fd = memfd_create("fuzz_media_wav", MFD_CLOEXEC);
  ensure(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == static_cast<ssize_t>(size),
         "memory is writable");
  const auto reader = WavReader::open(fd, "speech.wav");
  if (!reader) return 0;
  ensure(reader->sample_count() >= 0 && static_cast<std::uint64_t>(reader->sample_count()) <= size / 4,
         "samples lie in the file");
  std::vector<float> samples(static_cast<std::size_t>(reader->sample_count()));
  if (!reader->read(0, samples)) return 0;
  for (const float sample : samples) ensure(std::isfinite(sample), "a sample is a number");
  return 0;
}
