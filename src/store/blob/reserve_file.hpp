#pragma once

#include <mutex>
#include <string>

namespace atelier::store::blob {

// Room set aside on a disk with plenty, given back when the disk is full so that what runs can be closed properly.
// Thread-safe; blocks.
class ReserveFile {
 public:
  ReserveFile(std::string path, std::uint64_t size_bytes) : path_(std::move(path)), size_bytes_(size_bytes) {}
  // Makes it where it is missing and there is room.
  void restore();
  // Frees it; once per filling.
  void release();

 private:
  const std::string path_;
  const std::uint64_t size_bytes_;
  std::mutex mutex_;
};

}  // namespace atelier::store::blob
