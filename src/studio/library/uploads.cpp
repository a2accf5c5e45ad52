#include "studio/library/uploads.hpp"

#include <fmt/format.h>

#include "base/async.hpp"

namespace atelier::studio {
namespace {

// So much is gathered before it is written: pieces come from the network in a few KiB each.
constexpr std::size_t kGatheredBytes = 1 << 20;

std::unexpected<Error> no_such_upload() {
  return fail(ErrorCode::not_found, "there is no such upload, or its time is over",
              {.reason = "upload_not_found", .where = {}});
}

// What whoever sent the file can do nothing about now, and may try again with what is there.
bool is_passing(const Error& error) {
  switch (error.code) {
    case ErrorCode::unavailable:
    case ErrorCode::deadline_exceeded:
    case ErrorCode::cancelled:
    case ErrorCode::storage_full:
    case ErrorCode::storage_failed:
    case ErrorCode::internal:
      return true;
    default:
      return false;
  }
}

}  // namespace

// An upload's turn; nobody else writes into it meanwhile.
class Uploads::Hold {
 public:
  Hold(Uploads* uploads, store::UploadId id) : uploads_(uploads), id_(id) {
    const std::lock_guard lock(uploads_->mutex_);
    is_mine_ = uploads_->held_.insert(id_).second;
  }
  ~Hold() {
    if (!is_mine_) return;
    const std::lock_guard lock(uploads_->mutex_);
    uploads_->held_.erase(id_);
  }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
  bool is_mine() const noexcept { return is_mine_; }

