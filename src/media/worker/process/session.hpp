#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "media/protocol/message.hpp"
#include "media/protocol/packet.hpp"
#include "media/worker/task.hpp"

namespace atelier::media::process {

class HandedTask;

// What a worker's end tells its starter.
enum class ExitCode : std::uint8_t {
  done = 0,
  failed = 1,
  usage = 2,
  bad_protocol = 3,
  sandbox_incomplete = 4,
  control_gone = 5,
};

// One worker's conversation with its control: says hello, does task after task on the calling thread, ends when told to
// or when the control is gone.
class Session {
 public:
  // `tasks` outlives the session; `socket` is a blocking one.
  Session(int socket, std::span<const TaskType> tasks) : socket_(socket), tasks_(tasks) {}
  ExitCode run(const Hello& hello);

 private:
  // A task on its way: announced by `start`, complete once all its files came.
  struct Arriving {
    std::uint64_t id = 0;
    std::string type;
    std::uint32_t file_count = 0;
    UniqueFd parameters;
    UniqueFd result;
    std::unique_ptr<HandedTask> task;
  };

  bool say(const WorkerMessage& message) const;
  Result<std::optional<Arriving>> receive_task() const;  // nullopt: told to quit
  void perform(Arriving arriving) const;
  Result<std::uint64_t> run_guarded(Arriving& arriving) const;
  Result<std::uint64_t> run_task(Arriving& arriving) const;

  int socket_;
  std::span<const TaskType> tasks_;
};

// What a worker of these tasks says first, without the fonts.
Hello make_hello(std::span<const TaskType> tasks, const SandboxReport& sandbox);

}  // namespace atelier::media::process
