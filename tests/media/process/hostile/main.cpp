// A worker for tests: the real preparation, sandbox and session, with tasks that do harm.
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string>

#include "media/protocol/limits.hpp"
#include "media/worker/process/prepare.hpp"
#include "media/worker/process/sandbox.hpp"
#include "media/worker/process/session.hpp"
#include "tests/media/process/hostile/actions.hpp"
#include "tests/media/process/hostile/starts.hpp"

namespace atelier::media::hostile {
namespace {

// {"action"} -> {"errno"}: what the sandbox answered.
Result<json::Value> attempt(TaskContext& context) {
  json::ObjectReader reader(context.parameters());
  const std::string name = reader.required_string("action");
  if (auto done = reader.finish(); !done) return error_of(done);
  for (const Action& action : actions())
    if (action.name == name) return json::Value{{"errno", action.run(context)}};
  return fail(ErrorCode::not_found, "no action called " + name);
}

// {"text"} -> {"text", "files", "first"}: all that came, and the first byte of the first input; writes to "out".
Result<json::Value> echo(TaskContext& context) {
  const auto& parameters = context.parameters().as_object();
  json::Object result{{"text", parameters.at("text")}};
  if (const int out = context.output("out"); out >= 0) {
    const auto& text = parameters.at("text").get_string();
    if (pwrite(out, text.data(), text.size(), 0) < 0) return fail_errno(errno, "cannot write the output");
  }
  std::int64_t count = 0;
  std::string firsts;
  for (; context.input("in" + std::to_string(count)) >= 0; ++count) {
    char byte = 0;
    if (pread(context.input("in" + std::to_string(count)), &byte, 1, 0) == 1) firsts += byte;
  }
  result["input_count"] = count;
  result["firsts"] = firsts;
  return result;
}

Result<json::Value> complain(TaskContext&) {
  return fail(ErrorCode::conflict, "the picture is upside down", {"upside_down", "/picture"});
}

// Works until it is told to stop, a step every 10 ms.
Result<json::Value> work(TaskContext& context) {
  for (std::int64_t step = 0; context.progress(step, 1'000'000); ++step) poll(nullptr, 0, 10);
  return fail(ErrorCode::cancelled, "stopped as asked");
}

constexpr std::array kTasks = {
    TaskType{.name = "attempt", .version = 1, .unit = "tries", .run = attempt},
    TaskType{.name = "echo", .version = 2, .unit = "bytes", .run = echo},
    TaskType{.name = "complain", .version = 3, .unit = "words", .run = complain},
    TaskType{.name = "work", .version = 4, .unit = "steps", .run = work},
};

process::ExitCode run(std::string_view name) {
  if (!process::prepare_process({.socket_fd = kWorkerSocketFd})) return process::ExitCode::failed;
  start_badly(name);
  process::SandboxOptions options{.socket_fd = kWorkerSocketFd, .read_only_paths = {}};
  if (name != "reads_nothing") options.read_only_paths.emplace_back(kReadableFolder);
  const auto sandbox = process::enter_sandbox(options);
  if (!sandbox) return process::ExitCode::failed;
  return process::Session(kWorkerSocketFd, kTasks).run(process::make_hello(kTasks, *sandbox));
}

}  // namespace
}  // namespace atelier::media::hostile

int main(int, char** arguments) {
  return static_cast<int>(atelier::media::hostile::run(std::filesystem::path(arguments[0]).filename().string()));
}
