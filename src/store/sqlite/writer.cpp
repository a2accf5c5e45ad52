#include "store/sqlite/writer.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.hpp"

namespace atelier::store::sqlite {
namespace {

// Without writes for so long, the log is emptied.
constexpr std::chrono::milliseconds kQuiet{500};
constexpr std::uint32_t kRetryAfterMs = 100;
constexpr int kNiceness = 10;  // a tenth of a share beside a busy loop

}  // namespace

Writer::Writer(std::unique_ptr<Connection> connection, Options options)
    : options_(std::move(options)),
      connection_(std::move(connection)),
      wal_(*connection_),
      thread_([this] { work(); }) {
  reported_.emplace(options_.name, [this] { return waiting(); });
}

Writer::~Writer() {
  reported_.reset();
  close();
}

Result<> Writer::reserve() {
  const std::lock_guard lock(mutex_);
  if (failure_) return std::unexpected(*failure_);
  if (is_closing_) return fail(ErrorCode::unavailable, "the database is closed");
  if (reserved_count_ >= options_.queue_max) {
    auto full = fail(ErrorCode::unavailable, fmt::format("{} writes wait already", reserved_count_),
                     {.reason = "write_queue_full", .where = {}});
    full.error().retry_after_ms = kRetryAfterMs;
    return full;
  }
  ++reserved_count_;
  return {};
}

void Writer::push(WriteRequest& request) {
  bool must_wake = false;
  {
    const std::lock_guard lock(mutex_);
    request.queued_at = std::chrono::steady_clock::now();
    queue_.push_back(&request);
    must_wake = std::exchange(is_idle_, false);
  }
  if (must_wake) wake_.notify_one();
}

bool Writer::close() {
  {
    const std::lock_guard lock(mutex_);
    is_closing_ = true;
    is_idle_ = false;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (connection_ == nullptr) return false;
  const bool is_clean = !failure_ && wal_.rest();
  connection_.reset();
  return is_clean;
}

DatabaseStatistics Writer::statistics() const {
  DatabaseStatistics statistics;
  statistics.batch_count = batch_count_.load(std::memory_order_relaxed);
  statistics.transaction_count = transaction_count_.load(std::memory_order_relaxed);
  statistics.wal_bytes = wal_.size_bytes();
  const std::lock_guard lock(mutex_);
  statistics.queued_count = reserved_count_;
  return statistics;
}

Waiting Writer::waiting() const {
  const std::lock_guard lock(mutex_);
  Waiting waiting{.count = reserved_count_, .since = in_hand_since_};
  if (!waiting.since && !queue_.empty()) waiting.since = queue_.front()->queued_at;
  return waiting;
}

// Waits for work; false when closed and nothing is left.
bool Writer::take(std::vector<WriteRequest*>& waiting) {
  std::unique_lock lock(mutex_);
  bool is_at_rest = false;
  // A reserved place not yet pushed belongs to a coroutine that is about to.
  while (queue_.empty() && !(is_closing_ && reserved_count_ == 0)) {
    is_idle_ = true;
    if (is_at_rest) {
      wake_.wait(lock, [this] { return !is_idle_; });
    } else if (!wake_.wait_for(lock, kQuiet, [this] { return !is_idle_; })) {
      is_idle_ = false;
      lock.unlock();
      is_at_rest = connection_->is_broken() || (wal_.rest() && !wal_.has_pages_to_give());
      lock.lock();
    }
  }
  is_idle_ = false;
  waiting.swap(queue_);
  if (!waiting.empty()) in_hand_since_ = waiting.front()->queued_at;
  return !waiting.empty();
}

void Writer::work() {
  pthread_setname_np(pthread_self(), "db-writer");
  // Nobody waits for what can be rebuilt, and a call to a model must not wait for its log.
  if (options_.yields) (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNiceness);
  std::vector<WriteRequest*> waiting;
  while (take(waiting)) {
    for (std::size_t begin = 0; begin < waiting.size();) {
      std::size_t end = begin;
      for (std::size_t count = 0; end < waiting.size(); ++end) {
        count += waiting[end]->batch.size();
        if (end > begin && count > options_.group_statements_max) break;
      }
      carry_out(Group(waiting).subspan(begin, end - begin));
      begin = end;
      const std::lock_guard lock(mutex_);
      in_hand_since_.reset();
      if (begin < waiting.size()) in_hand_since_ = waiting[begin]->queued_at;
    }
    waiting.clear();
  }
}

void Writer::carry_out(Group group) {
  if (failure_) {
    answer_all(group, *failure_);
    return;
  }
  if (commit(group)) {
    transaction_count_.fetch_add(1, std::memory_order_relaxed);
    answer(group);
    wal_.tend();
  } else if (connection_->is_broken()) {
    stop_writing();
    answer_all(group, *error_);
  } else if (group.size() > 1) {
    // No room for all of it, perhaps; smaller ones may still fit, and each learns its own fate.
    for (std::size_t i = 0; i < group.size(); ++i) carry_out(group.subspan(i, 1));
  } else {
    answer_all(group, *error_);
  }
  if (connection_->is_broken()) stop_writing();
}

bool Writer::commit(Group group) {
  // First without savepoints, which cost a fifth of a batch of three inserts: batches rarely fail, and nobody is
  // answered before the commit. One that fails after it changed something costs its group a second run, with
  // savepoints.
  if (run_all(group, Undo::none)) return true;
  if (error_) return false;
  return run_all(group, Undo::savepoint);
}

// False when the transaction was undone: with error_ set it failed as a whole, without it a batch left changes.
bool Writer::run_all(Group group, Undo undo) {
  error_.reset();
  if (auto begun = connection_->run("BEGIN IMMEDIATE"); !begun) {
    error_ = std::move(begun).error();
    return false;
  }
  for (WriteRequest* request : group) {
    const Outcome outcome = run(*request, undo);
    if (outcome == Outcome::done || outcome == Outcome::failed) continue;
    undo_transaction();
    if (outcome == Outcome::lost_transaction || connection_->is_broken()) {
      error_ = request->answer.error();
      return false;
    }
    if (group.size() > 1) return false;
    return true;  // alone: undone, and its answer says why
  }
  if (auto committed = connection_->run("COMMIT"); !committed) {
    error_ = std::move(committed).error();
    undo_transaction();
    return false;
  }
  return true;
}

Writer::Outcome Writer::run(WriteRequest& request, Undo undo) {
  if (undo == Undo::none) return run_statements(request);
  Outcome outcome = Outcome::lost_transaction;
  if (auto saved = connection_->run("SAVEPOINT batch"); !saved) {
    request.answer = error_of(std::move(saved));
    return outcome;
  }
  outcome = run_statements(request);
  if (outcome == Outcome::lost_transaction) return outcome;
  if (outcome == Outcome::left_changes) {
    if (!connection_->run("ROLLBACK TO batch")) return Outcome::lost_transaction;
    outcome = Outcome::failed;
  }
  if (!connection_->run("RELEASE batch")) return Outcome::lost_transaction;
  return outcome;
}

Writer::Outcome Writer::run_statements(WriteRequest& request) {
  std::vector<Rows> answers;
  answers.reserve(request.batch.size());
  const std::int64_t changed_before = connection_->total_changed_count();
  for (const Statement& statement : request.batch) {
    auto rows = connection_->run(statement);
    if (rows) {
      answers.push_back(std::move(*rows));
      continue;
    }
    request.answer = error_of(std::move(rows));
    if (!connection_->is_in_transaction() || connection_->is_broken()) return Outcome::lost_transaction;
    // A statement that fails undoes itself; what counts is what stood before it, or changed too many rows.
    return connection_->total_changed_count() == changed_before ? Outcome::failed : Outcome::left_changes;
  }
  request.answer = std::move(answers);
  return Outcome::done;
}

void Writer::undo_transaction() {
  if (connection_->is_in_transaction()) (void)connection_->run("ROLLBACK");
}

void Writer::answer(Group group) {
  std::uint64_t done_count = 0;
  for (WriteRequest* request : group) {
    done_count += request->answer.has_value() ? 1 : 0;
    resumptions_.add(*request);
  }
  batch_count_.fetch_add(done_count, std::memory_order_relaxed);
  {
    const std::lock_guard lock(mutex_);
    reserved_count_ -= group.size();
  }
  resumptions_.post();
}

void Writer::answer_all(Group group, const Error& error) {
  for (WriteRequest* request : group) request->answer = std::unexpected(error);
  answer(group);
}

void Writer::stop_writing() {
  if (failure_) return;
  Error failure = error_.value_or(Error{.code = ErrorCode::storage_failed,
                                        .message = {},
                                        .reason = "storage_failed",
                                        .where = {},
                                        .retry_after_ms = {},
                                        .source = {}});
  log::error("the database takes no more writes: its disk failed",
             {{"path", connection_->path()}, {"error", failure.message}});
  failure.message =
      fmt::format("the database takes no more writes since its disk failed ({}): look at the disk, then start anew",
                  failure.message);
  failure.code = ErrorCode::storage_failed;
  const std::lock_guard lock(mutex_);
  failure_ = std::move(failure);
}

}  // namespace atelier::store::sqlite
