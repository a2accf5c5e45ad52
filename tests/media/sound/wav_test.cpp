#include "media/worker/sound/wav.hpp"

#include <functional>
#include <limits>

#include "tests/media/sound/sound_fixture.hpp"

namespace atelier::media::sound {
namespace {

struct File {
  explicit File(std::string_view bytes) : fd(*make_memory_file()) {
    ensure(write_file(fd.get(), bytes).has_value(), "cannot write");
  }
  UniqueFd fd;
};

void put32(std::string& bytes, std::size_t at, std::uint32_t value) { std::memcpy(bytes.data() + at, &value, 4); }
void put16(std::string& bytes, std::size_t at, std::uint16_t value) { std::memcpy(bytes.data() + at, &value, 2); }

TEST(Wav, GivesBackWhatWasWritten) {
  const Samples samples = noise(5'000, 0.9F, 1);
  const File file(wav_of(samples));
  const auto wav = WavReader::open(file.fd.get(), "scene");
  ASSERT_TRUE(wav) << wav.error().message;
  ASSERT_EQ(wav->sample_count(), 5'000);
  Samples part(100);
  ASSERT_TRUE(wav->read(4'900, part));
  EXPECT_EQ(part, Samples(samples.end() - 100, samples.end()));
}

TEST(Wav, ChunksItDoesNotKnowArePassedOver) {
  std::string bytes = wav_of(noise(100, 0.9F, 1));
  bytes.insert(12, std::string("junk\x03\0\0\0abc\0", 12));
  const File file(bytes);
  const auto wav = WavReader::open(file.fd.get(), "scene");
  ASSERT_TRUE(wav) << wav.error().message;
  EXPECT_EQ(wav->sample_count(), 100);
}

TEST(Wav, HostileHeadersAreRefused) {
  // RIFF 0, fmt at 12 (its fields from 20), fact at 38, data at 50.
  const std::pair<const char*, std::function<void(std::string&)>> table[] = {
      {"empty", [](std::string& b) { b.clear(); }},
      {"cut in RIFF", [](std::string& b) { b.resize(7); }},
      {"no RIFF", [](std::string& b) { b[0] = 'X'; }},
      {"no WAVE", [](std::string& b) { b[8] = 'X'; }},
      {"cut in fmt", [](std::string& b) { b.resize(25); }},
      {"cut before data", [](std::string& b) { b.resize(52); }},
      {"fmt of no size", [](std::string& b) { put32(b, 16, 0); }},
      {"fmt of 4 GB", [](std::string& b) { put32(b, 16, 0xffff'ffff); }},
      {"PCM", [](std::string& b) { put16(b, 20, 1); }},
      {"stereo", [](std::string& b) { put16(b, 22, 2); }},
      {"44.1 kHz", [](std::string& b) { put32(b, 24, 44'100); }},
      {"16 bits", [](std::string& b) { put16(b, 34, 16); }},
      {"frames of 8 bytes", [](std::string& b) { put16(b, 32, 8); }},
      {"data larger than the file", [](std::string& b) { put32(b, 54, 401); }},
      {"data of 4 GB", [](std::string& b) { put32(b, 54, 0xffff'fffc); }},
      {"half a sample", [](std::string& b) { put32(b, 54, 398); }},
      {"data before fmt", [](std::string& b) { b.replace(12, 4, "junk"); }},
      {"thousands of chunks",
       [](std::string& b) {
         std::string many;
         for (int i = 0; i < 5'000; ++i) many += std::string("junk\0\0\0\0", 8);
         b.insert(12, many);
       }},
  };
  for (const auto& [what, spoil] : table) {
    std::string bytes = wav_of(noise(100, 0.9F, 1));
    spoil(bytes);
    const File file(bytes);
    const auto wav = WavReader::open(file.fd.get(), "scene3");
    ASSERT_FALSE(wav) << what;
    EXPECT_EQ(wav.error().code, ErrorCode::invalid_argument) << what;
    EXPECT_NE(wav.error().message.find("scene3"), std::string::npos) << what;
  }
}

TEST(Wav, SamplesThatAreNoSoundAreRefused) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), -1e30F}) {
    Samples samples = noise(100, 0.9F, 1);
    samples[50] = bad;
    const File file(wav_of(samples));
    const auto wav = WavReader::open(file.fd.get(), "scene");
    ASSERT_TRUE(wav);
    EXPECT_FALSE(wav->read(0, samples)) << bad;
  }
}

}  // namespace
}  // namespace atelier::media::sound
