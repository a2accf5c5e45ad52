#pragma once

#include <chrono>
#include <mutex>
#include <string>

namespace atelier::app::audit {

// How an audit tells what it does, on stderr: one line that changes on a terminal, plain lines where piped.
// Thread-safe.
class Progress {
 public:
  explicit Progress(bool is_terminal) : is_terminal_(is_terminal), began_(std::chrono::steady_clock::now()) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // What goes on now.
  void tell(const std::string& what);
  // What stays to be read.
  void say(const std::string& what);
  void clear();

 private:
  const bool is_terminal_;
  const std::chrono::steady_clock::time_point began_;
  std::mutex mutex_;
  bool has_line_ = false;
};

}  // namespace atelier::app::audit
