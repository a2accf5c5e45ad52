#include "store/sqlite/wal_keeper.hpp"

#include <sqlite3.h>

#include <charconv>
#include <utility>

#include "base/log.hpp"

namespace atelier::store::sqlite {
namespace {

constexpr std::int64_t kPageBytes = 4'096;
constexpr std::int64_t kFrameBytes = kPageBytes + 24;  // SQLite's file format, section 4
constexpr std::int64_t kTendPages = (4 << 20) / kFrameBytes;
constexpr std::int64_t kTruncatePages = (64 << 20) / kFrameBytes;
constexpr std::int64_t kWarnPages = (256 << 20) / kFrameBytes;
// How long emptying the log waits for readers while writes wait for it.
constexpr int kTruncateWaitMs = 20;
constexpr int kBusyTimeoutMs = 5'000;
// Free pages beyond this are given back, this many at a time.
constexpr std::int64_t kFreePagesKept = 1'024;

int count_pages(void* page_count, sqlite3*, const char*, int count) noexcept {
  static_cast<std::atomic<std::int64_t>*>(page_count)->store(count, std::memory_order_relaxed);
  return SQLITE_OK;
}

}  // namespace

WalKeeper::WalKeeper(Connection& writer) : writer_(writer) {
  sqlite3_wal_hook(writer.handle(), count_pages, &page_count_);
}

std::uint64_t WalKeeper::size_bytes() const noexcept {
  return static_cast<std::uint64_t>(page_count_.load(std::memory_order_relaxed)) * kFrameBytes;
}

void WalKeeper::tend() {
  const std::int64_t count = page_count_.load(std::memory_order_relaxed);
  if (count < tended_page_count_) tended_page_count_ = 0;  // the log began anew
  if (count - tended_page_count_ < kTendPages) return;
  checkpoint(count >= kTruncatePages ? Mode::truncate : Mode::passive);
  tended_page_count_ = page_count_.load(std::memory_order_relaxed);
  if (tended_page_count_ < kWarnPages) {
    has_warned_ = false;
  } else if (!has_warned_) {
    has_warned_ = true;
    log::warn("the write-ahead log grows: a read lasts too long",
              {{"path", writer_.path()}, {"wal_bytes", size_bytes()}});
  }
}

bool WalKeeper::rest() {
  if (page_count_.load(std::memory_order_relaxed) == 0 && !has_pages_to_give_) return true;
  reclaim_pages();
  return checkpoint(Mode::truncate);
}

bool WalKeeper::checkpoint(Mode mode) {
  sqlite3* handle = writer_.handle();
  int in_log = 0;
  int copied = 0;
  sqlite3_busy_timeout(handle, kTruncateWaitMs);
  const int code = sqlite3_wal_checkpoint_v2(
      handle, "main", mode == Mode::truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, &in_log,
      &copied);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  if (code == SQLITE_OK && mode == Mode::truncate) page_count_.store(0, std::memory_order_relaxed);
  if ((code & 0xff) == SQLITE_BUSY) return false;  // a reader still needs the log: next time
  if (code != SQLITE_OK)
    writer_.note_failure(code, "moving the write-ahead log into the file", !std::exchange(has_failed_, true));
  if (code == SQLITE_OK) has_failed_ = false;
  return code == SQLITE_OK;
}

void WalKeeper::reclaim_pages() {
  has_pages_to_give_ = false;
  const auto text = writer_.ask("PRAGMA freelist_count");
  if (!text) return;
  std::int64_t free_count = 0;
  std::from_chars(text->data(), text->data() + text->size(), free_count);
  if (free_count <= 2 * kFreePagesKept) return;
  // One that fails is tried again when something was written.
  if (writer_.execute("PRAGMA incremental_vacuum(1024)"))
    has_pages_to_give_ = free_count - kFreePagesKept > 2 * kFreePagesKept;
}

}  // namespace atelier::store::sqlite
