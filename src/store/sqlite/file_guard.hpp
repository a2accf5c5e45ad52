#pragma once

#include <string>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace atelier::store::sqlite {

// Keeps a database file to one opener, and remembers beside it ("<path>-open") whether it was closed properly. While
// that mark stands the WAL may hold commits the file lacks, so a missing WAL is refused; without the mark a WAL that
// holds anything belongs to some other copy, and replaying it would destroy this one.
class FileGuard {
 public:
  // Refuses what cannot be opened without losing something, with an instruction.
  static Result<FileGuard> acquire(std::string path);
  // Sets the mark: called once the WAL exists and before anything is committed to it.
  Result<> mark_open();
  // Takes it away: called once the WAL is empty and closed.
  void mark_closed();
  // Lets others open the file; the mark stays as it is.
  void release() { lock_.reset(); }
  bool was_unclean() const noexcept { return was_unclean_; }

 private:
  FileGuard(std::string path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  UniqueFd lock_;
  bool was_unclean_ = false;
};

}  // namespace atelier::store::sqlite
