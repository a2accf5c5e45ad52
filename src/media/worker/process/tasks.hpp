#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "media/protocol/message.hpp"
#include "media/worker/process/options.hpp"
#include "media/worker/task.hpp"

namespace atelier::media::process {

// Every task of every subject, in the order they are listed.
std::vector<TaskType> all_tasks();

// What must happen while files may still be opened: libraries find their modules, fonts are mapped. Lives until the
// process ends.
class Libraries {
 public:
  static Result<std::unique_ptr<Libraries>> start(const Options& options);
  ~Libraries();

  // What libraries read by name after that (voice data).
  std::vector<std::string> read_only_paths() const;
  // Adds the fonts to what the worker says of itself.
  void describe(Hello& hello) const;

 private:
  struct Parts;
  explicit Libraries(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace atelier::media::process
