#include "media/worker/sound/wav.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <string_view>

#include "media/protocol/catalog.hpp"

namespace atelier::media::sound {
namespace {

static_assert(std::endian::native == std::endian::little, "samples are written as they lie in memory");

constexpr std::int64_t kHeaderBytes = 58;  // RIFF, fmt of 18 bytes, fact, data
constexpr std::int64_t kSampleBytes = 4;
constexpr std::int64_t kDataBytesMax = 0xffff'ffffLL - kHeaderBytes;
constexpr std::uint16_t kFormatFloat = 3;
constexpr int kChunksMax = 64;
// 40 dB over full scale: no sound, but an error of whoever wrote it.
constexpr float kLevelMax = 100.0F;

Result<> write_at(int fd, std::int64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t step = pwrite(fd, bytes.data(), bytes.size(), offset);
    if (step < 0 && errno == EINTR) continue;
    if (step <= 0) return fail_errno(step < 0 ? errno : EIO, "cannot write sound");
    bytes = bytes.subspan(static_cast<std::size_t>(step));
    offset += step;
  }
  return {};
}

// How many bytes were there.
Result<std::size_t> read_at(int fd, std::int64_t offset, std::span<std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t step = pread(fd, bytes.data() + done, bytes.size() - done, offset + static_cast<std::int64_t>(done));
    if (step < 0 && errno == EINTR) continue;
    if (step < 0) return fail_errno(errno, "cannot read sound");
    if (step == 0) break;
    done += static_cast<std::size_t>(step);
  }
  return done;
}

class HeaderWriter {
 public:
  void text(std::string_view name) {
    std::memcpy(bytes_.data() + size_, name.data(), name.size());
    size_ += name.size();
  }
  template <class Number>
  void number(Number value) {
    std::memcpy(bytes_.data() + size_, &value, sizeof value);
    size_ += sizeof value;
  }
  std::span<const std::byte> bytes() const { return {bytes_.data(), size_}; }

 private:
  std::array<std::byte, kHeaderBytes> bytes_{};
  std::size_t size_ = 0;
};

template <class Number>
Number number_at(std::span<const std::byte> bytes, std::size_t at) {
  Number value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::unexpected<Error> refuse(const std::string& name, const std::string& what) {
  return fail(ErrorCode::invalid_argument, name + " is no scene's sound: " + what, {"media_unreadable", ""});
}

// What a chunk named "fmt " must say.
Result<> check_format(int fd, std::int64_t offset, std::int64_t size, const std::string& name) {
  std::array<std::byte, 16> format{};
  if (size < 16 || size > 64) return refuse(name, fmt::format("its format takes {} bytes", size));
  const auto got = read_at(fd, offset, format);
  if (!got) return error_of(got);
  if (*got < format.size()) return refuse(name, "it ends inside its format");
  const auto kind = number_at<std::uint16_t>(format, 0), channels = number_at<std::uint16_t>(format, 2);
  const auto rate = number_at<std::uint32_t>(format, 4);
  const auto frame_bytes = number_at<std::uint16_t>(format, 12), bits = number_at<std::uint16_t>(format, 14);
  if (kind != kFormatFloat || channels != 1 || rate != kSampleRate || bits != 32 || frame_bytes != kSampleBytes)
    return refuse(
        name, fmt::format("it has format {}, {} channels, {} Hz, {} bits; 32-bit float, mono, 48000 Hz is read", kind,
                          channels, rate, bits));
  return {};
}

}  // namespace

Result<> WavWriter::write(std::span<const float> samples) {
  const std::int64_t at = sample_count_ * kSampleBytes;
  if (at + static_cast<std::int64_t>(samples.size_bytes()) > kDataBytesMax)
    return fail(ErrorCode::too_large, "a scene's sound is longer than a WAV file can hold");
  if (auto done = write_at(fd_, kHeaderBytes + at, std::as_bytes(samples)); !done) return done;
  sample_count_ += static_cast<std::int64_t>(samples.size());
  return {};
}

Result<> WavWriter::finish() {
  const auto data_bytes = static_cast<std::uint32_t>(sample_count_ * kSampleBytes);
  HeaderWriter header;
  header.text("RIFF");
  header.number(static_cast<std::uint32_t>(kHeaderBytes - 8 + data_bytes));
  header.text("WAVEfmt ");
  header.number(std::uint32_t{18});
  header.number(kFormatFloat);
  header.number(std::uint16_t{1});
  header.number(static_cast<std::uint32_t>(kSampleRate));
  header.number(static_cast<std::uint32_t>(kSampleRate * kSampleBytes));
  header.number(static_cast<std::uint16_t>(kSampleBytes));
  header.number(std::uint16_t{32});
  header.number(std::uint16_t{0});
  header.text("fact");
  header.number(std::uint32_t{4});
  header.number(static_cast<std::uint32_t>(sample_count_));
  header.text("data");
  header.number(data_bytes);
  ensure(header.bytes().size() == static_cast<std::size_t>(kHeaderBytes), "a WAV header has another size");
  return write_at(fd_, 0, header.bytes());
}

Result<WavReader> WavReader::open(int fd, std::string name) {
  struct stat facts{};
  if (fstat(fd, &facts) != 0) return fail_errno(errno, "cannot look at " + name);
  std::array<std::byte, 12> head{};
  const auto got = read_at(fd, 0, head);
  if (!got) return error_of(got);
  if (*got < head.size() || text_of(head).substr(0, 4) != "RIFF" || text_of(head).substr(8, 4) != "WAVE")
    return refuse(name, "it is no WAV file");
  bool has_format = false;
  std::int64_t at = 12;
  for (int chunk = 0; chunk < kChunksMax; ++chunk) {
    std::array<std::byte, 8> title{};
    const auto read = read_at(fd, at, title);
    if (!read) return error_of(read);
    if (*read < title.size()) return refuse(name, "it ends before its samples");
    const std::string_view kind = text_of(title).substr(0, 4);
    const std::int64_t size = number_at<std::uint32_t>(title, 4), there = facts.st_size - at - 8;
    if (size > there)
      return refuse(name, fmt::format("it says that {} bytes follow, but only {} are there", size, there));
    if (kind == "fmt ") {
      if (auto fits = check_format(fd, at + 8, size, name); !fits) return error_of(fits);
      has_format = true;
    } else if (kind == "data") {
      if (!has_format) return refuse(name, "its samples come before their format");
      if (size % kSampleBytes != 0) return refuse(name, "its last sample is cut off");
      return WavReader(fd, std::move(name), at + 8, size / kSampleBytes);
    }
    at += 8 + size + (size & 1);
  }
  return refuse(name, "it has too many parts");
}

Result<> WavReader::read(std::int64_t first, std::span<float> out) const {
  ensure(first >= 0 && first + static_cast<std::int64_t>(out.size()) <= sample_count_,
         "samples outside a WAV file are asked for");
  const auto got = read_at(fd_, data_offset_ + first * kSampleBytes, std::as_writable_bytes(out));
  if (!got) return error_of(got);
  if (*got < out.size_bytes()) return refuse(name_, "it became shorter while it was read");
  for (std::size_t i = 0; i < out.size(); ++i)
    if (!(std::abs(out[i]) <= kLevelMax))
      return refuse(
          name_, fmt::format("its sample {} is {}, which is no sound", first + static_cast<std::int64_t>(i), out[i]));
  return {};
}

}  // namespace atelier::media::sound
