#include "media/worker/process/session.hpp"

#include <malloc.h>

#include <algorithm>
#include <new>
#include <system_error>

#include "base/json.hpp"
#include "base/text.hpp"
#include "media/protocol/limits.hpp"
#include "media/protocol/memory_file.hpp"
#include "media/worker/process/context.hpp"
#include "media/worker/process/pulse.hpp"

namespace atelier::media::process {
namespace {

std::unexpected<Error> out_of_turn(std::string_view what) {
  return fail(ErrorCode::invalid_argument, "the control said something out of turn: " + std::string(what));
}

Result<> add_files(HandedTask& task, const Files& files, std::vector<UniqueFd> fds) {
  if (fds.size() != files.files.size()) return out_of_turn("files and descriptors differ in number");
  for (std::size_t i = 0; i < fds.size(); ++i) {
    const Files::File& file = files.files[i];
    const bool is_new = file.use == FileUse::input ? task.add_input(file.name, std::move(fds[i]))
                                                   : task.add_output(file.name, std::move(fds[i]));
    if (!is_new) return out_of_turn("two files of one name");
  }
  return {};
}

Result<json::Value> read_parameters(int fd) {
  const auto size = size_of_file(fd);
  if (!size) return error_of(size);
  if (*size > kJsonBytesMax) return fail(ErrorCode::too_large, "a task's parameters are larger than 16 MiB");
  const auto text = read_file(fd, *size);
  if (!text) return error_of(text);
  return json::parse(*text);
}

}  // namespace

Hello make_hello(std::span<const TaskType> tasks, const SandboxReport& sandbox) {
  Hello hello{.protocol = kProtocolVersion, .tasks = {}, .sandbox = sandbox, .fonts_digest = {}, .fonts_missing = {}};
  for (const TaskType& task : tasks)
    hello.tasks.push_back({std::string(task.name), task.version, std::string(task.unit)});
  return hello;
}

bool Session::say(const WorkerMessage& message) const {
  return send_packet(socket_, write_message(message)).has_value();
}

ExitCode Session::run(const Hello& hello) {
  if (!say(hello)) return ExitCode::control_gone;
  for (;;) {
    auto arriving = receive_task();
    if (!arriving && arriving.error().reason == "socket_closed") return ExitCode::control_gone;
    if (!arriving) return ExitCode::bad_protocol;
    if (!*arriving) return ExitCode::done;
    perform(std::move(**arriving));
    // What a task leaves in the arenas would count against the next one.
    malloc_trim(0);
  }
}

Result<std::optional<Session::Arriving>> Session::receive_task() const {
  std::optional<Arriving> arriving;
  while (!arriving || arriving->task->file_count() < arriving->file_count) {
    auto packet = receive_packet(socket_, Descriptors::accepted);
    if (!packet) return error_of(packet);
    if (!*packet) continue;
    auto& fds = (*packet)->files;
    auto message = parse_control_message((*packet)->text);
    if (!message) return error_of(message);
    if (std::holds_alternative<Quit>(*message)) return std::nullopt;
    if (std::holds_alternative<Cancel>(*message)) continue;  // crossed with the end of the task it meant
    if (auto* start = std::get_if<Start>(&*message)) {
      if (arriving || fds.size() != 2) return out_of_turn("start");
      arriving = Arriving{start->id,         std::move(start->type), start->file_count,
                          std::move(fds[0]), std::move(fds[1]),      std::make_unique<HandedTask>()};
      arriving->task->set_trace(start->traceparent);
    } else if (auto* files = std::get_if<Files>(&*message)) {
      if (!arriving || files->id != arriving->id) return out_of_turn("files");
      if (auto added = add_files(*arriving->task, *files, std::move(fds)); !added) return error_of(added);
    }
  }
  return arriving;
}

void Session::perform(Arriving arriving) const {
  Finished finished{.id = arriving.id, .error = {}, .result_size_bytes = 0};
  {
    const Pulse pulse(socket_, arriving.id, *arriving.task);
    if (auto size = run_guarded(arriving); size)
      finished.result_size_bytes = *size;
    else
      finished.error = std::move(size).error();
    finished.phases = arriving.task->take_phases();
  }
  say(finished);  // a control that is gone shows at the next receive
}

// Libraries that throw end here. Whoever runs out of memory did not do anything wrong; the next worker starts afresh.
Result<std::uint64_t> Session::run_guarded(Arriving& arriving) const {
  try {
    return run_task(arriving);
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::unavailable, "the media worker ran out of the memory it may use", {"worker_oom", ""});
  } catch (const std::system_error& error) {
    // What std::thread throws where its stack does not fit any more.
    if (error.code() == std::errc::resource_unavailable_try_again)
      return fail(ErrorCode::unavailable, "the media worker may start no more threads", {"worker_oom", ""});
    return fail(ErrorCode::internal, "a media task threw: " + printable(error.what()), {"task_threw", ""});
  } catch (const std::exception& exception) {
    return fail(ErrorCode::internal, "a media task threw: " + printable(exception.what()), {"task_threw", ""});
  }
}

Result<std::uint64_t> Session::run_task(Arriving& arriving) const {
  const auto type =
      std::find_if(tasks_.begin(), tasks_.end(), [&](const TaskType& known) { return known.name == arriving.type; });
  if (type == tasks_.end())
    return fail(ErrorCode::invalid_argument, "this media worker knows no task called " + printable(arriving.type, 64),
                {"task_unknown", ""});
  arriving.task->phase("read parameters");
  auto parameters = read_parameters(arriving.parameters.get());
  if (!parameters) return error_of(parameters);
  arriving.task->set_parameters(*std::move(parameters));
  arriving.task->phase(type->name);
  const auto result = type->run(*arriving.task);
  if (!result) return error_of(result);
  arriving.task->phase("write result");
  const std::string text = json::write(*result);
  if (text.size() > kJsonBytesMax) return fail(ErrorCode::internal, "a media task's result is larger than 16 MiB");
  if (auto written = write_file(arriving.result.get(), text); !written) return error_of(written);
  return text.size();
}

}  // namespace atelier::media::process
