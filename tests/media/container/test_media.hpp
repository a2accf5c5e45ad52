#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::media::container {

// A folder of its own for a suite's files.
class MediaFolder {
 public:
  MediaFolder();
  ~MediaFolder();
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// What a command prints; fails the test if it fails.
std::string run_command(const std::string& command);
// `ffmpeg <arguments> <file>`, and the file's bytes.
std::string make_media(const MediaFolder& folder, std::string_view name, const std::string& arguments);
void write_bytes(const std::filesystem::path& path, std::string_view bytes);
std::string read_bytes(const std::filesystem::path& path);
std::vector<std::string> lines_of(std::string_view text);

// Pictures that are only a head, of any size they like to claim.
std::string png_claiming(std::uint32_t width, std::uint32_t height);
std::string gif_of_frames(int count);
std::string wav_claiming(std::uint32_t data_bytes);

}  // namespace atelier::media::container
