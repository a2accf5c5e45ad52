#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/task.hpp"
#include "store/database.hpp"
#include "watch/error/occurrence.hpp"
#include "watch/error/witness.hpp"

namespace atelier::watch {

// Errors that are one by their fingerprint.
struct ErrorGroup {
  std::string id;  // the fingerprint
  std::string severity, origin, message, code, place, route;
  UnixMs first_ms = 0, last_ms = 0;
  std::int64_t count = 0;
  std::optional<UnixMs> resolved_ms;
  std::int64_t returned_count = 0;  // how often it was seen again after it had been resolved
  std::string first_version, last_version;
};

// An occurrence as it was kept.
struct KeptOccurrence {
  std::string id;
  UnixMs time_ms = 0;
  std::string method, route, request_id, trace, version, build_id;
  json::Value detail;  // Occurrence::detail()
};

// The errors of this studio, grouped, with their last occurrences: written behind, a stalled or full disk costs no more
// than errors that are dropped and counted. Thread-safe.
class ErrorInbox {
 public:
  struct Options {
    std::int64_t groups_max = 1'000;
    std::int64_t occurrences_max = 20;           // of a group
    std::int64_t bytes_max = 32LL << 20;         // of all their details; the groups that were seen longest ago go first
    std::chrono::hours kept{24 * 90};            // since a group was last seen
    std::size_t waiting_max = 512;               // occurrences that could not be written yet
    std::chrono::milliseconds write_every{500};  // what is new
    std::chrono::minutes trim_every{10};
  };
  // Told of each occurrence, once, on run()'s loop; may not wait.
  using Listener = std::function<void(const Occurrence& occurrence)>;
  ErrorInbox(store::Database& telemetry, ErrorWitness& witness, const Clock& clock, Metrics& metrics, Options options);
  ErrorInbox(store::Database& telemetry, ErrorWitness& witness, const Clock& clock, Metrics& metrics)
      : ErrorInbox(telemetry, witness, clock, metrics, Options()) {}
  // Before run().
  void on_occurrence(Listener listener) { listener_ = std::move(listener); }

  // Writes and deletes until cancelled; then writes what is left. To be spawned once.
  Task<Result<>> run();
  // What waits, and what is over: what run() does. On its loop.
  Task<Result<>> write(ErrorWitness::Which which);
  Task<Result<>> trim();

  struct Query {
    std::string after;  // a page's `next`
    std::size_t count_max = 50;
    std::string text;  // an id of an occurrence, request, trace or run, whole; or a part of message, code, place, route
    std::string state;  // "open", "resolved" or "" for both
  };
  struct Page {
    std::vector<ErrorGroup> groups;  // last seen first
    std::string next;
  };
  Task<Result<Page>> list(Query query);
  struct Found {
    ErrorGroup group;
    std::vector<KeptOccurrence> occurrences;  // newest first
  };
  // By the group's id. not_found.
  Task<Result<Found>> find(std::string id);
  // Until it is seen again. not_found.
  Task<Result<>> resolve(std::string id);

 private:
  void take(ErrorWitness::Which which);
  Task<Result<>> write_waiting();
  Task<Result<>> write_and_trim();

  store::Database& database_;
  ErrorWitness& witness_;
  const Clock& clock_;
  const Options options_;
  Counter& lost_;
  Listener listener_;
  // run()'s.
  std::vector<Occurrence> waiting_;
  std::chrono::steady_clock::time_point trimmed_at_;
};

}  // namespace atelier::watch
