#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"

namespace atelier::watch {

// The last warnings and errors of the log, in memory. Thread-safe.
class LogTail final : public log::Tap {
 public:
  explicit LogTail(const Clock& clock);

  struct Line {
    UnixMs at_ms = 0;
    log::Level level = log::Level::warn;
    std::string text = {};  // message and fields
  };
  void see(const log::Line& line) noexcept override;
  // Since then, the newest last.
  std::vector<Line> since(UnixMs from_ms, std::size_t count_max) const;

 private:
  static constexpr std::size_t kLinesMax = 200, kLineBytesMax = 600;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::deque<Line> lines_;
  std::shared_ptr<void> tap_;  // last: lines come in until it dies
};

}  // namespace atelier::watch
