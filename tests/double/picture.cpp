#include "tests/double/picture.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <span>

namespace atelier::doubles {
namespace {

using namespace std::string_view_literals;

struct Colour {
  std::uint8_t red, green, blue;
};
Colour colour_of(std::uint64_t seed, int shift) {
  const std::uint64_t mixed = (seed + 1) * 0x9e3779b97f4a7c15ULL >> shift;
  return {static_cast<std::uint8_t>(mixed), static_cast<std::uint8_t>(mixed >> 8),
          static_cast<std::uint8_t>(mixed >> 16)};
}
constexpr int kFirst = 40, kSecond = 8;  // bits of the seed that are the two colours

char byte(std::uint64_t value) { return static_cast<char>(static_cast<std::uint8_t>(value)); }
void add_big_endian(std::string& out, std::uint32_t value, int size_bytes = 4) {
  for (int i = size_bytes - 1; i >= 0; --i) out += byte(value >> (8 * i));
}
std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes) value = (value << 8) | static_cast<std::uint8_t>(c);
  return value;
}

void add_chunk(std::string& png, std::string_view type, std::string_view data) {
  add_big_endian(png, static_cast<std::uint32_t>(data.size()));
  const std::size_t begin = png.size();
  png.append(type).append(data);
  const auto* checked = reinterpret_cast<const Bytef*>(png.data() + begin);
  add_big_endian(png, static_cast<std::uint32_t>(crc32(0, checked, static_cast<uInt>(png.size() - begin))));
}

std::string deflated(const std::string& bytes) {
  uLongf size = compressBound(bytes.size());
  std::string out(size, '\0');
  compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), 1);
  out.resize(size);
  return out;
}

// Bits into bytes, the first into the lowest bit (WebP) or the highest (JPEG).
class LowBits {
 public:
  void add(std::uint32_t value, int count) {
    for (int i = 0; i < count; ++i) {
      if (at_ == 0) bytes_ += '\0';
      bytes_.back() = byte(static_cast<std::uint8_t>(bytes_.back()) | ((value >> i & 1U) << at_));
      at_ = (at_ + 1) % 8;
    }
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
  int at_ = 0;
};

class HighBits {
 public:
  void add(std::uint32_t value, int count) {
    for (int i = count - 1; i >= 0; --i) {
      held_ = (held_ << 1) | (value >> i & 1U);
      if (++held_count_ == 8) put();
    }
  }
  std::string take() {
    while (held_count_ > 0) add(1, 1);  // the rest of the last byte is ones
    return std::move(bytes_);
  }

 private:
  void put() {
    bytes_ += byte(held_);
    if (held_ == 0xff) bytes_ += '\0';  // or it would begin a marker
    held_ = 0;
    held_count_ = 0;
  }
  std::string bytes_;
  std::uint32_t held_ = 0;
  int held_count_ = 0;
};

void add_marker(std::string& jpeg, std::uint8_t marker, std::string_view data) {
  jpeg += '\xff';
  jpeg += byte(marker);
  add_big_endian(jpeg, static_cast<std::uint32_t>(data.size() + 2), 2);
  jpeg += data;
}

// A difference of DC coefficients: its category, a code of four bits, and then its value (ITU T.81, F.1.2.1).
void add_difference(HighBits& bits, int difference) {
  int category = 0;
  for (int left = std::abs(difference); left > 0; left /= 2) ++category;
  bits.add(static_cast<std::uint32_t>(category), 4);
  const int value = difference >= 0 ? difference : difference + (1 << category) - 1;
  bits.add(static_cast<std::uint32_t>(value), category);
}

}  // namespace

std::string png_of(const Picture& picture) {
  const auto width = static_cast<std::size_t>(picture.width), height = static_cast<std::size_t>(picture.height);
  const auto steps = static_cast<std::size_t>(picture.step_count);
  std::string png = "\x89PNG\r\n\x1a\n";
  std::string header;
  add_big_endian(header, static_cast<std::uint32_t>(picture.width));
  add_big_endian(header, static_cast<std::uint32_t>(picture.height));
  header += "\x08\x03\x00\x00\x00"sv;  // eight bits of a palette
  add_chunk(png, "IHDR", header);
  const Colour left = colour_of(picture.seed, kFirst), right = colour_of(picture.seed, kSecond);
  std::string palette, alpha;
  for (std::size_t i = 0; i < steps; ++i) {
    const auto between = [&](std::uint8_t from, std::uint8_t to) {
      return byte((from * (steps - 1 - i) + to * i) / (steps - 1));
    };
    palette += between(left.red, right.red);
    palette += between(left.green, right.green);
    palette += between(left.blue, right.blue);
    alpha += byte(255 * i / (steps - 1));
  }
  add_chunk(png, "PLTE", palette);
  if (picture.is_transparent) add_chunk(png, "tRNS", alpha);
  // Each row is as the one above it, and so nothing but zeros once that is subtracted.
  std::string rows((width + 1) * height, '\0');
  for (std::size_t x = 0; x < width; ++x) rows[1 + x] = byte(x * steps / width);
  for (std::size_t y = 1; y < height; ++y) rows[y * (width + 1)] = 2;  // "up"
  add_chunk(png, "IDAT", deflated(rows));
  add_chunk(png, "IEND", "");
  return png;
}

