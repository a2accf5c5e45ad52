#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "base/queue_report.hpp"
#include "store/database.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/wal_keeper.hpp"
#include "store/waiter.hpp"

namespace atelier::store::sqlite {

// One batch on its way to the file, and its answer. Lives in the frame of the coroutine that awaits it.
struct WriteRequest : Waiter {
  explicit WriteRequest(std::vector<Statement> statements) : batch(std::move(statements)) {}
  std::vector<Statement> batch;
  std::chrono::steady_clock::time_point queued_at{};
  Result<std::vector<Rows>> answer;
};

// The thread that alone writes and checkpoints. Takes all that waits, up to a bound, and commits it as one transaction;
// while that syncs, the next group gathers. Answers after the commit.
class Writer {
 public:
  struct Options {
    std::string name = "writes";  // among the queues that are reported
    std::size_t queue_max = 0;
    std::size_t group_statements_max = 0;
    bool yields = false;  // to everybody else's work, as far as the scheduler can
  };
  Writer(std::unique_ptr<Connection> connection, Options options);
  ~Writer();

  // A place in the queue, which push() then takes. Fails when it is full, the writer closed or the disk failed.
  Result<> reserve();
  void push(WriteRequest& request);
  // Carries out what waits, empties the WAL and closes the file. True if that went well.
  bool close();
  DatabaseStatistics statistics() const;

 private:
  using Group = std::span<WriteRequest* const>;
  enum class Undo : std::uint8_t { none, savepoint };
  enum class Outcome : std::uint8_t {
    done,
    failed,            // and left nothing behind
    left_changes,      // failed half-way: the transaction must be undone
    lost_transaction,  // SQLite undid the whole transaction
  };

  void work();
  // All that is not answered: a disk that hangs holds what was taken already.
  Waiting waiting() const;
  bool take(std::vector<WriteRequest*>& waiting);
  void carry_out(Group group);
  // False when the group did not commit; then `error_` says why and nobody is answered.
  bool commit(Group group);
  bool run_all(Group group, Undo undo);
  Outcome run(WriteRequest& request, Undo undo);
  Outcome run_statements(WriteRequest& request);
  void undo_transaction();
  void answer(Group group);
  void answer_all(Group group, const Error& error);
  void stop_writing();

  const Options options_;
  std::unique_ptr<Connection> connection_;
  WalKeeper wal_;
  std::optional<Error> error_;  // of the last transaction that failed as a whole; the thread's own
  Resumptions resumptions_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<WriteRequest*> queue_;
  std::size_t reserved_count_ = 0;
  std::optional<std::chrono::steady_clock::time_point> in_hand_since_;  // of what was taken and is not answered
  bool is_idle_ = false;
  bool is_closing_ = false;
  std::optional<Error> failure_;  // why no more is written

  std::atomic<std::uint64_t> batch_count_ = 0, transaction_count_ = 0;
  std::thread thread_;
  std::optional<ReportedQueue> reported_;
};

}  // namespace atelier::store::sqlite
