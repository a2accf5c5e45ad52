#include "tests/double/sound.hpp"

#include <algorithm>

#include "base/hash.hpp"
#include "tests/double/talk.hpp"

namespace atelier::doubles {
namespace {

constexpr int kToneMs = 250, kPauseMs = 50, kPieceMs = 100;
constexpr int kLoudness = 8'000;  // of 32,767
constexpr std::size_t kBytesPerSample = 2;
constexpr double kBytesPerSecondUnknown = 16'000;

std::size_t samples_in(int length_ms, double speed) {
  return static_cast<std::size_t>(static_cast<double>(kSampleRate) * length_ms / 1000 / speed);
}

void add_little_endian(std::string& out, std::uint32_t value, int size_bytes) {
  for (int i = 0; i < size_bytes; ++i) out += static_cast<char>(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::uint32_t little_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) value = (value << 8) | static_cast<std::uint8_t>(bytes[i - 1]);
  return value;
}

// A triangle, which needs no sine: `pitch_hz` times a second up and down again.
void add_tone(std::string& samples, std::size_t count, unsigned pitch_hz) {
  std::uint32_t phase = 0;
  const std::uint32_t step = static_cast<std::uint32_t>((std::uint64_t{pitch_hz} << 32) / kSampleRate);
  for (std::size_t i = 0; i < count; ++i, phase += step) {
    const int ramp = static_cast<int>(phase >> 16);  // 0 to 65,535
    const int triangle = ramp < 32'768 ? ramp - 16'384 : 49'151 - ramp;
    add_little_endian(samples, static_cast<std::uint32_t>(triangle * kLoudness / 16'384), 2);
  }
}

std::string samples_of(const Speech& speech) {
  std::string samples;
  for (const std::string& word : tokens_of(speech.text)) {
    const auto pitch_hz = static_cast<unsigned>(200 + (quick_hash(word) ^ quick_hash(speech.voice)) % 600);
    add_tone(samples, samples_in(kToneMs, speech.speed), pitch_hz);
    samples.append(samples_in(kPauseMs, speech.speed) * kBytesPerSample, '\0');
  }
  return samples;
}

std::vector<std::string> in_pieces(std::string_view bytes, std::size_t size_bytes) {
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at < bytes.size(); at += size_bytes) pieces.emplace_back(bytes.substr(at, size_bytes));
  if (pieces.empty()) pieces.emplace_back();
  return pieces;
}

// A header whose lengths are not known yet, which is all a server that streams can say.
std::string wav_opening() {
  std::string header =
      "RIFF\xff\xff\xff\xff"
      "WAVEfmt ";
  add_little_endian(header, 16, 4);
  add_little_endian(header, 1, 2);  // PCM
  add_little_endian(header, 1, 2);  // mono
  add_little_endian(header, kSampleRate, 4);
  add_little_endian(header, kSampleRate * kBytesPerSample, 4);
  add_little_endian(header, kBytesPerSample, 2);
  add_little_endian(header, kBytesPerSample * 8, 2);
  return header +
         "data"
         "\xff\xff\xff\xff";
}

// MPEG-2 layer III, 24 kHz, mono, 32 kbit/s: a frame of 576 samples that says nothing is silence.
std::string silent_mp3(std::size_t sample_count) {
  constexpr std::size_t kFrameSamples = 576, kFrameBytes = 96;
  std::string frame = "\xff\xf3\x44\xc4";
  frame.resize(kFrameBytes, '\0');
  std::string bytes;
  for (std::size_t at = 0; at < sample_count; at += kFrameSamples) bytes += frame;
  return bytes;
}

}  // namespace

std::optional<Sound> spoken(const Speech& speech, std::string_view format) {
  constexpr std::size_t kPieceBytes = kSampleRate * kBytesPerSample * kPieceMs / 1000;
  const std::string samples = samples_of(speech);
  if (format == "wav")
    return Sound{.content_type = "audio/wav", .opening = wav_opening(), .pieces = in_pieces(samples, kPieceBytes)};
  if (format == "pcm")
    return Sound{.content_type = "audio/pcm", .opening = {}, .pieces = in_pieces(samples, kPieceBytes)};
  constexpr std::size_t kMp3BytesPer100Ms = 32'000 / 8 * kPieceMs / 1000;
  if (format == "mp3")
    return Sound{.content_type = "audio/mpeg",
                 .opening = {},
                 .pieces = in_pieces(silent_mp3(samples.size() / kBytesPerSample), kMp3BytesPer100Ms)};
  return std::nullopt;
}

double seconds_of(std::string_view bytes) {
  constexpr std::size_t kHeaderBytes = 44;
  const bool is_wav = bytes.size() >= kHeaderBytes && bytes.starts_with("RIFF") && bytes.substr(8, 8) == "WAVEfmt ";
  if (!is_wav) return static_cast<double>(bytes.size()) / kBytesPerSecondUnknown;
  const std::uint32_t bytes_per_second = little_endian(bytes.substr(28, 4));
  const std::size_t data = bytes.find("data");
  if (bytes_per_second == 0 || data == std::string_view::npos || data + 8 > bytes.size()) return 0;
  // A stream's length is left open: then what there is counts.
  const std::size_t there = bytes.size() - data - 8, told = little_endian(bytes.substr(data + 4, 4));
  return static_cast<double>(std::min(there, told)) / bytes_per_second;
}

}  // namespace atelier::doubles
