#include "tests/media/container/test_media.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>

namespace atelier::media::container {
namespace {

std::string big_endian(std::uint32_t value) {
  std::string bytes(4, '\0');
  for (int i = 0; i < 4; ++i) bytes[static_cast<std::size_t>(i)] = static_cast<char>(value >> (24 - 8 * i) & 0xff);
  return bytes;
}
std::string little_endian(std::uint32_t value) {
  const std::string bytes = big_endian(value);
  return {bytes.rbegin(), bytes.rend()};
}

std::string png_chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto checksum = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(static_cast<std::uint32_t>(data.size())) + body + big_endian(static_cast<std::uint32_t>(checksum));
}

}  // namespace

MediaFolder::MediaFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "atelier-media-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) std::abort();
  path_ = name;
}
MediaFolder::~MediaFolder() { std::filesystem::remove_all(path_); }

std::string run_command(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) std::abort();
  std::string output;
  char block[4'096];
  for (std::size_t size = 0; (size = fread(block, 1, sizeof block, pipe)) > 0;) output.append(block, size);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return output;
}

std::string make_media(const MediaFolder& folder, std::string_view name, const std::string& arguments) {
  const auto path = folder / name;
  run_command("ffmpeg -nostdin -v error -y " + arguments + " " + path.string());
  return read_bytes(path);
}

void write_bytes(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string png_claiming(std::uint32_t width, std::uint32_t height) {
  using namespace std::string_literals;
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", big_endian(width) + big_endian(height) + "\x08\x02\0\0\0"s) +
         png_chunk("IDAT", "x\x9c\x03\0\0\0\0\x01"s) + png_chunk("IEND", "");
}

std::string gif_of_frames(int count) {
  using namespace std::string_literals;
  std::string gif = "GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff"s;
  for (int i = 0; i < count; ++i) gif += "\x21\xf9\x04\0\x0a\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"s;
  return gif + "\x3b";
}

std::string wav_claiming(std::uint32_t data_bytes) {
  using namespace std::string_literals;
  return "RIFF" + little_endian(data_bytes) + "WAVEfmt " + little_endian(16) + "\x01\0\x01\0"s + little_endian(48'000) +
         little_endian(96'000) + "\x02\0\x10\0"s + "data" + little_endian(data_bytes) + std::string(1'000, '\0');
}

}  // namespace atelier::media::container