std::string webp_of(const Picture& picture) {
  const Colour colour = colour_of(picture.seed, kFirst);
  LowBits bits;
  bits.add(0x2f, 8);
  bits.add(static_cast<std::uint32_t>(picture.width - 1), 14);
  bits.add(static_cast<std::uint32_t>(picture.height - 1), 14);
  bits.add(picture.is_transparent ? 1 : 0, 1);
  bits.add(0, 3);  // version
  bits.add(0, 3);  // no transform, no colour cache, one set of codes
  // Codes of one symbol take no bits for a pixel.
  const std::uint32_t symbols[] = {colour.green, colour.red, colour.blue, picture.is_transparent ? 128U : 255U};
  for (const std::uint32_t symbol : symbols) {
    bits.add(0b101, 3);  // simple, one symbol, of eight bits
    bits.add(symbol, 8);
  }
  bits.add(0b0001, 4);  // distances: simple, one symbol, of one bit, which is 0
  std::string data = bits.take();
  const std::size_t size = data.size();
  if (size % 2 == 1) data += '\0';
  const auto little_endian = [](std::size_t value) {
    return std::string{byte(value), byte(value >> 8), byte(value >> 16), byte(value >> 24)};
  };
  return "RIFF" + little_endian(12 + data.size()) + "WEBPVP8L" + little_endian(size) + data;
}

std::string jpeg_of(const Picture& picture) {
  const Colour colour = colour_of(picture.seed, kFirst);
  const double red = colour.red, green = colour.green, blue = colour.blue;
  // Less 128. A block of one colour has this as its DC coefficient once divided by eight, which the table does.
  const int levels[] = {static_cast<int>(0.299 * red + 0.587 * green + 0.114 * blue) - 128,
                        static_cast<int>(-0.1687 * red - 0.3313 * green + 0.5 * blue),
                        static_cast<int>(0.5 * red - 0.4187 * green - 0.0813 * blue)};
  std::string jpeg = "\xff\xd8";
  add_marker(jpeg, 0xe0, "JFIF\0\1\1\0\0\1\0\1\0\0"sv);
  add_marker(jpeg, 0xdb, '\0' + std::string(64, '\x08'));
  std::string frame = "\x08";
  add_big_endian(frame, static_cast<std::uint32_t>(picture.height), 2);
  add_big_endian(frame, static_cast<std::uint32_t>(picture.width), 2);
  frame += "\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00"sv;
  add_marker(jpeg, 0xc0, frame);
  // Twelve categories of differences, four bits each; "end of block" is the only other symbol, one bit.
  add_marker(jpeg, 0xc4,
             "\x00\0\0\0\x0c\0\0\0\0\0\0\0\0\0\0\0\0"
             "\0\1\2\3\4\5\6\7\x08\x09\x0a\x0b"
             "\x10\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
             "\0"sv);
  add_marker(jpeg, 0xda, "\x03\x01\x00\x02\x00\x03\x00\x00\x3f\x00"sv);
  HighBits bits;
  const int blocks = ((picture.width + 7) / 8) * ((picture.height + 7) / 8);
  for (int block = 0; block < blocks; ++block)
    for (const int level : levels) {
      add_difference(bits, block == 0 ? level : 0);
      bits.add(0, 1);
    }
  jpeg += bits.take();
  jpeg += "\xff\xd9";
  return jpeg;
}

std::optional<PictureFacts> picture_facts(std::string_view bytes) {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n") && bytes.size() >= 24)
    return PictureFacts{.type = "image/png",
                        .width = static_cast<int>(big_endian(bytes.substr(16, 4))),
                        .height = static_cast<int>(big_endian(bytes.substr(20, 4)))};
  if (bytes.starts_with("\xff\xd8\xff")) return PictureFacts{.type = "image/jpeg"};
  if (bytes.starts_with("RIFF") && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP")
    return PictureFacts{.type = "image/webp"};
  return std::nullopt;
}

}  // namespace atelier::doubles
