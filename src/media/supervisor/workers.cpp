#include "media/supervisor/workers.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "base/async.hpp"
#include "base/log.hpp"
#include "base/queue_report.hpp"
#include "base/run_elsewhere.hpp"
#include "base/task_group.hpp"
#include "base/text.hpp"
#include "base/trace.hpp"
#include "media/protocol/limits.hpp"
#include "media/supervisor/worker.hpp"

namespace atelier::media {
namespace {

// A descriptor of its own, for reading only, whatever the caller's may do.
Result<UniqueFd> reopen_to_read(const FileArgument& file) {
  UniqueFd fd(open(fmt::format("/proc/self/fd/{}", file.fd.get()).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.is_open())
    return fail_errno(errno, "cannot open input " + printable(file.name, kFileNameBytesMax) + " of a media task");
  return fd;
}

Result<> check_file(const FileArgument& file, std::set<std::string_view>& names) {
  if (file.name.empty() || file.name.size() > kFileNameBytesMax)
    return fail(ErrorCode::invalid_argument,
                "a media task's file has a name of " + std::to_string(file.name.size()) + " bytes");
  if (!names.insert(file.name).second)
    return fail(ErrorCode::invalid_argument, "a media task has two files called " + printable(file.name));
  struct stat facts{};
  if (fstat(file.fd.get(), &facts) != 0 || !S_ISREG(facts.st_mode))
    return fail(ErrorCode::invalid_argument, "file " + printable(file.name) + " of a media task is no regular file");
  return {};
}

Result<> check(const TaskRequest& request) {
  if (request.type.empty() || request.type.size() > kTaskNameBytesMax)
    return fail(ErrorCode::invalid_argument,
                "a media task's type has " + std::to_string(request.type.size()) + " bytes");
  if (request.inputs.size() + request.outputs.size() > kFilesMax)
    return fail(ErrorCode::too_large, fmt::format("media task {} has more than {} files", request.type, kFilesMax));
  std::set<std::string_view> inputs;
  std::set<std::string_view> outputs;
  for (const FileArgument& file : request.inputs)
    if (auto checked = check_file(file, inputs); !checked) return checked;
  for (const FileArgument& file : request.outputs)
    if (auto checked = check_file(file, outputs); !checked) return checked;
  return {};
}

std::unexpected<Error> stopped() {
  return fail(ErrorCode::unavailable, "the media workers are being stopped", {"workers_stopped", ""});
}

}  // namespace

class Workers::Pool {
 public:
  Pool(Executor executor, WorkersSettings settings)
      : executor_(executor),
        settings_(std::move(settings)),
        changed_(executor),
        idle_changed_(executor),
        group_(executor, {.stops_on_error = false}) {
    if (settings_.worker_count_max == 0) settings_.worker_count_max = std::max(1U, std::thread::hardware_concurrency());
  }

  Executor executor() const { return executor_; }
  Task<Result<json::Value>> run(TaskRequest request, std::function<void(Progress)> on_progress);
  Task<Result<Hello>> describe();
  Task<> stop();
  WorkersReport report() const {
    const std::scoped_lock lock(report_mutex_);
    return report_;
  }

 private:
  using WorkerPtr = std::shared_ptr<Worker>;
  Task<Result<>> acquire();
  void release();
  Task<Result<WorkerPtr>> take_worker();
  Task<Result<WorkerPtr>> start_worker();
  void put_back(const WorkerPtr& worker);
  Task<Result<>> look_after(WorkerPtr worker);
  Task<Result<>> retire_idle();
  Task<Result<json::Value>> run_on_worker(TaskRequest request, std::function<void(Progress)> on_progress);
  Result<> complete(TaskRequest& request) const;
  void count();
  template <class Change>
  void change_report(Change change) {
    const std::scoped_lock lock(report_mutex_);
    change(report_);
  }

