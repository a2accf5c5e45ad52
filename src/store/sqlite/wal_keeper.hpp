#pragma once

#include <atomic>
#include <cstdint>

#include "base/error.hpp"
#include "store/sqlite/connection.hpp"

namespace atelier::store::sqlite {

// Moves the write-ahead log into the file between the writer's transactions, on the writer's thread and connection.
class WalKeeper {
 public:
  explicit WalKeeper(Connection& writer);
  // The WAL keeper's address is SQLite's callback argument.
  WalKeeper(const WalKeeper&) = delete;
  WalKeeper& operator=(const WalKeeper&) = delete;

  // After a transaction: copies what can be copied without waiting once some MiB gathered, and empties a log that grew
  // far because a long read held it.
  void tend();
  // When nothing is to be written: empties the log, and gives some pages back to the file system. True when the log is
  // empty.
  bool rest();
  // There are more to give back, at the next rest.
  bool has_pages_to_give() const noexcept { return has_pages_to_give_; }
  std::uint64_t size_bytes() const noexcept;

 private:
  enum class Mode : std::uint8_t { passive, truncate };
  bool checkpoint(Mode mode);
  void reclaim_pages();

  Connection& writer_;
  // In the log, by SQLite's hook after each commit. Not 0 at first, since a log may have been left by a crash.
  std::atomic<std::int64_t> page_count_ = 1;
  std::int64_t tended_page_count_ = 0;
  bool has_pages_to_give_ = false;
  bool has_warned_ = false;
  bool has_failed_ = false;  // and was told so: a full disk may last
};

}  // namespace atelier::store::sqlite
