#include <gmock/gmock.h>
#include <zlib.h>

#include <random>

#include "model/media/checkpoint_size.hpp"
#include "model/media/mask.hpp"
#include "tests/double/picture.hpp"
#include "tests/model/media_asking.hpp"

// What is known of pictures without decoding them: their sizes, and masks.
namespace atelier::model {
namespace {

using doubles::Picture;
using testing::input_of;
using Role = MediaInput::Role;

void append_number(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
}
void append_chunk(std::string& out, const std::string& type, const std::string& data) {
  append_number(out, static_cast<std::uint32_t>(data.size()));
  const std::string body = type + data;
  out += body;
  append_number(out, static_cast<std::uint32_t>(
                         crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()))));
}
std::string packed(const std::string& bytes) {
  uLongf size = compressBound(static_cast<uLong>(bytes.size()));
  std::string out(size, '\0');
  EXPECT_EQ(compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
                     static_cast<uLong>(bytes.size())),
            Z_OK);
  out.resize(size);
  return out;
}
std::string unpacked(const std::string& bytes, std::size_t size) {
  std::string out(size, '\0');
  uLongf length = size;
  EXPECT_EQ(uncompress(reinterpret_cast<Bytef*>(out.data()), &length, reinterpret_cast<const Bytef*>(bytes.data()),
                       static_cast<uLong>(bytes.size())),
            Z_OK);
  EXPECT_EQ(length, size);
  return out;
}

struct Png {
  std::uint32_t width = 2, height = 1;
  char depth = 8, colour = 6, interlaced = 0;
  std::string clear = {};          // how opaque a palette's colours are
  std::vector<std::string> parts;  // of the packed lines
};
std::string png_bytes(const Png& png) {
  std::string head;
  append_number(head, png.width);
  append_number(head, png.height);
  head += {png.depth, png.colour, 0, 0, png.interlaced};
  std::string out = "\x89PNG\r\n\x1a\n";
  append_chunk(out, "IHDR", head);
  if (!png.clear.empty()) append_chunk(out, "tRNS", png.clear);
  for (const std::string& part : png.parts) append_chunk(out, "IDAT", part);
  append_chunk(out, "IEND", "");
  return out;
}

// The grey values of a white mask, without its filter bytes.
std::vector<int> greys_of(const MediaInput& mask, std::uint32_t width, std::uint32_t height) {
  const std::size_t size =
      static_cast<unsigned char>(mask.bytes.at(35)) << 8 | static_cast<unsigned char>(mask.bytes.at(36));
  EXPECT_EQ(mask.bytes.substr(37, 4), "IDAT");
  const std::string lines = unpacked(mask.bytes.substr(41, size), std::size_t{height} * (width + 1));
  std::vector<int> greys;
  for (std::size_t y = 0; y < height; ++y)
    for (std::size_t x = 0; x < width; ++x) greys.push_back(static_cast<unsigned char>(lines[y * (width + 1) + 1 + x]));
  return greys;
}

TEST(WhiteMask, WhatIsTransparentBecomesWhite) {
  const std::string line("\0\x10\x20\x30\0\x40\x50\x60\xFF", 9);
  const auto white = white_mask(input_of(Role::mask, png_bytes({.parts = {packed(line)}})));
  ASSERT_TRUE(white) << white.error().describe();
  EXPECT_THAT(greys_of(*white, 2, 1), ::testing::ElementsAre(255, 0));
  EXPECT_EQ(picture_size(white->bytes), (PixelSize{2, 1}));
  EXPECT_EQ(white->size_bytes, white->bytes.size());
}

TEST(WhiteMask, PalettesAndSixteenBitsAreReadToo) {
  const std::string deep(std::string("\0", 1) + "aabbcc" + std::string("\0\xFF", 2) + "aabbcc\xFF" +
                         std::string("\0", 1));
  auto white = white_mask(input_of(Role::mask, png_bytes({.depth = 16, .parts = {packed(deep)}})));
  ASSERT_TRUE(white) << white.error().describe();
  EXPECT_THAT(greys_of(*white, 2, 1), ::testing::ElementsAre(255, 0));
  // Five pixels of two bits: colours 0, 1, 2, 3, 0, of which the table knows the first two.
  const std::string packed_bits("\0\x1B\x00", 3);
  white = white_mask(input_of(
      Role::mask,
      png_bytes(
          {.width = 5, .depth = 2, .colour = 3, .clear = std::string("\0\x40", 2), .parts = {packed(packed_bits)}})));
  ASSERT_TRUE(white) << white.error().describe();
  EXPECT_THAT(greys_of(*white, 5, 1), ::testing::ElementsAre(255, 191, 0, 0, 255));
  ASSERT_TRUE(white_mask(
      input_of(Role::mask, doubles::png_of({.width = 64, .height = 48, .seed = 2, .is_transparent = true}))));
}

