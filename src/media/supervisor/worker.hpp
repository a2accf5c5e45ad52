#pragma once

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/async.hpp"
#include "base/json.hpp"
#include "media/protocol/message.hpp"
#include "media/protocol/packet.hpp"
#include "media/supervisor/process.hpp"
#include "media/supervisor/workers.hpp"

namespace atelier::media {

// One worker process, seen from the control. Lives on one loop. Shared by the pool and the two coroutines that watch
// the process; those end when the process has.
class Worker : public std::enable_shared_from_this<Worker> {
 public:
  // Starts the process; watch() and listen() must be spawned next.
  static Result<std::shared_ptr<Worker>> start(Executor executor, const WorkersSettings& settings);
  Worker(Executor executor, const WorkersSettings& settings, Child child, UniqueFd socket);

  // Until the process has ended and is reaped.
  static Task<Result<>> watch(std::shared_ptr<Worker> worker);
  // Takes in what it says, until it stops speaking.
  static Task<Result<>> listen(std::shared_ptr<Worker> worker);

  // Its hello, as soon as it came.
  Task<Result<Hello>> wait_ready();
  // One at a time. Must not be interrupted by an exception: this_coro::throw_if_cancelled(false).
  Task<Result<json::Value>> perform(TaskRequest request, std::function<void(Progress)> on_progress);

  // Asks it to end; kills it if it has not within a second.
  void retire();
  void kill();
  Task<> wait_ended();

  bool has_ended() const { return ending_.has_value(); }
  bool is_usable() const { return !ending_ && !is_retired_ && !was_killed_ && !is_socket_closed_ && !complaint_; }
  bool was_killed() const { return was_killed_; }
  bool was_asked_to_end() const { return is_retired_ || was_killed_; }
  std::uint32_t task_count() const { return task_count_; }
  std::uint64_t resident_bytes() const;
  std::chrono::steady_clock::time_point idle_since() const { return idle_since_; }

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Given;  // the task that runs

  Result<> take(const Packet& packet);
  Result<> take(Hello hello);
  Result<> take(const Heartbeat& beat);
  Result<> take(Finished finished);
  Task<Result<>> hand_over(Given* given, TaskRequest* request);
  Task<Result<>> send(std::string text, std::vector<int> files, Time until);
  Result<json::Value> result_of(Given& given);
  // What must not go on, as the error it becomes.
  std::optional<Error> overrun(const Given& given) const;
  std::optional<Error> overrun_of_memory(const Given& given) const;
  Error ended_early(const Given& given) const;
  void report(Given& given, const std::function<void(Progress)>& on_progress);

  Executor executor_;
  const WorkersSettings& settings_;
  Child child_;
  asio::posix::basic_stream_descriptor<Executor> socket_;
  asio::posix::basic_stream_descriptor<Executor> pidfd_;
  Signal changed_;
  Timer kill_timer_;
  std::optional<Hello> hello_;
  std::optional<Error> start_error_;
  std::optional<Ending> ending_;
  std::optional<Error> complaint_;  // it broke the protocol
  bool is_socket_closed_ = false;
  bool is_retired_ = false;
  bool was_killed_ = false;
  Time started_at_;
  Time idle_since_;
  Time packets_since_;
  int packet_count_ = 0;
  std::uint32_t task_count_ = 0;
  std::uint64_t next_id_ = 1;
  Given* given_ = nullptr;  // lies in perform()'s frame
};

}  // namespace atelier::media
