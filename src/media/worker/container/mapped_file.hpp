#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "base/error.hpp"

namespace atelier::media::container {

// A whole file in memory without reading it. The descriptor may be closed afterwards; the file must not shrink while
// this lives (blobs never do).
class MappedFile {
 public:
  static Result<MappedFile> open(int fd);
  MappedFile(MappedFile&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();

  std::span<const std::uint8_t> bytes() const noexcept { return {static_cast<const std::uint8_t*>(data_), size_}; }
  std::string_view text() const noexcept { return {static_cast<const char*>(data_), size_}; }

 private:
  MappedFile(void* data, std::size_t size) noexcept : data_(data), size_(size) {}
  void* data_;
  std::size_t size_;
};

}  // namespace atelier::media::container
