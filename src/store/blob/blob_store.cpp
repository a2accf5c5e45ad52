#include "store/blob_store.hpp"

#include <fmt/format.h>

#include "base/async.hpp"
#include "store/blob/file_blobs.hpp"

namespace atelier::store {
namespace blob {
namespace {

// The store as others see it: each call goes to the pool and comes back.
class FileBlobStore final : public BlobStore {
 public:
  FileBlobStore(FileBlobOptions options, const Clock& clock)
      : files_(std::make_shared<FileBlobs>(options, clock)),
        pool_(
            std::make_shared<WorkPool>(WorkPool::Options{.name = "blobs",
                                                         .thread_count = std::max<std::size_t>(options.thread_count, 1),
                                                         .queue_max = options.queue_max})) {
    pool_->run_aside([files = files_] { files->take_stock(); });
  }
  ~FileBlobStore() override { pool_->close(); }

  Task<Result<std::unique_ptr<BlobWriter>>> create(BlobKind kind, std::uint64_t size_bytes_max) override;
  Task<Result<WrittenBlob>> put(BlobKind kind, std::string bytes) override;
  Task<Result<WrittenBlob>> adopt(BlobKind kind, std::string path, std::uint64_t size_bytes_max,
                                  std::optional<BlobInfo> known) override;
  Task<Result<OpenBlob>> open(Digest digest) override {
    return run_in(pool_.get(), [this, digest](std::size_t) { return files_->open(digest); });
  }
  Task<Result<std::string>> read(Digest digest, std::uint64_t size_bytes_max) override {
    return run_in(pool_.get(),
                  [this, digest, size_bytes_max](std::size_t) { return files_->read(digest, size_bytes_max); });
  }
  Task<Result<bool>> contains(Digest digest) override {
    return run_in(pool_.get(), [this, digest](std::size_t) -> Result<bool> {
      const auto locked = files_->index().lock(digest);
      return locked.slice.entries.contains(digest);
    });
  }
  Task<Result<std::vector<BlobPin>>> pin(std::vector<Digest> digests) override {
    return run_in(pool_.get(), [this, wanted = std::move(digests)](std::size_t) -> Result<std::vector<BlobPin>> {
      return files_->pin(wanted);
    });
  }
  Task<Result<>> keep(Digest digest) override {
    return run_in(pool_.get(), [this, digest](std::size_t) { return files_->keep(digest); });
  }
  Task<Result<>> remove(Digest digest) override {
    return run_in(pool_.get(), [this, digest](std::size_t) -> Result<> {
      const auto removed = files_->remove(digest, INT64_MAX);
      if (!removed) return error_of(removed);
      return {};
    });
  }
  Task<Result<bool>> remove_unused_since(Digest digest, UnixMs since_ms) override {
    return run_in(pool_.get(), [this, digest, since_ms](std::size_t) { return files_->remove(digest, since_ms); });
  }
  Task<Result<std::vector<StoredBlob>>> list(std::uint8_t first_byte) override {
    return run_in(pool_.get(), [this, first_byte](std::size_t) -> Result<std::vector<StoredBlob>> {
      return files_->list(first_byte);
    });
  }
  Task<Result<>> verify(Digest digest) override {
    return run_in(pool_.get(), [this, digest](std::size_t) { return files_->verify(digest); });
  }
  Task<Result<std::uint64_t>> evict() override {
    return run_in(pool_.get(), [this](std::size_t) { return files_->evict(); });
  }
  Usage usage() const override { return files_->index().usage(); }

 private:
  // Both shared with writers, which may outlive the store.
  std::shared_ptr<FileBlobs> files_;
  std::shared_ptr<WorkPool> pool_;
};

class FileBlobWriter final : public BlobWriter {
 public:
  FileBlobWriter(std::shared_ptr<FileBlobs> files, std::shared_ptr<WorkPool> pool, std::unique_ptr<Temporary> file,
                 BlobKind kind, std::uint64_t size_bytes_max)
      : files_(std::move(files)),
        pool_(std::move(pool)),
        file_(std::move(file)),
        kind_(kind),
        size_bytes_max_(size_bytes_max) {}