 private:
  Uploads* uploads_;
  store::UploadId id_;
  bool is_mine_ = false;
};

Task<Result<>> Uploads::write(store::Statement statement) {
  std::vector<store::Statement> batch;
  batch.push_back(std::move(statement));
  auto written = co_await parts_.database.write(std::move(batch));
  if (!written) co_return error_of(written);
  co_return Result<>{};
}

Task<Result<Uploads::Upload>> Uploads::create(Principal principal, std::string name, std::uint64_t size_bytes) {
  if (size_bytes == 0)
    co_return fail(ErrorCode::invalid_argument, "the upload is empty", {.reason = "upload_empty", .where = {}});
  if (size_bytes > options_.size_bytes_max)
    co_return fail(ErrorCode::too_large,
                   fmt::format("an upload has at most {} bytes, not {}", options_.size_bytes_max, size_bytes),
                   {.reason = "upload_too_large", .where = {}});
  const UnixMs now_ms = parts_.clock.wall_ms();
  Upload upload;
  upload.row = {.id = store::UploadId::make(),
                .owner = principal.owner,
                .name = asset_name_of(name),
                .size_bytes = size_bytes,
                .created_ms = now_ms,
                .expires_ms = now_ms + milliseconds(options_.life).count()};
  auto written = co_await write(store::Uploads::insert(upload.row, options_.open_max, options_.open_bytes_max));
  if (!written && written.error().code == ErrorCode::conflict)
    co_return fail(ErrorCode::rate_limited,
                   fmt::format("there may be {} uploads open at once, of {} bytes together: end or stop one first",
                               options_.open_max, options_.open_bytes_max),
                   {.reason = "too_many_uploads", .where = {}});
  if (!written) co_return error_of(written);
  co_return upload;
}

Task<Result<store::UploadRow>> Uploads::look(Principal principal, store::UploadId id) {
  auto rows = co_await parts_.database.read(store::Uploads::select(principal, id));
  if (!rows) co_return error_of(rows);
  auto found = store::Uploads::rows_of(*rows);
  if (!found) co_return error_of(found);
  if (found->empty() || found->front().expires_ms < parts_.clock.wall_ms()) co_return no_such_upload();
  co_return std::move(found->front());
}

Task<Result<Uploads::Upload>> Uploads::find(Principal principal, store::UploadId id) {
  auto row = co_await look(principal, id);
  if (!row) co_return error_of(row);
  Upload upload{.row = std::move(*row)};
  if (upload.row.asset) {
    upload.offset_bytes = upload.row.size_bytes;
    co_return upload;
  }
  const Hold hold(this, id);
  if (!upload.row.digest) {
    auto size_bytes = co_await parts_.files.size_of(id);
    if (!size_bytes) co_return error_of(size_bytes);
    upload.offset_bytes = *size_bytes;
  } else {
    upload.offset_bytes = upload.row.size_bytes;
  }
  if (upload.offset_bytes < upload.row.size_bytes || !hold.is_mine()) co_return upload;
  co_return co_await settle(principal, std::move(upload.row));
}

Task<Result<Uploads::Upload>> Uploads::append(Principal principal, store::UploadId id, std::uint64_t offset_bytes,
                                              UploadSource source, std::optional<PieceChecksum> checksum) {
  const Hold hold(this, id);
  if (!hold.is_mine())
    co_return fail(ErrorCode::conflict, "another piece of this upload is on its way",
                   {.reason = "upload_busy", .where = {}});
  auto row = co_await look(principal, id);
  if (!row) co_return error_of(row);
  std::uint64_t there_bytes = row->size_bytes;
  if (!row->digest) {
    auto size_bytes = co_await parts_.files.size_of(id);
    if (!size_bytes) co_return error_of(size_bytes);
    there_bytes = *size_bytes;
  }
  if (offset_bytes != there_bytes)
    co_return fail(ErrorCode::conflict, fmt::format("the upload is at {}, not at {}", there_bytes, offset_bytes),
                   {.reason = "upload_offset", .where = "Upload-Offset"});
  if (row->digest) co_return co_await settle(principal, std::move(*row));
  Result<std::uint64_t> end;
  if (checksum)
    end = co_await take_whole(*row, offset_bytes, std::move(source), std::move(*checksum));
  else
    end = co_await take(*row, offset_bytes, std::move(source), nullptr);
  if (!end) co_return error_of(end);
  row->expires_ms = parts_.clock.wall_ms() + milliseconds(options_.life).count();
  if (auto kept = co_await write(store::Uploads::set_expiry(id, row->expires_ms)); !kept) co_return error_of(kept);
  if (*end == row->size_bytes) co_return co_await settle(principal, std::move(*row));
  Upload upload{.row = std::move(*row), .offset_bytes = *end};
  co_return upload;
}

// A piece that broke off cannot be compared with its checksum, and is dropped like one that differs. A crash before
// that leaves it there: a checksum is against what happens to bytes on their way, which TLS and TCP have looked at too.
Task<Result<std::uint64_t>> Uploads::take_whole(store::UploadRow row, std::uint64_t offset_bytes, UploadSource source,
                                                PieceChecksum checksum) {
  const store::UploadId id = row.id;
  Checksum came(checksum.kind);
  auto end = co_await take(std::move(row), offset_bytes, std::move(source), &came);
  if (end && came.finish() == checksum.value) co_return end;
  if (auto dropped = co_await parts_.files.cut(id, offset_bytes); !dropped) co_return error_of(dropped);
  if (!end) co_return end;
  co_return fail(ErrorCode::invalid_argument, "the piece is not what its checksum says, and was dropped",
                 {.reason = "checksum_mismatch", .where = "Upload-Checksum"});
}

Task<Result<std::uint64_t>> Uploads::take(store::UploadRow row, std::uint64_t offset_bytes, UploadSource source,
                                          Checksum* checksum) {
  std::string gathered;
  std::uint64_t written_bytes = offset_bytes;
  Result<> ended;
  for (bool has_more = true; has_more;) {
    auto piece = co_await source();
    // Whatever ends it, what came is kept.
    if (!piece) ended = error_of(piece);
    has_more = piece && *piece;
    if (has_more && (*piece)->size() > row.size_bytes - written_bytes - gathered.size()) {
      ended = fail(ErrorCode::too_large, fmt::format("more than the {} bytes the upload has", row.size_bytes),
                   {.reason = "upload_too_large", .where = {}});
      has_more = false;
    }
    if (has_more) gathered += **piece;
    if (gathered.empty() || (has_more && gathered.size() < kGatheredBytes)) continue;
    const std::uint64_t size_bytes = gathered.size();
    auto written =
        co_await parts_.files.append(row.id, written_bytes, std::exchange(gathered, std::string()), checksum);
    if (!written) co_return error_of(written);
    written_bytes += size_bytes;
  }
  if (written_bytes > offset_bytes)
    if (auto synced = co_await parts_.files.sync(row.id); !synced) co_return error_of(synced);
  if (!ended) co_return error_of(ended);
  co_return written_bytes;
}

Task<Result<Uploads::Upload>> Uploads::settle(Principal principal, store::UploadRow row) {
  store::WrittenBlob whole;
  if (!row.digest) {
    std::optional<store::BlobInfo> known;
    if (auto digest = parts_.files.take_digest(row.id, row.size_bytes))
      known = store::BlobInfo{.digest = *digest, .size_bytes = row.size_bytes};
    auto blob =
        co_await parts_.blobs.adopt(store::BlobKind::original, parts_.files.path_of(row.id), row.size_bytes, known);
    if (!blob) co_return error_of(blob);
    whole = std::move(*blob);
    row.digest = whole.digest;
    if (auto kept = co_await write(store::Uploads::set_digest(row.id, *row.digest)); !kept) co_return error_of(kept);
  }
  if (!whole.pin) {  // a crash came in between
    auto pins = co_await parts_.blobs.pin(std::vector<Digest>(1, *row.digest));
    if (!pins) co_return error_of(pins);
    whole.digest = *row.digest;
    whole.size_bytes = row.size_bytes;
    whole.pin = std::move(pins->front());
  }
  auto asset = co_await parts_.library.take_in(principal, row.name, std::move(whole));
  if (!asset) {
    // What cannot be used is over; what stood in the way may be gone when it is asked for again.
    if (!is_passing(asset.error())) (void)co_await forget(row.id);
    co_return error_of(asset);
  }
  row.asset = asset->id;
  if (auto kept = co_await write(store::Uploads::set_asset(row.id, asset->id)); !kept) co_return error_of(kept);
  const std::uint64_t size_bytes = row.size_bytes;
  Upload upload{.row = std::move(row), .offset_bytes = size_bytes};
  co_return upload;
}

// The file first: one whose row is there begins anew at 0, but nobody would look for one without.
Task<Result<>> Uploads::forget(store::UploadId id) {
  if (auto removed = co_await parts_.files.remove(id); !removed) co_return error_of(removed);
  co_return co_await write(store::Uploads::remove(id));
}

Task<Result<>> Uploads::remove(Principal principal, store::UploadId id) {
  const Hold hold(this, id);
  auto row = co_await look(principal, id);
  if (!row) co_return error_of(row);
  if (!hold.is_mine())
    co_return fail(ErrorCode::conflict, "a piece of this upload is on its way", {.reason = "upload_busy", .where = {}});
  co_return co_await forget(id);
}

Task<Result<bool>> Uploads::sweep_some() {
  constexpr std::int64_t kSlice = 50;
  auto rows = co_await parts_.database.read(store::Uploads::select_expired(parts_.clock.wall_ms(), kSlice));
  if (!rows) co_return error_of(rows);
  auto expired = store::Uploads::rows_of(*rows);
  if (!expired) co_return error_of(expired);
  for (const store::UploadRow& row : *expired) {
    const Hold hold(this, row.id);
    if (!hold.is_mine()) continue;
    if (auto done = co_await forget(row.id); !done) co_return error_of(done);
  }
  co_return expired->size() == static_cast<std::size_t>(kSlice);
}

}  // namespace atelier::studio
