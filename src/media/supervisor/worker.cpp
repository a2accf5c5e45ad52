#include "media/supervisor/worker.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <span>

#include "base/log.hpp"
#include "base/text.hpp"
#include "base/trace.hpp"
#include "media/protocol/limits.hpp"
#include "media/protocol/memory_file.hpp"
#include "media/protocol/packet.hpp"

namespace atelier::media {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// How often a running task's memory is looked at.
constexpr auto kLookEvery = 250ms;
constexpr auto kRetireTimeout = 1s;
// Four heartbeats a second and one end per task are usual; this is somebody who shouts.
constexpr int kPacketsPerSecondMax = 500;
// Encoders and libvips start a handful per core.
constexpr std::int64_t kThreadsMax = 512;

std::unexpected<Error> gone() {
  return fail(ErrorCode::unavailable, "a media worker ended before it was given its task", {"worker_crashed", ""});
}

Error crashed(std::string message) {
  return fail(ErrorCode::unavailable, std::move(message), {"worker_crashed", ""}).error();
}

std::string mib(std::uint64_t bytes) { return fmt::format("{} MiB", bytes / (1024 * 1024)); }

}  // namespace

// A task that the worker has.
struct Worker::Given {
  std::uint64_t id = 0;
  std::string type;
  UniqueFd result_file;
  std::uint64_t memory_bytes_max = 0;
  std::uint64_t oom_kills_before = 0;
  Clock::time_point deadline;
  std::chrono::milliseconds timeout{0};
  Progress progress;
  Progress reported{-1, -1};
  Clock::time_point reported_at;
  Clock::time_point heard_at;     // the last heartbeat
  Clock::time_point advanced_at;  // the last one that said more was done, or that CPU time had gone by
  std::int64_t cpu_ms = 0;
  std::int64_t cpu_ms_at_advance = 0;
  std::uint64_t resident_bytes_max = 0;
  std::optional<Finished> finished;
  std::optional<Clock::time_point> cancel_by;
};

Result<std::shared_ptr<Worker>> Worker::start(Executor executor, const WorkersSettings& settings) {
  auto executable =
      settings.executable.empty() ? find_worker_executable() : Result<std::filesystem::path>(settings.executable);
  if (!executable) return error_of(executable);
  auto pair = make_socket_pair();
  if (!pair) return error_of(pair);
  std::vector<std::string> arguments{"--socket-fd", std::to_string(kWorkerSocketFd), "--parent-pid",
                                     std::to_string(getpid())};
  if (!settings.font_dir.empty()) arguments.insert(arguments.end(), {"--font-dir", settings.font_dir});
  auto child = spawn_worker(*executable, arguments, pair->worker.get());
  if (!child) return error_of(child);
  return std::make_shared<Worker>(executor, settings, *std::move(child), std::move(pair->control));
}

Worker::Worker(Executor executor, const WorkersSettings& settings, Child child, UniqueFd socket)
    : executor_(executor),
      settings_(settings),
      child_(std::move(child)),
      socket_(executor, socket.release()),
      pidfd_(executor, child_.pidfd.duplicate().release()),
      changed_(executor),
      kill_timer_(executor),
      started_at_(Clock::now()),
      idle_since_(started_at_),
      packets_since_(started_at_) {}

Task<Result<>> Worker::watch(std::shared_ptr<Worker> worker) {
  while (!(worker->ending_ = reap(worker->child_))) {
    auto [ec] = co_await worker->pidfd_.async_wait(asio::posix::descriptor_base::wait_read, use_task);
    // Nothing cancels this wait but the loop's own end; without it the process could never be reaped.
    if (ec) worker->kill();
  }
  worker->kill_timer_.cancel();
  worker->socket_.cancel();
  worker->changed_.notify_all();
  co_return Result<>{};
}

Task<Result<>> Worker::listen(std::shared_ptr<Worker> worker) {
  while (!worker->ending_ || !worker->is_socket_closed_) {
    auto packet = receive_packet(worker->socket_.native_handle(), Descriptors::refused);
    if (packet && !*packet) {
      if (worker->ending_) break;
      (void)co_await worker->socket_.async_wait(asio::posix::descriptor_base::wait_read, use_task);
      continue;
    }
    Result<> taken;
    if (!packet)
      taken = error_of(packet);
    else
      taken = worker->take(**packet);
    if (!taken && taken.error().reason == "socket_closed") break;
    if (!taken) {
      worker->complaint_ = std::move(taken).error();
      worker->kill();
      break;
    }
    worker->changed_.notify_all();
  }
  worker->is_socket_closed_ = true;
  worker->changed_.notify_all();
  co_return Result<>{};
}

