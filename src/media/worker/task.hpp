#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"

namespace atelier::media {

// What a task sees of the world: its parameters, and the open files it was given by name. Made by the worker's loop
// (process/), or by a test; outlives the task.
class TaskContext {
 public:
  virtual ~TaskContext() = default;

  virtual const json::Value& parameters() const = 0;

  // An open regular file, readable and seekable, at offset 0 or anywhere: use pread or mmap. -1 if none was given under
  // that name. Owned by the context; do not close.
  virtual int input(std::string_view name) const = 0;
  // An empty regular file, open for reading and writing. -1 if the caller does not want this output.
  virtual int output(std::string_view name) const = 0;

  // Says how far the task is. `done` of `total`, in units named by the task type (frames, samples). Cheap: call it per
  // frame. Returns false once the task should stop: then return ErrorCode::cancelled soon.
  virtual bool progress(std::int64_t done, std::int64_t total) = 0;

  // A part of the task begins, and what was before it ends: for its trace. `name` is a constant, such as "decode". At
  // most kPhasesMax are told of. On the task's thread.
  virtual void phase(std::string_view /*name*/) {}
};

// A kind of work the worker can do. Pure: the same parameters and the same input bytes give the same output bytes and
// the same result on every run and machine. One task runs at a time in a process, on its main thread.
// The result is what the control keeps; at most 16 MiB written as JSON.
struct TaskType {
  std::string_view name;
  // Raise it when the same parameters and inputs would give other bytes: it is part of the step's cache key.
  std::uint32_t version;
  // What progress counts, such as "frames".
  std::string_view unit;
  Result<json::Value> (*run)(TaskContext& context);
};

}  // namespace atelier::media
