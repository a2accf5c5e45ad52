// atelier-media: see usage() in options.cpp.
#include <fmt/format.h>

#include <cstdio>

#include "base/json.hpp"
#include "media/protocol/message.hpp"
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
  const auto tasks = all_tasks();
  fmt::print("{}\n", write_message(WorkerMessage(make_hello(tasks, {}))));
  return ExitCode::done;
}

ExitCode serve_or_test(const Options& options) {
  const bool is_test = options.mode == Mode::self_test;
  const auto prepared = prepare_process(
      {.socket_fd = options.socket_fd, .parent_pid = options.parent_pid, .keeps_stdout = is_test});
  if (!prepared) return complain(prepared.error(), ExitCode::failed);
  if (auto started = start_libraries(options); !started) return complain(started.error(), ExitCode::failed);
  const auto tasks = all_tasks();
  const auto sandbox = enter_sandbox({.socket_fd = options.socket_fd, .read_only_paths = read_only_paths()});
  if (!sandbox) return complain(sandbox.error(), ExitCode::failed);
  if (!is_test) return Session(options.socket_fd, tasks).run(*sandbox);
  fmt::print("{}\n", write_message(WorkerMessage(make_hello(tasks, *sandbox))));
  return sandbox->missing.empty() ? ExitCode::done : ExitCode::sandbox_incomplete;
}

ExitCode run(const Options& options) {
  switch (options.mode) {
    case Mode::help: fmt::print("{}", usage()); return ExitCode::done;
    case Mode::list: return list();
    case Mode::self_test:
    case Mode::serve: return serve_or_test(options);
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