  Executor executor_;
  WorkersSettings settings_;
  Signal changed_;       // a place became free, or all is to end
  Signal idle_changed_;  // for retire_idle
  struct Place {
    std::uint64_t ticket = 0;
    std::chrono::steady_clock::time_point since;
  };
  std::deque<Place> queue_;  // in the order of asking
  std::uint64_t next_ticket_ = 1;
  std::size_t busy_count_ = 0;
  std::size_t alive_count_ = 0;
  std::vector<WorkerPtr> idle_;  // the longest idle first
  std::vector<WorkerPtr> busy_;
  bool is_stopping_ = false;
  bool is_retiring_ = false;  // retire_idle runs
  mutable std::mutex report_mutex_;
  WorkersReport report_;
  ToldQueue told_{"media workers"};
  TaskGroup group_;
};

void Workers::Pool::count() {
  change_report([&](WorkersReport& report) {
    report.alive_count = alive_count_;
    report.busy_count = busy_count_;
    report.waiting_count = queue_.size();
  });
  Waiting waiting{.count = queue_.size()};
  if (!queue_.empty()) waiting.since = queue_.front().since;
  told_.set(waiting);
}

Task<Result<>> Workers::Pool::acquire() {
  if (is_stopping_) co_return stopped();
  if (queue_.size() >= settings_.queue_count_max)
    co_return fail(ErrorCode::unavailable, fmt::format("{} media tasks are waiting already", queue_.size()),
                   {"workers_busy", ""});
  const std::uint64_t ticket = next_ticket_++;
  queue_.push_back({ticket, std::chrono::steady_clock::now()});
  count();
  while (!is_stopping_ && !(queue_.front().ticket == ticket && busy_count_ < settings_.worker_count_max) &&
         !co_await is_cancelled())
    co_await changed_.wait();
  std::erase_if(queue_, [ticket](const Place& place) { return place.ticket == ticket; });
  // The next in the queue may have waited for this one to go, or there may be another place.
  changed_.notify_all();
  const bool was_cancelled = co_await is_cancelled();
  if (is_stopping_ || was_cancelled) {
    count();
    if (was_cancelled) co_return fail(ErrorCode::cancelled, "cancelled while waiting for a media worker");
    co_return stopped();
  }
  ++busy_count_;
  count();
  co_return Result<>{};
}

void Workers::Pool::release() {
  --busy_count_;
  count();
  changed_.notify_all();
}

Task<Result<Workers::Pool::WorkerPtr>> Workers::Pool::start_worker() {
  auto started = Worker::start(executor_, settings_);
  if (!started) co_return error_of(started);
  WorkerPtr worker = *std::move(started);
  ++alive_count_;
  change_report([](WorkersReport& report) { ++report.started_count; });
  count();
  group_.spawn(look_after(worker));
  group_.spawn(Worker::listen(worker));
  busy_.push_back(worker);
  auto hello = co_await worker->wait_ready();
  std::erase(busy_, worker);
  if (!hello) {
    co_await worker->wait_ended();
    if (is_stopping_) co_return stopped();
    co_return error_of(hello);
  }
  const bool is_first = !report().hello.has_value();
  if (is_first)
    for (const std::string& sentence : hello->sandbox.missing)
      log::warn("media worker sandbox", {{"missing", sentence}});
  if (is_first && !hello->fonts_missing.empty()) log::warn("media worker fonts", {{"missing", hello->fonts_missing}});
  change_report([&](WorkersReport& report) { report.hello = *std::move(hello); });
  co_return worker;
}

Task<Result<Workers::Pool::WorkerPtr>> Workers::Pool::take_worker() {
  while (!idle_.empty()) {
    WorkerPtr worker = std::move(idle_.back());  // the latest used: its caches are warm, the others may end
    idle_.pop_back();
    if (worker->is_usable()) co_return worker;
  }
  co_return co_await start_worker();
}

Task<Result<>> Workers::Pool::look_after(WorkerPtr worker) {
  auto watched = co_await Worker::watch(worker);
  std::erase(idle_, worker);
  --alive_count_;
  const bool crashed = !worker->was_asked_to_end();
  change_report([&](WorkersReport& report) {
    if (crashed) ++report.crashed_count;
    if (worker->was_killed()) ++report.killed_count;
  });
  count();
  co_return watched;
}

void Workers::Pool::put_back(const WorkerPtr& worker) {
  if (!worker->is_usable()) return;
  if (is_stopping_) return worker->retire();
  if (worker->task_count() >= settings_.tasks_per_worker_max ||
      worker->resident_bytes() > settings_.rest_memory_bytes_max) {
    change_report([](WorkersReport& report) { ++report.recycled_count; });
    return worker->retire();
  }
  idle_.push_back(worker);
  idle_changed_.notify_all();
  if (!is_retiring_) {
    is_retiring_ = true;
    group_.spawn(retire_idle());
  }
}

// Runs while there are idle workers, so that an idle server has no timer.
Task<Result<>> Workers::Pool::retire_idle() {
  while (!is_stopping_ && !idle_.empty()) {
    const auto until = idle_.front()->idle_since() + settings_.idle_timeout;
    if (std::chrono::steady_clock::now() >= until) {
      idle_.front()->retire();
      idle_.erase(idle_.begin());
      continue;
    }
    co_await idle_changed_.wait_until(until);
  }
  is_retiring_ = false;
  co_return Result<>{};
}

Result<> Workers::Pool::complete(TaskRequest& request) const {
  if (auto checked = check(request); !checked) return checked;
  if (request.timeout.count() <= 0) request.timeout = settings_.task_timeout;
  if (request.memory_bytes_max == 0) request.memory_bytes_max = settings_.task_memory_bytes_max;
  if (request.output_bytes_max == 0) request.output_bytes_max = settings_.task_output_bytes_max;
  for (FileArgument& input : request.inputs) {
    auto fd = reopen_to_read(input);
    if (!fd) return error_of(fd);
    input.fd = *std::move(fd);
  }
  return {};
}

Task<Result<json::Value>> Workers::Pool::run(TaskRequest request, std::function<void(Progress)> on_progress) {
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  Result<json::Value> result = co_await run_on_worker(std::move(request), std::move(on_progress));
  co_await asio::this_coro::throw_if_cancelled(throws);
  co_return result;
}

Task<Result<json::Value>> Workers::Pool::run_on_worker(TaskRequest request, std::function<void(Progress)> on_progress) {
  if (auto done = complete(request); !done) co_return error_of(done);
  trace::Span waiting(request.trace, "wait for a worker");
  if (auto place = co_await acquire(); !place) co_return error_of(place);
  waiting.end();
  trace::Span taking(request.trace, "take a worker");
  auto worker = co_await take_worker();
  taking.end();
  if (!worker) {
    release();
    co_return error_of(worker);
  }
  busy_.push_back(*worker);
  trace::Span working(request.trace, "worker task");
  working.fact("atelier.task", request.type);
  request.trace = working.context();
  auto result = co_await (*worker)->perform(std::move(request), std::move(on_progress));
  if (!result) working.fail(result.error().stable_code());
  working.end();
  std::erase(busy_, *worker);
  put_back(*worker);
  release();
  if (!result && is_stopping_ && result.error().stable_code() == "worker_crashed") co_return stopped();
  co_return result;
}

Task<Result<Hello>> Workers::Pool::describe() {
  co_await asio::this_coro::throw_if_cancelled(false);
  if (auto known = report().hello) co_return *std::move(known);
  if (auto place = co_await acquire(); !place) co_return error_of(place);
  auto worker = co_await take_worker();
  if (worker) put_back(*worker);
  release();
  if (!worker) co_return error_of(worker);
  co_return *report().hello;
}

Task<> Workers::Pool::stop() {
  is_stopping_ = true;
  changed_.notify_all();
  idle_changed_.notify_all();
  for (const WorkerPtr& worker : std::exchange(idle_, {})) worker->retire();
  for (const WorkerPtr& worker : busy_) worker->kill();
  (void)co_await group_.join();
  while (busy_count_ > 0 || !queue_.empty()) co_await changed_.wait();
}

Workers::Workers(Executor executor, WorkersSettings settings)
    : pool_(std::make_unique<Pool>(executor, std::move(settings))) {}
Workers::~Workers() = default;

Task<Result<json::Value>> Workers::run(TaskRequest request, std::function<void(Progress)> on_progress) {
  return run_elsewhere(pool_->executor(), pool_->run(std::move(request), std::move(on_progress)));
}

Task<Result<Hello>> Workers::describe() { return run_elsewhere(pool_->executor(), pool_->describe()); }

Task<> Workers::stop() { return run_elsewhere(pool_->executor(), pool_->stop()); }

WorkersReport Workers::report() const { return pool_->report(); }

Result<std::filesystem::path> find_worker_executable() {
  std::error_code ec;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", ec);
  const auto beside = self.parent_path() / "atelier-media";
  if (ec || !std::filesystem::exists(beside, ec))
    return fail(ErrorCode::unavailable, "there is no atelier-media beside " + self.string(),
                {"worker_start_failed", ""});
  return beside;
}

}  // namespace atelier::media
