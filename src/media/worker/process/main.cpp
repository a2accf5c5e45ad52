// atelier-media: see usage() in options.cpp.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdio>

#include "base/json.hpp"
#include "media/protocol/limits.hpp"
#include "media/protocol/message.hpp"
#include "media/protocol/packet.hpp"
#include "media/worker/process/options.hpp"
#include "media/worker/process/prepare.hpp"
#include "media/worker/process/sandbox.hpp"
#include "media/worker/process/session.hpp"
#include "media/worker/process/tasks.hpp"

namespace atelier::media::process {
namespace {

ExitCode complain(const Error& error, ExitCode code) {
  fmt::print(stderr, "atelier-media: {}\n", error.describe());
  return code;
}

ExitCode list() {
  json::Array tasks;
  for (const TaskType& task : all_tasks())
    tasks.push_back({{"name", task.name}, {"version", task.version}, {"unit", task.unit}});
  fmt::print("{}\n", json::write({{"protocol", kProtocolVersion}, {"tasks", std::move(tasks)}}));
  return ExitCode::done;
}

// Nobody reads a worker's standard error but people who start one by hand.
ExitCode refuse(const Options& options, Error error) {
  const ExitCode code = complain(error, ExitCode::failed);
  if (options.socket_fd >= 0)
    (void)send_packet(options.socket_fd, write_message(WorkerMessage(Finished{0, std::move(error), 0})));
  return code;
}

ExitCode serve_or_test(const Options& options) {
  const bool is_test = options.mode == Mode::self_test;
  const auto prepared =
      prepare_process({.socket_fd = options.socket_fd, .parent_pid = options.parent_pid, .keeps_stdout = is_test});
  if (!prepared) return refuse(options, prepared.error());
  const auto libraries = Libraries::start(options);
  if (!libraries) return refuse(options, libraries.error());
  const auto tasks = all_tasks();
  const auto sandbox =
      enter_sandbox({.socket_fd = options.socket_fd, .read_only_paths = (*libraries)->read_only_paths()});
  if (!sandbox) return refuse(options, sandbox.error());
  Hello hello = make_hello(tasks, *sandbox);
  (*libraries)->describe(hello);
  if (!is_test) return Session(options.socket_fd, tasks).run(hello);
  fmt::print("{}\n", write_message(WorkerMessage(hello)));
  return sandbox->missing.empty() ? ExitCode::done : ExitCode::sandbox_incomplete;
}

ExitCode run(const Options& options) {
  switch (options.mode) {
    case Mode::help:
      fmt::print("{}", usage());
      return ExitCode::done;
    case Mode::list:
      return list();
    case Mode::self_test:
    case Mode::serve:
      return serve_or_test(options);
  }
  return ExitCode::failed;
}

}  // namespace
}  // namespace atelier::media::process

int main(int count, char** arguments) {
  using namespace atelier::media::process;
  const auto options = parse_options(std::span<const char* const>(arguments + 1, static_cast<std::size_t>(count - 1)));
  if (!options) return static_cast<int>(complain(options.error(), ExitCode::usage));
  return static_cast<int>(run(*options));
}
