#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.hpp"

namespace atelier::media {

// What control and worker say to each other, each a JSON object in one packet of a SOCK_SEQPACKET pair.
//
//   worker:  hello                      once, as soon as its sandbox is closed; or `finished` with id 0 and the error
//                                       that keeps it from starting, before it ends
//   control: start, files..., files     descriptors ride along; the task begins when all announced files are there
//   worker:  heartbeat...               every kHeartbeatMs while the task runs
//   control: cancel                     at any time; may cross with `finished`
//   worker:  finished                   exactly once per start
//   control: quit                       or it just closes the socket
//
// Descriptors travel only from control to worker: whatever a worker attaches is dropped by the kernel.

struct TaskDescription {
  std::string name;
  std::uint32_t version = 0;
  std::string unit;
};

// What of the sandbox holds in this process, on this kernel.
struct SandboxReport {
  int landlock_abi = 0;  // 0: none
  bool has_seccomp = false;
  bool has_rlimits = false;
  bool has_no_new_privs = false;
  std::vector<std::string> missing;  // sentences for people; empty when all layers hold
};

struct Hello {
  std::uint32_t protocol = 0;
  std::vector<TaskDescription> tasks;
  SandboxReport sandbox;
  // Of the fonts it draws with: what shows text depends on them, so it belongs into those steps' cache keys.
  std::string fonts_digest;
  std::string fonts_missing;  // a sentence for people; empty when the set is complete
};

// Carries two descriptors: a memory file with the parameters as JSON, and an empty one for the result.
struct Start {
  std::uint64_t id = 0;
  std::string type;
  std::uint32_t file_count = 0;
  std::string traceparent = {};  // W3C: what the task's phases belong to; empty: nobody records them
};

enum class FileUse : std::uint8_t { input, output };

// Carries one descriptor per file, in order.
struct Files {
  struct File {
    FileUse use = FileUse::input;
    std::string name;
  };
  std::uint64_t id = 0;
  std::vector<File> files;
};

struct Cancel {
  std::uint64_t id = 0;
};

struct Quit {};

struct Heartbeat {
  std::uint64_t id = 0;
  std::int64_t done = 0;
  std::int64_t total = 0;
  std::int64_t cpu_ms = 0;  // of all the worker's threads since it started
};

// A part of a task. Times are of the system's monotonic clock, which both sides have.
struct Phase {
  std::string name;
  std::string span;  // 16 hexadecimal digits
  std::int64_t began_us = 0, ended_us = 0;
};

struct Finished {
  std::uint64_t id = 0;
  std::optional<Error> error;
  std::uint64_t result_size_bytes = 0;  // of the JSON in the result file, when there is no error
  std::vector<Phase> phases = {};       // at most kPhasesMax, where the task has a trace
};

using ControlMessage = std::variant<Start, Files, Cancel, Quit>;
using WorkerMessage = std::variant<Hello, Heartbeat, Finished>;

std::string write_message(const ControlMessage& message);
std::string write_message(const WorkerMessage& message);
// Refuse whatever is not exactly such a message: unknown kinds and fields, wrong types, lengths over limits.hpp.
Result<ControlMessage> parse_control_message(std::string_view text);
Result<WorkerMessage> parse_worker_message(std::string_view text);

}  // namespace atelier::media
