#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace atelier::media::caption {

struct FontFace;

// The folders where Debian's fonts-noto-core, -cjk and -color-emoji put their files.
std::span<const std::filesystem::path> default_font_folders();

// The named set of fonts captions are drawn with: the same files, the same pictures, on every machine. Opened once when
// the process starts, before it gives up opening files; the mappings live as long as this object. Read-only afterwards,
// so any number of renderers may share it, which it must outlive.
class Fonts {
 public:
  // Looks for each file of the set in each folder, first found wins. Fails if the set's Latin fonts are not there at
  // all; other files that are missing are told by missing(), and their scripts are drawn with what is left.
  static Result<std::unique_ptr<Fonts>> open(std::span<const std::filesystem::path> folders = default_font_folders());
  ~Fonts();
  Fonts(const Fonts&) = delete;
  Fonts& operator=(const Fonts&) = delete;

  // File names of the set that no folder had, sorted. Empty when the set is complete.
  const std::vector<std::string>& missing() const noexcept { return missing_; }
  // What is missing and which Debian packages bring it, as one sentence for a log; empty when nothing is.
  std::string missing_message() const;

  // Hex SHA-256 over each file's name, size and head checksum: part of the cache key of whatever shows captions.
  const std::string& digest() const noexcept { return digest_; }

  // The mapped file of a face, by its place in the set (font_set.hpp); empty if it is missing.
  std::span<const std::uint8_t> bytes(std::size_t index) const noexcept;
  // Null if its file is missing.
  const FontFace* face(std::size_t index) const noexcept;

 private:
  struct File;
  Fonts();
  Result<> open_file(std::string_view name, std::span<const std::filesystem::path> folders);
  void make_faces();
  std::string make_digest() const;

  std::vector<File> files_;
  std::vector<std::size_t> file_of_;              // per face of the set
  std::vector<std::unique_ptr<FontFace>> faces_;  // likewise
  std::vector<std::string> missing_;
  std::string digest_;
};

}  // namespace atelier::media::caption
