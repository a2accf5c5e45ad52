#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.hpp"

namespace atelier::media::picture {

// A whole file in memory, read-only. The descriptor may be closed afterwards. The file must not shrink meanwhile: those
// the worker gets are blobs, which nobody changes.
class FileMapping {
 public:
  // `what` names the file in errors: the task's input. An empty file is an error.
  static Result<FileMapping> open(int fd, std::string_view what, std::size_t size_bytes_max);
  FileMapping(FileMapping&& other) noexcept;
  FileMapping& operator=(FileMapping&&) = delete;
  ~FileMapping();

  std::span<const std::uint8_t> bytes() const noexcept { return {data_, size_bytes_}; }

 private:
  FileMapping(const std::uint8_t* data, std::size_t size_bytes) noexcept : data_(data), size_bytes_(size_bytes) {}

  const std::uint8_t* data_;
  std::size_t size_bytes_;
};

// Writes all of `bytes` from the start of a file.
Result<> write_whole(int fd, std::span<const std::uint8_t> bytes);

}  // namespace atelier::media::picture
