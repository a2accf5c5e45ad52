#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/unique_fd.hpp"
#include "store/uploads.hpp"
#include "store/work_pool.hpp"

namespace atelier::studio {

// The files of uploads that are not whole yet, each under its id. Blocking work runs on a pool. Thread-safe; of one
// upload one call at a time.
class UploadFiles {
 public:
  UploadFiles(std::string folder, store::WorkPool& pool) : folder_(std::move(folder)), pool_(pool) {}
  // Makes the folder. Blocks; called at start.
  Result<> prepare() const;

  std::string path_of(store::UploadId id) const { return folder_ + "/" + id.to_string(); }
  // How much is there; 0 where there is no file.
  Task<Result<std::uint64_t>> size_of(store::UploadId id);
  // Writes behind what is there, making the file where there is none.
  Task<Result<>> append(store::UploadId id, std::uint64_t offset, std::string bytes);
  // What was written stays, whatever happens.
  Task<Result<>> sync(store::UploadId id);
  Task<Result<>> remove(store::UploadId id);

 private:
  const std::string folder_;
  store::WorkPool& pool_;
};

}  // namespace atelier::studio