Result<> Worker::take(const Packet& packet) {
  const auto now = Clock::now();
  if (now - packets_since_ > 1s) {
    packets_since_ = now;
    packet_count_ = 0;
  }
  if (++packet_count_ > kPacketsPerSecondMax) return fail(ErrorCode::invalid_argument, "it sent too many messages");
  auto message = parse_worker_message(packet.text);
  if (!message) return error_of(message);
  if (auto* hello = std::get_if<Hello>(&*message)) return take(std::move(*hello));
  if (auto* beat = std::get_if<Heartbeat>(&*message)) return take(*beat);
  return take(std::get<Finished>(std::move(*message)));
}

Result<> Worker::take(Hello hello) {
  if (hello_ || start_error_) return fail(ErrorCode::invalid_argument, "it said hello twice");
  if (hello.protocol != kProtocolVersion)
    start_error_ =
        fail(ErrorCode::unavailable,
             fmt::format("the media worker speaks version {} of the protocol, not {}: both must be of one build",
                         hello.protocol, kProtocolVersion),
             {"worker_start_failed", ""})
            .error();
  else if (settings_.is_strict && !hello.sandbox.missing.empty())
    start_error_ =
        fail(ErrorCode::unavailable, "the media worker's sandbox is incomplete: " + hello.sandbox.missing.front(),
             {"sandbox_incomplete", ""})
            .error();
  else
    hello_ = std::move(hello);
  return {};
}

Result<> Worker::take(const Heartbeat& beat) {
  if (given_ == nullptr || given_->id != beat.id)
    return fail(ErrorCode::invalid_argument, "it spoke of a task it does not have");
  const auto now = Clock::now();
  given_->heard_at = now;
  given_->cpu_ms = beat.cpu_ms;
  // A tenth of the time since: what wakes now and then without getting anywhere uses less.
  const auto quiet_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - given_->advanced_at).count();
  if (beat.done != given_->progress.done ||
      beat.cpu_ms - given_->cpu_ms_at_advance > std::max<std::int64_t>(quiet_ms / 10, 100)) {
    given_->advanced_at = now;
    given_->cpu_ms_at_advance = beat.cpu_ms;
  }
  given_->progress = {beat.done, beat.total};
  return {};
}

Result<> Worker::take(Finished finished) {
  // Before hello: it cannot start, and says why.
  if (finished.id == 0 && finished.error && !hello_) {
    start_error_ = std::move(finished.error);
    start_error_->reason = "worker_start_failed";
    return {};
  }
  if (given_ == nullptr || given_->id != finished.id || given_->finished)
    return fail(ErrorCode::invalid_argument, "it finished a task it does not have");
  given_->finished = std::move(finished);
  return {};
}

Task<Result<Hello>> Worker::wait_ready() {
  const auto until = started_at_ + settings_.start_timeout;
  while (!hello_ && !start_error_ && !complaint_ && !ending_ && Clock::now() < until && !co_await is_cancelled())
    co_await changed_.wait_until(until);
  if (hello_) co_return *hello_;
  kill();
  if (start_error_) co_return std::unexpected(*start_error_);
  if (co_await is_cancelled()) co_return fail(ErrorCode::cancelled, "cancelled while a media worker started");
  std::string what = "did not say hello in time";
  if (complaint_)
    what = "said what is not in the protocol: " + complaint_->message;
  else if (ending_)
    what = to_string(*ending_) + " at its start";
  co_return fail(ErrorCode::unavailable, "the media worker " + what, {"worker_start_failed", ""});
}

Task<Result<>> Worker::send(std::string text, std::vector<int> files, Time until) {
  for (;;) {
    const auto sent = send_packet(socket_.native_handle(), text, files);
    if (!sent) co_return error_of(sent);
    if (*sent == Sending::sent) co_return Result<>{};
    if (Clock::now() >= until || ending_)
      co_return fail(ErrorCode::unavailable, "a media worker does not read its socket");
    // Too many descriptors in flight is not told by the socket becoming writable, so this asks again.
    if (auto slept = co_await sleep_for(5ms); !slept) co_return error_of(slept);
  }
}

