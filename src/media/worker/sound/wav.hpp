#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/error.hpp"

namespace atelier::media::sound {

// The one kind of WAV file that steps hand to each other: 32-bit float, mono, 48 kHz (RIFF, WAVE_FORMAT_IEEE_FLOAT).

// Written in order, the header last: until finish() the file is no WAV.
class WavWriter {
 public:
  explicit WavWriter(int fd) noexcept : fd_(fd) {}
  Result<> write(std::span<const float> samples);
  Result<> finish();
  std::int64_t sample_count() const noexcept { return sample_count_; }

 private:
  int fd_;
  std::int64_t sample_count_ = 0;
};

// Reads anywhere in the file, which stays the caller's and must not change.
class WavReader {
 public:
  // Refuses whatever is not of that kind or is shorter than it says. `name` is what messages call the file.
  static Result<WavReader> open(int fd, std::string name);
  std::int64_t sample_count() const noexcept { return sample_count_; }
  // [first, first + out.size()) must lie in the file. Samples that are no numbers, or absurdly loud, are an error.
  Result<> read(std::int64_t first, std::span<float> out) const;

 private:
  WavReader(int fd, std::string name, std::int64_t data_offset, std::int64_t sample_count)
      : fd_(fd), name_(std::move(name)), data_offset_(data_offset), sample_count_(sample_count) {}
  int fd_;
  std::string name_;
  std::int64_t data_offset_;
  std::int64_t sample_count_;
};

}  // namespace atelier::media::sound
