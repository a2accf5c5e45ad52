#pragma once

#include <string>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace atelier::store {

// The folder that holds everything of one studio, locked by the one process that owns it. The lock goes with the
// process, however it ends; the file's text (process id and boot id) only tells people whose it is.
class DataFolder {
 public:
  // Makes the folder (0700) where it is missing, and locks it. ErrorCode::conflict with reason data_folder_in_use when
  // another process has it: the message names that process and its socket.
  static Result<DataFolder> open(std::string path);

  const std::string& path() const noexcept { return path_; }
  std::string studio_database() const { return path_ + "/studio.db"; }
  std::string telemetry_database() const { return path_ + "/telemetry.db"; }
  std::string blobs() const { return path_ + "/blobs"; }
  // Of uploads that are not whole yet. Beside the blobs, which they become by a rename.
  std::string uploads() const { return path_ + "/uploads"; }
  std::string socket() const { return path_ + "/server.sock"; }

 private:
  DataFolder(std::string path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  UniqueFd lock_;
};

// $XDG_DATA_HOME/atelier, or ~/.local/share/atelier.
Result<std::string> default_data_folder();

}  // namespace atelier::store