Task<Result<>> Worker::hand_over(Given* given, TaskRequest* request) {
  const std::string parameters = json::write(request->parameters);
  if (parameters.size() > kJsonBytesMax)
    co_return fail(ErrorCode::too_large, "the parameters of media task " + request->type + " are larger than 16 MiB");
  auto parameters_file = make_memory_file();
  if (!parameters_file) co_return error_of(parameters_file);
  if (auto written = write_file(parameters_file->get(), parameters); !written) co_return error_of(written);
  auto result_file = make_memory_file();
  if (!result_file) co_return error_of(result_file);
  given->result_file = *std::move(result_file);

  const auto file_count = static_cast<std::uint32_t>(request->inputs.size() + request->outputs.size());
  const bool is_traced = request->trace.is_kept;
  const Start start{given->id, request->type, file_count,
                    is_traced ? write_traceparent(request->trace) : std::string()};
  std::vector<int> fds(2);
  fds[0] = parameters_file->get();
  fds[1] = given->result_file.get();
  auto sent = co_await send(write_message(ControlMessage(start)), fds, given->deadline);
  fds.clear();
  if (!sent) co_return gone();

  Files batch;
  batch.id = given->id;
  for (std::uint32_t i = 0; i < file_count; ++i) {
    const bool is_input = i < request->inputs.size();
    const FileArgument& file = is_input ? request->inputs[i] : request->outputs[i - request->inputs.size()];
    batch.files.push_back({is_input ? FileUse::input : FileUse::output, file.name});
    fds.push_back(file.fd.get());
    if (fds.size() < kFilesPerPacketMax && i + 1 < file_count) continue;
    if (sent = co_await send(write_message(ControlMessage(batch)), fds, given->deadline); !sent)
      co_return error_of(sent);
    batch.files.clear();
    fds.clear();
  }
  co_return Result<>{};
}

// What the worker says of its parts is believed within the time in which it had the task.
void keep_phases(const std::vector<Phase>& phases, const TraceContext& trace, trace::Time given_at) {
  if (trace.is_none() || !trace.is_kept) return;
  const trace::Time now = std::chrono::steady_clock::now();
  const auto at = [&](std::int64_t us) {
    return std::clamp(trace::Time(std::chrono::microseconds(us)), given_at, now);
  };
  const auto keep_way = [&](std::string_view name, trace::Time from, trace::Time to) {
    trace::keep({.context = trace.below(make_span_id()),
                 .parent = trace.span,
                 .name = std::string(name),
                 .started = from,
                 .ended = to});
  };
  if (!phases.empty()) {
    keep_way("hand over", given_at, at(phases.front().began_us));
    keep_way("hear of its end", at(phases.back().ended_us), now);
  }
  for (const Phase& phase : phases) {
    const auto span = parse_span_id(phase.span);
    if (!span || *span == 0) continue;
    trace::keep({.context = trace.below(*span),
                 .parent = trace.span,
                 .name = "worker: " + phase.name,
                 .started = at(phase.began_us),
                 .ended = at(phase.ended_us)});
  }
}

