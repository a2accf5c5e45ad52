#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/metrics.hpp"
#include "base/task.hpp"
#include "model/kept/kept_response.hpp"
#include "store/database.hpp"

namespace atelier::model {

class WriteDesk;

// Keeps responses that programs go on from, read again and delete by their ids. put() makes one readable at once and
// returns; run() writes what was put to telemetry.db in batches, so that answers never wait for a disk. What is not yet
// written when the process is killed (a twentieth of a second, unless the database takes nothing) is lost. Thread-safe.
class ResponseShelf {
 public:
  struct Options {
    std::size_t response_bytes_max = 16 << 20;  // of one, with its input
    std::int64_t turns_max = 1'000;             // of a conversation that is gone on with
    std::int64_t conversation_bytes_max = 32 << 20;
    std::size_t waiting_max = 4'096;  // that are not written yet
    std::size_t waiting_bytes_max = 32 << 20;
    std::size_t batch_rows_max = 256;
    std::size_t batch_bytes_max = 4 << 20;
    std::chrono::milliseconds flush_every{50};
    std::chrono::milliseconds retry_min{500}, retry_max{30'000};  // while the database takes nothing
    std::chrono::hours age{24 * 30};                              // since its conversation was last gone on with
    std::int64_t bytes_max = std::int64_t{1} << 30;               // of all; conversations unused for longest go first
    std::int64_t slice_conversations = 50, slice_turns = 100;
    std::chrono::milliseconds slice_pause{200};  // between slices, while there is more to delete
    std::chrono::milliseconds trim_every{std::chrono::minutes(10)};
  };
  ResponseShelf(store::Database& telemetry, const Clock& clock, Metrics& metrics)
      : ResponseShelf(telemetry, clock, metrics, Options()) {}
  ResponseShelf(store::Database& telemetry, const Clock& clock, Metrics& metrics, Options options);
  ~ResponseShelf();

  // An id that no other response has.
  static std::string make_id();

  // False: it is too large, or there is no room until the database takes what waits. Never waits.
  bool put(KeptResponse response);

  // Null: there is none, or it is another's.
  Task<Result<KeptResponsePtr>> find(ResponseOwner whose, std::string id);
  // That turn and all before it, first to last. Errors: invalid_argument "previous_response_not_found" where it or one
  // before it is not there, "previous_response_too_long" over the limits.
  Task<Result<std::vector<KeptResponsePtr>>> conversation(ResponseOwner whose, std::string id);
  // The items of those ids, in their order, as JSON. Errors: not_found "item_not_found".
  Task<Result<std::vector<std::string>>> find_items(ResponseOwner whose, std::vector<std::string> ids);
  // False: there was none. Afterwards it is gone from here and from the database.
  Task<Result<bool>> remove(ResponseOwner whose, std::string id);

  // Writes, and deletes what is old, until cancelled; then writes what is left. To be spawned once by the owner of
  // this, and ended before the database closes.
  Task<Result<>> run();
  // Writes what was put until now. Not beside run().
  Task<Result<>> flush();
  // Deletes one slice of what is over its time or its room. False: nothing is left to delete.
  Task<Result<bool>> trim();

 private:
  struct Waiting {
    KeptResponsePtr response;
    bool is_being_written = false;
    bool is_removed = false;  // while it was being written
  };
  struct Look {
    KeptResponsePtr response = nullptr;
    bool is_removed = false;  // whatever the database says
  };
  Look find_waiting(const ResponseOwner& whose, const std::string& id);
  std::vector<KeptResponsePtr> next_batch();
  std::vector<KeptResponsePtr> forget_written(const std::vector<KeptResponsePtr>& written);
  void forget(const KeptResponse& response);
  void drop_waiting();
  void put_items(const KeptResponse& response);
  void erase_items(const KeptResponse& response);
  static std::string item_key(const ResponseOwner& whose, std::string_view item);
  Task<Result<>> write_batch(std::vector<KeptResponsePtr> batch);
  Task<Result<KeptResponsePtr>> read_one(store::Statement question, ResponseOwner whose, bool has_texts);
  Task<Result<>> learn();

  store::Database& database_;
  const Clock& clock_;
  const Options options_;
  Counter& kept_;
  Counter& dropped_;
  Counter& too_large_;
  Counter& lost_;
  std::unique_ptr<WriteDesk> desk_;
  std::mutex mutex_;
  std::unordered_map<std::string, Waiting> waiting_;            // by id
  std::deque<std::string> order_;                               // ids of those that nobody writes yet, oldest first
  std::unordered_map<std::string, std::string> waiting_items_;  // item_key() to the response's id
  std::size_t waiting_bytes_ = 0;
  // run()'s alone, but for remove(), which another loop may be in.
  std::atomic<std::int64_t> kept_bytes_ = 0;
  bool has_learned_ = false;
};

}  // namespace atelier::model
