#include "app/audit/progress.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace atelier::app::audit {

void Progress::tell(const std::string& what) {
  const std::lock_guard lock(mutex_);
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began_).count();
  const std::string line = fmt::format("{:3}:{:02}  {}", seconds / 60, seconds % 60, what);
  std::fputs((is_terminal_ ? "\r\x1b[K" + line : line + "\n").c_str(), stderr);
  has_line_ = is_terminal_;
}

void Progress::say(const std::string& what) {
  clear();
  std::fputs((what + "\n").c_str(), stderr);
}

void Progress::clear() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(has_line_, false)) std::fputs("\r\x1b[K", stderr);
}

}  // namespace atelier::app::audit