  int fd() const noexcept override {
    is_lent_ = true;
    return file_->fd.get();
  }

  Task<Result<>> append(std::string bytes) override {
    if (bytes.size() > size_bytes_max_ - appended_bytes_)
      co_return fail(ErrorCode::too_large, fmt::format("more than the {} bytes it may have", size_bytes_max_));
    const std::uint64_t offset = appended_bytes_;
    appended_bytes_ += bytes.size();
    auto work = [this, offset, piece = std::move(bytes)](std::size_t) -> Result<> {
      if (auto written = files_->append(*file_, offset, piece); !written) return written;
      if (!is_lent_) hash_.update(piece);
      return {};
    };
    co_return co_await run_in(pool_.get(), std::move(work));
  }

  Task<Result<WrittenBlob>> finish() override {
    ensure(!is_finished_, "a blob is finished once");
    is_finished_ = true;
    auto work = [this](std::size_t) {
      std::optional<BlobInfo> known;
      // A worker may have written anything into it.
      if (!is_lent_) known = BlobInfo{.digest = hash_.finish(), .size_bytes = appended_bytes_};
      return files_->finish(*file_, kind_, size_bytes_max_, known);
    };
    auto info = co_await run_in(pool_.get(), std::move(work));
    if (files_->claim_eviction()) pool_->run_aside([files = files_] { (void)files->evict(); });
    co_return info;
  }

 private:
  // Shared with the store and its other writers.
  std::shared_ptr<FileBlobs> files_;
  std::shared_ptr<WorkPool> pool_;
  std::unique_ptr<Temporary> file_;
  const BlobKind kind_;
  const std::uint64_t size_bytes_max_;
  std::uint64_t appended_bytes_ = 0;
  Sha256 hash_;                   // of what was appended
  mutable bool is_lent_ = false;  // somebody may write into the file besides
  bool is_finished_ = false;
};

Task<Result<std::unique_ptr<BlobWriter>>> FileBlobStore::create(BlobKind kind, std::uint64_t size_bytes_max) {
  auto work = [this](std::size_t) { return files_->create(); };
  auto file = co_await run_in(pool_.get(), std::move(work));
  if (!file) co_return error_of(std::move(file));
  co_return std::make_unique<FileBlobWriter>(files_, pool_, std::move(*file), kind, size_bytes_max);
}

Task<Result<WrittenBlob>> FileBlobStore::put(BlobKind kind, std::string bytes) {
  auto work = [this, kind, content = std::move(bytes)](std::size_t) -> Result<WrittenBlob> {
    auto file = files_->create();
    if (!file) return error_of(std::move(file));
    if (auto written = files_->append(**file, 0, content); !written) return error_of(std::move(written));
    const BlobInfo known{.digest = sha256(content), .size_bytes = content.size()};
    return files_->finish(**file, kind, content.size(), known);
  };
  auto info = co_await run_in(pool_.get(), std::move(work));
  if (files_->claim_eviction()) pool_->run_aside([files = files_] { (void)files->evict(); });
  co_return info;
}

Task<Result<WrittenBlob>> FileBlobStore::adopt(BlobKind kind, std::string path, std::uint64_t size_bytes_max,
                                               std::optional<BlobInfo> known) {
  auto work = [this, kind, size_bytes_max, known, given = std::move(path)](std::size_t) {
    return files_->take_over(given, kind, size_bytes_max, known);
  };
  auto info = co_await run_in(pool_.get(), std::move(work));
  if (files_->claim_eviction()) pool_->run_aside([files = files_] { (void)files->evict(); });
  co_return info;
}

}  // namespace
}  // namespace blob

Result<std::unique_ptr<BlobStore>> open_file_blobs(FileBlobOptions options, const Clock& clock) {
  const blob::Layout layout(options.directory);
  if (auto prepared = layout.prepare(); !prepared) return error_of(std::move(prepared));
  blob::ReserveFile(layout.reserve_path(), options.reserve_bytes).restore();
  return std::make_unique<blob::FileBlobStore>(std::move(options), clock);
}

}  // namespace atelier::store
