#pragma once

#include <filesystem>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace atelier::app {

// A file that appears whole or not at all: written without a name (or under a temporary one), put in place by commit().
class OutputFile {
 public:
  // Fails where the folder is missing or cannot be written; an existing file is replaced only by commit().
  static Result<OutputFile> create(const std::filesystem::path& path);
  OutputFile(OutputFile&&) noexcept = default;
  OutputFile& operator=(OutputFile&&) noexcept = default;
  ~OutputFile();

  int fd() const noexcept { return fd_.get(); }
  // Syncs and renames.
  Result<> commit();

 private:
  OutputFile(std::filesystem::path path, std::filesystem::path temporary, UniqueFd fd)
      : path_(std::move(path)), temporary_(std::move(temporary)), fd_(std::move(fd)) {}
  std::filesystem::path path_, temporary_;
  UniqueFd fd_;
};

}  // namespace atelier::app
