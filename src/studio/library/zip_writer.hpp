#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace atelier::studio {

// A file of a zip archive. Its bytes are stored as they are: what is in a library is compressed already.
struct ZipEntry {
  std::string name;  // UTF-8; with '/' between folders
  std::uint64_t size_bytes = 0;
  std::uint32_t crc32 = 0;  // of all its bytes
  UnixMs time_ms = 0;       // told in UTC, to two seconds
};

// Writes a zip archive (APPNOTE 6.3.10) from its beginning to its end: nothing in it refers to what comes later, and
// nothing is kept of a file but its name, so that an archive of any size is sent while it is made. Files and archives
// of more than 4 GiB and more than 65,535 files are zip64.
class ZipWriter {
 public:
  // What stands before an entry's bytes, which the caller then writes itself.
  std::string begin(const ZipEntry& entry);
  // What stands behind the last.
  std::string end();
  std::uint64_t count() const noexcept { return count_; }

 private:
  std::string directory_;  // so far: some 50 bytes and the name of each
  std::uint64_t offset_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace atelier::studio