// Filters every line with each of the five in turn, as an encoder may, and parts the packed bytes anywhere.
TEST(WhiteMask, EveryFilterIsUndone) {
  constexpr std::uint32_t kWidth = 7, kHeight = 10;
  constexpr std::size_t kChannels = 4, kLine = kWidth * kChannels;
  std::mt19937 random(1);
  std::vector<std::vector<int>> raw(kHeight, std::vector<int>(kLine));
  for (auto& line : raw)
    for (int& each : line) each = static_cast<int>(random() % 256);
  std::string lines;
  for (std::size_t y = 0; y < kHeight; ++y) {
    const std::size_t filter = y % 5;
    lines += static_cast<char>(filter);
    for (std::size_t i = 0; i < kLine; ++i) {
      const int left = i >= kChannels ? raw[y][i - kChannels] : 0;
      const int up = y > 0 ? raw[y - 1][i] : 0;
      const int corner = y > 0 && i >= kChannels ? raw[y - 1][i - kChannels] : 0;
      const int guess = left + up - corner;
      const int pa = std::abs(guess - left), pb = std::abs(guess - up), pc = std::abs(guess - corner);
      const int paeth = pa <= pb && pa <= pc ? left : pb <= pc ? up : corner;
      const int guesses[] = {0, left, up, (left + up) / 2, paeth};
      lines += static_cast<char>(raw[y][i] - guesses[filter]);
    }
  }
  const std::string all = packed(lines);
  const auto white =
      white_mask(input_of(Role::mask, png_bytes({.width = kWidth,
                                                 .height = kHeight,
                                                 .parts = {all.substr(0, 5), "", all.substr(5, 60), all.substr(65)}})));
  ASSERT_TRUE(white) << white.error().describe();
  const auto greys = greys_of(*white, kWidth, kHeight);
  for (std::size_t y = 0; y < kHeight; ++y)
    for (std::size_t x = 0; x < kWidth; ++x)
      EXPECT_EQ(greys[y * kWidth + x], 255 - raw[y][x * kChannels + 3]) << x << " " << y;
}

TEST(WhiteMask, WhatIsNoneIsRefusedByItsField) {
  const std::string line = packed(std::string(9, '\0'));
  const std::string good = png_bytes({.parts = {line}});
  ASSERT_TRUE(white_mask(input_of(Role::mask, good)));
  const std::vector<std::string> bad = {
      "",
      "GIF89a",
      good.substr(0, 30),
      good.substr(0, 50),                         // within the lines
      good.substr(0, good.size() - 12),           // no end
      png_bytes({.parts = {}}),                   // no lines
      png_bytes({.parts = {line.substr(0, 4)}}),  // too few
      png_bytes({.parts = {"no zlib stream at all"}}),
      png_bytes({.parts = {packed("\x05" + std::string(8, '\0'))}}),  // a filter that is none
      png_bytes({.height = 2, .parts = {line}}),
      png_bytes({.colour = 2, .parts = {line}}),              // no transparency
      png_bytes({.depth = 16, .parts = {line}}),              // twice as many bytes are wanted
      png_bytes({.depth = 8, .colour = 3, .parts = {line}}),  // a palette without transparency
      png_bytes({.interlaced = 1, .parts = {line}}),
      png_bytes({.width = 0, .parts = {line}}),
      png_bytes({.width = 0xFFFFFFFF, .height = 0xFFFFFFFF, .parts = {line}}),
      png_bytes({.width = 5'000, .height = 5'000, .parts = {line}}),
  };
  for (std::size_t i = 0; i < bad.size(); ++i) {
    const auto white = white_mask(input_of(Role::mask, bad[i]));
    ASSERT_FALSE(white) << i;
    EXPECT_EQ(white.error().where, "/inputs");
    EXPECT_EQ(white.error().code, ErrorCode::invalid_argument);
  }
}

TEST(PictureSize, IsReadOfEveryKind) {
  EXPECT_EQ(picture_size(doubles::png_of({.width = 640, .height = 480})), (PixelSize{640, 480}));
  EXPECT_EQ(picture_size(doubles::jpeg_of({.width = 640, .height = 480})), (PixelSize{640, 480}));
  EXPECT_EQ(picture_size(doubles::webp_of({.width = 640, .height = 480})), (PixelSize{640, 480}));
  const std::string jpeg = doubles::jpeg_of({.width = 640, .height = 480});
  for (std::size_t size = 0; size < std::min<std::size_t>(jpeg.size(), 200); ++size)
    (void)picture_size(jpeg.substr(0, size));
  EXPECT_EQ(picture_size("RIFF"), std::nullopt);
  EXPECT_EQ(picture_size(""), std::nullopt);
}

TEST(CheckpointSize, IsWhatCheckpointsWereTrainedOn) {
  MediaRequest request;
  EXPECT_EQ(checkpoint_size(request, "v1-5.safetensors"), (PixelSize{512, 512}));
  EXPECT_EQ(checkpoint_size(request, "sd_xl_base_1.0.safetensors"), (PixelSize{1024, 1024}));
  request.ratio = "9:16";
  EXPECT_EQ(checkpoint_size(request, "sd_xl_base_1.0.safetensors"), (PixelSize{768, 1344}));
  request.ratio.clear();
  request.width = 320;
  request.height = 200;
  EXPECT_EQ(checkpoint_size(request, "v1-5.safetensors"), (PixelSize{320, 200}));
}

TEST(CheckpointSize, APictureKeepsItsShapeAndOneOfTheUsualAreaItsSize) {
  MediaRequest request;
  request.inputs.push_back(input_of(Role::reference, doubles::png_of({.width = 601, .height = 400})));
  EXPECT_EQ(checkpoint_size(request, "v1-5.safetensors"), (PixelSize{600, 400}));
  request.inputs.front().bytes = doubles::png_of({.width = 4'000, .height = 3'000});
  EXPECT_EQ(checkpoint_size(request, "v1-5.safetensors"), (PixelSize{576, 448}));
  request.inputs.front().bytes = doubles::png_of({.width = 64, .height = 48});
  EXPECT_EQ(checkpoint_size(request, "v1-5.safetensors"), (PixelSize{576, 448}));
}

}  // namespace
}  // namespace atelier::model