Task<Result<json::Value>> Worker::perform(TaskRequest request, std::function<void(Progress)> on_progress) {
  const auto now = Clock::now();
  Given given;
  given.id = next_id_++;
  given.type = request.type;
  given.memory_bytes_max = request.memory_bytes_max;
  given.oom_kills_before = oom_kill_count();
  given.deadline = now + request.timeout;
  given.timeout = request.timeout;
  given.reported_at = given.heard_at = given.advanced_at = now;
  // Cores compute at the same time, and wall time bounds them all; this catches what the control cannot, while it is
  // stopped.
  static const std::int64_t core_count = std::max(1L, sysconf(_SC_NPROCESSORS_ONLN));
  TaskLimits limits;
  limits.memory_bytes_max = request.memory_bytes_max;
  limits.file_bytes_max = std::max<std::uint64_t>(request.output_bytes_max, kJsonBytesMax);
  limits.cpu_ms_max = (request.timeout.count() + 10'000) * core_count;
  const auto limited = limit_process(child_.pid, limits);
  if (!limited) co_return has_ended() ? Result<json::Value>(gone()) : error_of(limited);
  given_ = &given;
  ++task_count_;
  const auto handed = co_await hand_over(&given, &request);
  request.inputs.clear();
  request.outputs.clear();
  std::optional<Error> fate;  // why it was killed
  if (!handed) {
    fate = handed.error();
    kill();
  }
  while (!given.finished && !ending_) {
    if (!fate && complaint_) fate = crashed("a media worker said what is not in the protocol: " + complaint_->message);
    if (!fate) {
      if (!given.cancel_by && co_await is_cancelled()) {
        given.cancel_by = Clock::now() + settings_.cancel_timeout;
        (void)send_packet(socket_.native_handle(), write_message(ControlMessage(Cancel{given.id})));
      }
      fate = overrun(given);
      if (fate) kill();
    }
    report(given, on_progress);
    auto until = Clock::now() + kLookEvery;
    if (given.cancel_by && !fate) until = std::min(until, *given.cancel_by);
    co_await changed_.wait_until(until);
  }
  given_ = nullptr;
  idle_since_ = Clock::now();
  if (given.finished) keep_phases(given.finished->phases, request.trace, now);
  if (fate) co_return std::unexpected(*std::move(fate));
  if (!given.finished) co_return std::unexpected(ended_early(given));
  co_return result_of(given);
}

void Worker::report(Given& given, const std::function<void(Progress)>& on_progress) {
  const auto now = Clock::now();
  const bool is_new = given.progress.done != given.reported.done || given.progress.total != given.reported.total;
  if (!on_progress || (!is_new && now - given.reported_at < 900ms)) return;
  given.reported = given.progress;
  given.reported_at = now;
  on_progress(given.progress);
}

std::optional<Error> Worker::overrun(const Given& given) const {
  const auto now = Clock::now();
  const auto seconds = [](std::chrono::milliseconds length) {
    return fmt::format("{:g} s", static_cast<double>(length.count()) / 1'000);
  };
  if (given.cancel_by && now >= *given.cancel_by)
    return fail(ErrorCode::cancelled, "media task " + given.type + " was cancelled").error();
  if (now >= given.deadline)
    return fail(ErrorCode::deadline_exceeded,
                fmt::format("media task {} took longer than the {} it was given", given.type, seconds(given.timeout)),
                {"worker_timeout", ""})
        .error();
  if (now - given.heard_at >= settings_.silence_timeout)
    return fail(ErrorCode::unavailable,
                fmt::format("the media worker doing {} has not answered for {}", given.type,
                            seconds(settings_.silence_timeout)),
                {"worker_stalled", ""})
        .error();
  if (now - given.advanced_at >= settings_.stall_timeout)
    return fail(ErrorCode::unavailable,
                fmt::format("media task {} stood still at {} of {} for {}", given.type, given.progress.done,
                            given.progress.total, seconds(settings_.stall_timeout)),
                {"worker_stalled", ""})
        .error();
  return overrun_of_memory(given);
}

std::optional<Error> Worker::overrun_of_memory(const Given& given) const {
  const auto usage = read_usage(child_.pid);
  if (!usage) return std::nullopt;  // it ends just now
  if (usage->resident_bytes > given.memory_bytes_max)
    return fail(ErrorCode::unavailable,
                fmt::format("media task {} used {} of memory; it may use {}", given.type, mib(usage->resident_bytes),
                            mib(given.memory_bytes_max)),
                {"worker_oom", ""})
        .error();
  if (usage->thread_count > kThreadsMax)
    return crashed(fmt::format("media task {} started {} threads", given.type, usage->thread_count));
  return std::nullopt;
}

Error Worker::ended_early(const Given& given) const {
  const std::string what = fmt::format("a media worker {} during {}", to_string(*ending_), given.type);
  if (ending_->was_signal && ending_->number == SIGXCPU)
    return fail(ErrorCode::deadline_exceeded, what + ": it used up its CPU time", {"worker_timeout", ""}).error();
  if (ending_->was_signal && ending_->number == SIGKILL && oom_kill_count() > given.oom_kills_before)
    return fail(ErrorCode::unavailable, what + ": this system ran out of memory", {"worker_oom", ""}).error();
  if (ending_->was_signal && ending_->number == SIGSYS)
    return crashed(what + ": it made a system call that the sandbox forbids");
  return crashed(what);
}

Result<json::Value> Worker::result_of(Given& given) {
  Finished& finished = *given.finished;
  if (finished.error) return std::unexpected(*std::move(finished.error));
  const auto text = read_file(given.result_file.get(), finished.result_size_bytes);
  auto value = text ? json::parse(*text) : Result<json::Value>(error_of(text));
  if (value) return value;
  kill();
  return std::unexpected(
      crashed("a media worker's result of " + given.type + " is not JSON: " + value.error().message));
}

void Worker::retire() {
  if (is_retired_ || ending_) return;
  is_retired_ = true;
  (void)send_packet(socket_.native_handle(), write_message(ControlMessage(Quit{})));
  kill_timer_.expires_after(kRetireTimeout);
  kill_timer_.async_wait([self = shared_from_this()](boost::system::error_code ec) {
    if (!ec) self->kill();
  });
}

void Worker::kill() {
  if (ending_) return;
  was_killed_ = true;
  kill_process(child_);
}

Task<> Worker::wait_ended() {
  while (!ending_) co_await changed_.wait();
}

std::uint64_t Worker::resident_bytes() const {
  const auto usage = ending_ ? std::nullopt : read_usage(child_.pid);
  return usage ? usage->resident_bytes : 0;
}

}  // namespace atelier::media
