#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/task.hpp"
#include "store/database.hpp"
#include "store/work_pool.hpp"
#include "watch/alert/book.hpp"
#include "watch/alert/log_tail.hpp"
#include "watch/alert/noticer.hpp"
#include "watch/alert/probes.hpp"
#include "watch/alert/queues.hpp"
#include "watch/history/history.hpp"

namespace atelier::watch {

// Says what is wrong before users do: looks once a second at what is measured, keeps what it finds, and has it told.
// Looking touches memory alone; neither a stalled store nor a dead mail server delays it. Thread-safe.
class Alerts {
 public:
  struct Parts {
    store::Database& telemetry;
    History& history;
    Metrics& metrics;
    const Clock& clock;
    // Blocks; called on a thread of its own.
    std::function<std::optional<DiskSpace>()> disk = {};
    std::function<std::vector<CandidateHealth>()> candidates = {};
    std::function<Task<Result<std::vector<QueueState>>>()> queues = {};
    std::function<std::vector<ObjectiveState>()> objectives = {};
    // To pages, at once and without waiting.
    std::function<void(const Notice&)> tell_now = {};
    // For those who are away, and by mail; empty: nobody is told in that way. What is `unavailable` is tried again.
    std::function<Task<Result<>>(Notice)> keep = {}, mail = {};
    // Of that time, the end not in it; empty: nobody knows any.
    std::function<Task<Result<AlertTraces>>(UnixMs from_ms, UnixMs to_ms)> traces = {};
  };
  struct Options {
    AlertLimits limits = {};
    AlertBook::Options book = {};
    Noticer::Options noticer = {};
    std::chrono::milliseconds look_every{1'000}, survey_every{5'000};
    std::vector<std::chrono::milliseconds> pauses = {std::chrono::seconds(1), std::chrono::seconds(5),
                                                     std::chrono::seconds(30), std::chrono::seconds(120),
                                                     std::chrono::seconds(600)};  // before telling is tried again
    std::size_t notices_max = 64;                                                 // that wait, of each way
    std::int64_t kept_max = 1'000;
    std::chrono::hours kept{24 * 90};
    std::size_t silences_max = 100;
  };
  Alerts(Parts parts, Options options);
  explicit Alerts(Parts parts) : Alerts(std::move(parts), Options()) {}
  ~Alerts();

  // Looks, keeps and tells until cancelled. To be spawned once by the owner of this, and ended before the database
  // closes.
  Task<Result<>> run();
  // What run() does once a second; true: there is something to tell. And what it does besides.
  bool look();
  Task<Result<>> load();
  Task<Result<>> survey();
  Task<Result<>> store();

  struct Page {
    std::vector<json::Value> items;
    std::string next;  // "": the last
  };
  // Pending and firing ones from memory, the oldest first; resolved ones, or all that ever fired, newest first.
  Task<Result<Page>> list(std::optional<AlertState> state, std::string after, std::size_t count_max);
  // With evidence.
  Task<Result<json::Value>> find(AlertId id);
  // By hand; conflict (not_firing) where it does not fire.
  Task<Result<json::Value>> resolve(AlertId id, std::string who);
  enum class Scope : std::uint8_t { same, kind };  // this subject of the kind alone, or all
  // It is told of no more until then, whether or not that can be written now: a full disk may be what it is about.
  // too_large: there are too many silences.
  Task<Result<json::Value>> silence(AlertId id, Scope scope, UnixMs until_ms, std::string who, std::string why);
  // Ends whatever keeps it silent.
  Task<Result<>> unsilence(AlertId id);
  std::vector<Silence> silences() const;
  std::size_t firing_count() const;
  // Of these, how many somebody should look at now and has not silenced.
  std::size_t urgent_count() const;

 private:
  struct Way;  // of telling
  Task<Result<>> watch();
  Task<Result<>> survey_on();
  Task<Result<>> store_on();
  Task<Result<>> tell_on(Way* way);
  Task<Result<>> tell(Way* way, Notice notice);
  Task<Result<>> trim();
  Task<> write_silences(std::vector<store::Statement> batch);
  void take(const std::vector<Alert>& changed, AlertBook::Now now);
  Task<Result<std::optional<Alert>>> read(AlertId id);
  // Of those in force at this moment; null: none. The lock is held.
  const Silence* silence_of(const Alert& alert, UnixMs now_ms) const;
  json::Object told(const Alert& alert) const;  // the lock is held
  json::Value evidence_of(const Alert& alert) const;
  // What of the evidence has to be asked for.
  Task<Result<>> add_evidence(Alert* alert);
  AlertBook::Now now() const;

  const Parts parts_;
  const Options options_;
  LogTail log_;
  store::WorkPool pool_;
  std::vector<std::unique_ptr<Probe>> probes_;  // look()'s
  QueueGauges queue_gauges_;                    // look()'s
  ClockJumps clock_jumps_;                      // look()'s
  std::vector<std::unique_ptr<Way>> ways_;
  Gauge& firing_;
  mutable std::mutex mutex_;  // of all below
  AlertBook book_;
  Noticer noticer_;
  std::vector<Silence> silences_;
  std::optional<DiskSpace> disk_;
  std::vector<QueueState> queues_;
  std::map<AlertId, Alert> unwritten_;
  std::vector<store::Statement> silence_writes_;  // of silences that ended
  bool are_silences_unwritten_ = false;           // the store did not take them: all are written with the next
  AlertBook::TimePoint refreshed_{}, trimmed_{};
};

}  // namespace atelier::watch
