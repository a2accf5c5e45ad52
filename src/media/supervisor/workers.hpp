#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/task.hpp"
#include "base/trace_context.hpp"
#include "base/unique_fd.hpp"
#include "media/protocol/message.hpp"

namespace atelier::media {

struct WorkersSettings {
  std::filesystem::path executable;  // empty: atelier-media beside the running executable
  std::string font_dir;              // empty: where Debian's packages put the fonts
  std::size_t worker_count_max = 0;  // 0: one per core
  std::size_t queue_count_max = 4'096;
  // A kernel without Landlock or seccomp: refuse to work, instead of working with what is there and saying so.
  bool is_strict = false;

  // A worker holds fonts, arenas and whatever a library leaks: nobody needs that while there is no work.
  std::chrono::milliseconds idle_timeout{30'000};
  std::uint32_t tasks_per_worker_max = 200;
  std::uint64_t rest_memory_bytes_max = 384ULL * 1024 * 1024;  // more after a task, and the worker is replaced

  std::chrono::milliseconds start_timeout{15'000};
  // Busy workers speak four times a second from a thread of their own. One that is silent is stopped or swapped out.
  std::chrono::milliseconds silence_timeout{10'000};
  // No progress and hardly any CPU time: it waits for something that will not come. One that computes is given its
  // task's whole timeout, since a single picture may take long to decode.
  std::chrono::milliseconds stall_timeout{30'000};
  // How long a task may take to notice that it was cancelled before its worker is killed.
  std::chrono::milliseconds cancel_timeout{250};

  // Where a request leaves these 0.
  std::chrono::milliseconds task_timeout{600'000};
  std::uint64_t task_memory_bytes_max = 1'024ULL * 1024 * 1024;
  std::uint64_t task_output_bytes_max = 8ULL * 1024 * 1024 * 1024;
};

struct FileArgument {
  std::string name;  // 64 bytes at most
  UniqueFd fd;
};

struct TaskRequest {
  std::string type;
  json::Value parameters;
  // Regular files. Inputs are opened anew for reading, so the worker can neither write them nor move an offset that
  // somebody else uses. Outputs are given as they are; whoever wants to read one keeps a duplicate.
  std::vector<FileArgument> inputs;
  std::vector<FileArgument> outputs;
  std::chrono::milliseconds timeout{0};
  std::uint64_t memory_bytes_max = 0;
  std::uint64_t output_bytes_max = 0;  // of each output
  TraceContext trace = {};             // it is done for
};

struct Progress {
  std::int64_t done = 0;
  std::int64_t total = 0;
};

struct WorkersReport {
  std::size_t alive_count = 0;
  std::size_t busy_count = 0;
  std::size_t waiting_count = 0;
  std::uint64_t started_count = 0;
  std::uint64_t recycled_count = 0;  // ended after many tasks, or too large at rest
  std::uint64_t crashed_count = 0;   // ended by themselves while they should not
  std::uint64_t killed_count = 0;    // for time, memory, silence, or because a cancelled task did not end
  // What the latest worker said of itself: its tasks with versions, its sandbox, its fonts. None before the first
  // start.
  std::optional<Hello> hello;
};

// The media workers of a server: started when there is work, stopped when there is none. One per server.
// run() and describe() may be awaited from any loop; the work, and on_progress, happen on the loop given at the start.
// A worker's result is parsed there too, which takes a few milliseconds per megabyte.
class Workers {
 public:
  Workers(Executor executor, WorkersSettings settings);
  // stop() was awaited before.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Waits for a free worker in the order of asking, and does the task. Cancelling the awaiting coroutine asks the task
  // to stop and kills its worker if it does not within cancel_timeout. What a task itself found wrong comes back
  // unchanged; else the reason tells what became of the worker, and nothing of it outlives the error:
  //   worker_crashed, worker_oom, worker_stalled, worker_start_failed, sandbox_incomplete (unavailable),
  //   worker_timeout (deadline_exceeded), workers_busy (unavailable), workers_stopped (unavailable).
  // on_progress comes up to four times a second, and once a second when nothing moves; it may be empty.
  Task<Result<json::Value>> run(TaskRequest request, std::function<void(Progress)> on_progress);

  // What the workers can do. Starts one if none ever said so.
  Task<Result<Hello>> describe();

  // Takes no more, cancels what runs, ends all workers. Returns when the last one is gone.
  Task<> stop();

  // From any thread.
  WorkersReport report() const;

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

// The atelier-media that lies beside the running executable.
Result<std::filesystem::path> find_worker_executable();

}  // namespace atelier::media
