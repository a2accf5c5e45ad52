#pragma once

#include <sys/types.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/async.hpp"
#include "media/supervisor/workers.hpp"

namespace atelier::media {

// What of this process must be the same before and after.
struct Footprint {
  std::size_t descriptor_count = 0;
  std::size_t child_count = 0;
  friend bool operator==(const Footprint&, const Footprint&) = default;
};
Footprint footprint();

// A file without a name, holding `text`.
UniqueFd file_with(std::string_view text);
std::string text_of(int fd);

// Workers on a loop of their own, whose executable is the hostile worker under the name `start`, unless the settings
// name one. Ends them when destroyed.
class RunningWorkers {
 public:
  explicit RunningWorkers(const std::string& start = "hostile", WorkersSettings settings = {});
  ~RunningWorkers();

  Result<json::Value> run(TaskRequest request, std::function<void(Progress)> on_progress = {});
  // Runs a task that cancels itself once on_progress was called the first time, or after `after`.
  Result<json::Value> run_and_cancel(TaskRequest request, std::chrono::milliseconds after);
  Result<json::Value> attempt(std::string_view action, TaskRequest request = {});
  WorkersReport report() const { return workers_->report(); }
  Workers& workers() { return *workers_; }
  asio::io_context& loop() { return loop_; }
  // Runs the loop until the coroutine ends.
  template <class T>
  T await(Task<T> task) {
    std::optional<T> result;
    asio::co_spawn(loop_, std::move(task), [&](std::exception_ptr thrown, T value) {
      if (thrown) std::rethrow_exception(thrown);
      result.emplace(std::move(value));
    });
    while (!result) loop_.run_one();
    return *std::move(result);
  }

 private:
  std::filesystem::path folder_;
  asio::io_context loop_{1};
  // Without work a loop counts as stopped, and run_one() no longer waits.
  asio::executor_work_guard<Executor> stays_{loop_.get_executor()};
  std::unique_ptr<Workers> workers_;
};

TaskRequest task(std::string type, json::Value parameters = json::Object());

}  // namespace atelier::media
